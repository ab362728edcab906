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

/// The number of sums side by side, and their number for planes that would leave most of these empty.
pub(super) const LANES: usize = 32;
pub(super) const FEW_LANES: usize = 8;

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

/// Both sums of `f` over all triples: in f64 over stretches.
#[inline(always)]
pub(super) fn sums<T: Float>([a, b, c]: [&[T]; 3], f: impl Fn(T, T, T) -> [T; 2]) -> [f64; 2] {
    if a.len() <= 2 * FEW_LANES {
        let [first, second] = sums_of::<T, FEW_LANES>([a, b, c], &f);
        return [first.to_f64(), second.to_f64()];
    }
    let mut totals = [0.0; 2];
    let [a, b, c] = [a, b, c].map(|x| x.chunks(STRETCH));
    for ((a, b), c) in a.zip(b).zip(c) {
        let [first, second] = sums_of::<T, LANES>([a, b, c], &f);
        totals[0] += first.to_f64();
        totals[1] += second.to_f64();
    }
    totals
}

#[inline(always)]
fn sums_of<T: Float, const LANES: usize>(
    [a, b, c]: [&[T]; 3],
    f: &impl Fn(T, T, T) -> [T; 2],
) -> [T; 2] {
    let mut lanes = [[T::zero(); LANES]; 2];
    let [a, b, c] = [a, b, c].map(|x| x.chunks_exact(LANES));
    add(&mut lanes, [a.remainder(), b.remainder(), c.remainder()], f);
    for ((a, b), c) in a.zip(b).zip(c) {
        add(&mut lanes, [a, b, c], f);
    }
    lanes.map(|lanes| pair(lanes, |a, b| a + b))
}

/// Adds both results of `f` of each triple to its lane.
#[inline(always)]
fn add<T: Float, const LANES: usize>(
    [firsts, seconds]: &mut [[T; LANES]; 2],
    [a, b, c]: [&[T]; 3],
    f: &impl Fn(T, T, T) -> [T; 2],
) {
    let lanes = firsts.iter_mut().zip(seconds);
    for ((((first, second), &a), &b), &c) in lanes.zip(a).zip(b).zip(c) {
        let [x, y] = f(a, b, c);
        (*first, *second) = (*first + x, *second + y);
    }
}
