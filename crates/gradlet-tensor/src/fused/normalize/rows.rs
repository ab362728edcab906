//! Groups of channels that are normalized sample by sample: contiguous rows.

use crate::element::Float;
use crate::kernel::fold;
use crate::kernel::normalize::{self, Incoming, Norm};
use crate::kernel::parallel::{self, PART};
use crate::kernel::scratch::Scratch;

/// The number of samples whose gradients of a weight are added up before their sum is added to others.
const SAMPLES: usize = 64;

/// The normalized elements, and the mean and mean square of each group.
pub(super) fn run<T: Float>(norm: &Norm<'_, T>, x: &[T], y: &mut [T], moments: &mut [T]) {
    let length = norm.width() * norm.places;
    let rows = (PART / length).max(1);
    let pieces = y
        .chunks_mut(rows * length)
        .zip(moments.chunks_mut(2 * rows));
    parallel::for_pieces(4 * x.len(), pieces.enumerate(), |(i, (y, moments))| {
        let (first, x) = (*i * rows, &x[*i * rows * length..][..y.len()]);
        normalize::rows(norm, first, x, y, moments);
    });
}

/// The gradients of elements, weights and biases, given means and scales of the groups.
pub(super) fn gradient<T: Float>(
    norm: &Norm<'_, T>,
    (g, x): (Incoming<'_, T>, &[T]),
    moments: [&[T]; 2],
    dx: &mut [T],
    [dweight, dbias]: [&mut [T]; 2],
) {
    let length = norm.width() * norm.places;
    // The rows of a block add to one sum for each channel. With one place per channel a block has several samples, but
    // few if there are few, for these are split between threads.
    let (rows, sums) = if norm.places > 1 {
        (1, norm.width())
    } else {
        let few = norm.samples.div_ceil(8).min(SAMPLES);
        let samples = if parallel::is_large(x.len()) {
            few
        } else {
            SAMPLES
        };
        (samples * norm.groups, norm.channels)
    };
    let blocks = x.len().div_ceil(rows * length);
    let mut memory = Scratch::new(2 * blocks * sums);
    let (of_weights, of_biases) = memory.get().split_at_mut(blocks * sums);
    // A piece has several blocks if these are small.
    let many = (PART / (rows * length)).max(1);
    let of_parameters = of_weights
        .chunks_mut(many * sums)
        .zip(of_biases.chunks_mut(many * sums));
    let pieces = dx.chunks_mut(many * rows * length).zip(of_parameters);
    parallel::for_pieces(
        3 * x.len(),
        pieces.enumerate(),
        |(i, (dx, (dweight, dbias)))| {
            let of_parameters = dweight.chunks_mut(sums).zip(dbias.chunks_mut(sums));
            let blocks = dx.chunks_mut(rows * length).zip(of_parameters);
            for (block, (dx, (dweight, dbias))) in (*i * many..).zip(blocks) {
                let first = block * rows;
                normalize::rows_gradient(norm, first, (g, x), moments, dx, [dweight, dbias]);
            }
        },
    );
    fold::sum_rows(of_weights, norm.channels, dweight);
    fold::sum_rows(of_biases, norm.channels, dbias);
}
