//! Where elements live: pooled blocks of memory, shared and copied on write.
//!
//! This folder and the call of the matrix kernel are the only places with `unsafe` code in gradlet.

mod buffer;
mod pool;
mod shared;

pub mod memory;

pub(crate) use buffer::Buffer;
pub(crate) use shared::Shared;
