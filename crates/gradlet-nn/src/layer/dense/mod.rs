//! Products with weights, and layers that only change shapes.

mod flatten;
mod linear;

pub use flatten::Flatten;
pub use linear::Linear;
