//! The same elements in a different shape or order, or some of them.

mod broadcast;
mod diagonal;
mod narrow;
mod permute;
mod reshape;
mod slice;
mod windows;

pub(crate) use diagonal::Diagonal;
