//! What the calling thread's memory pool holds, and how to empty it.

pub use super::pool::{pooled_bytes, set_limit, system_requests, trim};
