//! [`Count`]: how many handles share a block of memory.

use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// The number of handles to one block, itself among them.
///
/// `unsafe` code rests on this: while [`is_one`](Self::is_one) holds for a handle that is borrowed mutably, no other
/// handle exists or can be made, and whatever others read happened before. [`leave`](Self::leave) is true for one
/// handle alone, the last one. The number cannot overflow: addresses have 64 bits, so that would take 2^64 leaked
/// handles.
pub(super) struct Count(AtomicUsize);

impl Count {
    /// The count of a new block.
    #[inline]
    pub(super) fn one() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// Whether there is one handle.
    #[inline]
    pub(super) fn is_one(&self) -> bool {
        // Acquire pairs with the Release of other handles' drops: what they read happened before.
        self.0.load(Ordering::Acquire) == 1
    }

    /// Counts a new handle.
    #[inline]
    pub(super) fn join(&self) {
        // Relaxed, as in `Arc`: the new handle comes from a live one.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a handle that is dropped, and returns whether it was the last one.
    ///
    /// The only handle costs no atomic read-modify-write: it cannot be cloned while it is dropped, so a plain load
    /// decides.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        if self.is_one() {
            return true;
        }
        let last = self.0.fetch_sub(1, Ordering::Release) == 1;
        if last {
            fence(Ordering::Acquire);
        }
        last
    }
}
