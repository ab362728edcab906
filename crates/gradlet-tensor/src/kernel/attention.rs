//! Attention of blocks of queries: their scores are in scratch memory that stays in the second cache, and are computed
//! again for the gradient.

use super::elementwise::zip_in_place;
use super::matmul::{Matrix, Start, matmul};
use super::scratch::Scratch;
use super::select_scale::select_scale_from;
use super::softmax::{softmax_gradient, weigh, weigh_again};
use crate::element::Float;

/// Scores of a block; the gradient has three times as many numbers at hand.
const SCORES: usize = 1 << 14;
/// Queries of a block at most: the more there are, the fewer scores a causal mask saves.
const MOST: usize = 64;
/// Queries of a block at least, so that keys and values are read for several at once.
const FEWEST: usize = 8;

/// The number of queries in a block, for this number of keys.
pub(crate) fn block(keys: usize) -> usize {
    (SCORES / keys.max(1)).clamp(FEWEST, MOST)
}

/// One head: `y = weights * v`, `weights = softmax(scale * q * k^T + masks)` over the keys.
#[derive(Debug)]
pub(crate) struct Head<'a, T> {
    /// `q: [queries, features], k: [keys, features], v: [keys, width]`
    pub(crate) sizes: [usize; 4],
    pub(crate) q: Matrix<'a, T>,
    pub(crate) k: Matrix<'a, T>,
    pub(crate) v: Matrix<'a, T>,
    /// Each is `[queries, keys]`.
    pub(crate) masks: Vec<Matrix<'a, T>>,
    pub(crate) scale: T,
    /// Whether query i sees the keys up to i alone.
    pub(crate) causal: bool,
    /// The bits of the weights that are kept, the place of this head's first one, and the factor of weights.
    pub(crate) dropout: Option<(&'a [u64], usize, T)>,
}

/// Some of a head's queries, and how many keys they see.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    rows: usize,
    columns: usize,
}

impl<T: Float> Head<'_, T> {
    /// Writes the rows of y from query `first` on, and two numbers for each that make weights of its scores.
    pub(crate) fn forward(&self, first: usize, y: &mut [T], kept: &mut [T]) {
        let [_, _, features, width] = self.sizes;
        let block = self.block(first, kept.len() / 2);
        let Block { rows, columns, .. } = block;
        let mut scratch = Scratch::new(rows * (columns + features));
        let (weights, q) = scratch.get().split_at_mut(rows * columns);
        self.scores(block, q, weights);
        weigh(weights, columns, kept);
        self.drop(block, weights);
        let weights = Matrix::contiguous(weights, columns);
        matmul([rows, columns, width], weights, self.v, y, Start::Zero);
        for (y, kept) in y.chunks_exact_mut(width).zip(kept.chunks_exact(2)) {
            y.iter_mut().for_each(|y| *y = *y * kept[1]);
        }
    }

    /// Writes the gradients of q, k and v, given that of y and the numbers that `forward` wrote. Those of k and v, which
    /// must be zeros, are summed over blocks in their order.
    pub(crate) fn gradient(&self, g: Matrix<'_, T>, kept: &[T], [dq, dk, dv]: [&mut [T]; 3]) {
        let [queries, keys, features, width] = self.sizes;
        let most = block(keys).min(queries);
        let mut scratch = Scratch::new(most * (3 * keys + features));
        for first in (0..queries).step_by(most) {
            let block = self.block(first, most.min(queries - first));
            let Block { rows, columns, .. } = block;
            let (weights, rest) = scratch.get().split_at_mut(rows * columns);
            let (slopes, rest) = rest.split_at_mut(rows * columns);
            let (other, rest) = rest.split_at_mut(rows * columns);
            let q = &mut rest[..rows * features];
            let g = g.without_rows(first);
            self.scores(block, q, weights);
            weigh_again(weights, columns, &kept[2 * first..]);

            let mut dropped = &*weights;
            if self.dropout.is_some() {
                other.copy_from_slice(weights);
                self.drop(block, other);
                dropped = &*other;
            }
            let (dropped, dv) = (
                Matrix::contiguous(dropped, columns),
                &mut dv[..columns * width],
            );
            matmul(
                [columns, rows, width],
                dropped.turned(),
                g,
                dv,
                Start::Result,
            );

            matmul(
                [rows, width, columns],
                g,
                self.v.turned(),
                slopes,
                Start::Zero,
            );
            self.drop(block, slopes);
            softmax_gradient(weights, slopes, columns, other);
            let slopes = Matrix::contiguous(other, columns);
            let dq = &mut dq[first * features..][..rows * features];
            matmul([rows, columns, features], slopes, self.k, dq, Start::Zero);
            dq.iter_mut().for_each(|dq| *dq = *dq * self.scale);
            let (q, dk) = (
                Matrix::contiguous(q, features),
                &mut dk[..columns * features],
            );
            matmul(
                [columns, rows, features],
                slopes.turned(),
                q,
                dk,
                Start::Result,
            );
        }
    }

    /// The block of this many queries from `first` on.
    fn block(&self, first: usize, rows: usize) -> Block {
        let keys = self.sizes[1];
        let columns = if self.causal {
            keys.min(first + rows)
        } else {
            keys
        };
        Block {
            first,
            rows,
            columns,
        }
    }

    /// Writes the block's queries times the scale, and its scores.
    fn scores(&self, block: Block, q: &mut [T], scores: &mut [T]) {
        let Block {
            first,
            rows,
            columns,
        } = block;
        let features = self.sizes[2];
        for (i, row) in (first..).zip(q.chunks_exact_mut(features.max(1))) {
            with_row(row, self.q, i, |_, q| q * self.scale);
        }
        let q = Matrix::contiguous(q, features);
        matmul(
            [rows, features, columns],
            q,
            self.k.turned(),
            scores,
            Start::Zero,
        );
        for (i, row) in (first..).zip(scores.chunks_exact_mut(columns.max(1))) {
            for &mask in &self.masks {
                with_row(row, mask, i, |score, mask| score + mask);
            }
            if self.causal {
                row[columns.min(i + 1)..].fill(T::neg_infinity());
            }
        }
    }

    /// Drops and scales the block's weights, or their gradients.
    fn drop(&self, block: Block, weights: &mut [T]) {
        if let Some((bits, start, factor)) = self.dropout {
            for (i, row) in (block.first..).zip(weights.chunks_exact_mut(block.columns.max(1))) {
                select_scale_from(bits, start + i * self.sizes[1], row, factor);
            }
        }
    }
}

/// `x[j] = f(x[j], matrix[i, j])`
fn with_row<T: Float>(x: &mut [T], matrix: Matrix<'_, T>, i: usize, f: impl Fn(T, T) -> T) {
    let row = &matrix.data[matrix.offset + i * matrix.row_stride..];
    if matrix.column_stride == 1 {
        zip_in_place(x, row, &f);
    } else {
        for (j, x) in x.iter_mut().enumerate() {
            *x = f(*x, row[j * matrix.column_stride]);
        }
    }
}
