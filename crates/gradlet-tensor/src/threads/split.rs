//! Cutting slices into parts for several threads.

#![expect(unsafe_code, reason = "threads write disjoint parts of one slice")]

use super::workers::for_parts;

/// Calls `run` with the start of each chunk of `size` elements and that chunk of each slice, on several threads.
///
/// # Panics
///
/// If the slices differ in length, or `size` is 0.
pub(crate) fn for_chunks<T: Send, const N: usize>(
    mut outs: [&mut [T]; N],
    size: usize,
    run: impl Fn(usize, [&mut [T]; N]) + Sync,
) {
    let len = outs.first().map_or(0, |out| out.len());
    assert!(
        outs.iter().all(|out| out.len() == len),
        "slices must have the same length"
    );
    let starts = Starts(outs.each_mut().map(|out| out.as_mut_ptr()));
    for_parts(len.div_ceil(size), |part| {
        let start = part * size;
        let length = size.min(len - start);
        // SAFETY: each part is run once, and parts are disjoint ranges inside slices that this call borrows mutably
        // until all parts are done.
        let chunks = starts
            .get()
            .map(|out| unsafe { std::slice::from_raw_parts_mut(out.add(start), length) });
        run(start, chunks);
    });
}

/// Pointers to the starts of slices, for use on several threads.
struct Starts<T, const N: usize>([*mut T; N]);

impl<T, const N: usize> Starts<T, N> {
    fn get(&self) -> [*mut T; N] {
        self.0
    }
}

// SAFETY: `for_chunks` gives disjoint parts to the threads, and the elements may be sent between threads.
unsafe impl<T: Send, const N: usize> Sync for Starts<T, N> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with;

    #[test]
    fn chunks_are_disjoint_and_complete() {
        for threads in [1, 2, 3] {
            let (mut a, mut b) = (vec![0usize; 1003], vec![0usize; 1003]);
            with(threads, || {
                for_chunks([&mut a, &mut b], 100, |start, [a, b]| {
                    for (i, (a, b)) in a.iter_mut().zip(b).enumerate() {
                        *a += start + i;
                        *b += 2 * (start + i);
                    }
                });
            });
            assert!(
                a.iter()
                    .zip(&b)
                    .enumerate()
                    .all(|(i, (&a, &b))| a == i && b == 2 * i)
            );
        }
    }

    #[test]
    fn work_inside_work_runs_on_its_thread() {
        let mut x = vec![0usize; 100];
        with(2, || {
            for_chunks([&mut x], 10, |_, [outer]| {
                for_chunks([outer], 3, |start, [inner]| inner.fill(start));
            });
        });
        assert_eq!(x[..10], [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]);
    }
}
