//! Products of small matrices: sums stay in registers, and an operand is copied only where its rows are not contiguous.
//!
//! The `gemm` crates pack both operands, which pays from some hundred thousand multiplications on and costs more than
//! the product itself below.

use std::mem::MaybeUninit;

use super::lanes::Lanes;
use super::{Problem, Start};
use super::tile::{MAX_WIDE, Tile, WIDTH, pack, tile};

/// Multiplications up to which a product is small.
const LIMIT: usize = 1 << 18;
/// Steps along the inner size that go through registers in one go; more are added up in the result.
const DEPTH: usize = 128;
/// The same where few rows leave no time between a row of the right-hand side and the next.
const SHALLOW: usize = 8;
/// Rows or columns that are too few for copying the operand without them.
const FEW: usize = 12;
const PANEL: usize = DEPTH * MAX_WIDE;

/// Whether a product is best done here. Measured with AVX2 below the limit: mostly 0.4 to 1 of the time of the `gemm`
/// crates, 1.2 at most, but for dot products of few contiguous rows or columns, which took up to twice as long.
pub(super) fn pays<T>(problem: &Problem<T>) -> bool {
    let [m, k, n] = problem.sizes;
    m.saturating_mul(k).saturating_mul(n) <= LIMIT || m.min(n) <= FEW
}

/// A product with tiles of up to `ROWS` rows.
// SAFETY: the caller's promise, as `Gemm` and `Lanes` word it.
#[inline(always)]
pub(super) unsafe fn product<V: Lanes, const ROWS: usize>(problem: &Problem<V::T>) {
    let &Problem {
        sizes: [m, k, n],
        lhs,
        rhs,
        out,
        start,
    } = problem;
    let wide = WIDTH * V::COUNT;
    let mut panel = MaybeUninit::<[V::T; PANEL]>::uninit();
    let panel = panel.as_mut_ptr().cast::<V::T>();
    let step = if m <= FEW && rhs.2 == 1 && m * k * n > LIMIT {
        SHALLOW
    } else {
        DEPTH
    };
    for first in (0..k).step_by(step) {
        let depth = step.min(k - first);
        for column in (0..n).step_by(wide) {
            let columns = wide.min(n - column);
            // SAFETY: rows from `first` and columns from `column` on are inside the operands and the result, whose
            // extents the caller promises; a panel holds `depth <= DEPTH` rows of `wide` numbers.
            unsafe {
                let source = rhs.0.add(first * rhs.1 + column * rhs.2);
                let rows = if rhs.2 == 1 && columns == wide {
                    (source, rhs.1)
                } else {
                    pack::<V>([wide, depth], (source, rhs.1, rhs.2), [columns, 0], panel);
                    (panel.cast_const(), wide)
                };
                let place = Tile {
                    depth,
                    lhs: (lhs.0.add(first * lhs.2), lhs.1, lhs.2),
                    rhs: rows,
                    out: (out.0.add(column), out.1),
                    columns,
                    start: match start {
                        _ if first > 0 => Start::Result,
                        Start::Row(row) => Start::Row(row.add(column)),
                        start => start,
                    },
                };
                if columns > V::COUNT {
                    tiles::<V, ROWS>(m, place);
                } else {
                    narrow_tiles::<V>(m, place);
                }
            }
        }
    }
}

/// All rows of a stripe of columns, in tiles of nearly equal height: a low tile leaves the processor waiting.
// SAFETY: the caller's promise: the tile's pointers are good for `m` rows.
#[inline(always)]
unsafe fn tiles<V: Lanes, const ROWS: usize>(m: usize, mut place: Tile<V::T>) {
    let mut left = m;
    while left > 0 {
        let rows = match left.div_ceil(left.div_ceil(ROWS)) {
            // Rare heights have no code of their own.
            7 => 4,
            3 => 2,
            rows => rows,
        };
        // SAFETY: the caller's promise; rows already done are stepped over, and at least `rows` of them are left.
        unsafe {
            match rows {
                8 if ROWS >= 8 => tile::<V, 8, WIDTH>(place),
                6 => tile::<V, 6, WIDTH>(place),
                5 => tile::<V, 5, WIDTH>(place),
                4 => tile::<V, 4, WIDTH>(place),
                2 => tile::<V, 2, WIDTH>(place),
                _ => tile::<V, 1, WIDTH>(place),
            }
            place.lhs.0 = place.lhs.0.add(rows * place.lhs.1);
            place.out.0 = place.out.0.add(rows * place.out.1);
        }
        left -= rows;
    }
}

/// As `tiles`, for a stripe of one register: eight rows at a time, as many sums as hide an addition's latency.
// SAFETY: the caller's promise: the tile's pointers are good for `m` rows.
#[inline(always)]
unsafe fn narrow_tiles<V: Lanes>(m: usize, mut place: Tile<V::T>) {
    let mut left = m;
    while left > 0 {
        let rows = if left >= 8 { 8 } else { 1 << left.ilog2() };
        // SAFETY: as in `tiles`.
        unsafe {
            match rows {
                8 => tile::<V, 8, 1>(place),
                4 => tile::<V, 4, 1>(place),
                2 => tile::<V, 2, 1>(place),
                _ => tile::<V, 1, 1>(place),
            }
            place.lhs.0 = place.lhs.0.add(rows * place.lhs.1);
            place.out.0 = place.out.0.add(rows * place.out.1);
        }
        left -= rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: [[usize; 3]; 7] = [
        [1, 1, 1],
        [7, 9, 5],
        [8, 16, 32],
        [13, 130, 10],
        [6, 300, 47],
        [17, 8, 64],
        [40, 64, 24],
    ];

    /// Compares a kernel with a naive loop on whole numbers, where both are exact.
    fn check<T: num_traits::Float + std::fmt::Debug>(run: impl Fn(Problem<T>)) {
        let number = |i: usize| T::from(i).unwrap();
        for ([m, k, n], order) in CASES
            .into_iter()
            .flat_map(|sizes| (0..4).map(move |order| (sizes, order)))
        {
            let a: Vec<T> = (0..m * k).map(|i| number(i % 7) - number(3)).collect();
            let b: Vec<T> = (0..k * n).map(|i| number(i % 5) - number(2)).collect();
            let row: Vec<T> = (0..n).map(number).collect();
            let (lhs_rows, lhs_columns) = if order & 1 == 0 { (k, 1) } else { (1, m) };
            let (rhs_rows, rhs_columns) = if order & 2 == 0 { (n, 1) } else { (1, k) };
            for start in [Start::Zero, Start::Row(row.as_ptr()), Start::Result] {
                // The number behind the end shows whether a kernel writes too far.
                let mut out = vec![number(100); m * n + 1];
                run(Problem {
                    sizes: [m, k, n],
                    lhs: (a.as_ptr(), lhs_rows, lhs_columns),
                    rhs: (b.as_ptr(), rhs_rows, rhs_columns),
                    out: (out.as_mut_ptr(), n),
                    start,
                });
                assert_eq!(
                    out.pop(),
                    Some(number(100)),
                    "[{m}, {k}, {n}], order {order}"
                );
                for (place, &found) in out.iter().enumerate() {
                    let (i, j) = (place / n, place % n);
                    let first = match start {
                        Start::Zero => number(0),
                        Start::Result => number(100),
                        Start::Row(_) => row[j],
                    };
                    let product =
                        |l| a[i * lhs_rows + l * lhs_columns] * b[l * rhs_rows + j * rhs_columns];
                    let expected = (0..k).fold(first, |sum, l| sum + product(l));
                    assert_eq!(
                        found, expected,
                        "[{m}, {k}, {n}], order {order}, {start:?}, at {i}, {j}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_kernel_of_this_processor_agrees_with_a_naive_loop() {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the instructions are there; `check` makes matrices of the sizes and steps that it names.
            check(|problem| unsafe { avx2_f32(problem) });
            // SAFETY: see above.
            check(|problem| unsafe { avx2_f64(problem) });
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: see above.
            check(|problem| unsafe { avx512_f32(problem) });
            // SAFETY: see above.
            check(|problem| unsafe { avx512_f64(problem) });
        }
    }

    /// The tiles of AVX-512 on processors that lack it: as many rows, in narrower registers.
    #[test]
    fn high_tiles_agree_too() {
        #[target_feature(enable = "avx2,fma")]
        // SAFETY: the caller's promise, as `Gemm` words it.
        unsafe fn high(problem: Problem<f32>) {
            // SAFETY: as above.
            unsafe { product::<__m256, 8>(problem) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the instructions are there; see above for the matrices.
            check(|problem| unsafe { high(problem) });
        }
    }
}
