//! Where elements live: pooled blocks of memory, shared and copied on write.
//!
//! `unsafe` code is here, in the threads that large work is split between, and in the kernels of matrix products: nowhere
//! else in gradlet.

mod buffer;
mod count;
mod pool;
mod shared;

pub mod memory;

pub(crate) use buffer::Buffer;
pub(crate) use shared::Shared;
