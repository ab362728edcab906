//! The layers, one in each file, in wings.
//!
//! Those that have a class in PyTorch are also at the root of the crate. Only here are the generic types that some of
//! them are names for, such as [`Conv`] for [`Conv2d`] and [`Recurrent`] for [`Lstm`], and what these are made of.

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
