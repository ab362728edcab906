//! Weighted sums of two neighbours along each of two axes, and their transpose.

use crate::element::Float;

/// The two elements that an output is made of, and their weights, which sum to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap<T> {
    pub(crate) places: [usize; 2],
    pub(crate) weights: [T; 2],
}

impl<T: Float> Tap<T> {
    /// The tap at a position between the first element, 0, and the last of `size`.
    pub(crate) fn at(position: f64, size: usize) -> Self {
        let low = (position as usize).min(size - 1);
        let fraction = position - low as f64;
        Self {
            places: [low, (low + 1).min(size - 1)],
            weights: [T::of(1.0 - fraction), T::of(fraction)],
        }
    }
}

vectorized! {
    /// One row of outputs: `line` is the weighted sum of two rows of x, and an output that of two of its elements.
    pub(crate) fn interpolate<T: Float>(
        down: &Tap<T>,
        along: &[Tap<T>],
        x: &[T],
        line: &mut [T],
        y: &mut [T],
    ) {
        let rows = down.places.map(|row| &x[row * line.len()..][..line.len()]);
        for ((sum, &low), &high) in line.iter_mut().zip(rows[0]).zip(rows[1]) {
            *sum = down.weights[0] * low + down.weights[1] * high;
        }
        for (y, tap) in y.iter_mut().zip(along) {
            *y = tap.weights[0] * line[tap.places[0]] + tap.weights[1] * line[tap.places[1]];
        }
    }

    /// Adds to `dx` what one row of outputs with gradient g contributes: the transpose of `interpolate`.
    pub(crate) fn spread<T: Float>(
        down: &Tap<T>,
        along: &[Tap<T>],
        g: &[T],
        line: &mut [T],
        dx: &mut [T],
    ) {
        line.fill(T::zero());
        for (&g, tap) in g.iter().zip(along) {
            for (&place, &weight) in tap.places.iter().zip(&tap.weights) {
                line[place] = line[place] + weight * g;
            }
        }
        for (&row, &weight) in down.places.iter().zip(&down.weights) {
            for (dx, &sum) in dx[row * line.len()..].iter_mut().zip(&*line) {
                *dx = *dx + weight * sum;
            }
        }
    }
}
