//! The threads that large work is split between, and their number.

mod split;
mod workers;

pub(crate) use split::for_chunks;
pub(crate) use workers::for_parts;
pub use workers::{MAX_THREADS, count, parts_run, with};
