//! `Module`: the tree of a model's parts, and the walks over it.

mod always_eval;
mod containers;
mod definition;
mod evaluating;
mod leaf;
mod naming;
mod path;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use gradlet_derive::Module;

pub(crate) use self::evaluating::Within;
pub(crate) use self::naming::in_chain;

pub use crate::buffer::AnyBuffer;
pub use crate::parameter::AnyParameter;

pub use self::always_eval::AlwaysEval;
pub use self::definition::{Children, Module};
pub use self::leaf::{Leaf, LeafMut};
pub use self::path::{Name, Path};
pub use self::summary::Summary;
