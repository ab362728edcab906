//! A minimal autograd tensor framework: build a small net, toggle `model.eval()`, train it on the CPU.
//!
//! This crate re-exports the others: [`mod@tensor`] (dense arrays), [`autograd`] ([`Var`], gradients) and [`nn`] (modules,
//! layers, losses, optimizers, data). Programs usually begin with `use gradlet::prelude::*;`.
#![forbid(unsafe_code)]

pub use gradlet_autograd as autograd;
pub use gradlet_nn as nn;
pub use gradlet_tensor as tensor;

pub use gradlet_autograd::{
    CreateGraph, Gradients, Graph, GraphInput, GraphLeaf, GraphNode, LeafId, Op, Saved, Var,
    checkpoint, checkpoint_with, dropout_into, dropout_with, grad, gradcheck, gradgradcheck,
    hessian, hvp, is_recording, jacobian, jvp, no_grad, replayable, vjp,
};
pub use gradlet_nn::*;
pub use gradlet_tensor::{
    Convolution, DrawKey, Element, Error, ErrorKind, Float, MAX_RANK, Mask, Pcg64, PerAxis,
    Pooling, Result, Rounding, Shape, Tensor, memory, rng, tensor, threads,
};

pub mod op;
pub mod prelude;
