//! Operations on each element by itself: a value and a slope, from which derivatives of every order follow.

mod dual;
mod op;
mod real;
mod term;

pub use op::{Pointwise, SavesOne};
pub use real::Real;
