//! Groups of elements in planes that are apart in memory, as the channels of images are: sums over each group, and
//! their normalization.
//!
//! Sums are taken lane by lane over a stretch, and in f64 over the stretches, so that their bits depend on neither the
//! instruction set nor the number of threads.

use std::ops::Range;

use super::partial::{FEW_LANES, LANES, sum_of, sum_of_stretches, sums};
use crate::element::Float;

/// `outer` planes of `inner` elements for each of `groups` groups; memory holds the first plane of every group, then
/// the second, and so on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes {
    pub(crate) outer: usize,
    pub(crate) groups: usize,
    pub(crate) inner: usize,
}

impl Planes {
    /// The planes that are summed in a reduction over the `reduced` axes; `None` unless the other axes are adjacent.
    pub(crate) fn reducing(shape: &[usize], reduced: &[bool]) -> Option<Self> {
        let (mut sizes, mut part) = ([1; 3], 0);
        for (&size, &reduced) in shape.iter().zip(reduced).filter(|(size, _)| **size != 1) {
            part = match (part, reduced) {
                (0, true) => 0,
                (0 | 1, false) => 1,
                (_, true) => 2,
                (_, false) => return None,
            };
            sizes[part] *= size;
        }
        let [outer, groups, inner] = if part == 0 { [1, 1, sizes[0]] } else { sizes };
        Some(Self {
            outer,
            groups,
            inner,
        })
    }

    /// The number of elements in a group.
    pub(crate) fn count(self) -> f64 {
        self.outer as f64 * self.inner as f64
    }

    /// The places of the planes of a group.
    #[inline(always)]
    pub(super) fn of(self, group: usize) -> impl Iterator<Item = Range<usize>> {
        let first = move |i| (i * self.groups + group) * self.inner;
        // There may be more planes without elements than a loop can visit.
        let outer = if self.inner == 0 { 0 } else { self.outer };
        (0..outer).map(move |i| first(i)..first(i) + self.inner)
    }

    /// The sum of `f` over all pairs of a group.
    #[inline(always)]
    fn sum<T: Float>(self, group: usize, a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> f64 {
        let mut total = 0.0;
        for plane in self.of(group) {
            let (a, b) = (&a[plane.clone()], &b[plane]);
            if self.inner <= 2 * FEW_LANES {
                total += sum_of::<T, FEW_LANES>(a, b, &f).to_f64();
                continue;
            }
            total += sum_of_stretches::<T, LANES>(a, b, &f);
        }
        total
    }

    /// Both sums of `f` over all elements of a group.
    #[inline(always)]
    fn both_sums<T: Float>(self, group: usize, x: &[T], f: impl Fn(T) -> [T; 2]) -> [f64; 2] {
        let mut totals = [0.0; 2];
        for plane in self.of(group) {
            let x = &x[plane];
            let [first, second] = sums([x, x, x], |x, _, _| f(x));
            totals = [totals[0] + first, totals[1] + second];
        }
        totals
    }

    /// The mean of a group (0 if not `centred`), and the mean square of the distances from it.
    #[inline(always)]
    pub(super) fn moments<T: Float>(self, group: usize, x: &[T], centred: bool) -> [T; 2] {
        let count = self.count();
        if !centred {
            let square = self.sum(group, x, x, |x, _| x * x);
            return [T::zero(), T::of(square / count)];
        }
        // From one of the elements on, so that the mean of equal elements is exactly that element.
        let start = self
            .of(group)
            .next()
            .map_or(T::zero(), |plane| x[plane.start]);
        let mean = start + T::of(self.sum(group, x, x, |x, _| x - start) / count);
        // The mean distance, which rounding left, belongs to the mean. About it, squares are smaller by its own.
        let sums = self.both_sums(group, x, |x| [x - mean, (x - mean) * (x - mean)]);
        let [rest, square] = sums.map(|sum| sum / count);
        [mean + T::of(rest), T::of(square - rest * rest)]
    }
}

vectorized! {
    /// The mean of each group from `first` on (0 if not `centred`), and the mean square of the distances from it.
    pub(crate) fn moments<T: Float>(x: &[T], planes: Planes, centred: bool, first: usize, out: &mut [T]) {
        for (group, out) in (first..).zip(out.chunks_exact_mut(2)) {
            out.copy_from_slice(&planes.moments(group, x, centred));
        }
    }

    /// The mean of g over each group from `first` on (0 if not `centred`), and the mean of g times the distance of x
    /// from `mean[group]`.
    pub(crate) fn slopes<T: Float>(
        [g, x]: [&[T]; 2],
        mean: &[T],
        planes: Planes,
        centred: bool,
        first: usize,
        out: &mut [T],
    ) {
        let count = planes.count();
        for (group, out) in (first..).zip(out.chunks_exact_mut(2)) {
            let mean = mean[group];
            let along = planes.sum(group, g, x, |g, x| g * (x - mean));
            let sum = if centred { planes.sum(group, g, g, |g, _| g) } else { 0.0 };
            (out[0], out[1]) = (T::of(sum / count), T::of(along / count));
        }
    }

    /// The sum of `a * b` over each group from `first` on.
    pub(crate) fn dots<T: Float>([a, b]: [&[T]; 2], planes: Planes, first: usize, out: &mut [T]) {
        for (group, out) in (first..).zip(out) {
            *out = T::of(planes.sum(group, a, b, |a, b| a * b));
        }
    }

    /// `y[i] = (x[i] - mean) * scale + shift`, where each of these is `parameters[..][i * step]`, with a step of 0 or 1
    pub(crate) fn affine<T: Float>(x: &[T], parameters: [&[T]; 3], step: usize, y: &mut [T]) {
        if step == 0 {
            let [mean, scale, shift] = parameters.map(|all| all[0]);
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - mean) * scale + shift;
            }
            return;
        }
        let [mean, scale, shift] = parameters;
        for ((((y, &x), &mean), &scale), &shift) in y.iter_mut().zip(x).zip(mean).zip(scale).zip(shift) {
            *y = (x - mean) * scale + shift;
        }
    }

    /// `dx[i] = ((g[i] - level) - ((x[i] - mean) * scale) * slope) * scale`, where each of these is
    /// `parameters[..][i * step]`, with a step of 0 or 1
    pub(crate) fn standardized_gradient<T: Float>(
        [g, x]: [&[T]; 2],
        parameters: [&[T]; 4],
        step: usize,
        dx: &mut [T],
    ) {
        if step == 0 {
            let [mean, scale, level, slope] = parameters.map(|all| all[0]);
            for ((dx, &g), &x) in dx.iter_mut().zip(g).zip(x) {
                *dx = ((g - level) - ((x - mean) * scale) * slope) * scale;
            }
            return;
        }
        let [mean, scale, level, slope] = parameters.map(|all| &all[..dx.len()]);
        for (i, ((dx, &g), &x)) in dx.iter_mut().zip(g).zip(x).enumerate() {
            *dx = ((g - level[i]) - ((x - mean[i]) * scale[i]) * slope[i]) * scale[i];
        }
    }
}
