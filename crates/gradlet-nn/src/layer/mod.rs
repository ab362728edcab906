//! The layers, one a file.

mod dropout;
mod flatten;
mod linear;
mod relu;
mod sequential;

pub use dropout::Dropout;
pub use flatten::Flatten;
pub use linear::Linear;
pub use relu::Relu;
pub use sequential::Sequential;
