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

/// Elements of a row that `nonzero` looks at together: all are skipped if none is true.
const STRETCH: usize = 128;

/// Writes the indices of the true elements of a mask of these sizes to the rows of `out`.
pub(crate) fn nonzero(mask: &[bool], sizes: &[usize], counts: &[usize], out: &mut [i64]) {
    let Some((&length, outer)) = sizes.split_last() else {
        return;
    };
    let rank = sizes.len();
    let rows = out.len() / rank;
    for_rows(out, rows, mask.len().max(out.len()), |first, mut out| {
        let part = counts.partition_point(|&count| count <= first) - 1;
        let (mut skipped, mut place) = (first - counts[part], part * PART);
        // The indices of a row, and those along it of a stretch's true elements.
        let (mut index, mut columns) = (vec![0; outer.len()], [0; STRETCH + 1]);
        while !out.is_empty() {
            let column = place % length;
            let mut row = place / length;
            for (index, &size) in index.iter_mut().zip(outer).rev() {
                (*index, row) = ((row % size) as i64, row / size);
            }
            let stretch = &mask[place..place + STRETCH.min(length - column)];
            place += stretch.len();
            let count = fold::count(stretch);
            let surplus = skipped.min(count);
            skipped -= surplus;
            if surplus == count {
                continue;
            }
            let mut next = 0;
            for (column, &taken) in (column as i64..).zip(stretch) {
                // A branch on the mask would be mispredicted.
                columns[next] = column;
                next += usize::from(taken);
            }
            let found = &columns[surplus..count];
            let (now, later) = out.split_at_mut(out.len().min(found.len() * rank));
            match rank {
                1 => now.copy_from_slice(&found[..now.len()]),
                2 => fill::<2>(now, &index, found),
                3 => fill::<3>(now, &index, found),
                _ => {
                    for (out, &column) in now.chunks_exact_mut(rank).zip(found) {
                        out[..rank - 1].copy_from_slice(&index);
                        out[rank - 1] = column;
                    }
                }
            }
            out = later;
        }
    });
}

/// Writes the indices of a row, and behind them one of the columns, to each chunk of `N`.
fn fill<const N: usize>(out: &mut [i64], index: &[i64], columns: &[i64]) {
    let mut all = [0; N];
    all[..N - 1].copy_from_slice(index);
    for (out, &column) in out.as_chunks_mut().0.iter_mut().zip(columns) {
        all[N - 1] = column;
        *out = all;
    }
}
