//! What the calling thread's memory pool holds, and how to empty it.

use super::pool;

/// Bytes that the calling thread's pool holds ready for the next tensors.
pub fn pooled_bytes() -> usize {
    pool::pooled_bytes()
}

/// How often the calling thread asked the system for memory; it stands still during a steady training step.
pub fn system_requests() -> u64 {
    pool::fresh_blocks()
}

/// Returns the calling thread's pooled memory to the system.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, memory};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Tensor::zeros([100, 100])?;
/// drop(x); // its memory goes to the pool
/// memory::trim();
/// assert_eq!(memory::pooled_bytes(), 0);
/// # Ok(())
/// # }
/// ```
pub fn trim() {
    pool::trim();
}

/// Sets how many bytes the calling thread's pool may hold (320 MiB at first); 0 turns it off.
pub fn set_limit(bytes: usize) {
    pool::set_limit(bytes);
}
