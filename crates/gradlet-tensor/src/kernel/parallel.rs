//! Splitting loops over slices between threads.

use std::sync::{Mutex, PoisonError};

use crate::threads;

pub(crate) use crate::threads::for_parts;

/// The smallest number of elements in a part. Splitting one pass over memory is faster from two parts on.
pub(crate) const PART: usize = 1 << 15;

/// Whether there are enough elements for several parts, on any number of threads.
#[inline]
pub(crate) fn is_large(elements: usize) -> bool {
    elements >= 2 * PART
}

/// Whether work on this many elements is faster if it is split.
#[inline]
pub(crate) fn pays(elements: usize) -> bool {
    is_large(elements) && threads::count() > 1
}

/// Calls `run` with the index of the first element of each chunk of `size` elements of `out`, and with that chunk.
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

/// Calls `run` with the number of a first row and with whole rows of `out` from there on; they are split if that is
/// faster for `work`, counted in passes over an element.
pub(crate) fn for_rows<T: Send>(
    out: &mut [T],
    rows: usize,
    work: usize,
    run: impl Fn(usize, &mut [T]) + Sync,
) {
    if out.is_empty() {
        return;
    }
    let length = out.len() / rows;
    let parts = if pays(work) {
        (work / PART).min(rows)
    } else {
        1
    };
    if parts == 1 {
        return run(0, out);
    }
    for_parts_of(out, rows.div_ceil(parts) * length, |start, out| {
        run(start / length, out);
    });
}

/// Calls `run` with each piece; they are split if that is faster for `work`, counted in passes over an element.
pub(crate) fn for_pieces<P: Send>(
    work: usize,
    pieces: impl Iterator<Item = P>,
    run: impl Fn(&mut P) + Sync,
) {
    if !pays(work) {
        return pieces.for_each(|mut piece| run(&mut piece));
    }
    let pieces: Vec<_> = pieces.map(Mutex::new).collect();
    for_parts(pieces.len(), |i| {
        run(&mut pieces[i].lock().unwrap_or_else(PoisonError::into_inner));
    });
}

/// As `for_chunks`, for any length: for results that take much more work than their number suggests.
pub(crate) fn for_parts_of<T: Send>(
    out: &mut [T],
    size: usize,
    run: impl Fn(usize, &mut [T]) + Sync,
) {
    threads::for_chunks([out], size, |start, [out]| run(start, out));
}
