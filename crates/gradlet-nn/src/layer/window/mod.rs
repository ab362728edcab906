//! Convolution and its transpose, pooling, resizing, borders.

mod adaptive_pool;
mod avg_pool;
mod conv;
mod conv_transpose;
mod describe;
mod max_pool;
mod pad;
mod upsample;
mod weights;

pub use adaptive_pool::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool, AdaptiveMaxPool1d,
    AdaptiveMaxPool2d, Parts,
};
pub use avg_pool::{AvgPool, AvgPool1d, AvgPool2d};
pub use conv::{Conv, Conv1d, Conv2d};
pub use conv_transpose::{ConvTranspose, ConvTranspose1d, ConvTranspose2d};
pub use max_pool::{MaxPool, MaxPool1d, MaxPool2d};
pub use pad::{
    ReflectionPad, ReflectionPad1d, ReflectionPad2d, ReplicationPad, ReplicationPad1d,
    ReplicationPad2d, ZeroPad, ZeroPad1d, ZeroPad2d,
};
pub use upsample::Upsample;
