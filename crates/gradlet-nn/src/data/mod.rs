//! Data: sets of inputs and targets, their batches, and files to read them from.

mod batches;
mod choose;
mod dataset;
mod draw;
pub mod idx;
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
