//! Data: sets of inputs and targets, their batches, and files to read them from.

mod batches;
mod dataset;
pub mod idx;

pub use self::batches::{BatchIter, Batches};
pub use self::dataset::Dataset;
