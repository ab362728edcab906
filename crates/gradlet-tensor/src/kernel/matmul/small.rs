//! Products of small or thin matrices: sums stay in registers, and an operand is copied only where its rows are not
//! contiguous.

use std::mem::MaybeUninit;

use super::lanes::Lanes;
use super::problem::Problem;
use super::tile::{Tile, WIDTH, pack, tile};

/// Multiplications up to which a product is small.
const SMALL: usize = 1 << 21;
/// Rows, steps along the inner size and columns up to which a product is thin: copying operands costs too much beside it.
const THIN: [usize; 3] = [32, 8, 16];
/// Steps that a product of one row takes at a time, so that the right-hand side is read nearly in the order of memory.
const SHALLOW: usize = 8;
/// Numbers in the right-hand side from which that order matters.
const LARGE: usize = 1 << 14;
/// Numbers of a panel of the right-hand side, which decides how many steps go through registers in one go.
const PANEL: usize = 1 << 12;

/// Whether a product is best done here.
pub(super) fn pays<T>(problem: &Problem<T>) -> bool {
    let [m, k, n] = problem.sizes;
    m.saturating_mul(k).saturating_mul(n) <= SMALL
        || problem
            .sizes
            .iter()
            .zip(THIN)
            .any(|(&size, thin)| size <= thin)
}

/// A product with tiles of up to `ROWS` rows.
// SAFETY: the caller's promise, as `Gemm` and `Lanes` word it.
#[inline(always)]
pub(super) unsafe fn small<V: Lanes, const ROWS: usize>(problem: &Problem<V::T>) {
    let [m, k, n] = problem.sizes;
    let ordered = problem.rhs.2 == 1;
    // SAFETY: the caller's promise; the rows are of the problem, and 8 steps of 8 registers are no more than a panel.
    unsafe {
        if ordered && m == 1 && k.saturating_mul(n) > LARGE {
            stripes::<V, 1, 8>(problem, SHALLOW);
        } else if ordered && k < 3 {
            // One row of the result after the other, for it is all that is written or read.
            for row in 0..m {
                stripes::<V, 1, 8>(&problem.rows(row..row + 1), SHALLOW);
            }
        } else {
            stripes::<V, ROWS, WIDTH>(problem, PANEL / (WIDTH * V::COUNT));
        }
    }
}

/// A product in stripes of `W` registers, `step` steps along the inner size at a time.
// SAFETY: the caller's promise, as `Gemm` and `Lanes` word it, and `step * W * V::COUNT <= PANEL`.
#[inline(always)]
unsafe fn stripes<V: Lanes, const ROWS: usize, const W: usize>(
    problem: &Problem<V::T>,
    step: usize,
) {
    let &Problem {
        sizes: [m, k, n],
        lhs,
        rhs,
        out,
        start,
    } = problem;
    let wide = W * V::COUNT;
    let mut panel = MaybeUninit::<[V::T; PANEL]>::uninit();
    let panel = panel.as_mut_ptr().cast::<V::T>();
    for first in (0..k).step_by(step) {
        let depth = step.min(k - first);
        for column in (0..n).step_by(wide) {
            let columns = wide.min(n - column);
            // SAFETY: rows from `first` and columns from `column` on are inside the operands and the result, whose
            // extents the caller promises; a panel holds `depth <= step` rows of `wide` numbers.
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
                    start: start.after(first).from(column),
                };
                if columns > V::COUNT {
                    tiles::<V, ROWS, W>(m, place);
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
unsafe fn tiles<V: Lanes, const ROWS: usize, const W: usize>(m: usize, mut place: Tile<V::T>) {
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
                8 if ROWS >= 8 => tile::<V, 8, W>(place),
                6 if ROWS >= 6 => tile::<V, 6, W>(place),
                5 if ROWS >= 5 => tile::<V, 5, W>(place),
                4 if ROWS >= 4 => tile::<V, 4, W>(place),
                2 => tile::<V, 2, W>(place),
                _ => tile::<V, 1, W>(place),
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
    use super::super::product::tests::check;
    use super::*;

    const CASES: [[usize; 3]; 10] = [
        [1, 1, 1],
        [7, 9, 5],
        [8, 16, 32],
        [13, 130, 10],
        [6, 520, 47],
        [17, 8, 64],
        [40, 64, 24],
        [1, 130, 150],
        [3, 2, 150],
        [9, 1, 70],
    ];

    #[test]
    fn products_in_arrays_agree_with_a_naive_loop() {
        // SAFETY: of these and all below: `check` makes matrices of the sizes and steps that it names.
        check(&CASES, 0..4, |problem| unsafe {
            small::<[f32; 4], 4>(problem);
        });
        // SAFETY: see above.
        check(&CASES, 0..4, |problem| unsafe {
            small::<[f64; 2], 4>(problem);
        });
    }

    /// Tiles of AVX-512 are as many rows in wider registers.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn high_tiles_agree_too() {
        use std::arch::x86_64::{__m256, __m256d};
        #[target_feature(enable = "avx2,fma")]
        // SAFETY: the caller's promise, as `Gemm` words it.
        unsafe fn high(problem: &Problem<f32>) {
            // SAFETY: as above.
            unsafe { small::<__m256, 8>(problem) };
        }
        #[target_feature(enable = "avx2,fma")]
        // SAFETY: the caller's promise, as `Gemm` words it.
        unsafe fn high_f64(problem: &Problem<f64>) {
            // SAFETY: as above.
            unsafe { small::<__m256d, 8>(problem) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the instructions are there; see above for the matrices.
            check(&CASES, 0..4, |problem| unsafe { high(problem) });
            // SAFETY: see above.
            check(&CASES, 0..4, |problem| unsafe { high_f64(problem) });
        }
    }
}
