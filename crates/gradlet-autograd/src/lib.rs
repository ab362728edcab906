//! Reverse-mode differentiation over gradlet's tensors: a [`Var`] is a tensor with a history.
//!
//! This crate knows nothing of layers. Each operation is one file in `ops/`, its gradient directly below its value.
#![forbid(unsafe_code)]

mod backward;
mod check;
mod checkpoint;
mod closure;
mod derivatives;
mod dot;
mod gradients;
mod graph;
mod inspect;
mod metric;
mod no_grad;
mod op;
mod operators;
mod ops;
mod replay;
mod var;

pub use backward::{CreateGraph, grad};
pub use check::{gradcheck, gradgradcheck};
pub use checkpoint::{checkpoint, checkpoint_with};
pub use derivatives::{hessian, hvp, jacobian, jvp, vjp};
pub use gradients::Gradients;
pub use gradlet_tensor::{Convolution, Element, Error, ErrorKind, Float, Pooling, Result, Tensor};
pub use inspect::{Graph, GraphInput, GraphLeaf, GraphNode, Saved};
pub use no_grad::{is_recording, no_grad};
pub use op::{
    Arity, Fixed, Inputs, Many, Nothing, Of, Op, Output, Saves, SavesNoInput, SomeInputs, View,
    Want,
};
pub use ops::{cross_entropy, dropout_into, dropout_with, einsum};
pub use replay::replayable;
