//! Reverse-mode differentiation over gradlet's tensors: a [`Var`] is a tensor with a history.
//!
//! This crate knows nothing of layers. Each operation is one file in `ops/`, with its gradient directly below its
//! value.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may compare with the system's functions"
    )
)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod across;
mod attention_options;
mod backward;
mod cell;
mod check;
mod checkpoint;
mod clip;
mod cross_entropy_options;
mod derivatives;
mod gradients;
mod graph;
mod metric;
mod no_grad;
mod op;
mod operators;
mod ops;
mod options;
mod part;
mod pending;
mod pointwise;
mod record;
mod reduction;
mod saves;
mod var;

pub use attention_options::{AttentionMask, AttentionOptions};
pub use backward::{CreateGraph, grad};
pub use check::{gradcheck, gradgradcheck};
#[doc(hidden)]
pub use checkpoint::FirstRun;
pub use checkpoint::{checkpoint, checkpoint_with, replayable};
pub use cross_entropy_options::CrossEntropyOptions;
pub use derivatives::{hessian, hvp, jacobian, jvp, vjp};
pub use gradients::Gradients;
pub use gradlet_tensor::fused::{CellKind, Direction, Unrolled};
pub use gradlet_tensor::{
    Align, Convolution, Divisor, Element, Error, ErrorKind, Float, Interpolation, Keep, Outputs,
    Result, Rounding, Scatter, Sliding, Tensor, Window,
};
pub use graph::{Graph, GraphInput, GraphLeaf, GraphNode, Saved};
#[doc(hidden)]
pub use no_grad::{Recording, set_recording};
pub use no_grad::{is_recording, no_grad};
pub use op::{Arity, Fixed, Given, Many, Of, One, Op, View, Want};
pub use ops::{
    GaussianNllOptions, KlTarget, MultiMarginOptions, PoissonNllOptions, RunningStatistics,
    Statistics, TripletMarginOptions, binary_cross_entropy, binary_cross_entropy_with_logits,
    cosine_embedding_loss, cross_entropy, cross_entropy_probabilities, cross_entropy_with,
    dropout_owned, dropout_with, einsum, gaussian_nll_loss, hinge_embedding_loss, huber_loss,
    kl_div, l1_loss, margin_ranking_loss, mse_loss, multi_label_soft_margin_loss,
    multi_margin_loss, nll_loss, poisson_nll_loss, smooth_l1_loss, soft_margin_loss,
    triplet_margin_loss,
};
#[doc(hidden)]
pub use part::Part;
pub use pointwise::{Pointwise, Real, SavesOne};
pub use reduction::Reduction;
pub use saves::{Inputs, Nothing, Output, Saves, SavesNoInput, SomeInputs};
pub use var::{LeafId, Var};
