//! Functions that are computed again in the backward pass, with the random draws of the first time.

#[expect(
    clippy::module_inception,
    reason = "the wing is named for its main function"
)]
mod checkpoint;
mod closure;
mod replay;
#[cfg(test)]
mod tests;

#[doc(hidden)]
pub use checkpoint::FirstRun;
pub use checkpoint::{checkpoint, checkpoint_with};
pub(crate) use closure::Closure;
pub(crate) use replay::is_first_run;
pub use replay::replayable;
