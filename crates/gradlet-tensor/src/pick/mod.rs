//! Picking elements by tensors of indices, and adding them back.

mod gather;
mod index;
mod one_hot;
mod scatter;

pub(crate) use gather::{expect_fitting, expect_inside, first_along};
pub(crate) use index::check_indices;
pub use scatter::corner;
