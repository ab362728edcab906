//! Elements picked by tensors of indices, and written back.

mod embedding;
mod gather;
mod index_add;
mod index_copy;
mod index_select;
mod masked_scatter;
mod scatter;
mod scatter_add;
mod scatter_reduce;
mod slice_assign;

pub(crate) use gather::Gather;
pub(crate) use index_select::IndexAdd;
