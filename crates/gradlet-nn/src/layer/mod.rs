//! The layers, one in each file, in wings.

mod activation;
mod container;
mod dense;
mod window;

pub use activation::*;
pub use container::*;
pub use dense::*;
pub use window::*;
