//! Softmax, and normalization by moments.

mod affine;
mod batch_norm;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod log_softmax;
mod normalize_channels;
mod rms_norm;
mod softmax;
mod standardize;

pub use batch_norm::{RunningStatistics, Statistics};
