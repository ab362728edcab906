//! Running sums, products and extremes over blocks of contiguous rows, from the first row of a block or from the last.

use std::array::from_fn;

use crate::element::{Element, Float};

/// Blocks of one column that are worked on side by side: a step need not wait for the one before it, which is of a
/// different block.
const SIDE_BY_SIDE: usize = 4;

/// `y[r, c]` = the sum of `x[.., c]` up to row r, in f64
pub(crate) fn sums<T: Float>(x: &[T], sizes: [usize; 2], y: &mut [T]) {
    run(
        x,
        sizes,
        y,
        |row| row,
        |_| 0.0,
        |sum, x, _| sum + x.to_f64(),
        T::of,
    );
}

/// `y[r, c]` = the sum of `x[.., c]` from row r on, in f64
pub(crate) fn sums_reversed<T: Float>(x: &[T], sizes: [usize; 2], y: &mut [T]) {
    let up = |row| sizes[0] - 1 - row;
    run(
        x,
        sizes,
        y,
        up,
        |_| 0.0,
        |sum, x, _| sum + x.to_f64(),
        T::of,
    );
}

/// `y[r, c]` = the product of `x[.., c]` up to row r, in f64
pub(crate) fn products<T: Float>(x: &[T], sizes: [usize; 2], y: &mut [T]) {
    run(
        x,
        sizes,
        y,
        |row| row,
        |_| 1.0,
        |product, x, _| product * x.to_f64(),
        T::of,
    );
}

/// `y[r, c]` = the last of the rows up to r whose element in column c replaced the ones before
pub(crate) fn places<T: Element>(
    x: &[T],
    sizes: [usize; 2],
    y: &mut [i64],
    replaces: impl Fn(T, T) -> bool,
) {
    let step = |(best, place), x, row| {
        let is_next = replaces(x, best);
        (
            if is_next { x } else { best },
            if is_next { row as i64 } else { place },
        )
    };
    run(
        x,
        sizes,
        y,
        |row| row,
        |first| (first, 0),
        step,
        |(_, place)| place,
    );
}

/// Runs over the rows of each block, `sizes[0]` rows of `sizes[1]` columns, in the order that `at` gives them: what
/// was found so far in a column `begin`s with the column's element of row 0, `step` changes it by the element of each
/// row, and `y` gets what `show` makes of it.
#[inline(always)]
pub(super) fn run<X: Copy, S: Copy, Y>(
    x: &[X],
    [rows, columns]: [usize; 2],
    y: &mut [Y],
    at: impl Fn(usize) -> usize,
    begin: impl Fn(X) -> S,
    mut step: impl FnMut(S, X, usize) -> S,
    show: impl Fn(S) -> Y,
) {
    let block = rows * columns;
    if block == 0 {
        return;
    }
    let mut done = 0;
    if columns == 1 {
        let all = SIDE_BY_SIDE * block;
        for (x, y) in x.chunks_exact(all).zip(y.chunks_exact_mut(all)) {
            let x: [&[X]; SIDE_BY_SIDE] = from_fn(|i| &x[i * rows..][..rows]);
            let mut so_far = x.map(|x| begin(x[0]));
            for row in (0..rows).map(&at) {
                for (i, (so_far, x)) in so_far.iter_mut().zip(x).enumerate() {
                    *so_far = step(*so_far, x[row], row);
                    y[i * rows + row] = show(*so_far);
                }
            }
        }
        done = x.len() / all * all;
    }
    let blocks = x[done..].chunks_exact(block);
    for (x, y) in blocks.zip(y[done..].chunks_exact_mut(block)) {
        if columns == 1 {
            let mut so_far = begin(x[0]);
            for row in (0..rows).map(&at) {
                so_far = step(so_far, x[row], row);
                y[row] = show(so_far);
            }
            continue;
        }
        let mut so_far: Vec<S> = x[..columns].iter().map(|&x| begin(x)).collect();
        for row in (0..rows).map(&at) {
            let (x, y) = (
                &x[row * columns..][..columns],
                &mut y[row * columns..][..columns],
            );
            for ((so_far, &x), y) in so_far.iter_mut().zip(x).zip(y) {
                *so_far = step(*so_far, x, row);
                *y = show(*so_far);
            }
        }
    }
}

/// `y[r, c] = a[r, c] + b[r, c] y[r - 1, c]`, in f64; the first row of b is not read
pub(crate) fn recurrence<T: Float>([a, b]: [&[T]; 2], columns: usize, y: &mut [T]) {
    let (a, b) = (a.chunks_exact(columns), b.chunks_exact(columns));
    step(a, b.skip(1), y.chunks_exact_mut(columns), columns);
}

/// `y[r, c] = a[r, c] + b[r + 1, c] y[r + 1, c]`, in f64; the first row of b is not read
pub(crate) fn recurrence_reversed<T: Float>([a, b]: [&[T]; 2], columns: usize, y: &mut [T]) {
    let (a, b) = (a.chunks_exact(columns), b.chunks_exact(columns));
    step(a.rev(), b.rev(), y.chunks_exact_mut(columns).rev(), columns);
}

/// Each row of `y` is that of `a`, and from the second on the next one of `b` times the row of `y` before.
#[inline(always)]
fn step<'a, T: Float>(
    mut a: impl Iterator<Item = &'a [T]>,
    b: impl Iterator<Item = &'a [T]>,
    mut y: impl Iterator<Item = &'a mut [T]>,
    columns: usize,
) {
    let (Some(first), Some(out)) = (a.next(), y.next()) else {
        return;
    };
    out.copy_from_slice(first);
    if columns == 1 {
        let mut last = first[0].to_f64();
        for ((y, a), b) in y.zip(a).zip(b) {
            last = a[0].to_f64() + b[0].to_f64() * last;
            y[0] = T::of(last);
        }
        return;
    }
    let mut last: Vec<f64> = first.iter().map(|&a| a.to_f64()).collect();
    for ((y, a), b) in y.zip(a).zip(b) {
        for (((y, &a), &b), last) in y.iter_mut().zip(a).zip(b).zip(&mut last) {
            *last = a.to_f64() + b.to_f64() * *last;
            *y = T::of(*last);
        }
    }
}
