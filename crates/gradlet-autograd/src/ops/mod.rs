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
    KlTarget, binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy,
    cross_entropy_probabilities, cross_entropy_with, huber_loss, kl_div, l1_loss, mse_loss,
    nll_loss, smooth_l1_loss,
};
pub use normalize::{RunningStatistics, Statistics};
