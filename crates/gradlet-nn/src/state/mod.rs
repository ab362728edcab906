//! What a model knows, as data that outlives it.

mod any_tensor;
mod fit;
mod map;
mod model;
#[cfg(test)]
mod tests;

pub use any_tensor::AnyTensor;
pub(crate) use fit::Misfit;
pub use map::{State, Unmatched};
pub(crate) use model::{load, load_partly, of};
