//! The threads that large work is split between, and how many there are.

mod helpers;

pub use helpers::{MAX_THREADS, count, parts_run, with};
pub(crate) use helpers::{for_chunks, for_parts};
