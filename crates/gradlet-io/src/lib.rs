//! Files for gradlet: states of models, checkpoints, data sets and logs.
//!
//! This crate knows no gradients and no layers: it reads and writes tensors and states.
#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod atomic;
mod checkpoints;
mod claim;
pub mod csv;
mod elements;
pub mod idx;
pub mod npy;
#[cfg(feature = "npz")]
pub mod npz;
mod open;
mod reason;
mod safetensors;
#[cfg(test)]
mod scratch;

pub use self::safetensors::{SafetensorsFile, load, save, save_with};
pub use checkpoints::Checkpoints;
