//! The same elements in a different shape or order, or some of them.

mod broadcast;
mod narrow;
mod permute;
mod reshape;
mod slice;
