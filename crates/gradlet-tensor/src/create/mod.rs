//! Ways to create tensors: from values, as ranges, at random, as literals.

mod literal;
mod random;
mod ranges;
mod values;

pub use literal::{Literal, from_literal};
pub use random::{Pcg64, rng};
