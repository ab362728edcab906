//! Convolution and pooling.

mod avg_pool2d;
mod conv1d;
mod conv2d;
mod max_pool2d;
