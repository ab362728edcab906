//! Operations on each element by itself: a value and a slope, from which derivatives of every order follow.

mod dual;
#[cfg(test)]
mod laws;
mod op;
mod real;
mod term;

#[cfg(test)]
pub(crate) use laws::check_pointwise;
pub use op::{Pointwise, SavesOne};
pub use real::Real;
