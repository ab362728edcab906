//! A second thread that waits awake, so that work is shared within a microsecond.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

type Work = *const (dyn Fn(usize) + Sync);

struct Shared {
    work: UnsafeCell<Option<Work>>,
    /// How many pieces of work were given out, and how many are done.
    given: AtomicUsize,
    done: AtomicUsize,
}

// SAFETY: `work` is written while the helper waits, and read after `given` has said so.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

/// One thread or two.
pub struct Team(Option<(Arc<Shared>, JoinHandle<()>)>);

fn wait_for(what: impl Fn() -> bool) {
    let mut looks = 0u32;
    while !what() {
        looks += 1;
        // A program that is doing something else for a while leaves the processor to others.
        if looks > 1 << 14 {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

fn help(shared: &Shared) {
    for next in 1.. {
        wait_for(|| shared.given.load(Ordering::Acquire) == next);
        // SAFETY: it was written before `given`, and what it points to lives until `done`.
        match unsafe { *shared.work.get() } {
            // SAFETY: as above.
            Some(work) => unsafe { (*work)(1) },
            None => return,
        }
        shared.done.store(next, Ordering::Release);
    }
}

impl Team {
    pub fn new(threads: usize) -> Self {
        if threads < 2 {
            return Self(None);
        }
        let shared = Arc::new(Shared {
            work: UnsafeCell::new(None),
            given: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        });
        let theirs = shared.clone();
        Self(Some((shared, std::thread::spawn(move || help(&theirs)))))
    }

    /// How many parts work has.
    pub fn parts(&self) -> usize {
        1 + usize::from(self.0.is_some())
    }

    /// Calls `work` with the number of each part, at the same time.
    pub fn share(&self, work: impl Fn(usize) + Sync) {
        let Some((shared, _)) = &self.0 else {
            return work(0);
        };
        let here: &(dyn Fn(usize) + Sync) = &work;
        // SAFETY: only the lifetime changes; the helper is done with it when this returns.
        let here: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(here) };
        // SAFETY: the helper waits for `given`.
        unsafe { *shared.work.get() = Some(here) };
        let number = shared.given.load(Ordering::Relaxed) + 1;
        shared.given.store(number, Ordering::Release);
        work(0);
        wait_for(|| shared.done.load(Ordering::Acquire) == number);
    }

    /// Shares out pieces of rows of `width` elements: `work` gets each part's number and its piece.
    pub fn share_rows(
        &self,
        all: &mut [f32],
        width: usize,
        work: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let (rows, parts) = (all.len() / width, self.parts());
        let start = Pieces(all.as_mut_ptr());
        self.share(|part| {
            let range = piece(part, parts, rows);
            // SAFETY: the pieces do not overlap, and lie within `all`.
            let own = unsafe {
                std::slice::from_raw_parts_mut(start.at(range.start * width), range.len() * width)
            };
            work(part, own);
        });
    }
}

/// The part's share of 0..n.
pub fn piece(part: usize, parts: usize, n: usize) -> std::ops::Range<usize> {
    part * n / parts..(part + 1) * n / parts
}

/// A pointer that parts take their own pieces from.
#[derive(Clone, Copy)]
pub struct Pieces(pub *mut f32);

// SAFETY: each part reads and writes its own piece.
unsafe impl Sync for Pieces {}
// SAFETY: as above.
unsafe impl Send for Pieces {}

impl Pieces {
    /// The place `offset` elements from the start.
    pub fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if let Some((shared, helper)) = self.0.take() {
            // SAFETY: the helper waits for `given`.
            unsafe { *shared.work.get() = None };
            shared.given.fetch_add(1, Ordering::Release);
            helper.join().ok();
        }
    }
}
