//! The same elements in different places: joined, flipped, padded, cut to triangles, sorted.

mod border;
mod diag;
mod flip;
mod join;
mod meshgrid;
mod pad;
mod sort;
mod triangle;

pub use border::{Border, bordered, bordered_gradient};
pub use diag::diagonal_gradient;
pub use sort::Order;
