//! Random bits, drawn and applied.

mod apply;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main type"
)]
mod mask;
mod probability;

pub use mask::{DrawKey, Mask};
