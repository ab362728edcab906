//! What a product is made of: matrices in slices, and the same by address, which can be cut.

use std::ops::Range;

/// A strided matrix inside a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<Row> {
    /// Nothing.
    Zero,
    /// What the result holds already.
    Result,
    /// This row, the same for all rows of the result.
    Row(Row),
}

/// A product of strided matrices, by address: each has its start, the step between rows and that between columns.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Problem<T> {
    /// `lhs: [m, k], rhs: [k, n]`.
    pub(super) sizes: [usize; 3],
    pub(super) lhs: (*const T, usize, usize),
    pub(super) rhs: (*const T, usize, usize),
    /// The result's columns are contiguous.
    pub(super) out: (*mut T, usize),
    pub(super) start: Start<*const T>,
}

// SAFETY: numbers may be sent to threads and shared between them, and every part writes to rows or columns of its own.
unsafe impl<T: Send + Sync> Sync for Problem<T> {}

impl<T> Start<*const T> {
    /// What a product is added to from a column on.
    // SAFETY: the caller's promise: there is such a column.
    pub(super) unsafe fn from(self, column: usize) -> Self {
        match self {
            // SAFETY: see above.
            Self::Row(row) => Self::Row(unsafe { row.add(column) }),
            start => start,
        }
    }

    /// What it is added to after so many steps along the inner size.
    pub(super) fn after(self, steps: usize) -> Self {
        if steps > 0 { Self::Result } else { self }
    }
}

impl<T: Copy + Default> Problem<T> {
    /// Writes what the product is added to.
    // SAFETY: the caller's promise, as `Gemm` words it.
    pub(super) unsafe fn begin(&self) {
        let [m, _, n] = self.sizes;
        for i in 0..m {
            // SAFETY: rows of the result, and a start's row, have `n` numbers.
            unsafe {
                let row = self.out.0.add(i * self.out.1);
                match self.start {
                    Start::Zero => (0..n).for_each(|j| *row.add(j) = T::default()),
                    Start::Row(start) => row.copy_from_nonoverlapping(start, n),
                    Start::Result => {}
                }
            }
        }
    }
}

impl<T: Copy> Problem<T> {
    /// The part of the problem that gives these rows.
    // SAFETY: the caller's promise: there are such rows.
    pub(super) unsafe fn rows(&self, range: Range<usize>) -> Self {
        let ([_, k, n], lhs, out) = (self.sizes, self.lhs, self.out);
        // SAFETY: see above.
        unsafe {
            Self {
                sizes: [range.len(), k, n],
                lhs: (lhs.0.add(range.start * lhs.1), lhs.1, lhs.2),
                out: (out.0.add(range.start * out.1), out.1),
                ..*self
            }
        }
    }

    /// The part of the problem that gives these columns.
    // SAFETY: the caller's promise: there are such columns.
    pub(super) unsafe fn columns(&self, range: Range<usize>) -> Self {
        let ([m, k, _], rhs, out) = (self.sizes, self.rhs, self.out);
        // SAFETY: see above.
        unsafe {
            Self {
                sizes: [m, k, range.len()],
                rhs: (rhs.0.add(range.start * rhs.2), rhs.1, rhs.2),
                out: (out.0.add(range.start), out.1),
                start: self.start.from(range.start),
                ..*self
            }
        }
    }

    /// The part of the problem that adds these steps along the inner size, after those before.
    // SAFETY: the caller's promise: there are such steps.
    pub(super) unsafe fn steps(&self, range: Range<usize>) -> Self {
        let ([m, _, n], lhs, rhs) = (self.sizes, self.lhs, self.rhs);
        // SAFETY: see above.
        unsafe {
            Self {
                sizes: [m, range.len(), n],
                lhs: (lhs.0.add(range.start * lhs.2), lhs.1, lhs.2),
                rhs: (rhs.0.add(range.start * rhs.1), rhs.1, rhs.2),
                start: self.start.after(range.start),
                ..*self
            }
        }
    }
}

impl<T> Matrix<'_, T> {
    pub(super) fn pointer(&self, row: usize, column: usize) -> *const T {
        self.data
            .as_ptr()
            .wrapping_add(self.offset + row * self.row_stride + column * self.column_stride)
    }

    /// # Panics
    ///
    /// If so many rows and columns do not lie inside the slice.
    pub(super) fn check(self, rows: usize, columns: usize) {
        if rows > 0 && columns > 0 {
            let last =
                self.offset + (rows - 1) * self.row_stride + (columns - 1) * self.column_stride;
            assert!(
                last < self.data.len(),
                "a matrix reaches beyond its storage"
            );
        }
    }
}
