//! Elements picked by tensors of indices.

mod embedding;
mod gather;
mod index_select;
mod scatter_add;

pub(crate) use gather::Gather;
pub(crate) use index_select::IndexAdd;
