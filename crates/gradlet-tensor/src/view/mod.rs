//! Views: the same elements in a different shape or order, or some of them, without a copy.

mod reshape;
mod select;
pub(crate) mod shapes;
mod transpose;
