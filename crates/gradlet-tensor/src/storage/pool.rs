//! A bounded per-thread pool of freed blocks, so that a steady training step asks the system for nothing.
//!
//! A block for elements is initialised from its second cache line on: fresh memory is zero, and nothing but elements,
//! which have no padding, was ever written there. That is why no kernel ever sees uninitialised memory. The first line
//! begins with the pool's [`Tag`] and then holds a header, or a link while the block is free: typed writes may leave
//! padding in it uninitialised, and only these types are read there. A handle's block is not initialised, for the same
//! reason, and so has classes of its own: it never serves elements.

#![expect(
    unsafe_code,
    reason = "memory comes from the system and is handed on as addresses"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
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

/// How a block was made. It is at the start of every block, and whoever has the block leaves it as it is.
#[repr(C)]
pub(crate) struct Tag {
    class: u32,
    /// How far the block lies behind what the allocator returned.
    skip: u32,
}

/// A piece of memory of one size class, aligned to `ALIGN`, that begins with its tag; owned, not freed on drop.
pub(crate) type Block = NonNull<Tag>;

/// A free block.
#[repr(C)]
struct Free {
    tag: Tag,
    next: Option<NonNull<Free>>,
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

#[inline]
const fn size_of_class(class: usize) -> usize {
    if class < LARGE {
        return (class % SMALL_CLASSES + 1) * ALIGN;
    }
    let octave = 10 + (class - LARGE) / PER_OCTAVE;
    let step = (class - LARGE) % PER_OCTAVE;
    (1 << octave) + ((step + 1) << (octave - 3))
}

/// The blocks of one class that a thread may use again.
struct Shelf {
    /// The first of a linked list.
    first: Cell<Option<NonNull<Free>>>,
    /// How many more blocks it takes. The thread keeps as many of a class as it got from the system: without blocks of
    /// other threads, free ones and those in use are never more; and a thread that only frees what others took would
    /// otherwise fill its pool with blocks that it never takes.
    room: Cell<usize>,
}

/// A pool without a destructor, so that reaching it costs no check of whether that ran: [`Emptying`] has it.
struct Pool {
    shelves: [Shelf; CLASSES],
    bytes: Cell<usize>,
    limit: Cell<usize>,
    fresh: Cell<u64>,
}

thread_local! {
    static POOL: Pool = const {
        Pool {
            shelves: [const { Shelf { first: Cell::new(None), room: Cell::new(0) } }; CLASSES],
            bytes: Cell::new(0),
            limit: Cell::new(DEFAULT_LIMIT),
            fresh: Cell::new(0),
        }
    };
    static EMPTYING: Emptying = const { Emptying };
}

/// Empties the pool when the thread ends. Afterwards no shelf has room: the system serves late calls.
struct Emptying;

impl Drop for Emptying {
    fn drop(&mut self) {
        POOL.with(|pool| {
            pool.clear();
            pool.shelves.iter().for_each(|shelf| shelf.room.set(0));
        });
    }
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
    POOL.with(|pool| match pool.shelves[class].take() {
        Some(block) => {
            pool.bytes.set(pool.bytes.get() - size_of_class(class));
            Some(block)
        }
        None => pool.fresh(class),
    })
}

/// Returns a block to this thread's pool, or to the system if the pool has enough.
///
/// # Safety
///
/// The block came from `take` or `take_handle`, with the tag that it had there, and is used nowhere else.
pub(crate) unsafe fn give(block: Block) {
    // SAFETY: the block has its tag: the caller's promise.
    let class = unsafe { block.as_ref() }.class as usize;
    POOL.with(|pool| {
        let (shelf, bytes) = (
            &pool.shelves[class],
            pool.bytes.get() + size_of_class(class),
        );
        if bytes <= pool.limit.get() && shelf.room.get() > 0 {
            pool.bytes.set(bytes);
            // SAFETY: the block is the pool's from now on.
            unsafe { shelf.put(block) };
        } else {
            // SAFETY: as above, and it is on no shelf.
            unsafe { release(block) };
        }
    });
}

impl Shelf {
    #[inline]
    fn take(&self) -> Option<Block> {
        let free = self.first.get()?;
        // SAFETY: `put` wrote the link, and nothing has used the block since.
        self.first.set(unsafe { free.as_ref() }.next);
        self.room.set(self.room.get() + 1);
        Some(free.cast())
    }

    /// Puts a block on a shelf that has room.
    ///
    /// # Safety
    ///
    /// The block is of this shelf's class, has its tag, and is used nowhere else.
    #[inline]
    unsafe fn put(&self, block: Block) {
        let free = block.cast::<Free>();
        // SAFETY: every block has room for a tag and a link, and is ours alone: the caller's promise.
        unsafe { (&raw mut (*free.as_ptr()).next).write(self.first.get()) };
        self.first.set(Some(free));
        self.room.set(self.room.get() - 1);
    }
}

fn system_layout(class: usize) -> Layout {
    // The allocator zeroes large memory for free only at its own alignment, so the rest is ours.
    // SAFETY: the alignment is a power of two and no class comes near `isize::MAX` bytes, of
    // 64-bit addresses.
    unsafe { Layout::from_size_align_unchecked(size_of_class(class) + ALIGN, 16) }
}

/// Returns a block to the system.
///
/// # Safety
///
/// As for `give`.
#[cold]
unsafe fn release(block: Block) {
    // SAFETY: the block has its tag; `block - skip` is what `alloc_zeroed` returned for this class's layout, and a block
    // is released once.
    unsafe {
        let Tag { class, skip } = block.read();
        dealloc(
            block.cast::<u8>().sub(skip as usize).as_ptr(),
            system_layout(class as usize),
        );
    }
}

impl Pool {
    #[cold]
    fn fresh(&self, class: usize) -> Option<Block> {
        self.fresh.set(self.fresh.get() + 1);
        // SAFETY: the layout's size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(system_layout(class)) })?;
        // An error means that the thread has emptied its pool for the last time.
        if EMPTYING.try_with(|_| ()).is_ok() {
            let room = &self.shelves[class].room;
            room.set(room.get() + 1);
        }
        let skip = base.align_offset(ALIGN);
        // SAFETY: `skip < ALIGN`, and `ALIGN` more bytes were asked for than the class holds.
        let block = unsafe { base.add(skip) }.cast::<Tag>();
        let tag = Tag {
            class: class as u32,
            skip: skip as u32,
        };
        // SAFETY: the block is ours alone, aligned, and every class is larger than a tag.
        unsafe { block.write(tag) };
        Some(block)
    }

    fn clear(&self) {
        for shelf in &self.shelves {
            while let Some(block) = shelf.take() {
                // SAFETY: the block was put here by `give`, once, and is on the shelf no more.
                unsafe { release(block) };
            }
        }
        self.bytes.set(0);
    }
}

/// Bytes that the calling thread's pool holds ready for the next tensors.
pub fn pooled_bytes() -> usize {
    POOL.with(|pool| pool.bytes.get())
}

/// The number of times that the calling thread asked the system for memory; it does not grow in a steady training step.
pub fn system_requests() -> u64 {
    POOL.with(|pool| pool.fresh.get())
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
    POOL.with(Pool::clear);
}

/// Sets how many bytes the calling thread's pool may hold (320 MiB at first); 0 turns it off.
pub fn set_limit(bytes: usize) {
    POOL.with(|pool| {
        pool.limit.set(bytes);
        if pool.bytes.get() > bytes {
            pool.clear();
        }
    });
}

#[cfg(test)]
mod tests;
