//! [`Buffer`]: shared, copy-on-write elements in one pool block.

#![expect(
    unsafe_code,
    reason = "several handles own the elements in one block of the pool"
)]

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::count::Count;
use super::pool::{self, ALIGN, Tag};
use crate::element::Element;

/// A fixed number of elements that several handles share.
pub(crate) struct Buffer<T> {
    header: NonNull<Header>,
    owns: PhantomData<T>,
}

/// The header before the elements, on a cache line of its own so that they are aligned.
#[repr(C, align(64))]
struct Header {
    /// The pool's.
    tag: Tag,
    count: Count,
    len: usize,
}

const _: () = assert!(size_of::<Header>() == ALIGN);

// SAFETY: elements are plain numbers (Send + Sync); they are shared by `&[T]`, changed through the only handle,
// and the count is atomic.
unsafe impl<T: Element> Send for Buffer<T> {}
// SAFETY: a `&Buffer` gives `&[T]` of plain numbers and further handles, whose count is atomic.
unsafe impl<T: Element> Sync for Buffer<T> {}

impl<T: Element> Buffer<T> {
    /// Room for `len` elements holding old numbers, or `None` if memory does not hold them.
    #[inline(never)]
    pub(crate) fn stale(len: usize) -> Option<Self> {
        const { assert!(align_of::<T>() <= ALIGN) };
        let bytes = len.checked_mul(size_of::<T>())?.checked_add(ALIGN)?;
        let block = pool::take(bytes)?;
        let header = block.cast::<Header>();
        if !T::ANY_BITS {
            // SAFETY: the block has `bytes` bytes, is ours alone, and byte 0 is a valid value of every element type.
            unsafe { header.add(1).cast::<u8>().write_bytes(0, bytes - ALIGN) };
        }
        // SAFETY: the block is ours alone, aligned to 64 and at least 64 bytes long; the pool wrote the tag.
        unsafe {
            (&raw mut (*header.as_ptr()).count).write(Count::one());
            (&raw mut (*header.as_ptr()).len).write(len);
        };
        Some(Self {
            header,
            owns: PhantomData,
        })
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `len` elements follow the header, all initialised: pool memory is behind its first cache line, every
        // bit pattern is a value where `ANY_BITS`, and other types were cleared. Elements are not written while handles
        // are shared.
        unsafe {
            std::slice::from_raw_parts(self.header.add(1).cast::<T>().as_ptr(), self.header().len)
        }
    }

    /// The elements, mutable, if this is the only handle.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut [T]> {
        if !self.is_unique() {
            return None;
        }
        let len = self.header().len;
        // SAFETY: as in `as_slice`; a count of 1 under `&mut self` means that no other handle can reach them.
        Some(unsafe {
            std::slice::from_raw_parts_mut(self.header.add(1).cast::<T>().as_ptr(), len)
        })
    }

    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        self.header().count.is_one()
    }
}

impl<T> Buffer<T> {
    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: a handle keeps the block alive and its header initialised until the last drop.
        unsafe { self.header.as_ref() }
    }

    #[cold]
    #[inline(never)]
    fn free(&mut self) {
        // SAFETY: called by the last handle only; the block begins with the tag that it came with.
        unsafe { pool::give(self.header.cast()) };
    }
}

impl<T: Element> Clone for Buffer<T> {
    #[inline]
    fn clone(&self) -> Self {
        self.header().count.join();
        Self {
            header: self.header,
            owns: PhantomData,
        }
    }
}

impl<T> Drop for Buffer<T> {
    #[inline]
    fn drop(&mut self) {
        if self.header().count.leave() {
            self.free();
        }
    }
}

impl<T: Element> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer<{}>({} elements)", T::NAME, self.as_slice().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_aligned_and_counted() {
        let mut buffer = Buffer::<f64>::stale(5).unwrap();
        assert_eq!(buffer.as_slice().len(), 5);
        assert_eq!(buffer.as_slice().as_ptr() as usize % ALIGN, 0);
        buffer.get_mut().unwrap().fill(2.5);
        let other = buffer.clone();
        assert!(buffer.get_mut().is_none());
        assert_eq!(other.as_slice(), [2.5; 5]);
        drop(buffer);
        assert!(other.is_unique());
    }

    #[test]
    #[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
    fn recycled_memory_holds_valid_bools() {
        let mut bytes = Buffer::<u8>::stale(4096).unwrap();
        bytes.get_mut().unwrap().fill(255);
        let place = bytes.as_slice().as_ptr() as usize;
        drop(bytes);
        let bools = Buffer::<bool>::stale(4096).unwrap();
        assert_eq!(
            bools.as_slice().as_ptr() as usize,
            place,
            "the test must see recycled memory"
        );
        assert!(bools.as_slice().iter().all(|&value| !value));
    }

    #[test]
    fn impossible_lengths_are_refused() {
        assert!(Buffer::<f64>::stale(usize::MAX / 4).is_none());
    }

    #[test]
    fn handles_dropped_on_many_threads_free_once() {
        for _ in 0..200 {
            let mut buffer = Buffer::<i64>::stale(100).unwrap();
            buffer.get_mut().unwrap().fill(3);
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let mine = buffer.clone();
                    std::thread::spawn(move || mine.clone().as_slice().iter().sum::<i64>())
                })
                .collect();
            drop(buffer);
            assert!(
                threads
                    .into_iter()
                    .all(|thread| thread.join().unwrap() == 300)
            );
        }
    }
}
