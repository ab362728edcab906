//! Running sums, products and extremes over rows of contiguous elements, from the first row or from the last.

use crate::element::{Element, Float};

/// `y[r, c]` = the sum of `x[.., c]` up to row r, in f64
pub(crate) fn sums<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    let (x, y) = (x.chunks_exact(columns), y.chunks_exact_mut(columns));
    run(x, y, columns, 0.0, |sum, x| sum + x);
}

/// `y[r, c]` = the sum of `x[.., c]` from row r on, in f64
pub(crate) fn sums_reversed<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    let (x, y) = (x.chunks_exact(columns), y.chunks_exact_mut(columns));
    run(x.rev(), y.rev(), columns, 0.0, |sum, x| sum + x);
}

/// `y[r, c]` = the product of `x[.., c]` up to row r, in f64
pub(crate) fn products<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    let (x, y) = (x.chunks_exact(columns), y.chunks_exact_mut(columns));
    run(x, y, columns, 1.0, |product, x| product * x);
}

#[inline(always)]
fn run<'a, T: Float>(
    x: impl Iterator<Item = &'a [T]>,
    y: impl Iterator<Item = &'a mut [T]>,
    columns: usize,
    first: f64,
    f: impl Fn(f64, f64) -> f64,
) {
    if columns == 1 {
        let mut so_far = first;
        for (y, x) in y.zip(x) {
            so_far = f(so_far, x[0].to_f64());
            y[0] = T::of(so_far);
        }
        return;
    }
    let mut so_far = vec![first; columns];
    for (y, x) in y.zip(x) {
        for ((y, &x), so_far) in y.iter_mut().zip(x).zip(&mut so_far) {
            *so_far = f(*so_far, x.to_f64());
            *y = T::of(*so_far);
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

/// `y[r, c]` = the last of the rows up to r whose element in column c replaced the ones before; at least one row
pub(crate) fn places<T: Element>(
    x: &[T],
    columns: usize,
    y: &mut [i64],
    replaces: impl Fn(T, T) -> bool,
) {
    if columns == 1 {
        let (mut best, mut place) = (x[0], 0);
        for ((y, &x), row) in y.iter_mut().zip(x).zip(0..) {
            let is_next = replaces(x, best);
            best = if is_next { x } else { best };
            place = if is_next { row } else { place };
            *y = place;
        }
        return;
    }
    let mut best = x[..columns].to_vec();
    let mut place = vec![0; columns];
    let rows = y.chunks_exact_mut(columns).zip(x.chunks_exact(columns));
    for ((y, x), row) in rows.zip(0..) {
        for (((y, &x), best), place) in y.iter_mut().zip(x).zip(&mut best).zip(&mut place) {
            let is_next = replaces(x, *best);
            *best = if is_next { x } else { *best };
            *place = if is_next { row } else { *place };
            *y = *place;
        }
    }
}
