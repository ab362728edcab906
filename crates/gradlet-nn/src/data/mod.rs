//! Data: sets of inputs and targets, and their batches.

mod batches;
mod choose;
mod dataset;
mod draw;
mod evaluate;
mod place;
mod prefetch;
mod rows;
mod step;

pub use self::batches::{BatchIter, Batches};
pub use self::choose::Share;
pub use self::dataset::Dataset;
pub use self::prefetch::Prefetch;
pub use self::rows::{IntoBatch, Rows};
pub use self::step::{Mapped, Step, Unmapped};
