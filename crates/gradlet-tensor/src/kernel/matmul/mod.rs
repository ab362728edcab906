//! Matrix products through the `gemm` crates' kernels, on strides, split into parts that do not depend on the number of
//! threads.

use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
use std::ops::Range;

use super::parallel;
use crate::element::Element;

mod dots;
mod lanes;
mod packed;
mod small;
mod tile;

use dots::dots;
use lanes::Lanes;
use packed::{Panels, block, pack_lhs, pack_rhs, packed};
use small::product;
use tile::WIDTH;

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

// SAFETY: numbers may cross threads, and every part writes to a place of its own, see `matmul`.
unsafe impl<T: Send> Sync for Problem<T> {}

/// Number types that have matrix kernels.
pub trait Gemm: Element + Default {
    /// Rows and columns of a tile of the kernels for large products.
    #[doc(hidden)]
    fn tile() -> [usize; 2];
    /// Writes the product, added to its start, from where the operands lie.
    ///
    /// # Safety
    ///
    /// `out: [m, n]` must be writable, and `lhs: [m, k]`, `rhs: [k, n]` and a start's row of `n` numbers readable, over
    /// their whole strided extents.
    #[doc(hidden)]
    unsafe fn small(problem: &Problem<Self>);
    /// # Safety
    ///
    /// TODO
    #[doc(hidden)]
    unsafe fn dots(problem: &Problem<Self>);
    /// # Safety
    ///
    /// TODO
    #[doc(hidden)]
    unsafe fn pack_lhs(panels: &Panels<Self>, i: usize);
    /// # Safety
    ///
    /// TODO
    #[doc(hidden)]
    unsafe fn pack_rhs(panels: &Panels<Self>, i: usize);
    /// # Safety
    ///
    /// TODO
    #[doc(hidden)]
    unsafe fn block(panels: &Panels<Self>, rows: Range<usize>, columns: Range<usize>);
}

/// The widest registers that this processor has, as far as kernels are written for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registers {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Registers {
    #[inline]
    fn found() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }
}

/// A function for each kind of registers, and the choice between them.
macro_rules! kernel {
    ($name:ident, $kernel:ident, ($($arg:ident: $ty:ty),*), [$base:ty $(, $base_rows:literal)?], [$v256:ty $(, $v256_rows:literal)?], [$v512:ty $(, $v512_rows:literal)?]) => {
        // SAFETY: the caller's promise, as the trait words it.
        #[inline]
        unsafe fn $name($($arg: $ty),*) {
            // SAFETY: the caller's promise, as the trait words it.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: this function is compiled for the register's instructions; the rest is the caller's promise.
                unsafe { $kernel::<$v512 $(, $v512_rows)?>($($arg),*) }
            }
            // SAFETY: the caller's promise, as the trait words it.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: as above.
                unsafe { $kernel::<$v256 $(, $v256_rows)?>($($arg),*) }
            }
            // SAFETY: the instructions are there; the rest is the caller's promise.
            unsafe {
                match Registers::found() {
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx512 => avx512($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx2 => avx2($($arg),*),
                    Registers::Baseline => $kernel::<$base $(, $base_rows)?>($($arg),*),
                }
            }
        }
    };
}

macro_rules! gemm {
    ($($t:ty: $base:ty, $v256:ty, $v512:ty;)*) => {$(
        impl Gemm for $t {
            fn tile() -> [usize; 2] {
                match Registers::found() {
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx512 => [12, WIDTH * <$v512 as Lanes>::COUNT],
                    #[cfg(target_arch = "x86_64")]
                    Registers::Avx2 => [6, WIDTH * <$v256 as Lanes>::COUNT],
                    Registers::Baseline => [4, WIDTH * <$base as Lanes>::COUNT],
                }
            }
            kernel! { small, product, (problem: &Problem<$t>), [$base, 4], [$v256, 6], [$v512, 8] }
            kernel! { dots, dots, (problem: &Problem<$t>), [$base], [$v256], [$v512] }
            kernel! { pack_lhs, pack_lhs, (panels: &Panels<$t>, i: usize), [$base, 4], [$v256, 6], [$v512, 12] }
            kernel! { pack_rhs, pack_rhs, (panels: &Panels<$t>, i: usize), [$base, 4], [$v256, 6], [$v512, 12] }
            kernel! { block, block, (panels: &Panels<$t>, rows: Range<usize>, columns: Range<usize>), [$base, 4], [$v256, 6], [$v512, 12] }
        }
    )*};
}

gemm! {
    f32: [f32; 4], __m256, __m512;
    f64: [f64; 2], __m256d, __m512d;
}

/// `out = start + lhs * rhs` for a contiguous `out: [m, n]`.
///
/// # Panics
///
/// If a matrix does not lie inside its slice, or a start's row has no `n` numbers.
pub(crate) fn matmul<T: Gemm>(
    [m, k, n]: [usize; 3],
    lhs: Matrix<'_, T>,
    rhs: Matrix<'_, T>,
    out: &mut [T],
    start: Start<&[T]>,
) {
    assert_eq!(out.len(), m * n, "the result has m * n elements");
    check(lhs, m, k);
    check(rhs, k, n);
    if let Start::Row(row) = start {
        assert_eq!(row.len(), n, "a row has n elements");
    }
    if k == 0 && n > 0 {
        match start {
            Start::Zero => out.fill(T::default()),
            Start::Result => {}
            Start::Row(row) => out
                .chunks_exact_mut(n)
                .for_each(|out| out.copy_from_slice(row)),
        }
    }
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    let problem = Problem {
        sizes: [m, k, n],
        lhs: (lhs.pointer(0, 0), lhs.row_stride, lhs.column_stride),
        rhs: (rhs.pointer(0, 0), rhs.row_stride, rhs.column_stride),
        out: (out.as_mut_ptr(), n),
        start: match start {
            Start::Zero => Start::Zero,
            Start::Result => Start::Result,
            Start::Row(row) => Start::Row(row.as_ptr()),
        },
    };
    // SAFETY: `check` and the assertions above bound every strided extent.
    unsafe {
        if dots::pays(&problem) {
            in_parts(&problem, T::dots);
        } else if small::pays(&problem) {
            in_parts(&problem, T::small);
        } else {
            packed(problem);
        }
    }
}

/// Numbers of the larger operand that a part reads, and where splitting a product begins to pay.
const PART: usize = 1 << 16;

/// Rows and columns of a part are multiples of this, so that tiles stay whole.
const TILE: usize = 64;

/// Computes a product of few rows or columns in parts of the others.
// SAFETY: the caller's promise, as `Gemm` words it.
unsafe fn in_parts<T: Gemm>(problem: &Problem<T>, product: unsafe fn(&Problem<T>)) {
    let [m, k, n] = problem.sizes;
    let parts = k.saturating_mul(m.max(n)) / PART;
    if parts < 2 {
        // SAFETY: the caller's promise.
        return unsafe { product(problem) };
    }
    let size = m.max(n);
    let step = size.div_ceil(parts).next_multiple_of(TILE);
    parallel::for_parts(size.div_ceil(step), |part| {
        let range = part * step..((part + 1) * step).min(size);
        // SAFETY: the caller's promise, for a range of rows or columns that no other part has.
        unsafe {
            product(&if m > n {
                problem.rows(range)
            } else {
                problem.columns(range)
            });
        }
    });
}

impl<T> Problem<T> {
    /// The part of the problem that gives these rows.
    // SAFETY: the caller's promise: there are such rows.
    unsafe fn rows(&self, range: Range<usize>) -> Self
    where
        T: Copy,
    {
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
    unsafe fn columns(&self, range: Range<usize>) -> Self
    where
        T: Copy,
    {
        let ([m, k, _], rhs, out) = (self.sizes, self.rhs, self.out);
        // SAFETY: see above.
        unsafe {
            Self {
                sizes: [m, k, range.len()],
                rhs: (rhs.0.add(range.start * rhs.2), rhs.1, rhs.2),
                out: (out.0.add(range.start), out.1),
                start: match self.start {
                    Start::Row(row) => Start::Row(row.add(range.start)),
                    start => start,
                },
                ..*self
            }
        }
    }
}

impl<T> Matrix<'_, T> {
    fn pointer(&self, row: usize, column: usize) -> *const T {
        self.data
            .as_ptr()
            .wrapping_add(self.offset + row * self.row_stride + column * self.column_stride)
    }
}

fn check<T>(matrix: Matrix<'_, T>, rows: usize, columns: usize) {
    if rows > 0 && columns > 0 {
        let last =
            matrix.offset + (rows - 1) * matrix.row_stride + (columns - 1) * matrix.column_stride;
        assert!(
            last < matrix.data.len(),
            "a matrix reaches beyond its storage"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_major(data: &[f64], columns: usize) -> Matrix<'_, f64> {
        Matrix {
            data,
            offset: 0,
            row_stride: columns,
            column_stride: 1,
        }
    }

    #[test]
    fn products_agree_with_a_naive_loop_for_any_size_and_order() {
        for [m, k, n] in [
            [1, 1, 1],
            [2, 3, 4],
            [7, 5, 1],
            [1, 9, 6],
            [33, 17, 65],
            [100, 0, 3],
            [130, 70, 260],
        ] {
            let a: Vec<f64> = (0..m * k).map(|i| (i % 7) as f64 - 3.0).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i % 5) as f64 - 2.0).collect();
            for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
                let order = |data, rows, columns, transposed| {
                    if transposed {
                        Matrix {
                            data,
                            offset: 0,
                            row_stride: 1,
                            column_stride: rows,
                        }
                    } else {
                        row_major(data, columns)
                    }
                };
                let (lhs, rhs) = (order(&a, m, k, left), order(&b, k, n, right));
                let mut out = vec![1.0; m * n];
                matmul([m, k, n], lhs, rhs, &mut out, Start::Result);
                for i in 0..m {
                    for j in 0..n {
                        let at = |x: Matrix<'_, f64>, r, c| {
                            x.data[r * x.row_stride + c * x.column_stride]
                        };
                        let sum: f64 = (0..k).map(|l| at(lhs, i, l) * at(rhs, l, j)).sum();
                        assert_eq!(out[i * n + j], 1.0 + sum, "[{m}, {k}, {n}] at {i}, {j}");
                    }
                }
            }
        }
    }

    #[test]
    fn large_products_have_the_same_bits_on_any_number_of_threads() {
        let a: Vec<f32> = (0..300 * 257).map(|i| (i as f32).sin()).collect();
        let b: Vec<f32> = (0..257 * 310).map(|i| (i as f32).cos()).collect();
        let matrix = |data, columns| Matrix {
            data,
            offset: 0,
            row_stride: columns,
            column_stride: 1,
        };
        let run = |threads| {
            let mut out = vec![0.0; 300 * 310];
            crate::threads::with(threads, || {
                matmul(
                    [300, 257, 310],
                    matrix(&a, 257),
                    matrix(&b, 310),
                    &mut out,
                    Start::Zero,
                );
            });
            out
        };
        assert!(split(300, 257, 310).0 > 1, "the product must be split");
        let one = run(1);
        assert!(one == run(2) && one == run(3));
    }

    #[test]
    fn each_part_of_a_split_product_adds_its_own_part_of_the_row() {
        let [m, k, n] = [150, 150, 200];
        assert!(split(m, k, n).0 > 1, "the product must be split");
        let (a, b) = (vec![1.0; m * k], vec![2.0; k * n]);
        let row: Vec<f64> = (0..n).map(|j| j as f64).collect();
        let mut out = vec![0.0; m * n];
        let (lhs, rhs) = (row_major(&a, k), row_major(&b, n));
        matmul([m, k, n], lhs, rhs, &mut out, Start::Row(&row));
        let expected = |place: usize| (2 * k + place % n) as f64;
        assert!(
            out.iter()
                .enumerate()
                .all(|(place, &y)| y == expected(place))
        );
    }

    #[test]
    #[should_panic(expected = "beyond its storage")]
    fn a_matrix_outside_its_slice_is_refused() {
        matmul(
            [2, 2, 2],
            row_major(&[0.0; 4], 2),
            row_major(&[0.0; 3], 2),
            &mut [0.0; 4],
            Start::Zero,
        );
    }
}
