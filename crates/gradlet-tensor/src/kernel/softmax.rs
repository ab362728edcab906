//! Rows of softmax and its logarithm, in three passes over a row that stays in the first cache.

use crate::element::Float;

/// Sums kept side by side, as in `fold`.
const LANES: usize = 32;

vectorized! {
    /// The largest element, and the sum of `e^(x - largest)`; NaN makes both NaN.
    fn largest_and_sum<T: Float>(x: &[T]) -> (T, T) {
        // A row's end is filled up with -inf, which changes neither result, so that short rows are as fast as long ones.
        let mut tail = [T::neg_infinity(); LANES];
        let chunks = x.chunks_exact(LANES);
        tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        let mut lanes = tail;
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = if x > *lane || x != x { x } else { *lane };
            }
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                let (a, b) = (lanes[i], lanes[i + width]);
                lanes[i] = if b > a || b != b { b } else { a };
            }
            width /= 2;
        }
        let largest = lanes[0];
        // A row of -inf has no largest finite element to subtract.
        let shift = if largest == T::neg_infinity() { T::of(0.0) } else { largest };
        let mut lanes = [T::of(0.0); LANES];
        for chunk in x.chunks_exact(LANES) {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = *lane + (x - shift).exp_();
            }
        }
        if !x.len().is_multiple_of(LANES) {
            // e^-80 is lost beside the largest element's 1, and no subnormal number, which would be slow.
            let lost = if shift == largest { shift - T::of(80.0) } else { largest };
            tail[x.len() % LANES..].fill(lost);
            add_exp(&tail, shift, &mut lanes);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
            width /= 2;
        }
        (shift, lanes[0])
    }

    /// `sums[i] += e^(x[i] - shift)`, apart so that the compiler sees slices of any length, which it vectorizes.
    fn add_exp<T: Float>(x: &[T], shift: T, sums: &mut [T]) {
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum = *sum + (x - shift).exp_();
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
}

/// `ln sum_i e^x[i]` as the two parts to add: the largest element and the logarithm of the rest.
pub(crate) fn log_sum_exp<T: Float>(x: &[T]) -> (T, T) {
    let (largest, sum) = largest_and_sum(x);
    (largest, sum.ln_())
}

/// `y[i] = x[i] - ln sum_j e^x[j]`
pub(crate) fn log_softmax<T: Float>(x: &[T], y: &mut [T]) {
    let (largest, rest) = log_sum_exp(x);
    minus_both(x, largest, rest, y);
}

/// `y[i] = scale * e^x[i] / sum_j e^x[j]`
pub(crate) fn softmax<T: Float>(x: &[T], scale: T, y: &mut [T]) {
    let (largest, sum) = largest_and_sum(x);
    scaled_exp(x, largest, scale / sum, y);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_agree_with_the_formula() {
        for len in [1, 3, 32, 33, 100] {
            let x: Vec<f64> = (0..len).map(|i| (f64::from(i) * 0.7).sin() * 5.0).collect();
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            let (mut p, mut l) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            softmax(&x, 2.0, &mut p);
            log_softmax(&x, &mut l);
            for (i, x) in x.iter().enumerate() {
                assert!((p[i] - 2.0 * x.exp() / sum).abs() < 1e-15);
                assert!((l[i] - (x - sum.ln())).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn large_values_do_not_overflow_and_nan_spreads() {
        let mut y = [0.0f32; 2];
        log_softmax(&[1000.0, 0.0], &mut y);
        assert_eq!(y, [0.0, -1000.0]);
        softmax(&[f32::NEG_INFINITY, 3.0], 1.0, &mut y);
        assert_eq!(y, [0.0, 1.0]);
        softmax(&[f32::NAN, 3.0], 1.0, &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
        assert_eq!(
            log_sum_exp(&[f32::NEG_INFINITY; 2]),
            (0.0, f32::NEG_INFINITY)
        );
    }
}
