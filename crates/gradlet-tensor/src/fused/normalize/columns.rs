//! Channels that are normalized over all samples, each of few places: columns of a matrix, which has a row for each
//! sample.

use std::ops::Range;

use crate::element::{Element, Float};
use crate::kernel::fold;
use crate::kernel::normalize::{self, Incoming, Norm, STRIP};
use crate::kernel::parallel;
use crate::kernel::planes::Planes;
use crate::kernel::scratch::Scratch;

/// The number of rows in a block, whose numbers are added up column by column.
const ROWS: usize = 64;

/// The mean of each channel (0 if not `centred`), and the mean square of the distances from it.
///
/// Each block has its own means, and sums of squares around these, so that memory is read once.
pub(super) fn moments<T: Float>(x: &[T], planes: Planes, centred: bool, out: &mut [T]) {
    let (places, columns) = (planes.inner, planes.groups * planes.inner);
    let mut memory = Scratch::new(planes.outer.div_ceil(ROWS) * 2 * columns);
    let blocks = memory.get();
    for_blocks(planes.outer, columns, 3, blocks, |rows, first, pair| {
        let x = &x[rows.start * columns..rows.end * columns];
        normalize::column_moments(x, columns, first, centred, pair);
    });
    let all = merged(blocks, planes.outer, columns);
    let rows = planes.outer as f64;
    for (channel, out) in out.chunks_exact_mut(2).enumerate() {
        let (mut total, mut count) = ([0.0; 2], 0.0);
        for column in channel * places..(channel + 1) * places {
            normalize::merge_moments(&mut total, &pair_of(all, column), [count, rows]);
            count += rows;
        }
        (out[0], out[1]) = (T::of(total[0]), T::of(total[1] / count));
    }
}

/// The normalized elements, and the mean and mean square of each channel.
pub(super) fn run<T: Float>(norm: &Norm<'_, T>, x: &[T], y: &mut [T], out: &mut [T]) {
    moments(x, norm.planes(), norm.centred, out);
    let columns = norm.channels * norm.places;
    let mut memory = Scratch::new(4 * columns);
    let parameters = by_column(memory.get(), norm.places, |channel| {
        let [mean, square] = [out[2 * channel], out[2 * channel + 1]];
        let scale = normalize::scale_of(square, norm.eps);
        [mean, scale, norm.weight[channel], norm.bias[channel]]
    });
    for_rows(y, columns, |first, y| {
        normalize::columns(&x[first..][..y.len()], parameters, y);
    });
}

/// The gradients of elements, weights and biases, given means and scales of the channels.
pub(super) fn gradient<T: Float>(
    norm: &Norm<'_, T>,
    (g, x): (Incoming<'_, T>, &[T]),
    [mean, scale]: [&[T]; 2],
    dx: &mut [T],
    dparameters: &mut [T],
) {
    let (places, columns) = (norm.places, norm.channels * norm.places);
    let blocks = norm.samples.div_ceil(ROWS);
    let mut memory = Scratch::new((blocks + 1) * 2 * columns + columns);
    let (sums, rest) = memory.get().split_at_mut(2 * columns);
    let (means, blocks) = rest.split_at_mut(columns);
    let [means] = by_column(means, places, |channel| [mean[channel]]);
    for_blocks(norm.samples, columns, 2, blocks, |rows, first, pair| {
        normalize::column_slopes((g, x), rows, columns, (first, means), pair);
    });
    fold::sum_rows(blocks, 2 * columns, sums);
    for (channel, out) in dparameters.chunks_exact_mut(2).enumerate() {
        let mut total = [0.0; 2];
        for column in channel * places..(channel + 1) * places {
            let pair = pair_of(sums, column);
            total = [total[0] + pair[0].to_f64(), total[1] + pair[1].to_f64()];
        }
        (out[0], out[1]) = (T::of(total[0] * scale[channel].to_f64()), T::of(total[1]));
    }
    let mut memory = Scratch::new(5 * columns);
    let count = norm.planes().count();
    let parameters = by_column(memory.get(), places, |channel| {
        let [dweight, dbias] = [dparameters[2 * channel], dparameters[2 * channel + 1]];
        let weight = norm.weight[channel];
        let share = |sum: T| T::of(sum.to_f64() * weight.to_f64() / count);
        let level = if norm.centred {
            share(dbias)
        } else {
            T::zero()
        };
        [mean[channel], scale[channel], level, share(dweight), weight]
    });
    for_rows(dx, columns, |first, dx| {
        normalize::columns_gradient((g, x), first, parameters, dx);
    });
}

/// Calls `run` with the rows of a block, the first column of a strip, and their two numbers for each column: in memory,
/// blocks are one below the other, and strips beside each other, each with its first numbers before its second ones.
fn for_blocks<T: Element>(
    rows: usize,
    columns: usize,
    passes: usize,
    memory: &mut [T],
    run: impl Fn(Range<usize>, usize, [&mut [T]; 2]) + Sync,
) {
    let blocks = memory.chunks_mut(2 * columns).enumerate();
    let strips = blocks.flat_map(|(block, memory)| {
        let strips = memory.chunks_mut(2 * STRIP).enumerate();
        strips.map(move |(strip, memory)| (block * ROWS, strip * STRIP, memory))
    });
    let work = rows.saturating_mul(columns).saturating_mul(passes);
    parallel::for_pieces(work, strips, |(start, first, memory)| {
        let width = memory.len() / 2;
        let pair = memory.split_at_mut(width).into();
        run(*start..rows.min(*start + ROWS), *first, pair);
    });
}

/// The moments of all rows, from those of blocks, which are paired in a balanced tree.
fn merged(blocks: &mut [f64], rows: usize, columns: usize) -> &[f64] {
    let (count, size) = (blocks.len() / (2 * columns), 2 * columns);
    let rows_of = |first: usize, blocks: usize| (rows - first * ROWS).min(blocks * ROWS) as f64;
    let mut step = 1;
    while step < count {
        for first in (0..count - step).step_by(2 * step) {
            let (all, more) = blocks.split_at_mut((first + step) * size);
            let strips = all[first * size..][..size].chunks_mut(2 * STRIP);
            let counts = [rows_of(first, step), rows_of(first + step, step)];
            for (all, more) in strips.zip(more[..size].chunks(2 * STRIP)) {
                normalize::merge_moments(all, more, counts);
            }
        }
        step *= 2;
    }
    &blocks[..size]
}

/// The two numbers of a column, whose strips are as in `for_blocks`.
fn pair_of<T: Copy>(all: &[T], column: usize) -> [T; 2] {
    let start = column / STRIP * STRIP;
    let width = (all.len() / 2 - start).min(STRIP);
    let first = 2 * start + column % STRIP;
    [all[first], all[first + width]]
}

/// Numbers of each column, which `of` computes from its channel.
fn by_column<T: Float, const K: usize>(
    memory: &mut [T],
    places: usize,
    of: impl Fn(usize) -> [T; K],
) -> [&[T]; K] {
    let columns = memory.len() / K;
    for channel in 0..columns / places {
        for (k, number) in of(channel).into_iter().enumerate() {
            memory[k * columns + channel * places..][..places].fill(number);
        }
    }
    let memory = &*memory;
    std::array::from_fn(|k| &memory[k * columns..][..columns])
}

/// Calls `run` with the place of a first element and with whole rows from there on.
fn for_rows<T: Float>(out: &mut [T], columns: usize, run: impl Fn(usize, &mut [T]) + Sync) {
    let rows = out.len() / columns;
    parallel::for_rows(out, rows, 2 * rows * columns, |row, out| {
        run(row * columns, out);
    });
}
