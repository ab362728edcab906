//! Convolution and its transpose, pooling, windows as columns, and interpolation.

mod avg_pool2d;
mod conv1d;
mod conv2d;
mod conv_transpose1d;
mod conv_transpose2d;
mod interpolate;
mod max_pool2d;
mod pool1d;
mod unfold;
