//! When loops over slices are split between threads, and how.

use crate::threads;

pub(crate) use crate::threads::for_parts;

/// Elements a part has at least; also where splitting begins to pay for one pass over memory.
pub(crate) const PART: usize = 1 << 15;

/// Whether work on this many elements should be split.
#[inline]
pub(crate) fn pays(elements: usize) -> bool {
    elements >= 2 * PART && threads::count() > 1
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

/// Calls `run` with consecutive whole rows of `out` and the number of the first of them; split where `work`, counted in
/// passes over an element, pays.
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

/// As `for_chunks`, whatever the length: for results that stand for much more work than their number tells.
pub(crate) fn for_parts_of<T: Send>(
    out: &mut [T],
    size: usize,
    run: impl Fn(usize, &mut [T]) + Sync,
) {
    threads::for_chunks([out], size, |start, [out]| run(start, out));
}
