//! Channels that are normalized over all samples, each in planes of many places.

use crate::element::Float;
use crate::kernel::normalize::{self, Incoming, Norm};
use crate::kernel::parallel::{self, PART};
use crate::threads;

/// The most pieces for each thread.
const PIECES: usize = 4;

/// The normalized elements, and the mean and mean square of each channel.
pub(super) fn run<T: Float>(norm: &Norm<'_, T>, x: &[T], y: &mut [T], moments: &mut [T]) {
    for_channels(norm, 4, y, moments, |first, y, moments| {
        normalize::channels(norm, first, x, y, moments);
    });
}

/// The gradients of elements, and of each channel's weight and bias, given the channels' means and scales.
pub(super) fn gradient<T: Float>(
    norm: &Norm<'_, T>,
    (g, x): (Incoming<'_, T>, &[T]),
    moments: [&[T]; 2],
    dx: &mut [T],
    dparameters: &mut [T],
) {
    for_channels(norm, 3, dx, dparameters, |first, dx, dparameters| {
        normalize::channels_gradient(norm, first, (g, x), moments, dx, dparameters);
    });
}

/// Calls `run` with a first channel, what each sample has of some channels from there on, and two numbers for each of
/// these; `passes` over an element are the work.
fn for_channels<T: Float>(
    norm: &Norm<'_, T>,
    passes: usize,
    elements: &mut [T],
    pairs: &mut [T],
    run: impl Fn(usize, &mut [&mut [T]], &mut [T]) + Sync,
) {
    let (work, sample) = (passes * elements.len(), norm.channels * norm.places);
    // Few pieces for each thread, since a piece holds the places of its part of every sample.
    let few = norm.channels.div_ceil(PIECES * threads::count());
    let some = (PART / (norm.samples * norm.places)).max(few).max(1);
    let pairs = pairs.chunks_mut(2 * some);
    let mut pieces: Vec<_> = pairs
        .map(|pairs| (Vec::with_capacity(norm.samples), pairs))
        .collect();
    for sample in elements.chunks_mut(sample) {
        for ((parts, _), part) in pieces.iter_mut().zip(sample.chunks_mut(some * norm.places)) {
            parts.push(part);
        }
    }
    let pieces = pieces.into_iter().enumerate();
    parallel::for_pieces(work, pieces, |(i, (parts, pairs))| {
        run(*i * some, parts, pairs);
    });
}
