//! Files for gradlet: states of models, checkpoints, data sets and logs.
//!
//! This crate knows no gradients and no layers: it reads and writes tensors and states.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may compare with the system's functions"
    )
)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod append;
mod atomic;
mod checkpoints;
mod claim;
pub mod csv;
mod csv_log;
mod elements;
pub mod idx;
mod logs;
pub mod npy;
#[cfg(feature = "npz")]
pub mod npz;
mod open;
#[cfg(feature = "progress")]
mod progress;
mod reason;
mod safetensors;
#[cfg(test)]
mod scratch;
mod tensorboard;

pub use self::csv_log::CsvLog;
#[cfg(feature = "progress")]
pub use self::progress::ProgressBar;
pub use self::safetensors::{SafetensorsFile, load, save, save_with};
pub use self::tensorboard::TensorBoard;
pub use checkpoints::Checkpoints;
