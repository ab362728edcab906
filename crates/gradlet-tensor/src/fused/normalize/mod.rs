//! Normalization by the moments of groups: as a whole, and its parts.

mod channels;
mod columns;
mod normalization;
mod parts;
mod rows;

pub use normalization::{Normalization, Over};
pub use parts::{Centre, affine, moments, rescaled_groups, standardized_gradient};
