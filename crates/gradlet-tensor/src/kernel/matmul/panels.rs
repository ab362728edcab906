//! [`Panels`]: a right-hand side that is copied once for many products.

use std::ptr;

use super::Gemm;
use super::packed::Packed;
use super::problem::{Matrix, Problem, Start};

/// A matrix `[k, n]` in panels of as many columns as a tile has, with all steps of one after the other. Products
/// with them are summed as packed ones are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panels<'a, T> {
    sizes: [usize; 2],
    numbers: &'a [T],
}

impl<'a, T: Gemm> Panels<'a, T> {
    /// The numbers of panels for a matrix of these sizes.
    pub(crate) fn room([k, n]: [usize; 2]) -> usize {
        k * n.next_multiple_of(T::tile()[1])
    }

    /// Copies a matrix into panels, the last of which is filled up with zeros.
    ///
    /// # Panics
    ///
    /// If the matrix does not lie inside its slice, or `memory` has less than its `room`.
    pub(crate) fn pack([k, n]: [usize; 2], matrix: Matrix<'_, T>, memory: &'a mut [T]) -> Self {
        matrix.check(k, n);
        let memory = &mut memory[..Self::room([k, n])];
        let packed = Packed {
            problem: Problem {
                sizes: [0, k, n],
                lhs: (ptr::null(), 0, 0),
                rhs: matrix.place(),
                out: (ptr::null_mut(), 0),
                start: Start::Zero,
            },
            lhs: ptr::null_mut(),
            rhs: memory.as_mut_ptr(),
        };
        for i in 0..n.div_ceil(T::tile()[1]) {
            // SAFETY: `check` found the matrix inside its slice, and there is memory of its own for as many panels as
            // cover its columns. Nothing else of the problem is read.
            unsafe { T::pack_rhs(&packed, i) };
        }
        let sizes = [k, n];
        Self {
            sizes,
            numbers: memory,
        }
    }

    /// `out = start + lhs * matrix` for contiguous `lhs: [m, k]` and `out: [m, n]`.
    ///
    /// # Panics
    ///
    /// If the slices do not have these sizes, or a start's row has no `n` numbers.
    pub(crate) fn product(self, lhs: &[T], out: &mut [T], start: Start<&[T]>) {
        let [k, n] = self.sizes;
        let (m, wide) = (lhs.len() / k, T::tile()[1]);
        assert_eq!(m * k, lhs.len(), "the left-hand side has whole rows");
        assert_eq!(m * n, out.len(), "the result has m * n elements");
        let start = match start {
            Start::Zero => Start::Zero,
            Start::Result => Start::Result,
            Start::Row(row) => {
                assert_eq!(row.len(), n, "a row has n elements");
                Start::Row(row.as_ptr())
            }
        };
        if m == 0 {
            return;
        }
        for (panel, column) in self
            .numbers
            .chunks_exact(k * wide)
            .zip((0..n).step_by(wide))
        {
            // SAFETY: `column < n`, so these are columns of the result and of a start's row, whose sizes the assertions
            // found; a panel has `k` rows of `wide` numbers, of which this reads as many as are columns. The slices are
            // borrowed until this returns, that of the result mutably.
            unsafe {
                T::small(&Problem {
                    sizes: [m, k, wide.min(n - column)],
                    lhs: (lhs.as_ptr(), k, 1),
                    rhs: (panel.as_ptr(), wide, 1),
                    out: (out.as_mut_ptr().add(column), n),
                    start: start.from(column),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::Order;
    use super::*;

    #[test]
    fn a_product_with_panels_has_the_bits_of_a_loop() {
        let numbers = |len: usize, seed: usize| -> Vec<f32> {
            let number = |i: usize| ((i * 2_654_435_761 + seed) % 1009) as f32 / 503.0 - 1.0;
            (0..len).map(number).collect()
        };
        for [m, k, n] in [
            [1, 3, 5],
            [3, 300, 70],
            [16, 64, 96],
            [1, 600, 33],
            [7, 1, 32],
        ] {
            let (lhs, rhs, row) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
            for (row_stride, column_stride) in [(n, 1), (1, k)] {
                let matrix = Matrix {
                    data: &rhs[..],
                    offset: 0,
                    row_stride,
                    column_stride,
                };
                let column = |j: usize| -> Vec<f32> {
                    (0..k)
                        .map(|l| rhs[l * row_stride + j * column_stride])
                        .collect()
                };
                let columns: Vec<_> = (0..n).map(column).collect();
                let mut memory = vec![f32::NAN; Panels::<f32>::room([k, n])];
                let panels = Panels::pack([k, n], matrix, &mut memory);
                for start in [Start::Zero, Start::Result, Start::Row(&row[..])] {
                    let before = numbers(m * n, 4);
                    let mut found = before.clone();
                    panels.product(&lhs, &mut found, start);
                    for (place, &found) in found.iter().enumerate() {
                        let (first, in_result) = match start {
                            Start::Zero => (0.0, false),
                            Start::Result => (before[place], true),
                            Start::Row(row) => (row[place % n], false),
                        };
                        let (row, column) = (&lhs[place / n * k..][..k], &columns[place % n]);
                        let expected = Order::Chains.sum(row, column, first, in_result);
                        assert_eq!(found, expected, "[{m}, {k}, {n}], {start:?}, at {place}");
                    }
                }
            }
        }
    }
}
