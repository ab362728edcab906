//! Views: the same elements in a different shape or order, or some of them, without a copy.

mod diagonal;
mod expand;
mod reshape;
mod select;
mod shapes;
mod split;
#[cfg(test)]
mod tests;
mod transpose;
mod windows;

pub(crate) use diagonal::{plane_axes, starts};
pub(crate) use select::number;
pub use windows::windows_gradient;
