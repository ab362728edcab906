//! Splitting work between threads, in parts that do not depend on how many threads there are.
//!
//! Parts run on the rayon pool that the caller is in (the global one by default), so
//! `rayon::ThreadPool::install` chooses the number of threads. Work below a fixed size stays on the calling thread:
//! waking a sleeping pool costs more than it.

use std::cell::Cell;

use rayon::prelude::*;

/// Elements a part has at least; also where splitting begins to pay for one pass over memory.
pub(crate) const PART: usize = 1 << 16;

thread_local! {
    static PARTS: Cell<u64> = const { Cell::new(0) };
}

/// How many parts of split work the calling thread has run so far.
///
/// With `rayon::ThreadPool::broadcast` it shows which threads of a pool really worked.
pub fn parts_run() -> u64 {
    PARTS.get()
}

pub(crate) fn count_part() {
    PARTS.set(PARTS.get() + 1);
}

/// Whether work on this many elements should be split.
#[inline]
pub(crate) fn pays(elements: usize) -> bool {
    elements >= 2 * PART && rayon::current_num_threads() > 1
}

/// Calls `run` with consecutive chunks of `out` of `size` elements each and the index of each one's first element.
#[inline]
pub(crate) fn for_chunks<T: Send>(
    out: &mut [T],
    size: usize,
    run: impl Fn(usize, &mut [T]) + Sync,
) {
    if out.len() <= size || !pays(out.len()) {
        run(0, out);
        return;
    }
    for_parts_of(out, size, run);
}

/// As `for_chunks`, whatever the length: for results that stand for much more work than their number tells.
pub(crate) fn for_parts_of<T: Send>(
    out: &mut [T],
    size: usize,
    run: impl Fn(usize, &mut [T]) + Sync,
) {
    out.par_chunks_mut(size)
        .enumerate()
        .for_each(|(part, chunk)| {
            count_part();
            run(part * size, chunk);
        });
}

/// Calls `run` with every index below `parts`, on several threads.
pub(crate) fn for_parts(parts: usize, run: impl Fn(usize) + Sync + Send) {
    (0..parts).into_par_iter().with_max_len(1).for_each(|part| {
        count_part();
        run(part);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_everything_once_on_any_number_of_threads()
    -> Result<(), rayon::ThreadPoolBuildError> {
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()?;
            let mut out = vec![0usize; 3 * PART + 17];
            pool.install(|| {
                for_chunks(&mut out, PART, |start, chunk| {
                    chunk
                        .iter_mut()
                        .enumerate()
                        .for_each(|(i, x)| *x += start + i);
                });
            });
            assert!(out.iter().enumerate().all(|(i, &x)| i == x));
            let parts: u64 = pool.broadcast(|_| parts_run()).iter().sum();
            assert_eq!(parts, if threads == 1 { 0 } else { 4 });
        }
        Ok(())
    }
}
