//! The layers, one in each file.

mod conv2d;
mod describe;
mod flatten;
mod linear;
mod max_pool2d;
mod relu;
mod sequential;

pub use conv2d::Conv2d;
pub use flatten::Flatten;
pub use linear::Linear;
pub use max_pool2d::MaxPool2d;
pub use relu::Relu;
pub use sequential::Sequential;
