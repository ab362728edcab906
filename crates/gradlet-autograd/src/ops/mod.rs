//! The operations, one per file, in the same wings as the tensors' functions. A file has the formula, the attributes,
//! the value, the gradient directly below it, the public method and the tests.

mod arrange;
mod elementwise;
mod gradient;
mod linalg;
mod loss;
mod normalize;
mod pick;
mod reduce;
mod view;
mod window;

pub(crate) use gradient::Retain;
pub use gradient::{dropout_owned, dropout_with};
pub use linalg::einsum;
pub(crate) use loss::class_axis;
pub use loss::{
    GaussianNllOptions, KlTarget, MultiMarginOptions, PoissonNllOptions, TripletMarginOptions,
    binary_cross_entropy, binary_cross_entropy_with_logits, cosine_embedding_loss, cross_entropy,
    cross_entropy_probabilities, cross_entropy_with, gaussian_nll_loss, hinge_embedding_loss,
    huber_loss, kl_div, l1_loss, margin_ranking_loss, mse_loss, multi_label_soft_margin_loss,
    multi_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss,
    triplet_margin_loss,
};
pub use normalize::{RunningStatistics, Statistics};
