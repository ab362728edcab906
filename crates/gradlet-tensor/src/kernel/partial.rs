//! Partial sums side by side, as many as registers hold.

use crate::element::Float;

/// All lanes combined into one: repeatedly the first half with the second.
#[inline(always)]
pub(super) fn pair<T: Copy, const LANES: usize>(mut lanes: [T; LANES], f: impl Fn(T, T) -> T) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// The number of elements that are summed in their own type.
pub(super) const STRETCH: usize = 1024;

/// The sum of `f` over all pairs: in f64 over stretches, so that its error does not grow with their number.
#[inline(always)]
pub(super) fn sum_of_stretches<T: Float, const LANES: usize>(
    a: &[T],
    b: &[T],
    f: impl Fn(T, T) -> T,
) -> f64 {
    let mut total = 0.0;
    for (a, b) in a.chunks(STRETCH).zip(b.chunks(STRETCH)) {
        total += sum_of::<T, LANES>(a, b, &f).to_f64();
    }
    total
}

/// The sum of `f` over all pairs.
#[inline(always)]
pub(super) fn sum_of<T: Float, const LANES: usize>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> T {
    let mut lanes = [T::of(0.0); LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    for (lane, (&a, &b)) in lanes.iter_mut().zip(rest) {
        *lane = f(a, b);
    }
    for (a, b) in a.zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = *lane + f(a, b);
        }
    }
    pair(lanes, |a, b| a + b)
}
