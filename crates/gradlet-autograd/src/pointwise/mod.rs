//! Operations on each element by itself: a value and a slope, from which derivatives of every order follow.

mod dual;
mod op;
mod real;
mod term;
#[cfg(test)]
mod tests;

pub use op::{Pointwise, SavesOne};
pub use real::Real;
#[cfg(test)]
pub(crate) use tests::{check_gradient, check_points, check_pointwise};
