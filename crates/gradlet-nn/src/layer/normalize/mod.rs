//! Norms of batches, samples, groups and layers.

mod batch_norm;
mod channel_norm;
mod group_norm;
mod instance_norm;
mod layer_norm;
mod normalizer;
mod rms_norm;
mod settings;

pub use batch_norm::{BatchNorm1d, BatchNorm2d, OverBatch};
pub use channel_norm::{ChannelNorm, NormOver};
pub use group_norm::GroupNorm;
pub use instance_norm::{InstanceNorm1d, InstanceNorm2d, OverSample};
pub use layer_norm::LayerNorm;
pub use normalizer::Normalizer;
pub use rms_norm::RmsNorm;
