//! The layers, one in each file, in wings.

mod activation;
mod container;
mod dense;
mod recurrent;
mod window;

pub use activation::*;
pub use container::*;
pub use dense::*;
pub use recurrent::*;
pub use window::*;
