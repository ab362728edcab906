//! Loops over the places where a mask is true.

use super::fold;
use super::parallel::{PART, for_chunks, for_rows};

/// The number of true elements before each part of `PART` elements, and last of all.
pub(crate) fn counts(mask: &[bool]) -> Vec<usize> {
    let mut counts = vec![0];
    let mut sum = 0;
    for part in mask.chunks(PART) {
        sum += fold::count(part);
        counts.push(sum);
    }
    counts
}

/// Replaces the elements of `y` where the mask is true by those of `source`, in their order; `counts` are those of the
/// mask.
pub(crate) fn scatter<T: Copy + Send + Sync>(
    y: &mut [T],
    mask: &[bool],
    counts: &[usize],
    source: &[T],
) {
    for_chunks(y, PART, |start, y| {
        let mut next = counts[start / PART];
        for (y, &taken) in y.iter_mut().zip(&mask[start..]) {
            // A branch on the mask would be mispredicted.
            let x = source.get(next).copied().unwrap_or(*y);
            *y = if taken { x } else { *y };
            next += usize::from(taken);
        }
    });
}

/// Writes the indices of the true elements of a mask of these sizes to the rows of `out`.
pub(crate) fn nonzero(mask: &[bool], sizes: &[usize], counts: &[usize], out: &mut [i64]) {
    let Some(&length) = sizes.last() else { return };
    let (rank, rows) = (sizes.len(), out.len() / sizes.len());
    for_rows(out, rows, mask.len().max(out.len()), |first, out| {
        let part = counts.partition_point(|&count| count <= first) - 1;
        let start = part * PART;
        let places = (start..).zip(&mask[start..]).filter(|(_, taken)| **taken);
        // The indices of the last place, and the place after its row.
        let (mut index, mut end) = (vec![0; rank], 0);
        let places = places.skip(first - counts[part]);
        for (out, (place, _)) in out.chunks_exact_mut(rank).zip(places) {
            if place >= end {
                let mut row = place / length;
                end = (row + 1) * length;
                for (index, &size) in index.iter_mut().zip(sizes).rev().skip(1) {
                    (*index, row) = ((row % size) as i64, row / size);
                }
            }
            index[rank - 1] = (place + length - end) as i64;
            out.copy_from_slice(&index);
        }
    });
}
