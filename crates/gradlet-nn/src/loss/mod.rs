//! The losses, one a file.

mod mse;

pub use gradlet_autograd::cross_entropy;
pub use mse::mse_loss;
