//! Operations about gradients themselves, and dropout.

mod dropout;
mod hook;
mod retain;

pub use dropout::{dropout_into, dropout_with};
pub(crate) use retain::Retain;
