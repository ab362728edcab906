//! Picking elements by tensors of indices, and writing them back.

mod assign;
mod gather;
mod index;
mod masked;
mod one_hot;
mod scatter;
mod scatter_reduce;
mod slice_assign;

pub(crate) use gather::{expect_fitting, expect_inside, first_along};
pub(crate) use index::check_indices;
pub use scatter::corner;
pub use scatter_reduce::Scatter;
