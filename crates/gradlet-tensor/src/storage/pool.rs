//! A bounded per-thread pool of freed blocks, so that a steady training step asks the system for nothing.
//!
//! A block for elements is initialised from its second cache line on: fresh memory is zero, and nothing but elements,
//! which have no padding, was ever written there. That is why no kernel ever sees uninitialised memory. The first line
//! holds a header, whose padding a typed write may leave uninitialised; only headers are read there. A handle's block
//! is not initialised, for the same reason, and so has classes of its own: it never serves elements.

#![expect(
    unsafe_code,
    reason = "memory comes from the system and is handed on as addresses"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

/// Every block starts on a cache line, which is also the width of an AVX-512 register.
pub(crate) const ALIGN: usize = 64;
/// Blocks of up to this many bytes come in steps of `ALIGN`; larger ones in 8 sizes an octave.
pub(crate) const SMALL: usize = 1024;
const SMALL_CLASSES: usize = SMALL / ALIGN;
const PER_OCTAVE: usize = 8;
/// Small blocks for handles come first, then small ones for elements, then those of 2^10 to 2^46 bytes.
const LARGE: usize = 2 * SMALL_CLASSES;
const CLASSES: usize = LARGE + 36 * PER_OCTAVE;
/// The bytes that a thread keeps at most: enough for elementwise work on four tensors of 64 MiB, and none if a
/// sanitizer is to see every block come and go.
pub(crate) const DEFAULT_LIMIT: usize = if cfg!(gradlet_unpooled) { 0 } else { 320 << 20 };

/// A piece of memory of one size class, aligned to `ALIGN`; owned, not freed on drop.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    class: u16,
    /// How far `start` lies behind what the allocator returned.
    skip: u16,
}

/// The smallest class of blocks for elements that hold this many bytes; at least one byte.
#[inline]
pub(crate) const fn class_of(bytes: usize) -> usize {
    if bytes <= SMALL {
        return SMALL_CLASSES + if bytes == 0 { 0 } else { (bytes - 1) / ALIGN };
    }
    let octave = (bytes - 1).ilog2() as usize;
    let step = ((bytes - 1) >> (octave - 3)) & (PER_OCTAVE - 1);
    LARGE + (octave - 10) * PER_OCTAVE + step
}

const fn size_of_class(class: usize) -> usize {
    if class < LARGE {
        return (class % SMALL_CLASSES + 1) * ALIGN;
    }
    let octave = 10 + (class - LARGE) / PER_OCTAVE;
    let step = (class - LARGE) % PER_OCTAVE;
    (1 << octave) + ((step + 1) << (octave - 3))
}

struct Pool {
    free: [Vec<Block>; CLASSES],
    /// How many blocks of each class this thread got from the system. It keeps no more than that: without blocks of
    /// other threads, free ones and those in use are never more; and a thread that only frees what others took would
    /// otherwise fill its pool with blocks that it never takes.
    own: [u32; CLASSES],
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { free: [const { Vec::new() }; CLASSES], own: [0; CLASSES] }) };
    static POOLED_BYTES: Cell<usize> = const { Cell::new(0) };
    static LIMIT: Cell<usize> = const { Cell::new(DEFAULT_LIMIT) };
    static FRESH: Cell<u64> = const { Cell::new(0) };
}

/// A block of at least this many bytes for a header and elements, or `None` if there is no such memory.
#[inline]
pub(crate) fn take(bytes: usize) -> Option<Block> {
    let class = class_of(bytes);
    if class >= CLASSES {
        return None;
    }
    take_class(class)
}

/// A block of at least this many bytes, at most `SMALL`, that only handles use, or `None` if there is no memory.
#[inline]
pub(crate) fn take_handle(bytes: usize) -> Option<Block> {
    debug_assert!(bytes <= SMALL);
    take_class(class_of(bytes) - SMALL_CLASSES)
}

fn take_class(class: usize) -> Option<Block> {
    // While the thread ends its pool may be gone already: the system serves such late calls.
    match POOL.try_with(|pool| pool.borrow_mut().free[class].pop()) {
        Ok(Some(block)) => {
            POOLED_BYTES.set(POOLED_BYTES.get() - size_of_class(class));
            Some(block)
        }
        _ => fresh(class),
    }
}

/// Returns a block to this thread's pool, or to the system if the pool has enough.
#[inline]
pub(crate) fn give(block: Block) {
    let class = usize::from(block.class);
    let pooled = POOLED_BYTES.get() + size_of_class(class);
    let mut block = Some(block);
    if pooled <= LIMIT.get() {
        let _ = POOL.try_with(|pool| {
            let Pool { free, own } = &mut *pool.borrow_mut();
            if free[class].len() < own[class] as usize
                && let Some(block) = block.take()
            {
                free[class].push(block);
                POOLED_BYTES.set(pooled);
            }
        });
    }
    if let Some(block) = block {
        release(&block);
    }
}

fn system_layout(class: usize) -> Layout {
    // The allocator zeroes large memory for free only at its own alignment, so the rest is ours.
    // SAFETY: the alignment is a power of two and no class comes near `isize::MAX` bytes, of
    // 64-bit addresses.
    unsafe { Layout::from_size_align_unchecked(size_of_class(class) + ALIGN, 16) }
}

#[cold]
fn fresh(class: usize) -> Option<Block> {
    FRESH.set(FRESH.get() + 1);
    // SAFETY: the layout's size is not zero.
    let base = NonNull::new(unsafe { alloc_zeroed(system_layout(class)) })?;
    let _ = POOL.try_with(|pool| {
        let own = &mut pool.borrow_mut().own[class];
        *own = own.saturating_add(1);
    });
    let skip = base.align_offset(ALIGN);
    // SAFETY: `skip < ALIGN`, and `ALIGN` more bytes were asked for than the class holds.
    let start = unsafe { base.add(skip) };
    Some(Block {
        start,
        class: class as u16,
        skip: skip as u16,
    })
}

fn release(block: &Block) {
    // SAFETY: `start - skip` is what `alloc_zeroed` returned for this class's layout, and a block is released once.
    unsafe {
        dealloc(
            block.start.sub(usize::from(block.skip)).as_ptr(),
            system_layout(usize::from(block.class)),
        );
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Pool {
    fn clear(&mut self) {
        for block in self.free.iter_mut().flat_map(std::mem::take) {
            release(&block);
        }
    }
}

/// Bytes that the calling thread's pool holds ready for the next tensors.
pub fn pooled_bytes() -> usize {
    POOLED_BYTES.get()
}

/// The number of times that the calling thread asked the system for memory; it does not grow in a steady training step.
pub fn system_requests() -> u64 {
    FRESH.get()
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
    let _ = POOL.try_with(|pool| pool.borrow_mut().clear());
    POOLED_BYTES.set(0);
}

/// Sets how many bytes the calling thread's pool may hold (320 MiB at first); 0 turns it off.
pub fn set_limit(bytes: usize) {
    LIMIT.set(bytes);
    if POOLED_BYTES.get() > bytes {
        trim();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::storage::Buffer;

    #[test]
    fn a_class_holds_what_it_is_asked_for_and_wastes_at_most_an_eighth() {
        for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, 3_211_264, usize::MAX >> 20]) {
            let class = class_of(bytes);
            assert!(size_of_class(class) >= bytes, "{bytes}");
            assert!(
                bytes <= ALIGN || size_of_class(class - 1) < bytes,
                "{bytes}"
            );
            assert!(
                bytes < SMALL || size_of_class(class) - bytes <= bytes / 8,
                "{bytes}"
            );
        }
    }

    #[test]
    #[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
    fn a_freed_block_serves_the_next_call_and_is_initialised() {
        trim();
        let block = take(5000).unwrap();
        assert_eq!(block.start.as_ptr() as usize % ALIGN, 0);
        // SAFETY: the block has at least 5,000 initialised bytes that are used nowhere else.
        let bytes = unsafe { std::slice::from_raw_parts_mut(block.start.as_ptr(), 5000) };
        assert!(bytes.iter().all(|&byte| byte == 0));
        bytes.fill(7);
        let (start, fresh) = (block.start, system_requests());
        give(block);
        assert_eq!(pooled_bytes(), size_of_class(class_of(5000)));
        let again = take(4990).unwrap();
        assert_eq!((again.start, system_requests()), (start, fresh));
        give(again);
        trim();
        assert_eq!(pooled_bytes(), 0);
    }

    #[test]
    #[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
    fn memory_of_handles_never_serves_elements() {
        trim();
        let handle = take_handle(128).unwrap();
        let place = handle.start;
        give(handle);
        let elements = take(128).unwrap();
        assert_ne!(elements.start, place);
        let again = take_handle(128).unwrap();
        assert_eq!(again.start, place, "the test must see recycled memory");
        [elements, again].into_iter().for_each(give);
        trim();
    }

    #[test]
    fn the_pool_keeps_no_more_than_its_limit() {
        set_limit(10_000);
        let blocks: Vec<_> = (0..10).map(|_| take(3000).unwrap()).collect();
        blocks.into_iter().for_each(give);
        assert!(pooled_bytes() <= 10_000 && pooled_bytes() > 6000);
        set_limit(DEFAULT_LIMIT);
    }

    const MIB: usize = 1 << 20;

    fn mebibyte() -> Buffer<u8> {
        Buffer::stale(MIB - ALIGN).unwrap()
    }

    #[test]
    fn a_thread_that_only_frees_keeps_nothing() {
        let blocks: Vec<_> = (0..20).map(|_| mebibyte()).collect();
        let freeing = thread::spawn(move || {
            drop(blocks);
            pooled_bytes()
        });
        assert_eq!(freeing.join().unwrap(), 0);
    }

    #[test]
    #[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
    fn a_trainer_keeps_what_it_needs_itself_of_a_loaders_batches() {
        let (sender, batches) = mpsc::sync_channel(2);
        let trainer = thread::spawn(move || {
            for batch in batches {
                let work = [mebibyte(), mebibyte(), mebibyte()];
                drop((batch, work));
            }
            (pooled_bytes(), system_requests())
        });
        for _ in 0..30 {
            sender.send(mebibyte()).unwrap();
        }
        drop(sender);
        assert_eq!(trainer.join().unwrap(), (3 * MIB, 3));
    }

    #[test]
    #[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
    fn a_thread_keeps_all_of_its_own_blocks_in_any_order() {
        let counts = thread::spawn(|| {
            let sizes = [3000, 64, 5000, 3000, 100_000, 64, 3100, 700];
            let step = |by: usize| {
                let mut held: Vec<_> = sizes.iter().map(|&size| take(size).unwrap()).collect();
                held.rotate_left(by);
                held.into_iter().for_each(give);
            };
            step(0);
            let before = system_requests();
            (1..8).for_each(step);
            system_requests() - before
        });
        assert_eq!(counts.join().unwrap(), 0);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(take(usize::MAX).is_none());
        assert!(take(1 << 47).is_none());
    }
}
