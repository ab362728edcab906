//! Losses, one in each file.

mod binary_cross_entropy;
mod binary_cross_entropy_with_logits;
mod cross_entropy;
mod cross_entropy_probabilities;
mod huber_loss;
mod kl_div;
mod labels;
mod mse_loss;
mod nll_loss;

pub use binary_cross_entropy::binary_cross_entropy;
pub use binary_cross_entropy_with_logits::binary_cross_entropy_with_logits;
pub use cross_entropy::{cross_entropy, cross_entropy_with};
pub use cross_entropy_probabilities::cross_entropy_probabilities;
pub use huber_loss::{huber_loss, l1_loss, smooth_l1_loss};
pub use kl_div::{KlTarget, kl_div};
pub(crate) use labels::class_axis;
pub use mse_loss::mse_loss;
pub use nll_loss::nll_loss;
