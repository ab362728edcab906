//! The size of the calling thread's memory pool, and how to empty it.

pub use super::pool::{pooled_bytes, set_limit, system_requests, trim};
