//! Scaling under a mask: kept elements are multiplied by a number, all others become exactly 0.

use multiversion::multiversion;
use num_traits::Float;

/// `y[i] = x[i] * scale` where bit `first + i` is set, else +0: selected, never multiplied, so a
/// dropped NaN or infinity is 0.
///
/// # Panics
/// If `first` is not a multiple of 64, or x and y differ in length, or `kept` has too few bits.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub(crate) fn select_scale<T: Float>(kept: &[u64], first: usize, x: &[T], scale: T, y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "as many outputs as inputs");
    let kept = words_of(kept, first, x.len());
    let ((xs, x_tail), (ys, y_tail)) = (x.as_chunks::<32>(), y.as_chunks_mut::<32>());
    for (i, (x, y)) in xs.iter().zip(ys).enumerate() {
        let bits = half(kept, i);
        for (lane, (&x, y)) in x.iter().zip(y).enumerate() {
            *y = if bits & (1 << lane) == 0 {
                T::zero()
            } else {
                x * scale
            };
        }
    }
    for (lane, (&x, y)) in x_tail.iter().zip(y_tail).enumerate() {
        *y = if half(kept, xs.len()) & (1 << lane) == 0 {
            T::zero()
        } else {
            x * scale
        };
    }
}

/// As [`select_scale`], with x and y in the same memory.
///
/// # Panics
/// If `first` is not a multiple of 64, or `kept` has too few bits.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub(crate) fn select_scale_in_place<T: Float>(kept: &[u64], first: usize, x: &mut [T], scale: T) {
    let kept = words_of(kept, first, x.len());
    let (xs, tail) = x.as_chunks_mut::<32>();
    let whole = xs.len();
    for (i, x) in xs.iter_mut().enumerate() {
        let bits = half(kept, i);
        for (lane, x) in x.iter_mut().enumerate() {
            *x = if bits & (1 << lane) == 0 {
                T::zero()
            } else {
                *x * scale
            };
        }
    }
    for (lane, x) in tail.iter_mut().enumerate() {
        *x = if half(kept, whole) & (1 << lane) == 0 {
            T::zero()
        } else {
            *x * scale
        };
    }
}

/// As [`select_scale_in_place`], for any first bit.
///
/// # Panics
/// If `kept` has too few bits.
pub(crate) fn select_scale_from<T: Float>(kept: &[u64], first: usize, x: &mut [T], scale: T) {
    /// Words that are moved at a time.
    const WORDS: usize = 16;
    let shift = first % 64;
    if shift == 0 {
        return select_scale_in_place(kept, first, x, scale);
    }
    let mut next = first / 64;
    for x in x.chunks_mut(64 * WORDS) {
        let mut moved = [0; WORDS];
        for word in &mut moved[..x.len().div_ceil(64)] {
            let above = kept.get(next + 1).map_or(0, |above| above << (64 - shift));
            *word = kept[next] >> shift | above;
            next += 1;
        }
        select_scale_in_place(&moved, 0, x, scale);
    }
}

#[inline(always)]
fn words_of(kept: &[u64], first: usize, len: usize) -> &[u64] {
    assert!(
        first.is_multiple_of(64),
        "first bit {first} is inside a word"
    );
    &kept[first / 64..][..len.div_ceil(64)]
}

/// The `i`th 32 bits: as wide as an f32, so that the test of a lane vectorizes without widening (and
/// measured fastest for f64 too).
#[inline(always)]
fn half(kept: &[u64], i: usize) -> u32 {
    (kept[i / 2] >> (i % 2 * 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scaling_equals_a_loop_over_bits(
            words: [u64; 5], first in 0..3usize, len in 0..=128usize, scale in 0.5..4.0f32,
        ) {
            let x: Vec<f32> = (0u8..).take(len).map(|i| f32::from(i) - 60.0).collect();
            let bit = |i: usize| words[first + i / 64] >> (i % 64) & 1 == 1;
            let scaled = |(i, x): (usize, &f32)| if bit(i) { (x * scale).to_bits() } else { 0 };
            let expected: Vec<u32> = x.iter().enumerate().map(scaled).collect();
            let mut y = vec![f32::NAN; len];
            select_scale(&words, first * 64, &x, scale, &mut y);
            prop_assert_eq!(y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), expected.clone());
            let mut y = x;
            select_scale_in_place(&words, first * 64, &mut y, scale);
            prop_assert_eq!(y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn dropped_nan_and_infinity_become_positive_zero() {
        let x = [
            f32::NAN,
            f32::INFINITY,
            -1.0,
            f32::NAN,
            f32::NEG_INFINITY,
            -0.0,
        ]
        .repeat(20);
        let mut y = vec![1.0; x.len()];
        select_scale(&[0, 0], 0, &x, 2.0, &mut y);
        assert!(y.iter().all(|y| y.to_bits() == 0));
        select_scale(&[0, 0], 0, &x, f32::INFINITY, &mut y);
        assert!(y.iter().all(|y| y.to_bits() == 0));
        select_scale(&[u64::MAX; 2], 0, &x, 2.0, &mut y);
        assert!(
            y[0].is_nan()
                && y[1] == f32::INFINITY
                && y[2] == -2.0
                && y[4] == f32::NEG_INFINITY
                && y[5].is_sign_negative()
        );
    }
}
