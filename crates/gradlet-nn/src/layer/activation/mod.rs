//! Activations.

mod relu;

pub use relu::Relu;
