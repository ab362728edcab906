//! Data: sets of inputs and targets, and their batches.

mod batches;
mod dataset;

pub use self::batches::{BatchIter, Batches};
pub use self::dataset::Dataset;
