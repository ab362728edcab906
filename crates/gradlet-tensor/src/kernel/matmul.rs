//! Matrix products through the `gemm` crates' kernels, on strides, split into parts that do not depend on the number of
//! threads.

use num_traits::Zero;

use super::parallel;
#[cfg(target_arch = "x86_64")]
use super::small_matmul;

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

/// Number types that have matrix kernels.
pub trait Gemm: Copy + Send + Sync + Sized {
    /// Writes the product, added to its start.
    ///
    /// # Safety
    ///
    /// `out: [m, n]` must be writable, and `lhs: [m, k]`, `rhs: [k, n]` and a start's row of `n` numbers readable, over
    /// their whole strided extents.
    #[doc(hidden)]
    unsafe fn product(problem: Problem<Self>);
}

macro_rules! gemm {
    ($($t:ty, $small:ident, $kernel:path;)*) => {$(
        impl Gemm for $t {
            // SAFETY: the caller's promise, as the trait words it.
            #[inline]
            unsafe fn product(problem: Problem<$t>) {
                let Problem { sizes: [m, k, n], lhs, rhs, out, start } = problem;
                // SAFETY: the caller's promise; the kernels touch exactly the strided extents.
                unsafe {
                    #[cfg(target_arch = "x86_64")]
                    if small_matmul::pays(&problem) && small_matmul::$small(problem) {
                        return;
                    }
                    if let Start::Row(row) = start {
                        (0..m).for_each(|i| out.0.add(i * out.1).copy_from_nonoverlapping(row, n));
                    }
                    let accumulate = !matches!(start, Start::Zero);
                    // The kernels prefer columns in `out`, so they are given the transposed problem.
                    $kernel()(
                        n, m, k,
                        out.0, out.1 as isize, 1, accumulate,
                        rhs.0, rhs.1 as isize, rhs.2 as isize,
                        lhs.0, lhs.1 as isize, lhs.2 as isize,
                        1.0, 1.0, false, false, false, gemm_common::Parallelism::None,
                    );
                }
            }
        }
    )*};
}

gemm! {
    f32, small_f32, gemm_f32::gemm::f32::get_gemm_fn;
    f64, small_f64, gemm_f64::gemm::f64::get_gemm_fn;
}

/// Multiplications from which a product is split between threads, and which a part has at least.
const SPLIT: usize = 1 << 21;
/// Numbers in the larger operand of a product of few rows from which it is split: reading them takes the time.
const SPLIT_READS: usize = 1 << 17;
/// Parts that a product has at most. More need more packing: `gemm` packs what parts share anew for each.
const MOST_PARTS: usize = 2;
/// Rows and columns of a part are multiples of this, so that the kernel's tiles stay whole.
const TILE: usize = 48;

/// How `[m, k] x [k, n]` is cut: the number of parts, and whether they are rows or columns of the result.
fn split(m: usize, k: usize, n: usize) -> (usize, bool) {
    let work = m.saturating_mul(k).saturating_mul(n);
    let by_rows = m > n;
    let reads = k.saturating_mul(m.max(n));
    let parts = (work / SPLIT)
        .max(reads / SPLIT_READS)
        .min(m.max(n) / TILE)
        .min(MOST_PARTS);
    (if parts < 2 { 1 } else { parts }, by_rows)
}

/// `out = start + lhs * rhs` for a contiguous `out: [m, n]`.
///
/// # Panics
///
/// If a matrix does not lie inside its slice, or a start's row has no `n` numbers.
pub(crate) fn matmul<T: Gemm + Zero>(
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
            Start::Zero => out.fill(T::zero()),
            Start::Result => {}
            Start::Row(row) => out
                .chunks_exact_mut(n)
                .for_each(|out| out.copy_from_slice(row)),
        }
    }
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    let out = Out(out.as_mut_ptr());
    let part = |rows: (usize, usize), columns: (usize, usize)| {
        // SAFETY: `check` and the assertions above bound every strided extent, parts are inside them, and no two parts
        // write to the same rows and columns of `out`.
        unsafe {
            T::product(Problem {
                sizes: [rows.1 - rows.0, k, columns.1 - columns.0],
                lhs: (lhs.pointer(rows.0, 0), lhs.row_stride, lhs.column_stride),
                rhs: (rhs.pointer(0, columns.0), rhs.row_stride, rhs.column_stride),
                out: (out.pointer().add(rows.0 * n + columns.0), n),
                start: match start {
                    Start::Zero => Start::Zero,
                    Start::Result => Start::Result,
                    Start::Row(row) => Start::Row(row.as_ptr().add(columns.0)),
                },
            });
        }
    };
    let (parts, by_rows) = split(m, k, n);
    let range = |i: usize, size: usize| {
        let step = size.div_ceil(parts).next_multiple_of(TILE);
        ((i * step).min(size), ((i + 1) * step).min(size))
    };
    let run = |i: usize| {
        if by_rows {
            part(range(i, m), (0, n));
        } else {
            part((0, m), range(i, n));
        }
    };
    parallel::for_parts(parts, run);
}

/// The start of the result, which parts write to from several threads.
struct Out<T>(*mut T);

impl<T> Out<T> {
    fn pointer(&self) -> *mut T {
        self.0
    }
}

// SAFETY: parts write to disjoint elements, see `matmul`; the numbers themselves may cross threads.
unsafe impl<T: Send> Sync for Out<T> {}

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
