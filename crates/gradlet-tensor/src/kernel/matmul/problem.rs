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

/// The numbers that a product is added to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<Row> {
    /// Nothing.
    Zero,
    /// The numbers that the result holds already.
    Result,
    /// This row, the same for all rows of the result.
    Row(Row),
}

/// A product of strided matrices, by address: each has its start, the step between rows and that between columns.
///
/// It is *valid* as long as `lhs: [m, k]`, `rhs: [k, n]` and a start's row of `n` numbers can be read and `out: [m, n]`
/// can be read and written, each over its whole strided extent, and none of them is written, or `out` read, elsewhere.
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

// SAFETY: a shared problem hands out addresses alone; reading and writing there is `unsafe`. Threads that do so share
// the operands, whose numbers are `Sync`, and write numbers that are `Send` to rows or columns of their own.
unsafe impl<T: Send + Sync> Sync for Problem<T> {}

impl<T> Start<*const T> {
    /// The start of the columns from `column` on.
    ///
    /// # Safety
    ///
    /// A row has at least `column` numbers.
    pub(super) unsafe fn from(self, column: usize) -> Self {
        match self {
            // SAFETY: the row has at least `column` numbers: the caller's promise.
            Self::Row(row) => Self::Row(unsafe { row.add(column) }),
            start => start,
        }
    }

    /// The start that is left after that many steps along the inner size.
    pub(super) fn after(self, steps: usize) -> Self {
        if steps > 0 { Self::Result } else { self }
    }
}

impl<T: Copy + Default> Problem<T> {
    /// Writes the numbers that the product is added to.
    ///
    /// # Safety
    ///
    /// The problem is valid.
    pub(super) unsafe fn begin(&self) {
        let [m, _, n] = self.sizes;
        for i in 0..m {
            // SAFETY: the problem is valid, by the caller's promise: row `i < m` of the result can be written and a
            // start's row read, `n` numbers of each, and they do not overlap, since no other code writes to a start's
            // row.
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
    ///
    /// # Safety
    ///
    /// The problem is valid and has these rows, at least one.
    pub(super) unsafe fn rows(&self, range: Range<usize>) -> Self {
        let ([_, k, n], lhs, out) = (self.sizes, self.lhs, self.out);
        // SAFETY: row `range.start` begins inside `lhs` and `out`: the caller's promise.
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
    ///
    /// # Safety
    ///
    /// The problem is valid and has these columns, at least one.
    pub(super) unsafe fn columns(&self, range: Range<usize>) -> Self {
        let ([m, k, _], rhs, out) = (self.sizes, self.rhs, self.out);
        // SAFETY: column `range.start` begins inside `rhs`, `out` and a start's row: the caller's promise.
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
    ///
    /// # Safety
    ///
    /// The problem is valid and has these steps, at least one.
    pub(super) unsafe fn steps(&self, range: Range<usize>) -> Self {
        let ([m, _, n], lhs, rhs) = (self.sizes, self.lhs, self.rhs);
        // SAFETY: step `range.start` is a column inside `lhs` and a row inside `rhs`: the caller's promise.
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

impl<'a, T> Matrix<'a, T> {
    /// The matrix of all numbers of a slice, in rows of this many columns.
    pub(crate) fn contiguous(data: &'a [T], columns: usize) -> Self {
        Self {
            data,
            offset: 0,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transposed matrix.
    pub(crate) fn turned(self) -> Self {
        Self {
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The same without the first `count` columns.
    pub(super) fn without_columns(mut self, count: usize) -> Self {
        self.offset += count * self.column_stride;
        self
    }

    /// The same without the first `count` rows.
    pub(crate) fn without_rows(mut self, count: usize) -> Self {
        self.offset += count * self.row_stride;
        self
    }

    /// Its start, the step between rows and that between columns.
    pub(super) fn place(self) -> (*const T, usize, usize) {
        let start = self.data.as_ptr().wrapping_add(self.offset);
        (start, self.row_stride, self.column_stride)
    }

    /// # Panics
    ///
    /// If the slice does not hold that many rows and columns.
    pub(super) fn check(self, rows: usize, columns: usize) {
        if rows > 0 && columns > 0 {
            // Sizes and strides that overflow would seem to lie inside.
            let down = (rows - 1).checked_mul(self.row_stride);
            let along = (columns - 1).checked_mul(self.column_stride);
            let last = [down, along]
                .into_iter()
                .try_fold(self.offset, |sum, step| sum.checked_add(step?));
            assert!(
                last.is_some_and(|last| last < self.data.len()),
                "a matrix reaches beyond its storage"
            );
        }
    }
}
