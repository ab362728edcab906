//! Convolution and pooling.

mod conv2d;
mod describe;
mod max_pool2d;

pub use conv2d::Conv2d;
pub use max_pool2d::MaxPool2d;
