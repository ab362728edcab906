//! Operations about gradients themselves, and dropout.

mod dropout;
mod hook;
mod retain;

pub use dropout::{dropout_owned, dropout_with};
pub(crate) use retain::Retain;
