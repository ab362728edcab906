//! Where elements live: pooled blocks of memory, shared and copied on write.
//!
//! Beside `threads` and the matrix kernels, this is the only folder with `unsafe` code in gradlet.

mod buffer;
mod pool;
mod shared;

pub mod memory;

pub(crate) use buffer::Buffer;
pub(crate) use shared::Shared;
