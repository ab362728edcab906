//! Normalization, with a weight and a bias for each channel: what needs a group's elements several times is done while
//! they are in the cache.
//!
//! Sums are taken lane by lane over a stretch and in f64 over stretches, or in blocks of a fixed number of rows, so
//! that their bits depend on neither the instruction set nor the number of threads.

use super::partial::sums;
use super::planes::Planes;
use crate::element::Float;

/// The number of columns worked on at a time: a block of as many rows as are summed at once fits the first cache.
pub(crate) const STRIP: usize = 128;

/// The settings of a normalization of samples, each with channels of places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm<'a, T> {
    pub(crate) samples: usize,
    /// The number of channels of a sample; those of its first group come first.
    pub(crate) channels: usize,
    pub(crate) places: usize,
    /// The number of groups of a sample, if each is normalized by itself.
    pub(crate) groups: usize,
    pub(crate) weight: &'a [T],
    pub(crate) bias: &'a [T],
    pub(crate) centred: bool,
    pub(crate) eps: T,
}

impl<T> Norm<'_, T> {
    /// The number of channels in a group.
    pub(crate) fn width(&self) -> usize {
        self.channels / self.groups
    }

    /// The planes of each channel.
    pub(crate) fn planes(&self) -> Planes {
        Planes {
            outer: self.samples,
            groups: self.channels,
            inner: self.places,
        }
    }
}

/// A gradient: its elements, or only the first few that the others repeat, if `step` is 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a, T> {
    pub(crate) data: &'a [T],
    /// The distance between places of elements that are one place apart.
    pub(crate) step: usize,
}

impl<'a, T> Incoming<'a, T> {
    /// This many elements from a place on.
    #[inline(always)]
    pub(crate) fn part(self, first: usize, length: usize) -> &'a [T] {
        &self.data[first * self.step..][..length]
    }
}

/// What a group, or a column, is standardized by, and its slopes: `dx = ((g w - level) - h slope) scale`, with the
/// standardized element h.
#[derive(Clone, Copy, Debug)]
struct Slopes<T> {
    mean: T,
    scale: T,
    level: T,
    slope: T,
}

impl<T: Float> Slopes<T> {
    /// From the sums of `g w` and `g w (x - mean)` over a group.
    #[inline(always)]
    fn new([mean, scale]: [T; 2], sums: [f64; 2], count: f64, centred: bool) -> Self {
        Self {
            mean,
            scale,
            level: if centred {
                T::of(sums[0] / count)
            } else {
                T::zero()
            },
            slope: T::of(sums[1] / count) * scale,
        }
    }

    /// The gradient of an element.
    #[inline(always)]
    fn at(self, g: T, x: T, weight: T) -> T {
        let h = (x - self.mean) * self.scale;
        ((g * weight - self.level) - h * self.slope) * self.scale
    }
}

/// The factor of distances from a mean, given the mean of their squares.
#[inline(always)]
pub(crate) fn scale_of<T: Float>(square: T, eps: T) -> T {
    T::one() / (square + eps).sqrt()
}

/// `y = (x - mean) scale weight + bias`
#[inline(always)]
fn affine<T: Float>(x: &[T], [mean, scale]: [T; 2], [weight, bias]: [T; 2], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - mean) * scale * weight + bias;
    }
}

vectorized! {
    /// Groups from `first` on, normalized one after the other, and their mean and mean square.
    pub(crate) fn rows<T: Float>(norm: &Norm<'_, T>, first: usize, x: &[T], y: &mut [T], moments: &mut [T]) {
        let (width, places) = (norm.width(), norm.places);
        let row = Planes { outer: 1, groups: 1, inner: width * places };
        let all = x.chunks_exact(row.inner).zip(y.chunks_exact_mut(row.inner)).zip(moments.chunks_exact_mut(2));
        for (group, ((x, y), moments)) in (first..).zip(all) {
            let [mean, square] = row.moments(0, x, norm.centred);
            moments.copy_from_slice(&[mean, square]);
            let scale = scale_of(square, norm.eps);
            let at = group % norm.groups * width;
            let parameters = norm.weight[at..][..width].iter().zip(&norm.bias[at..][..width]);
            if places == 1 {
                for ((y, &x), (&weight, &bias)) in y.iter_mut().zip(x).zip(parameters) {
                    *y = (x - mean) * scale * weight + bias;
                }
                continue;
            }
            for ((y, x), (&weight, &bias)) in y.chunks_exact_mut(places).zip(x.chunks_exact(places)).zip(parameters) {
                affine(x, [mean, scale], [weight, bias], y);
            }
        }
    }

    /// The gradient of the elements of groups from `first` on, and of the parameters the sums over these groups, which
    /// are whole samples or a single one.
    pub(crate) fn rows_gradient<T: Float>(
        norm: &Norm<'_, T>,
        first: usize,
        (g, x): (Incoming<'_, T>, &[T]),
        [mean, scale]: [&[T]; 2],
        dx: &mut [T],
        [dweight, dbias]: [&mut [T]; 2],
    ) {
        let (width, places) = (norm.width(), norm.places);
        let length = width * places;
        let x = &x[first * length..][..dx.len()];
        dweight.fill(T::zero());
        dbias.fill(T::zero());
        for (i, (x, dx)) in x.chunks_exact(length).zip(dx.chunks_exact_mut(length)).enumerate() {
            let (group, local) = (first + i, i % norm.groups * width);
            let g = g.part(group * length, length);
            let (mean, scale) = (mean[group], scale[group]);
            let weight = &norm.weight[group % norm.groups * width..][..width];
            let (dweight, dbias) = (&mut dweight[local..][..width], &mut dbias[local..][..width]);
            if places == 1 {
                let sums = sums([g, x, weight], |g, x, weight| [g * weight, g * weight * (x - mean)]);
                let slopes = Slopes::new([mean, scale], sums, length as f64, norm.centred);
                let parameters = weight.iter().zip(dweight.iter_mut().zip(dbias));
                for (((dx, &g), &x), (&weight, (dweight, dbias))) in dx.iter_mut().zip(g).zip(x).zip(parameters) {
                    *dx = slopes.at(g, x, weight);
                    (*dweight, *dbias) = (*dweight + g * ((x - mean) * scale), *dbias + g);
                }
                continue;
            }
            let (planes, mut totals) = (g.chunks_exact(places).zip(x.chunks_exact(places)), [0.0; 2]);
            for (((g, x), &weight), (dweight, dbias)) in planes.zip(weight).zip(dweight.iter_mut().zip(dbias)) {
                let [sum, along] = sums([g, x, x], |g, x, _| [g, g * (x - mean)]);
                totals[0] += sum * weight.to_f64();
                totals[1] += along * weight.to_f64();
                *dweight = *dweight + T::of(along * scale.to_f64());
                *dbias = *dbias + T::of(sum);
            }
            let slopes = Slopes::new([mean, scale], totals, length as f64, norm.centred);
            let planes = g.chunks_exact(places).zip(x.chunks_exact(places));
            for ((dx, (g, x)), &weight) in dx.chunks_exact_mut(places).zip(planes).zip(weight) {
                for ((dx, &g), &x) in dx.iter_mut().zip(g).zip(x) {
                    *dx = slopes.at(g, x, weight);
                }
            }
        }
    }

    /// Channels from `first` on, normalized over all samples, each of which has its part in `y`, and their mean and
    /// mean square.
    pub(crate) fn channels<T: Float>(
        norm: &Norm<'_, T>,
        first: usize,
        x: &[T],
        y: &mut [&mut [T]],
        moments: &mut [T],
    ) {
        let planes = norm.planes();
        for (i, moments) in moments.chunks_exact_mut(2).enumerate() {
            let channel = first + i;
            let [mean, square] = planes.moments(channel, x, norm.centred);
            moments.copy_from_slice(&[mean, square]);
            let (scale, parameters) = (scale_of(square, norm.eps), [norm.weight[channel], norm.bias[channel]]);
            for (plane, y) in planes.of(channel).zip(y.iter_mut()) {
                affine(&x[plane], [mean, scale], parameters, &mut y[i * planes.inner..][..planes.inner]);
            }
        }
    }

    /// The gradient of the elements of channels from `first` on, of which each sample has its part in `dx`, and pairs
    /// of those of their weights and biases.
    pub(crate) fn channels_gradient<T: Float>(
        norm: &Norm<'_, T>,
        first: usize,
        (g, x): (Incoming<'_, T>, &[T]),
        [mean, scale]: [&[T]; 2],
        dx: &mut [&mut [T]],
        dparameters: &mut [T],
    ) {
        let planes = norm.planes();
        for (i, dparameters) in dparameters.chunks_exact_mut(2).enumerate() {
            let channel = first + i;
            let (mean, scale, weight) = (mean[channel], scale[channel], norm.weight[channel]);
            let mut totals = [0.0; 2];
            for plane in planes.of(channel) {
                let (g, x) = (g.part(plane.start, planes.inner), &x[plane]);
                let [sum, along] = sums([g, x, x], |g, x, _| [g, g * (x - mean)]);
                totals[0] += sum;
                totals[1] += along;
            }
            dparameters.copy_from_slice(&[T::of(totals[1] * scale.to_f64()), T::of(totals[0])]);
            let totals = totals.map(|total| total * weight.to_f64());
            let slopes = Slopes::new([mean, scale], totals, planes.count(), norm.centred);
            for (plane, dx) in planes.of(channel).zip(dx.iter_mut()) {
                let (g, x) = (g.part(plane.start, planes.inner), &x[plane]);
                let dx = &mut dx[i * planes.inner..][..planes.inner];
                for ((dx, &g), &x) in dx.iter_mut().zip(g).zip(x) {
                    *dx = slopes.at(g, x, weight);
                }
            }
        }
    }

    /// Of a strip of columns from `first` on, in some rows of `columns`: their means, and the sums of squared distances
    /// from them.
    pub(crate) fn column_moments<T: Float>(
        x: &[T],
        columns: usize,
        first: usize,
        centred: bool,
        [means, squares]: [&mut [f64]; 2],
    ) {
        let (width, rows) = (means.len(), T::of((x.len() / columns) as f64));
        let (mut mean, mut sum) = ([T::zero(); STRIP], [T::zero(); STRIP]);
        let (mean, sum) = (&mut mean[..width], &mut sum[..width]);
        if centred {
            // In the second round, the mean distance, which rounding left, is added, so that distances of equal
            // elements are exactly 0.
            for _ in 0..2 {
                sum.fill(T::zero());
                for row in x.chunks_exact(columns) {
                    for ((sum, &mean), &x) in sum.iter_mut().zip(&*mean).zip(&row[first..][..width]) {
                        *sum = *sum + (x - mean);
                    }
                }
                for (mean, &sum) in mean.iter_mut().zip(&*sum) {
                    *mean = *mean + sum / rows;
                }
            }
            sum.fill(T::zero());
        }
        for row in x.chunks_exact(columns) {
            for ((sum, &mean), &x) in sum.iter_mut().zip(&*mean).zip(&row[first..][..width]) {
                *sum = *sum + (x - mean) * (x - mean);
            }
        }
        for ((means, squares), (&mean, &sum)) in means.iter_mut().zip(squares).zip(mean.iter().zip(&*sum)) {
            (*means, *squares) = (mean.to_f64(), sum.to_f64());
        }
    }

    /// Of a strip of columns from `first` on, in some rows of `columns`: the sums of `g (x - mean)` and of g.
    pub(crate) fn column_slopes<T: Float>(
        (g, x): (Incoming<'_, T>, &[T]),
        rows: std::ops::Range<usize>,
        columns: usize,
        (first, mean): (usize, &[T]),
        [along, sum]: [&mut [T]; 2],
    ) {
        let width = sum.len();
        along.fill(T::zero());
        sum.fill(T::zero());
        let mean = &mean[first..][..width];
        for row in rows {
            let place = row * columns + first;
            let (g, x) = (g.part(place, width), &x[place..][..width]);
            for (((along, sum), &mean), (&g, &x)) in along.iter_mut().zip(&mut *sum).zip(mean).zip(g.iter().zip(x)) {
                (*along, *sum) = (*along + g * (x - mean), *sum + g);
            }
        }
    }

    /// Rows normalized by the moments, weight and bias of each column.
    pub(crate) fn columns<T: Float>(x: &[T], parameters: [&[T]; 4], y: &mut [T]) {
        let columns = parameters[0].len();
        let [mean, scale, weight, bias] = parameters.map(|all| &all[..columns]);
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            for (i, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                *y = (x - mean[i]) * scale[i] * weight[i] + bias[i];
            }
        }
    }

    /// The gradient of the elements of rows from an element `first` on, given mean, scale, level, slope and weight of
    /// each column.
    pub(crate) fn columns_gradient<T: Float>(
        (g, x): (Incoming<'_, T>, &[T]),
        first: usize,
        parameters: [&[T]; 5],
        dx: &mut [T],
    ) {
        let columns = parameters[0].len();
        let [mean, scale, level, slope, weight] = parameters.map(|all| &all[..columns]);
        for (row, dx) in dx.chunks_exact_mut(columns).enumerate() {
            let place = first + row * columns;
            let (g, x) = (g.part(place, columns), &x[place..][..columns]);
            for (i, ((dx, &g), &x)) in dx.iter_mut().zip(g).zip(x).enumerate() {
                let slopes = Slopes { mean: mean[i], scale: scale[i], level: level[i], slope: slope[i] };
                *dx = slopes.at(g, x, weight[i]);
            }
        }
    }
}

/// Adds to moments of a strip of columns, means and then sums of squared distances from them, those of more rows; the
/// two counts are the numbers of rows.
pub(crate) fn merge_moments(all: &mut [f64], more: &[f64], [count, added]: [f64; 2]) {
    let width = all.len() / 2;
    let ((means, squares), (other_means, other_squares)) =
        (all.split_at_mut(width), more.split_at(width));
    let share = added / (count + added);
    let others = other_means.iter().zip(other_squares);
    for ((mean, square), (&other_mean, &other_square)) in means.iter_mut().zip(squares).zip(others)
    {
        let distance = other_mean - *mean;
        *square += other_square + distance * (distance * (count * share));
        *mean += distance * share;
    }
}
