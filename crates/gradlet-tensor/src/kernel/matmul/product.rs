//! [`matmul`], and the choice between the ways to compute a product.

use std::ops::Add;

use super::problem::{Matrix, Problem, Start};
use super::{Gemm, dots, packed, small};
use crate::kernel::parallel;
use crate::kernel::scratch::Scratch;

/// Numbers that a part reads or writes at least, where operands are read from where they lie.
const PART: usize = 1 << 16;
/// Multiplications that make a part, too.
const MULTIPLICATIONS: usize = 1 << 18;
/// Rows and columns of a part are multiples of this, so that tiles stay whole.
const TILE: usize = 64;

/// Steps along the inner size up to which a product is computed as one; more are halved, and the halves added.
const LONGEST: usize = 1 << 14;

/// `out = start + lhs * rhs` for a contiguous `out: [m, n]`.
///
/// An element is a sum of stretches along the inner index: within one, products are added one after the other, and
/// stretches are added one after the other up to `LONGEST` steps. These sums are added in a balanced tree. So its error
/// hardly grows with the inner size, and its bits depend neither on threads nor on how the product is cut.
///
/// # Panics
///
/// If a matrix does not lie inside its slice, or a start's row has no `n` numbers.
pub(crate) fn matmul<T: Gemm + Add<Output = T>>(
    [m, k, n]: [usize; 3],
    lhs: Matrix<'_, T>,
    rhs: Matrix<'_, T>,
    out: &mut [T],
    start: Start<&[T]>,
) {
    assert_eq!(
        m.checked_mul(n),
        Some(out.len()),
        "the result has m * n elements"
    );
    lhs.check(m, k);
    rhs.check(k, n);
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
    if k > LONGEST {
        let half = k.div_ceil(LONGEST).next_power_of_two() / 2 * LONGEST;
        matmul([m, half, n], lhs, rhs, out, start);
        let mut right = Scratch::new(out.len());
        let right = right.get();
        let (lhs, rhs) = (lhs.without_columns(half), rhs.without_rows(half));
        matmul([m, k - half, n], lhs, rhs, right, Start::Zero);
        for (out, &mut right) in out.iter_mut().zip(right) {
            *out = *out + right;
        }
        return;
    }
    let problem = Problem {
        sizes: [m, k, n],
        lhs: lhs.place(),
        rhs: rhs.place(),
        out: (out.as_mut_ptr(), n),
        start: match start {
            Start::Zero => Start::Zero,
            Start::Result => Start::Result,
            Start::Row(row) => Start::Row(row.as_ptr()),
        },
    };
    // SAFETY: `check` found both operands' extents inside their slices, the assertions those of the result and a
    // start's row; the slices are borrowed until this returns, that of the result mutably.
    unsafe { product(&problem) };
}

/// Computes a product in the way that suits its sizes.
///
/// # Safety
///
/// The problem is valid.
unsafe fn product<T: Gemm>(problem: &Problem<T>) {
    // SAFETY: the problem is valid: the caller's promise. `dots::pays` sees that strips are contiguous.
    unsafe {
        if dots::pays(problem) {
            in_parts(problem, T::dots);
        } else if small::pays(problem) {
            in_parts(problem, T::small);
        } else {
            packed::product(problem);
        }
    }
}

/// The number of parts that an unpacked product is worth, by the numbers that it reads, writes and multiplies.
fn parts([m, k, n]: [usize; 3]) -> usize {
    let work = m.saturating_mul(k).saturating_mul(n);
    (k.saturating_mul(m.max(n)).max(m * n) / PART).max(work / MULTIPLICATIONS)
}

/// Computes a product of few rows or columns in parts of the others.
///
/// # Safety
///
/// The problem is valid, and fit for `product`.
unsafe fn in_parts<T: Gemm>(problem: &Problem<T>, product: unsafe fn(&Problem<T>)) {
    let [m, _, n] = problem.sizes;
    let parts = parts(problem.sizes);
    if parts < 2 {
        // SAFETY: the problem is valid and fit for `product`: the caller's promise.
        return unsafe { product(problem) };
    }
    let size = m.max(n);
    let step = size.div_ceil(parts).next_multiple_of(TILE);
    parallel::for_parts(size.div_ceil(step), |part| {
        let range = part * step..((part + 1) * step).min(size);
        // SAFETY: the problem is valid and fit for `product`: the caller's promise. So is its part of a range of rows
        // or columns, which is not empty and which no other part has; its strides are the same.
        unsafe {
            product(&if m > n {
                problem.rows(range)
            } else {
                problem.columns(range)
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::order::{Order, check};
    use super::*;

    fn row_major<T>(data: &[T], columns: usize) -> Matrix<'_, T> {
        Matrix {
            data,
            offset: 0,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// Small, thin, and dot products.
    const SIZES: [[usize; 3]; 8] = [
        [1, 1, 1],
        [7, 5, 1],
        [33, 17, 65],
        [1, 300, 70],
        [3, 70, 70],
        [4, 70, 9],
        [90, 70, 2],
        [40, 2, 50],
    ];
    /// Packed: rows and columns that fill no tile, more steps than a panel has.
    const PACKED: [[usize; 3]; 2] = [[131, 130, 129], [37, 1100, 61]];
    fn order<T>(problem: &Problem<T>) -> Order {
        if dots::pays(problem) {
            Order::PartialSums
        } else {
            Order::Chains
        }
    }

    #[test]
    fn products_have_the_bits_of_a_loop_for_any_size_and_layout() {
        // SAFETY: `product` needs a valid problem, no more.
        unsafe {
            check(&SIZES, 0..4, order, product::<f32>);
            check(&SIZES, 0..4, order, product::<f64>);
            // Some layouts, for the loop is slow; how each is packed is tested with the panels.
            check(&PACKED, 1..3, order, product::<f32>);
            check(&PACKED, 0..1, order, product::<f64>);
        }
    }

    #[test]
    fn no_steps_leave_what_a_product_is_added_to() {
        let (none, row) = (row_major::<f64>(&[], 0), [1.0, 2.0, 3.0]);
        for (start, expected) in [
            (Start::Zero, [0.0, 0.0, 0.0]),
            (Start::Result, [5.0, 5.0, 5.0]),
            (Start::Row(row.as_slice()), row),
        ] {
            let mut out = [5.0; 6];
            matmul([2, 0, 3], none, none, &mut out, start);
            assert_eq!(out, [expected, expected].concat().as_slice());
        }
    }

    /// Products that are split: packed, in place, and, for a right-hand side that is turned, dot products.
    const SPLIT: [[usize; 3]; 4] = [[300, 257, 310], [2, 900, 400], [400, 900, 2], [4, 500, 700]];

    /// `[k, n]` with contiguous columns where `turned`, else with contiguous rows.
    fn right<T>(data: &[T], [k, n]: [usize; 2], turned: bool) -> Matrix<'_, T> {
        let mut matrix = row_major(data, n);
        if turned {
            (matrix.row_stride, matrix.column_stride) = (1, k);
        }
        matrix
    }

    #[test]
    fn products_have_the_same_bits_on_any_number_of_threads() {
        for ([m, k, n], turned) in SPLIT
            .into_iter()
            .flat_map(|sizes| [(sizes, false), (sizes, true)])
        {
            assert!(parts([m, k, n]) > 1, "[{m}, {k}, {n}] must be split");
            let a: Vec<f32> = (0..m * k).map(|i| (i as f32).sin()).collect();
            let b: Vec<f32> = (0..k * n).map(|i| (i as f32).cos()).collect();
            let run = |threads| {
                let mut out = vec![0.0; m * n];
                let rhs = right(&b, [k, n], turned);
                crate::threads::with(threads, || {
                    matmul([m, k, n], row_major(&a, k), rhs, &mut out, Start::Zero);
                });
                out
            };
            let one = run(1);
            assert!(one == run(2) && one == run(3), "[{m}, {k}, {n}], {turned}");
        }
    }

    #[test]
    fn long_sums_are_added_in_a_balanced_tree() {
        fn tree([row, column]: [&[f32]; 2], order: Order, first: f32, in_result: bool) -> f32 {
            let k = row.len();
            if k <= LONGEST {
                return order.sum(row, column, first, in_result);
            }
            let half = k.div_ceil(LONGEST).next_power_of_two() / 2 * LONGEST;
            let [left, right] = [
                [&row[..half], &column[..half]],
                [&row[half..], &column[half..]],
            ];
            tree(left, order, first, in_result) + tree(right, order, 0.0, false)
        }
        // Two columns beside each other are summed in chains, one in partial sums.
        for (k, n, order) in [
            (16_385, 2, Order::Chains),
            (50_000, 2, Order::Chains),
            (90_000, 1, Order::PartialSums),
        ] {
            let a: Vec<f32> = (0..k).map(|i| (i % 1009) as f32 / 503.0 - 1.0).collect();
            let b: Vec<f32> = (0..k * n).map(|i| (i % 997) as f32 / 499.0 - 1.0).collect();
            let column: Vec<f32> = b.iter().step_by(n).copied().collect();
            for (start, in_result) in [(Start::Row(&[0.1; 2][..n]), false), (Start::Result, true)] {
                let mut out = [0.1; 2];
                let (lhs, rhs) = (row_major(&a, k), row_major(&b, n));
                matmul([1, k, n], lhs, rhs, &mut out[..n], start);
                let expected = tree([&a, &column], order, 0.1, in_result);
                assert_eq!(out[0], expected, "{k}, {order:?}, {start:?}");
            }
        }
    }

    #[test]
    fn products_of_a_long_inner_size_keep_their_digits() {
        // Small, thin, of one row, of dot products, and packed; no larger than that takes, since an emulated processor
        // runs this too.
        for ([m, k, n], turned) in [
            ([2, 1 << 20, 9], false),
            ([33, 1 << 17, 3], false),
            ([1, 1 << 18, 20], false),
            ([2, 1 << 20, 3], true),
            ([33, 1 << 16, 17], false),
        ] {
            let (a, b) = (vec![1.0; m * k], vec![0.1f32; k * n]);
            let mut out = vec![0.0; m * n];
            let rhs = right(&b, [k, n], turned);
            matmul([m, k, n], row_major(&a, k), rhs, &mut out, Start::Zero);
            let exact = f64::from(0.1f32) * k as f64;
            // A product passes 256 additions in its stretch, 64 between stretches, and one in each level of the tree.
            // In one chain, a million tenths lose the third digit.
            let additions = f64::from(256 + 64 + (k / LONGEST).ilog2());
            let bound = additions / 2.0 * f64::from(f32::EPSILON) * exact;
            for &found in &out {
                let error = (f64::from(found) - exact).abs();
                assert!(error < bound, "[{m}, {k}, {n}]: {error} of {exact}");
            }
        }
    }

    #[test]
    fn each_part_of_a_split_product_adds_its_own_part_of_the_row() {
        for ([m, k, n], turned) in SPLIT
            .into_iter()
            .flat_map(|sizes| [(sizes, false), (sizes, true)])
        {
            let (a, b) = (vec![1.0; m * k], vec![2.0; k * n]);
            let row: Vec<f64> = (0..n).map(|j| j as f64).collect();
            let mut out = vec![0.0; m * n];
            let rhs = right(&b, [k, n], turned);
            matmul([m, k, n], row_major(&a, k), rhs, &mut out, Start::Row(&row));
            let expected = |place: usize| (2 * k + place % n) as f64;
            let right = out
                .iter()
                .enumerate()
                .all(|(place, &y)| y == expected(place));
            assert!(right, "[{m}, {k}, {n}], {turned}");
        }
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

    #[test]
    #[should_panic(expected = "beyond its storage")]
    fn a_matrix_whose_extent_overflows_is_refused() {
        // The last row begins as many numbers behind the first as `usize` has values.
        row_major(&[0.0; 4], 2).check(usize::MAX / 2 + 2, 1);
    }

    #[test]
    #[should_panic(expected = "the result has m * n elements")]
    fn a_result_whose_size_overflows_is_refused() {
        let one = Matrix {
            column_stride: 0,
            ..row_major(&[1.0], 0)
        };
        let size = 1 << (usize::BITS / 2);
        matmul([size, 1, size], one, one, &mut [], Start::Zero);
    }
}
