//! Convolution, pooling, windows as columns, and interpolation.

mod avg_pool2d;
mod conv1d;
mod conv2d;
mod interpolate;
mod max_pool2d;
mod unfold;
