//! Losses, one in each file.

mod binary_cross_entropy;
mod binary_cross_entropy_with_logits;
mod cosine_embedding_loss;
mod cross_entropy;
mod cross_entropy_probabilities;
mod gaussian_nll_loss;
mod huber_loss;
mod kl_div;
mod labels;
mod margin_ranking_loss;
mod mse_loss;
mod multi_margin_loss;
mod nll_loss;
mod poisson_nll_loss;
mod soft_margin_loss;
mod triplet_margin_loss;

pub use binary_cross_entropy::binary_cross_entropy;
pub use binary_cross_entropy_with_logits::binary_cross_entropy_with_logits;
pub use cosine_embedding_loss::cosine_embedding_loss;
pub use cross_entropy::{cross_entropy, cross_entropy_with};
pub use cross_entropy_probabilities::cross_entropy_probabilities;
pub use gaussian_nll_loss::{GaussianNllOptions, gaussian_nll_loss};
pub use huber_loss::{huber_loss, l1_loss, smooth_l1_loss};
pub use kl_div::{KlTarget, kl_div};
pub(crate) use labels::class_axis;
pub use margin_ranking_loss::{hinge_embedding_loss, margin_ranking_loss};
pub use mse_loss::mse_loss;
pub use multi_margin_loss::{MultiMarginOptions, multi_margin_loss};
pub use nll_loss::nll_loss;
pub use poisson_nll_loss::{PoissonNllOptions, poisson_nll_loss};
pub use soft_margin_loss::{multi_label_soft_margin_loss, soft_margin_loss};
pub use triplet_margin_loss::{TripletMarginOptions, triplet_margin_loss};
