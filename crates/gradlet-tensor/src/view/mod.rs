//! Views: the same elements in a different shape or order, or some of them, without a copy.

mod expand;
mod reshape;
mod select;
mod shapes;
mod split;
#[cfg(test)]
mod tests;
mod transpose;

pub(crate) use select::number;
