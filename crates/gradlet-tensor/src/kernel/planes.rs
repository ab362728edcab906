//! Groups of elements whose planes lie some way apart, as the channels of images do: sums over each, and what
//! normalization makes of them.
//!
//! Sums are taken lane by lane over a stretch, and in f64 over the stretches, so that their bits depend on neither the
//! instruction set nor the number of threads.

use std::ops::Range;

use super::partial::sum_of;
use crate::element::Float;

/// Elements that are summed in their own type.
const STRETCH: usize = 1024;
/// Sums kept side by side, and for planes that would leave most of so many empty.
const LANES: usize = 32;
const FEW_LANES: usize = 8;

/// `outer` planes of `inner` elements for each of `groups` groups, a plane of every group at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes {
    pub(crate) outer: usize,
    pub(crate) groups: usize,
    pub(crate) inner: usize,
}

impl Planes {
    /// The planes that are summed where `reduced` axes of a shape go, those that stay being next to each other.
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

    /// How many elements a group has.
    pub(crate) fn count(self) -> f64 {
        self.outer as f64 * self.inner as f64
    }

    /// Where the planes of a group are.
    #[inline(always)]
    fn of(self, group: usize) -> impl Iterator<Item = Range<usize>> {
        let first = move |i| (i * self.groups + group) * self.inner;
        // Planes without elements may be more than can be counted through.
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
            for (a, b) in a.chunks(STRETCH).zip(b.chunks(STRETCH)) {
                total += sum_of::<T, LANES>(a, b, &f).to_f64();
            }
        }
        total
    }
}

vectorized! {
    /// The mean of each group from `first` on (0 instead, where not `centred`), and the mean square of the distances from
    /// it.
    pub(crate) fn moments<T: Float>(x: &[T], planes: Planes, centred: bool, first: usize, out: &mut [T]) {
        let count = planes.count();
        for (group, out) in (first..).zip(out.chunks_exact_mut(2)) {
            let mut mean = T::zero();
            if centred {
                mean = T::of(planes.sum(group, x, x, |x, _| x) / count);
                // What rounding left in the distances is taken off: those of equal elements are exactly 0.
                mean = mean + T::of(planes.sum(group, x, x, |x, _| x - mean) / count);
            }
            let square = planes.sum(group, x, x, |x, _| (x - mean) * (x - mean));
            (out[0], out[1]) = (mean, T::of(square / count));
        }
    }

    /// The mean of g of each group from `first` on (0 instead, where not `centred`), and that of g times the distances of
    /// x from `mean[group]`.
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

    /// The sum of `a * b` of each group from `first` on.
    pub(crate) fn dots<T: Float>([a, b]: [&[T]; 2], planes: Planes, first: usize, out: &mut [T]) {
        for (group, out) in (first..).zip(out) {
            *out = T::of(planes.sum(group, a, b, |a, b| a * b));
        }
    }

    /// `y[i] = (x[i] - mean) * scale + shift`, each of these being `parameters[..][i * step]`, with a step of 0 or 1
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

    /// `dx[i] = ((g[i] - level) - ((x[i] - mean) * scale) * slope) * scale`, each of these being `parameters[..][i * step]`,
    /// with a step of 0 or 1
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
