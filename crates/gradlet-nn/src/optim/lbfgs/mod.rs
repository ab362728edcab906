//! `Lbfgs`: a quasi-Newton method over all parameters at once.

mod direction;
mod minimizer;
mod saved;
mod search;
#[cfg(test)]
mod tests;
mod vector;

pub use self::minimizer::{Lbfgs, LineSearch};
