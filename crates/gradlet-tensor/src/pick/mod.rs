//! Elements picked by tensors of indices, and put back.

mod gather;
mod index;
mod one_hot;
mod scatter;

pub(crate) use gather::{expect_fitting, expect_inside, first_along, vector_if_scalar};
pub(crate) use index::check_indices;
pub use scatter::corner;
