//! Dense arrays and fast loops: the tensors under gradlet.
//!
//! A [`Tensor`] is a value: cheap to clone, immutable from outside, copied on write.
//! This crate knows nothing of graphs or layers; the loops that their gradients need are functions of [`fused`].

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test may compare with the system's functions"
    )
)]
#![warn(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used)]

// Counts of handles are not checked for overflow, and memory comes in sizes of up to 2^46 bytes.
#[cfg(not(target_pointer_width = "64"))]
compile_error!("gradlet needs 64-bit addresses: its memory would not be safe with shorter ones");

mod arrange;
mod create;
mod display;
mod element;
mod elements;
mod elementwise;
mod error;
pub mod fused;
mod kernel;
mod linalg;
mod mask;
pub mod math;
mod number;
mod pick;
mod reduce;
mod shape;
mod storage;
mod tensor;
pub mod threads;
mod view;

pub use arrange::Order;
pub use create::{Literal, Pcg64, Replacement, from_literal, rng};
pub use element::{Element, Float};
pub use error::{Error, ErrorKind, Result};
pub use fused::settings::{
    Align, Convolution, Divisor, Outputs, PerAxis, Rounding, Sliding, Window,
};
pub use linalg::{Contract, einsum};
pub use mask::{DrawKey, Mask};
pub use number::{Integer, Number};
pub use pick::Scatter;
pub use reduce::Interpolation;
#[doc(hidden)]
pub use reduce::QuantilePlan;
pub use shape::{Axes, IntoShape, Keep, MAX_RANK, ReducedAxes, Shape};
pub use storage::memory;
pub use tensor::Tensor;
