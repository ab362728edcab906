//! Derivatives of functions: products with their Jacobian and Hessian matrices, and the matrices themselves.

mod matrices;
mod products;
#[cfg(test)]
mod tests;

pub use matrices::{hessian, jacobian};
pub use products::{hvp, jvp, vjp};
