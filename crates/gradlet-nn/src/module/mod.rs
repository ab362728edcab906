//! `Module`: the tree of a model's parts, and the walks over it.

mod containers;
mod definition;
mod evaluating;
mod path;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use gradlet_derive::Module;

pub(crate) use self::evaluating::Within;

pub use self::definition::{Children, Leaf, LeafMut, Module};
pub use self::path::{Name, Path};
pub use self::summary::Summary;
