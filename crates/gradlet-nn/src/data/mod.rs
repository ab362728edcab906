//! Data: sets of inputs and targets, batches of them, and files they come from.

mod batches;
mod dataset;
pub mod idx;

pub use self::batches::Batches;
pub use self::dataset::Dataset;
