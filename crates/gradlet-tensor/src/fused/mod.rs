//! Loops of their own for what nets spend their time in: softmax, normalization, convolution and pooling.

mod avg_pool;
mod conv;
mod normalize;
mod pool;
mod softmax;
mod window;

pub use avg_pool::{AveragePooling, Divisor};
pub use conv::Convolution;
pub use normalize::Centre;
pub use pool::Pooling;
pub(crate) use pool::expect_planes;
pub(crate) use window::Sliding;
pub use window::{PerAxis, Rounding};
