//! Softmax of rows and its logarithm, in three passes over a row that stays in the first cache. A row is summed lane by
//! lane over a stretch, and in f64 over the stretches.

use super::partial::{STRETCH, pair, sum_of_stretches};
use crate::element::Float;

/// The number of sums side by side, as in `fold`.
const LANES: usize = 32;
/// The number for rows that would leave most of these empty.
const FEW_LANES: usize = 8;

/// The end of a row, padded with -inf, which changes neither its largest element nor its sum of exponentials, so that
/// short rows are as fast as long ones.
#[inline(always)]
fn padded<T: Float, const LANES: usize>(x: &[T]) -> [T; LANES] {
    let mut tail = [T::neg_infinity(); LANES];
    let rest = x.chunks_exact(LANES).remainder();
    tail[..rest.len()].copy_from_slice(rest);
    tail
}

/// The largest element, given the padded end; NaN if there is one.
#[inline(always)]
fn largest<T: Float, const LANES: usize>(x: &[T], tail: [T; LANES]) -> T {
    let mut lanes = tail;
    for chunk in x.chunks_exact(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane || x != x { x } else { *lane };
        }
    }
    pair(lanes, |a, b| if b > a || b != b { b } else { a })
}

/// The largest element, and the sum of `e^(x - largest)`; NaN makes both NaN.
#[inline(always)]
fn largest_and_sum<T: Float, const LANES: usize>(x: &[T]) -> (T, T) {
    let tail = padded::<T, LANES>(x);
    let largest = largest(x, tail);
    // A row of -inf has no largest finite element to subtract.
    let shift = if largest == T::neg_infinity() {
        T::of(0.0)
    } else {
        largest
    };
    let mut lanes = [T::of(0.0); LANES];
    let mut stretches = 0.0;
    let whole = &x[..x.len() - x.len() % LANES];
    for (i, stretch) in whole.chunks(STRETCH).enumerate() {
        if i > 0 {
            stretches += pair(lanes, |a, b| a + b).to_f64();
            lanes = [T::of(0.0); LANES];
        }
        for chunk in stretch.chunks_exact(LANES) {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = *lane + (x - shift).exp_();
            }
        }
    }
    if !x.len().is_multiple_of(LANES) {
        // e^-80 is lost beside the largest element's 1, and is not subnormal, which would be slow.
        let lost = if shift == largest {
            T::of(-80.0)
        } else {
            largest
        };
        let mut below = tail.map(|x| x - shift);
        below[x.len() % LANES..].fill(lost);
        for (lane, &below) in lanes.iter_mut().zip(&below) {
            *lane = *lane + below.exp_();
        }
    }
    let last = pair(lanes, |a, b| a + b);
    (shift, T::of(stretches + last.to_f64()))
}

#[inline(always)]
fn normalizer<T: Float>(x: &[T]) -> (T, T) {
    if x.len() <= 2 * FEW_LANES {
        largest_and_sum::<T, FEW_LANES>(x)
    } else {
        largest_and_sum::<T, LANES>(x)
    }
}

vectorized! {
    /// `out[i] = [largest x[i, j], sum_j e^(x[i, j] - largest)]` for rows of `columns` elements
    pub(crate) fn normalizers<T: Float>(x: &[T], columns: usize, out: &mut [T]) {
        // Without columns there are no rows either, as each row has a label.
        for (x, out) in x.chunks_exact(columns.max(1)).zip(out.chunks_exact_mut(2)) {
            (out[0], out[1]) = normalizer(x);
        }
    }

    /// `y[i] = x[i] - a - b`
    fn minus_both<T: Float>(x: &[T], a: T, b: T, y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - a) - b;
        }
    }

    /// `y[i] = e^(x[i] - a) * scale`
    fn scaled_exp<T: Float>(x: &[T], a: T, scale: T, y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - a).exp_() * scale;
        }
    }

    /// `x[i, j] = e^(x[i, j] - largest)`, zeros in a row of -inf; writes the largest element of each row, and 1 divided by
    /// the sum of its results, 0 if that is 0.
    pub(crate) fn weigh<T: Float>(x: &mut [T], columns: usize, kept: &mut [T]) {
        let rows = x.chunks_exact_mut(columns.max(1));
        for (x, kept) in rows.zip(kept.chunks_exact_mut(2)) {
            let largest = largest::<T, LANES>(x, padded(x));
            let none = largest == T::neg_infinity();
            kept[0] = if none { T::of(0.0) } else { largest };
            for x in x.iter_mut() {
                *x = (*x - kept[0]).exp_beside_1_();
            }
            let sum = T::of(sum_of_stretches::<T, LANES>(x, x, |x, _| x));
            kept[1] = if none { T::of(0.0) } else { T::of(1.0) / sum };
        }
    }

    /// `x[i, j] = e^x[i, j] / sum_j e^x[i, j]`, given the numbers that `weigh` wrote.
    pub(crate) fn weigh_again<T: Float>(x: &mut [T], columns: usize, kept: &[T]) {
        for (x, kept) in x.chunks_exact_mut(columns.max(1)).zip(kept.chunks_exact(2)) {
            for x in x {
                *x = (*x - kept[0]).exp_beside_1_() * kept[1];
            }
        }
    }

    /// `dx[i, j] = y[i, j] * (g[i, j] - sum_j g[i, j] y[i, j])`
    pub(crate) fn softmax_gradient<T: Float>(y: &[T], g: &[T], columns: usize, dx: &mut [T]) {
        let rows = y.chunks_exact(columns).zip(g.chunks_exact(columns));
        for ((y, g), dx) in rows.zip(dx.chunks_exact_mut(columns)) {
            let total = T::of(sum_of_stretches::<T, LANES>(y, g, |y, g| y * g));
            for ((dx, &y), &g) in dx.iter_mut().zip(y).zip(g) {
                *dx = y * (g - total);
            }
        }
    }

    /// `dx[i, j] = g[i, j] - e^y[i, j] sum_j g[i, j]`
    pub(crate) fn log_softmax_gradient<T: Float>(y: &[T], g: &[T], columns: usize, dx: &mut [T]) {
        let rows = y.chunks_exact(columns).zip(g.chunks_exact(columns));
        for ((y, g), dx) in rows.zip(dx.chunks_exact_mut(columns)) {
            let total = T::of(sum_of_stretches::<T, LANES>(g, g, |g, _| g));
            for ((dx, &y), &g) in dx.iter_mut().zip(y).zip(g) {
                *dx = g - y.exp_() * total;
            }
        }
    }

    /// `y[i, j] = scale * (e^x[i, j] / sum_j e^x[i, j] - (1 if j = labels[i] else 0))`, given the rows' normalizers;
    /// labels must be columns
    pub(crate) fn cross_entropy_gradient<T: Float>(
        x: &[T],
        columns: usize,
        labels: &[i64],
        normalizers: &[T],
        scale: T,
        y: &mut [T],
    ) {
        let rows = x.chunks_exact(columns).zip(y.chunks_exact_mut(columns));
        for ((x, y), (&label, normalizer)) in rows.zip(labels.iter().zip(normalizers.chunks_exact(2))) {
            let (largest, factor) = (normalizer[0], scale / normalizer[1]);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - largest).exp_() * factor;
            }
            y[label as usize] = y[label as usize] - scale;
        }
    }
}

/// `y[i, j] = x[i, j] - ln sum_j e^x[i, j]`
pub(crate) fn log_softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    for_rows(x, columns, y, |x, [largest, sum], y| {
        minus_both(x, largest, sum.ln_(), y);
    });
}

/// `y[i, j] = e^x[i, j] / sum_j e^x[i, j]`
pub(crate) fn softmax<T: Float>(x: &[T], columns: usize, y: &mut [T]) {
    for_rows(x, columns, y, |x, [largest, sum], y| {
        scaled_exp(x, largest, T::of(1.0) / sum, y);
    });
}

/// Calls `run` with each row, its normalizer and the row of its result.
fn for_rows<T: Float>(x: &[T], columns: usize, y: &mut [T], run: impl Fn(&[T], [T; 2], &mut [T])) {
    for (x, y) in x.chunks_exact(columns).zip(y.chunks_exact_mut(columns)) {
        let mut normalizer = [T::of(0.0); 2];
        normalizers(x, columns, &mut normalizer);
        run(x, normalizer, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_of_rows_of_any_length_agree_with_the_formula() {
        for len in [1, 3, 31, 32, 33, 100] {
            let g: Vec<f64> = (0..2 * len).map(|i| (f64::from(i) * 0.7).sin()).collect();
            let y: Vec<f64> = (0..2 * len).map(|i| -(f64::from(i) * 0.3).cos()).collect();
            let (mut dx, mut dl) = (vec![0.0; g.len()], vec![0.0; g.len()]);
            let len = len as usize;
            softmax_gradient(&y, &g, len, &mut dx);
            log_softmax_gradient(&y, &g, len, &mut dl);
            for i in 0..g.len() {
                let row = i / len * len..i / len * len + len;
                let product: f64 = row.clone().map(|j| g[j] * y[j]).sum();
                let sum: f64 = g[row].iter().sum();
                assert!((dx[i] - y[i] * (g[i] - product)).abs() < 1e-12, "{len}");
                assert!((dl[i] - (g[i] - y[i].exp() * sum)).abs() < 1e-12, "{len}");
            }
        }
    }

    #[test]
    fn rows_of_any_length_agree_with_the_formula() {
        for len in [1, 3, 8, 10, 16, 17, 32, 33, 100] {
            let x: Vec<f64> = (0..len).map(|i| (f64::from(i) * 0.7).sin() * 5.0).collect();
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            let (mut p, mut l) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            softmax(&x, x.len(), &mut p);
            log_softmax(&x, x.len(), &mut l);
            for (i, x) in x.iter().enumerate() {
                assert!((p[i] - x.exp() / sum).abs() < 1e-15);
                assert!((l[i] - (x - sum.ln())).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn rows_of_a_million_keep_their_digits() {
        let n = 1 << 20;
        let mut x = vec![-2.3f32; n];
        x[0] = 0.0;
        let sum = 1.0 + (n - 1) as f64 * f64::from(-2.3f32).exp();
        let near = |found: f32, exact: f64| assert!((f64::from(found) / exact - 1.0).abs() < 4e-6);
        let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
        softmax(&x, n, &mut y);
        near(y[0], 1.0 / sum);
        // All elements of y are 0.1: the sum of g y is 0.1 n, and that of g is n.
        y.fill(0.1);
        softmax_gradient(&y, &vec![1.0; n], n, &mut dx);
        let tenth = f64::from(0.1f32);
        near(dx[0], tenth * (1.0 - tenth * n as f64));
        log_softmax_gradient(&y, &vec![0.1; n], n, &mut dx);
        near(dx[0], tenth - tenth.exp() * tenth * n as f64);
    }

    #[test]
    fn large_values_do_not_overflow_and_nan_spreads() {
        let mut y = [0.0f32; 2];
        log_softmax(&[1000.0, 0.0], 2, &mut y);
        assert_eq!(y, [0.0, -1000.0]);
        softmax(&[f32::NEG_INFINITY, 3.0], 2, &mut y);
        assert_eq!(y, [0.0, 1.0]);
        softmax(&[f32::NAN, 3.0], 2, &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
        normalizers(&[f32::NEG_INFINITY; 2], 2, &mut y);
        assert_eq!(y, [0.0, 0.0]);
        // The number is so large that subtracting 80 does not change it.
        softmax(&[1e30, 0.0], 2, &mut y);
        assert_eq!(y, [1.0, 0.0]);
    }
}
