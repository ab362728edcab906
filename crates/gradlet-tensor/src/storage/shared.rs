//! [`Shared`]: a reference-counted value in pool memory, like `Arc` without weak references.

#![expect(
    unsafe_code,
    reason = "several handles own one value in a block of the pool"
)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::count::Count;
use super::pool::{self, ALIGN, SMALL, Tag};

/// A value that several handles share; the last one to go drops it.
pub(crate) struct Shared<X> {
    inner: NonNull<Inner<X>>,
    owns: PhantomData<Inner<X>>,
}

#[repr(C)]
struct Inner<X> {
    /// The pool's.
    tag: Tag,
    count: Count,
    value: X,
}

// SAFETY: as for `Arc`: handles on several threads reach the value by `&X` (needs Sync), and the last one,
// on whichever thread, drops or moves it (needs Send). The count is atomic.
unsafe impl<X: Send + Sync> Send for Shared<X> {}
// SAFETY: `&Shared<X>` can be cloned into a `Shared<X>` on another thread, so this asks of `X` what `Send` does.
unsafe impl<X: Send + Sync> Sync for Shared<X> {}

impl<X> Shared<X> {
    /// A value that `make` gives once there is a place for it, so that a large one is not moved there.
    #[inline]
    pub(crate) fn of(make: impl FnOnce() -> X) -> Self {
        const { assert!(align_of::<Inner<X>>() <= ALIGN && size_of::<Inner<X>>() <= SMALL) };
        let Some(block) = pool::take_handle(size_of::<Inner<X>>()) else {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Inner<X>>())
        };
        let inner = block.cast::<Inner<X>>();
        // SAFETY: the block is ours alone, large enough and aligned for `Inner<X>`; the pool wrote the tag.
        unsafe {
            (&raw mut (*inner.as_ptr()).count).write(Count::one());
            (&raw mut (*inner.as_ptr()).value).write(make());
        };
        Self {
            inner,
            owns: PhantomData,
        }
    }

    #[inline]
    fn inner(&self) -> &Inner<X> {
        // SAFETY: a handle keeps its block alive, and the value in it initialised, until the last drop.
        unsafe { self.inner.as_ref() }
    }

    /// Whether this is the only handle.
    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        self.inner().count.is_one()
    }

    /// The value, mutable, if this is the only handle.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut X> {
        if !self.is_unique() {
            return None;
        }
        // SAFETY: a count of 1 under `&mut self` means that no other handle exists or can be made meanwhile.
        Some(unsafe { &mut self.inner.as_mut().value })
    }

    #[cold]
    #[inline(never)]
    fn free(&mut self) {
        // SAFETY: called by the last handle only: the value is dropped once, and then the block, which begins with the
        // tag that it came with, is given back once.
        unsafe {
            (&raw mut (*self.inner.as_ptr()).value).drop_in_place();
            pool::give(self.inner.cast());
        }
    }
}

impl<X> Clone for Shared<X> {
    #[inline]
    fn clone(&self) -> Self {
        self.inner().count.join();
        Self {
            inner: self.inner,
            owns: PhantomData,
        }
    }
}

impl<X> Drop for Shared<X> {
    #[inline]
    fn drop(&mut self) {
        if self.inner().count.leave() {
            self.free();
        }
    }
}

impl<X> Deref for Shared<X> {
    type Target = X;
    #[inline]
    fn deref(&self) -> &X {
        &self.inner().value
    }
}

impl<X: fmt::Debug> fmt::Debug for Shared<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_last_handle_drops_the_value_once() {
        let witness = Arc::new(());
        let a = Shared::of(|| Arc::clone(&witness));
        let b = a.clone();
        drop(a);
        assert_eq!(Arc::strong_count(&witness), 2);
        drop(b);
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    /// The other thread reads through its handle while this one asks for a `&mut`: address and thread sanitizers, and
    /// readers of this test, see that none is made before the count says so.
    #[test]
    fn a_shared_value_is_never_borrowed_mutably_beside_its_readers() {
        for _ in 0..200 {
            let mut mine = Shared::of(|| [1u64; 8]);
            let theirs = mine.clone();
            let reader = std::thread::spawn(move || theirs.iter().sum::<u64>());
            let value = loop {
                if let Some(value) = mine.get_mut() {
                    break value;
                }
            };
            value.fill(2);
            assert_eq!(reader.join().unwrap(), 8);
        }
    }

    #[test]
    fn only_an_unshared_value_can_be_changed() {
        let mut a = Shared::of(|| 1);
        *a.get_mut().unwrap() = 2;
        let b = a.clone();
        assert!(a.get_mut().is_none());
        drop(b);
        assert_eq!(a.get_mut(), Some(&mut 2));
    }

    #[test]
    fn handles_dropped_on_many_threads_free_once() {
        let witness = Arc::new(());
        for _ in 0..200 {
            let shared = Shared::of(|| Arc::clone(&witness));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let mine = shared.clone();
                    std::thread::spawn(move || drop((mine.clone(), mine)))
                })
                .collect();
            drop(shared);
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        }
        assert_eq!(Arc::strong_count(&witness), 1);
    }
}
