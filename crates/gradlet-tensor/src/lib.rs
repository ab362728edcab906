//! Dense arrays and fast loops: the tensors under gradlet.
//!
//! A [`Tensor`] is a value: cheap to clone, immutable from outside, copied on write.
//! This crate knows nothing of gradients or layers.

#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

mod arith;
mod avg_pool;
mod axes;
mod choose;
mod conv;
mod create;
mod cumsum;
mod display;
mod einsum;
mod element;
mod error;
mod extreme;
mod flip;
mod functions;
mod gather;
mod index;
mod join;
mod kernel;
mod layout;
mod literal;
mod logic;
mod map;
mod mask;
mod math;
mod matmul;
mod normalize;
mod one_hot;
mod pad;
mod pool;
mod products;
mod random;
mod reduce;
mod reshape;
mod scatter;
mod shape;
mod slice;
mod softmax;
mod sort;
mod statistics;
mod storage;
mod sum_to;
mod tensor;
pub mod threads;
mod triangle;
mod view;
mod walk;
mod window;

pub use avg_pool::{AveragePooling, Divisor};
pub use axes::Axes;
pub use conv::Convolution;
pub use einsum::{Contract, einsum};
pub use element::{Element, Float};
pub use error::{Error, ErrorKind, Result};
pub use literal::{Literal, from_literal};
pub use mask::{DrawKey, Mask};
#[doc(hidden)]
pub use normalize::Centre;
pub use pool::Pooling;
pub use random::{Pcg64, rng};
pub use shape::{IntoShape, MAX_RANK, Shape};
pub use sort::Order;
pub use storage::memory;
pub use tensor::Tensor;
pub use window::{PerAxis, Rounding};
