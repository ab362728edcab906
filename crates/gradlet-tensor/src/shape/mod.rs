//! Sizes, strides and axes: which elements a tensor has and in which order they are visited.

mod axes;
mod into_shape;
mod layout;
#[expect(
    clippy::module_inception,
    reason = "the wing is named for its main type"
)]
mod shape;
pub(crate) mod walk;

pub use axes::{Axes, Keep, ReducedAxes};
pub use into_shape::IntoShape;
pub(crate) use layout::Layout;
pub use shape::{MAX_RANK, Shape};
pub(crate) use walk::Nest;
