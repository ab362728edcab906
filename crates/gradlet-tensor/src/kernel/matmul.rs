//! Matrix products through the `gemm` crates' kernels, on strides, split into parts that do not depend on the number of
//! threads.

use super::parallel;

/// A strided matrix inside a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) offset: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

/// Number types that have a matrix kernel.
pub trait Gemm: Copy + Send + Sync + Sized {
    /// `out = lhs * rhs`, or `out += lhs * rhs` where `accumulate`; `out: [m, n]` with rows `out_stride` apart.
    ///
    /// # Safety
    ///
    /// `out` must be writable, and `lhs: [m, k]` and `rhs: [k, n]` readable, over their whole strided extents.
    #[doc(hidden)]
    unsafe fn gemm(
        sizes: [usize; 3],
        out: (*mut Self, usize),
        lhs: (*const Self, usize, usize),
        rhs: (*const Self, usize, usize),
        accumulate: bool,
    );
}

macro_rules! gemm {
    ($($t:ty, $kernel:path;)*) => {$(
        impl Gemm for $t {
            // SAFETY: the caller's promise, as the trait words it.
            #[inline]
            unsafe fn gemm(
                [m, k, n]: [usize; 3],
                (out, out_stride): (*mut Self, usize),
                (lhs, lhs_rows, lhs_columns): (*const Self, usize, usize),
                (rhs, rhs_rows, rhs_columns): (*const Self, usize, usize),
                accumulate: bool,
            ) {
                // The kernels prefer columns in `out`, so they are given the transposed problem.
                // SAFETY: the caller's promise; the kernel touches exactly the strided extents.
                unsafe {
                    $kernel()(
                        n, m, k,
                        out, out_stride as isize, 1, accumulate,
                        rhs, rhs_rows as isize, rhs_columns as isize,
                        lhs, lhs_rows as isize, lhs_columns as isize,
                        1.0, 1.0, false, false, false, gemm_common::Parallelism::None,
                    );
                }
            }
        }
    )*};
}

gemm! {
    f32, gemm_f32::gemm::f32::get_gemm_fn;
    f64, gemm_f64::gemm::f64::get_gemm_fn;
}

/// Multiplications from which a product is split between threads, and which a part has at least.
const SPLIT: usize = 1 << 21;
/// Rows and columns of a part are multiples of this, so that the kernel's tiles stay whole.
const TILE: usize = 48;

/// How `[m, k] x [k, n]` is cut: the number of parts, and whether they are rows or columns of the result.
fn split(m: usize, k: usize, n: usize) -> (usize, bool) {
    let work = m.saturating_mul(k).saturating_mul(n);
    let by_rows = m > n;
    let parts = (work / SPLIT).min(m.max(n) / TILE).min(2);
    (if parts < 2 { 1 } else { parts }, by_rows)
}

/// `out = lhs * rhs` for a contiguous `out: [m, n]`, or `out += lhs * rhs`.
///
/// # Panics
///
/// If a matrix does not lie inside its slice.
pub(crate) fn matmul<T: Gemm>(
    [m, k, n]: [usize; 3],
    lhs: Matrix<'_, T>,
    rhs: Matrix<'_, T>,
    out: &mut [T],
    accumulate: bool,
) {
    assert_eq!(out.len(), m * n, "the result has m * n elements");
    check(lhs, m, k);
    check(rhs, k, n);
    let out = Out(out.as_mut_ptr());
    let part = |rows: (usize, usize), columns: (usize, usize)| {
        let sizes = [rows.1 - rows.0, k, columns.1 - columns.0];
        // SAFETY: `check` and the assertion above bound every strided extent, parts are inside them, and no two parts
        // write to the same rows and columns of `out`.
        unsafe {
            T::gemm(
                sizes,
                (out.pointer().add(rows.0 * n + columns.0), n),
                (lhs.pointer(rows.0, 0), lhs.row_stride, lhs.column_stride),
                (rhs.pointer(0, columns.0), rhs.row_stride, rhs.column_stride),
                accumulate,
            );
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
                matmul([m, k, n], lhs, rhs, &mut out, true);
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
                    false,
                );
            });
            out
        };
        assert!(split(300, 257, 310).0 > 1, "the product must be split");
        let one = run(1);
        assert!(one == run(2) && one == run(3));
    }

    #[test]
    #[should_panic(expected = "beyond its storage")]
    fn a_matrix_outside_its_slice_is_refused() {
        matmul(
            [2, 2, 2],
            row_major(&[0.0; 4], 2),
            row_major(&[0.0; 3], 2),
            &mut [0.0; 4],
            false,
        );
    }
}
