//! A minimal autograd tensor framework: build a small net, toggle `model.eval()`, train it on the CPU.
//!
//! This crate re-exports three others: [`tensor`](mod@tensor) (dense arrays), [`autograd`] ([`Var`], gradients, losses)
//! and [`nn`] (modules, layers, optimizers, data). Programs usually begin with `use gradlet::prelude::*;`.
#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

pub use gradlet_autograd as autograd;
#[cfg(feature = "io")]
pub use gradlet_io as io;
pub use gradlet_nn as nn;
pub use gradlet_tensor as tensor;

pub use gradlet_autograd::{
    AttentionMask, AttentionOptions, CreateGraph, CrossEntropyOptions, GaussianNllOptions,
    Gradients, Graph, KlTarget, MultiMarginOptions, PoissonNllOptions, Reduction,
    RunningStatistics, Statistics, TripletMarginOptions, Var, binary_cross_entropy,
    binary_cross_entropy_with_logits, checkpoint, checkpoint_with, cosine_embedding_loss,
    cross_entropy, cross_entropy_probabilities, cross_entropy_with, einsum, gaussian_nll_loss,
    grad, gradcheck, gradgradcheck, hessian, hinge_embedding_loss, huber_loss, hvp, is_recording,
    jacobian, jvp, kl_div, l1_loss, margin_ranking_loss, mse_loss, multi_label_soft_margin_loss,
    multi_margin_loss, nll_loss, no_grad, poisson_nll_loss, replayable, smooth_l1_loss,
    soft_margin_loss, triplet_margin_loss, vjp,
};
#[cfg(feature = "io")]
pub use gradlet_io::idx;
pub use gradlet_nn::*;
pub use gradlet_tensor::{
    Element, Error, ErrorKind, Float, Integer, Interpolation, Keep, Number, Order, Pcg64,
    Replacement, Result, Scatter, Shape, Tensor, math, memory, rng, tensor, threads,
};

pub mod op;
pub mod prelude;
pub mod window;
