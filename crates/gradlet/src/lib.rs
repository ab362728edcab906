//! A minimal autograd tensor framework: build a small net, toggle `model.eval()`, train it on the CPU.
//!
//! This crate re-exports three others: [`tensor`](mod@tensor) (dense arrays), [`autograd`] ([`Var`], gradients, losses)
//! and [`nn`] (modules, layers, optimizers, data). Programs usually begin with `use gradlet::prelude::*;`.
#![forbid(unsafe_code)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

pub use gradlet_autograd as autograd;
pub use gradlet_nn as nn;
pub use gradlet_tensor as tensor;

pub use gradlet_autograd::{
    CellKind, CreateGraph, CrossEntropyOptions, Direction, Gradients, Graph, GraphInput, GraphLeaf,
    GraphNode, KlTarget, LeafId, Op, Reduction, RunningStatistics, Saved, Statistics, Unrolled,
    Var, binary_cross_entropy, binary_cross_entropy_with_logits, checkpoint, checkpoint_with,
    cross_entropy, cross_entropy_probabilities, cross_entropy_with, dropout_owned, dropout_with,
    einsum, grad, gradcheck, gradgradcheck, hessian, huber_loss, hvp, is_recording, jacobian, jvp,
    kl_div, l1_loss, mse_loss, nll_loss, no_grad, replayable, smooth_l1_loss, vjp,
};
pub use gradlet_nn::*;
pub use gradlet_tensor::{
    Align, Convolution, Divisor, DrawKey, Element, Error, ErrorKind, Float, Integer, Interpolation,
    Keep, MAX_RANK, Mask, Number, Order, Pcg64, PerAxis, Replacement, Result, Rounding, Scatter,
    Shape, Sliding, Tensor, Window, math, memory, rng, tensor, threads,
};

pub mod op;
pub mod prelude;
