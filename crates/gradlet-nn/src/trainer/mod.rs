//! The loop over epochs and batches, with what is done around it.

mod fit;
mod history;
mod log;
mod progress;
mod settings;
mod store;
#[cfg(test)]
mod tests;

pub use self::history::{History, Scores};
pub use self::log::{Log, Moment};
pub use self::settings::Trainer;
pub use self::store::Store;
