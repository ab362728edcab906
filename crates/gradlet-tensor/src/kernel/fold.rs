//! Reductions over rows and columns of contiguous elements.
//!
//! Sums are taken in fixed blocks and lanes, which are paired in a balanced tree. So their bits depend neither on the
//! instruction set nor on the number of threads, and their error grows with the logarithm of the length, along rows and
//! columns alike.

use std::ops::Range;

use num_traits::Float;

use super::partial::pair;

/// The number of partial sums side by side: two AVX-512 registers of f32, enough to hide an addition's latency.
const LANES: usize = 32;
/// The number of partial sums for rows that would leave most of these empty.
const FEW_LANES: usize = 8;
/// The number of elements summed lane by lane before partial sums are paired.
pub(crate) const BLOCK: usize = 64 * LANES;
/// The number of rows added up before their sum is added to the sum of those above.
const ROWS: usize = 64;
/// The number of rows whose sums are paired in a balanced tree.
const LEAF: usize = 8 * ROWS;
/// The number of columns worked on at a time, small enough for registers and the first cache.
const COLUMNS: usize = 256;

/// Rows `row_step` apart, whose elements follow each other (`step` 1) or are all the same one (`step` 0).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) row_step: usize,
    pub(crate) step: usize,
}

impl<'a, T: Float> Rows<'a, T> {
    /// `width` elements of a row, or a single one if all are the same.
    #[inline(always)]
    fn part(&self, row: usize, first: usize, width: usize) -> &'a [T] {
        let width = if self.step == 1 { width } else { 1 };
        &self.data[row * self.row_step + first * self.step..][..width]
    }
}

vectorized! {
    /// The sum of `f` over at most `BLOCK` elements.
    fn sum_block<T: Float, F: Fn(T) -> T>(x: &[T], f: &F) -> T {
        let mut lanes = [T::zero(); LANES];
        let mut chunks = x.chunks_exact(LANES);
        for chunk in &mut chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = *lane + f(x);
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
            *lane = *lane + f(x);
        }
        pair(lanes, |a, b| a + b)
    }

    /// The number of elements that are true.
    pub(crate) fn count(x: &[bool]) -> usize {
        // A byte can count up to 255.
        x.chunks(255).map(|x| usize::from(x.iter().fold(0, |n, &x| n + u8::from(x)))).sum()
    }

    /// The fold of all elements, in lanes, with an operation for which order does not matter.
    pub(crate) fn fold<T: Copy, F: Fn(T, T) -> T>(x: &[T], first: T, f: &F) -> T {
        let mut lanes = [first; LANES];
        let mut chunks = x.chunks_exact(LANES);
        for chunk in &mut chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = f(*lane, x);
            }
        }
        let tail = chunks.remainder().iter().fold(first, |y, &x| f(y, x));
        lanes.iter().fold(tail, |y, &x| f(y, x))
    }

    /// The place of the first element that `best` does not beat.
    fn first_unbeaten<T: Copy, F: Fn(T, T) -> bool>(x: &[T], best: T, beats: &F) -> Option<usize> {
        // Without an early end this loop vectorizes.
        if x.iter().fold(true, |beaten, &x| beaten & beats(best, x)) {
            return None;
        }
        x.iter().position(|&x| !beats(best, x))
    }

    /// `out[c]` = the first row whose element in column c no other element beats; at least one row
    pub(crate) fn arg_rows<T: Copy, F: Fn(T, T) -> bool>(x: &[T], out: &mut [i64], beats: &F) {
        let columns = out.len();
        out.fill(0);
        for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
            let mut best = [x[0]; COLUMNS];
            let best = &mut best[..out.len()];
            for (row, x) in x.chunks_exact(columns).enumerate() {
                let x = &x[block * COLUMNS..][..out.len()];
                if row == 0 {
                    best.copy_from_slice(x);
                }
                for ((out, best), &x) in out.iter_mut().zip(&mut *best).zip(x) {
                    let better = beats(x, *best);
                    *best = if better { x } else { *best };
                    *out = if better { row as i64 } else { *out };
                }
            }
        }
    }

    /// As `sum_columns`, for rows of one leaf.
    fn sum_columns_of_leaf<T: Float>(x: &[T], columns: usize, first: usize, out: &mut [T]) {
        for (i, out) in out.chunks_mut(COLUMNS).enumerate() {
            let (first, width) = (first + i * COLUMNS, out.len());
            let add_rows = |block: &[T], sums: &mut [T]| {
                for row in block.chunks_exact(columns) {
                    for (sum, &x) in sums.iter_mut().zip(&row[first..][..width]) {
                        *sum = *sum + x;
                    }
                }
            };
            out.fill(T::zero());
            let mut blocks = x.chunks(ROWS * columns);
            // Few rows need no place for their sums but the result's.
            add_rows(blocks.next().unwrap_or_default(), out);
            for block in blocks {
                let mut sums = [T::zero(); COLUMNS];
                add_rows(block, &mut sums[..width]);
                for (out, &sum) in out.iter_mut().zip(&sums) {
                    *out = *out + sum;
                }
            }
        }
    }

    /// As `sum_products`, for rows of one leaf.
    fn sum_products_of_leaf<T: Float>([a, b]: [Rows<'_, T>; 2], rows: Range<usize>, first: usize, out: &mut [T]) {
        for (i, out) in out.chunks_mut(COLUMNS).enumerate() {
            out.fill(T::zero());
            let (first, width) = (first + i * COLUMNS, out.len());
            for start in rows.clone().step_by(ROWS) {
                let mut sums = [T::zero(); COLUMNS];
                let sums = &mut sums[..width];
                for row in start..rows.end.min(start + ROWS) {
                    let (a, b) = (a.part(row, first, width), b.part(row, first, width));
                    match (a, b) {
                        (&[a], &[b]) => sums.iter_mut().for_each(|sum| *sum = *sum + a * b),
                        (&[a], b) => sums.iter_mut().zip(b).for_each(|(sum, &b)| *sum = *sum + a * b),
                        (a, &[b]) => sums.iter_mut().zip(a).for_each(|(sum, &a)| *sum = *sum + a * b),
                        (a, b) => sums.iter_mut().zip(a).zip(b).for_each(|((sum, &a), &b)| *sum = *sum + a * b),
                    }
                }
                for (out, &sum) in out.iter_mut().zip(&*sums) {
                    *out = *out + sum;
                }
            }
        }
    }

    /// `out[c] = f(.. f(x[c], x[columns + c]) ..)` over all rows; at least one row
    pub(crate) fn fold_rows<T: Copy, F: Fn(T, T) -> T>(x: &[T], out: &mut [T], f: &F) {
        let mut rows = x.chunks_exact(out.len());
        if let Some(row) = rows.next() {
            out.copy_from_slice(row);
        }
        for row in rows {
            for (out, &x) in out.iter_mut().zip(row) {
                *out = f(*out, x);
            }
        }
    }
}

/// `out[c] = sum_r x[r * columns + first + c]`
pub(crate) fn sum_columns<T: Float>(x: &[T], columns: usize, first: usize, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    in_tree(0..x.len() / columns, out, &|rows, out| {
        let x = &x[rows.start * columns..rows.end * columns];
        sum_columns_of_leaf(x, columns, first, out);
    });
}

/// `out[c] = sum_r a[r, first + c] * b[r, first + c]`
pub(crate) fn sum_products<T: Float>(
    a: Rows<'_, T>,
    b: Rows<'_, T>,
    rows: usize,
    first: usize,
    out: &mut [T],
) {
    in_tree(0..rows, out, &|rows, out| {
        sum_products_of_leaf([a, b], rows, first, out);
    });
}

/// Sets `out` to the sum over all rows: `leaf` gives that of at most `LEAF`, and these are paired in a balanced tree.
fn in_tree<T: Float>(rows: Range<usize>, out: &mut [T], leaf: &impl Fn(Range<usize>, &mut [T])) {
    fn run<T: Float>(
        rows: Range<usize>,
        out: &mut [T],
        scratch: &mut [T],
        leaf: &impl Fn(Range<usize>, &mut [T]),
    ) {
        let leaves = rows.len().div_ceil(LEAF);
        if leaves <= 1 {
            return leaf(rows, out);
        }
        let middle = rows.start + leaves.next_power_of_two() / 2 * LEAF;
        run(rows.start..middle, out, scratch, leaf);
        let (right, scratch) = scratch.split_at_mut(out.len());
        run(middle..rows.end, right, scratch, leaf);
        for (out, &right) in out.iter_mut().zip(&*right) {
            *out = *out + right;
        }
    }
    let levels = rows.len().div_ceil(LEAF).next_power_of_two().ilog2() as usize;
    run(rows, out, &mut vec![T::zero(); levels * out.len()], leaf);
}

/// `out[c] = sum_r x[r * columns + c]`
pub(crate) fn sum_rows<T: Float>(x: &[T], columns: usize, out: &mut [T]) {
    sum_columns(x, columns, 0, out);
}

/// The sum of all elements: blocks of `BLOCK` are summed, then paired in a balanced tree.
pub(crate) fn sum<T: Float>(x: &[T]) -> T {
    sum_of(x, &|x| x)
}

/// The sum of `f` over all elements, in the order of `sum`.
pub(crate) fn sum_of<T: Float>(x: &[T], f: &impl Fn(T) -> T) -> T {
    if x.len() <= FEW_LANES {
        // The same bits as with more lanes, for those are 0.
        let mut lanes = [T::zero(); FEW_LANES];
        for (lane, &x) in lanes.iter_mut().zip(x) {
            *lane = *lane + f(x);
        }
        return pair(lanes, |a, b| a + b);
    }
    if x.len() <= BLOCK {
        return sum_block(x, f);
    }
    let blocks = x.len().div_ceil(BLOCK);
    let (left, right) = x.split_at(blocks.next_power_of_two() / 2 * BLOCK);
    sum_of(left, f) + sum_of(right, f)
}

/// The index of the first element that no other element beats; at least one element. It takes two passes that
/// vectorize; the second ends at that element.
pub(crate) fn arg<T: Copy>(x: &[T], beats: &impl Fn(T, T) -> bool) -> i64 {
    let best = fold(x, x[0], &|best, x| if beats(x, best) { x } else { best });
    let mut blocks = x.chunks(8 * LANES).enumerate();
    let found = blocks.find_map(|(i, x)| Some(i * 8 * LANES + first_unbeaten(x, best, beats)?));
    found.map_or(0, |place| place as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_on_whole_numbers_of_any_length() {
        for len in [0, 1, 31, 32, 33, 2048, 2049, 10_000] {
            let x: Vec<f64> = (1..=len).map(f64::from).collect();
            assert_eq!(sum(&x), f64::from(len * (len + 1) / 2), "{len}");
        }
    }

    #[test]
    fn few_elements_have_the_sum_that_they_have_among_zeros() {
        for seed in 0..50 {
            let x: Vec<f32> = (0..9)
                .map(|i| ((seed * 9 + i) as f32).sin() - 0.1)
                .collect();
            for len in 0..=x.len() {
                let mut padded = [0.0; LANES + 1];
                padded[..len].copy_from_slice(&x[..len]);
                assert_eq!(sum(&x[..len]), sum(&padded), "{len}");
            }
        }
        assert_eq!(sum(&[-0.0f32]).to_bits(), 0);
    }

    #[test]
    fn a_million_tenths_lose_only_the_last_digits() {
        let x = vec![0.1f32; 1 << 20];
        let exact = f64::from(0.1f32) * f64::from(1 << 20);
        // Each element passes 64 additions in its lane, 5 between lanes and 9 between blocks, each wrong by half an
        // epsilon at most. A running sum is wrong by about 1e-3 here.
        let bound = f64::from(64 + 5 + 9) / 2.0 * f64::from(f32::EPSILON);
        assert!((f64::from(sum(&x)) - exact).abs() / exact < bound);
    }

    #[test]
    fn columns_are_as_exact_as_rows() {
        let rows = 1 << 20;
        let x = vec![0.1f32; 2 * rows];
        let (mut sums, mut products) = ([0.0; 2], [0.0; 2]);
        sum_rows(&x, 2, &mut sums);
        let pairs = |step| Rows {
            data: &x,
            row_step: 2,
            step,
        };
        sum_products(pairs(1), pairs(0), rows, 0, &mut products);
        let tenth = f64::from(0.1f32);
        for (found, one) in [(sums, tenth), (products, tenth * tenth)] {
            let exact = one * rows as f64;
            // Each element passes 64 additions in its block, 8 in its leaf and 11 between leaves; a product is rounded
            // too. Added up block by block, as these were once, the sums are wrong by 1.5e-4.
            let bound = f64::from(1 + 64 + 8 + 11) / 2.0 * f64::from(f32::EPSILON);
            for found in found {
                assert!((f64::from(found) - exact).abs() / exact < bound, "{found}");
            }
        }
    }

    #[test]
    fn row_sums_agree_with_a_naive_loop() {
        for (rows, columns) in [
            (0, 3),
            (1, 1),
            (3, 5),
            (130, 300),
            (64, 256),
            (513, 3),
            (2600, 2),
        ] {
            let x: Vec<f64> = (0..rows * columns).map(|i| (i % 17) as f64).collect();
            let mut out = vec![9.0; columns];
            sum_rows(&x, columns, &mut out);
            let naive: Vec<f64> = (0..columns)
                .map(|c| (0..rows).map(|r| x[r * columns + c]).sum())
                .collect();
            assert_eq!(out, naive);
        }
    }

    #[test]
    fn folds_find_the_largest_anywhere() {
        for place in [0, 1, 31, 32, 77, 99] {
            let mut x = vec![-1.0; 100];
            x[place] = 5.0;
            assert_eq!(fold(&x, x[0], &f64::max), 5.0);
            let mut out = [0.0; 10];
            fold_rows(&x, &mut out, &f64::max);
            assert_eq!(out[place % 10], 5.0);
        }
    }

    #[test]
    fn the_first_of_the_best_is_found_in_rows_and_columns() {
        let beats = |a: f32, b: f32| a > b || (a != a && b == b);
        for len in [1, 2, 31, 255, 256, 257, 600] {
            for seed in 0..20 {
                let number = |i: usize| (i * 7919 + seed * 31) % 97 % (seed + 2);
                let nan = |n: usize| seed % 3 == 0 && n == 1;
                let x: Vec<f32> = (0..len)
                    .map(number)
                    .map(|n| if nan(n) { f32::NAN } else { n as f32 })
                    .collect();
                let mut naive = 0;
                for i in 0..len {
                    if beats(x[i], x[naive]) {
                        naive = i;
                    }
                }
                assert_eq!(arg(&x, &beats), naive as i64, "{len} {seed}");
                // The same numbers as two columns, one of them upside down.
                let both: Vec<f32> = x
                    .iter()
                    .zip(x.iter().rev())
                    .flat_map(|(&a, &b)| [a, b])
                    .collect();
                let mut out = [9, 9];
                arg_rows(&both, &mut out, &beats);
                let turned: Vec<f32> = x.iter().rev().copied().collect();
                assert_eq!(out, [naive as i64, arg(&turned, &beats)], "{len} {seed}");
            }
        }
    }
}
