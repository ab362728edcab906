//! Ways to create tensors: from values, as ranges, at random, as literals.

mod literal;
mod multinomial;
mod pcg;
mod random;
mod ranges;
mod sample;
mod values;

pub use literal::{Literal, from_literal};
pub use multinomial::Replacement;
pub use pcg::Pcg64;
pub use random::rng;
