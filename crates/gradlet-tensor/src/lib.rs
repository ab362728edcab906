//! Dense arrays and fast loops: the tensors under gradlet.
//!
//! A [`Tensor`] is a value: cheap to clone, immutable from outside, copied on write.
//! This crate knows nothing of graphs or layers; the loops that their gradients need are functions of [`fused`].

mod arrange;
mod create;
mod display;
mod element;
mod elementwise;
mod error;
pub mod fused;
mod kernel;
mod linalg;
mod mask;
mod math;
mod pick;
mod reduce;
mod shape;
mod storage;
mod tensor;
pub mod threads;
mod view;

pub use arrange::Order;
pub use create::{Literal, Pcg64, from_literal, rng};
pub use element::{Element, Float};
pub use error::{Error, ErrorKind, Result};
pub use fused::avg_pool::{AveragePooling, Divisor};
pub use fused::conv::Convolution;
pub use fused::pool::Pooling;
pub use fused::window::{PerAxis, Rounding};
pub use linalg::{Contract, einsum};
pub use mask::{DrawKey, Mask};
pub use shape::{Axes, IntoShape, MAX_RANK, Shape};
pub use storage::memory;
pub use tensor::Tensor;
