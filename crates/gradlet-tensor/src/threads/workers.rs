//! The threads that run parts of large work, and their number.
//!
//! Work is cut into parts that do not depend on the number of threads, so results do not either. The calling thread
//! takes part; its helpers wait for the next piece of work by spinning for a while, then sleep. Only one caller at a
//! time has the helpers: all others run their parts alone.

#![expect(
    unsafe_code,
    reason = "helpers borrow work from the caller, which waits for them"
)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};

/// The largest number of threads that work is split between.
pub const MAX_THREADS: usize = 64;

/// How often a helper looks for work before it sleeps: about 200 microseconds at 40 nanoseconds per `pause`. The gaps
/// between the parallel parts of a training step are shorter, and waking a helper takes about as long as a large layer.
const SPINS: u32 = 5000;

/// Set in `State::entered` while helpers may take parts.
const OPEN: usize = 1 << (usize::BITS - 1);

thread_local! {
    static LIMIT: Cell<usize> = const { Cell::new(0) };
}

/// The state that callers and helpers share.
struct State {
    /// Whether a caller has the helpers.
    taken: AtomicBool,
    /// The number of pieces of work so far; helpers watch it.
    epoch: AtomicUsize,
    /// The number of helpers that look at `work` now, and the bit `OPEN`.
    entered: AtomicUsize,
    work: AtomicPtr<Work<'static>>,
    asleep: [AtomicBool; MAX_THREADS],
    helpers: [OnceLock<Thread>; MAX_THREADS],
    /// The number of helpers that have been started.
    started: Mutex<usize>,
    parts: [AtomicU64; MAX_THREADS],
}

static STATE: State = State {
    taken: AtomicBool::new(false),
    epoch: AtomicUsize::new(0),
    entered: AtomicUsize::new(0),
    work: AtomicPtr::new(ptr::null_mut()),
    asleep: [const { AtomicBool::new(false) }; MAX_THREADS],
    helpers: [const { OnceLock::new() }; MAX_THREADS],
    started: Mutex::new(0),
    parts: [const { AtomicU64::new(0) }; MAX_THREADS],
};

/// The number of threads that large work of the calling thread is split between: the number that [`with`] set, else the
/// environment variable `GRADLET_NUM_THREADS`, else the number of processors. A variable that is not a positive number
/// counts as unset.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::threads;
/// assert_eq!(threads::with(3, threads::count), 3);
/// ```
#[inline]
pub fn count() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    match LIMIT.get() {
        0 => *DEFAULT.get_or_init(|| {
            let wanted = std::env::var("GRADLET_NUM_THREADS")
                .ok()
                .and_then(|n| n.parse().ok());
            let wanted = wanted.filter(|&n: &usize| n > 0);
            wanted
                .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
                .min(MAX_THREADS)
        }),
        limit => limit,
    }
}

/// Runs `f` with large work of the calling thread split between `n` threads, at least 1 and at most [`MAX_THREADS`].
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, threads};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Tensor::ones([1000, 1000])?;
/// assert_eq!(threads::with(1, || x.exp()), threads::with(2, || x.exp()));
/// # Ok(())
/// # }
/// ```
pub fn with<R>(n: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LIMIT.set(self.0);
        }
    }
    let _restore = Restore(LIMIT.replace(n.clamp(1, MAX_THREADS)));
    f()
}

/// The number of parts of split work that each thread has run so far: all callers together first, then each helper.
pub fn parts_run() -> Vec<u64> {
    let helpers = *STATE.started.lock().unwrap_or_else(PoisonError::into_inner);
    STATE.parts[..=helpers]
        .iter()
        .map(|parts| parts.load(Ordering::Relaxed))
        .collect()
}

/// A piece of work: parts that are taken one after the other, by whichever thread is free.
struct Work<'a> {
    run: &'a (dyn Fn(usize) + Sync),
    parts: usize,
    next: AtomicUsize,
    helpers: usize,
    panicked: AtomicBool,
}

impl Work<'_> {
    fn take_parts(&self, thread: usize) {
        loop {
            let part = self.next.fetch_add(1, Ordering::Relaxed);
            if part >= self.parts {
                return;
            }
            STATE.parts[thread].fetch_add(1, Ordering::Relaxed);
            (self.run)(part);
        }
    }
}

/// Calls `run` once with each number below `parts`, on up to [`count`] threads.
#[inline]
pub(crate) fn for_parts(parts: usize, run: impl Fn(usize) + Sync) {
    for_parts_dyn(parts, &run);
}

/// `for_parts`, compiled once: dozens of loops call it, and each would have a copy of it and of their part.
fn for_parts_dyn(parts: usize, run: &(dyn Fn(usize) + Sync)) {
    let helpers = count().min(parts).saturating_sub(1);
    if helpers == 0 || STATE.taken.swap(true, Ordering::Acquire) {
        return (0..parts).for_each(run);
    }
    let work = Work {
        run,
        parts,
        next: AtomicUsize::new(0),
        helpers,
        panicked: AtomicBool::new(false),
    };
    let open = Open::new(&work);
    work.take_parts(0);
    drop(open);
    if work.panicked.load(Ordering::Relaxed) {
        resume_unwind(Box::new("a part of split work panicked on another thread"));
    }
}

/// While this lives, helpers may look at a piece of work; dropping it waits until no helper does.
struct Open;

impl Open {
    fn new(work: &Work<'_>) -> Self {
        start_helpers(work.helpers);
        let shared = ptr::from_ref(work).cast_mut().cast::<Work<'static>>();
        STATE.work.store(shared, Ordering::Relaxed);
        STATE.entered.fetch_or(OPEN, Ordering::Release);
        STATE.epoch.fetch_add(1, Ordering::SeqCst);
        for helper in 0..work.helpers {
            // Either this sees the helper asleep, or the helper sees the new epoch before it sleeps.
            if STATE.asleep[helper].load(Ordering::SeqCst)
                && let Some(thread) = STATE.helpers[helper].get()
            {
                thread.unpark();
            }
        }
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        STATE.entered.fetch_and(!OPEN, Ordering::Acquire);
        let mut spins = 0u32;
        while STATE.entered.load(Ordering::Acquire) != 0 {
            spins += 1;
            // A helper that lost its processor in the middle of a part may need ours.
            if spins > SPINS {
                thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
        STATE.taken.store(false, Ordering::Release);
    }
}

#[inline]
fn start_helpers(wanted: usize) {
    if STATE.helpers[wanted - 1].get().is_none() {
        start_missing_helpers(wanted);
    }
}

#[cold]
fn start_missing_helpers(wanted: usize) {
    let mut started = STATE.started.lock().unwrap_or_else(PoisonError::into_inner);
    while *started < wanted {
        let helper = *started;
        let spawned = thread::Builder::new()
            .name(format!("gradlet-{helper}"))
            .spawn(move || help(helper));
        // If no thread can be started, fewer threads do the work.
        let Ok(handle) = spawned else { return };
        let _ = STATE.helpers[helper].set(handle.thread().clone());
        *started += 1;
    }
}

/// The loop that a helper runs: it takes parts of each piece of work.
fn help(helper: usize) {
    let mut seen = 0;
    loop {
        seen = next_epoch(helper, seen);
        if STATE.entered.fetch_add(1, Ordering::Acquire) & OPEN != 0 {
            // SAFETY: `OPEN` was set when this helper entered, and the caller does not drop its work before it has
            // cleared `OPEN` and seen every helper that entered leave again.
            let work = unsafe { &*STATE.work.load(Ordering::Relaxed) };
            if helper < work.helpers
                && catch_unwind(AssertUnwindSafe(|| work.take_parts(helper + 1))).is_err()
            {
                work.panicked.store(true, Ordering::Relaxed);
            }
        }
        STATE.entered.fetch_sub(1, Ordering::Release);
    }
}

/// Waits until the epoch differs from the one seen, and returns it.
fn next_epoch(helper: usize, seen: usize) -> usize {
    let mut spins = 0;
    loop {
        let epoch = STATE.epoch.load(Ordering::Acquire);
        if epoch != seen {
            return epoch;
        }
        spins += 1;
        if spins < SPINS {
            std::hint::spin_loop();
            continue;
        }
        STATE.asleep[helper].store(true, Ordering::SeqCst);
        if STATE.epoch.load(Ordering::SeqCst) == seen {
            thread::park();
        }
        STATE.asleep[helper].store(false, Ordering::SeqCst);
        spins = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            for parts in [0, 1, 2, 7, 100] {
                let runs: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                with(threads, || {
                    for_parts(parts, |part| {
                        runs[part].fetch_add(1, Ordering::Relaxed);
                    });
                });
                assert!(
                    runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1),
                    "{threads} {parts}"
                );
            }
        }
    }

    #[test]
    fn many_callers_at_once_all_finish() {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(|| {
                    with(3, || {
                        for round in 0..500 {
                            let mut x = vec![0usize; 64];
                            crate::threads::for_chunks([&mut x], 8, |start, [x]| {
                                x.fill(start + round);
                            });
                            assert!(x.iter().enumerate().all(|(i, &x)| x == i / 8 * 8 + round));
                        }
                    });
                })
            })
            .collect();
        assert!(callers.into_iter().all(|caller| caller.join().is_ok()));
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_the_threads_usable() {
        for _ in 0..20 {
            let panicked =
                catch_unwind(|| with(2, || for_parts(8, |part| assert!(part != 5, "on purpose"))));
            assert!(panicked.is_err());
        }
        let sum = AtomicUsize::new(0);
        with(2, || {
            for_parts(10, |part| {
                sum.fetch_add(part, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn sleeping_helpers_wake() {
        let helped = || {
            with(2, || {
                let before = parts_run().get(1).copied().unwrap_or(0);
                for_parts(50, |_| thread::sleep(std::time::Duration::from_micros(200)));
                parts_run()[1] > before
            })
        };
        // A different test may have the helpers at the moment.
        assert!((0..50).any(|_| helped()));
        thread::sleep(std::time::Duration::from_millis(20));
        assert!((0..50).any(|_| helped()));
    }
}
