//! The layers, one in each file, in wings.

mod activation;
mod attention;
mod container;
mod dense;
mod normalize;
mod recurrent;
mod window;

pub use activation::*;
pub use attention::*;
pub use container::*;
pub use dense::*;
pub use normalize::*;
pub use recurrent::*;
pub use window::*;
