//! Products of small or thin matrices: sums stay in registers, and an operand is copied only where its rows are not
//! contiguous.

use std::mem::MaybeUninit;

use super::lanes::Lanes;
use super::problem::{Problem, Start};
use super::tile::{STRETCH, Tile, WIDTH, pack, tile};

/// Multiplications up to which a product is small.
const SMALL: usize = 1 << 21;
/// Rows, steps along the inner size and columns up to which a product is thin: copying operands costs too much beside
/// it.
const THIN: [usize; 3] = [32, 8, 16];
/// Steps that a product of one row takes at a time, so that the right-hand side is read nearly in the order of memory.
const SHALLOW: usize = 8;
/// Numbers in the right-hand side from which that order matters.
const LARGE: usize = 1 << 14;
/// Columns that a product of one row sums beside the result, to add them to it after a stretch.
const BAND: usize = 1 << 10;
/// Rows from which it pays to copy a right-hand side whose rows are a multiple of `APART` bytes apart.
const CROWDED: usize = 32;
const APART: usize = 512;
/// Numbers of a panel of the right-hand side: those of a stretch.
const PANEL: usize = 1 << 13;

/// Whether a product is best computed in this way.
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
///
/// # Safety
///
/// The problem is valid, and the processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn small<V: Lanes, const ROWS: usize>(problem: &Problem<V::T>) {
    let [m, k, n] = problem.sizes;
    let ordered = problem.rhs.2 == 1;
    // SAFETY: the problem is valid and the processor has the instructions: the caller's promise. Each `row < m` is one
    // of its rows.
    unsafe {
        const { assert!(SHALLOW * 8 * V::COUNT <= PANEL && STRETCH * WIDTH * V::COUNT <= PANEL) };
        if ordered && m == 1 && k.saturating_mul(n) > LARGE {
            row::<V>(problem);
        } else if ordered && k < 3 {
            // One row of the result after the other, for it is all that is written or read.
            for row in 0..m {
                stripes::<V, 1, 8, false>(&problem.rows(row..row + 1), SHALLOW);
            }
        } else {
            stripes::<V, ROWS, WIDTH, false>(problem, STRETCH);
        }
    }
}

/// A product of one row, whose columns are summed beside the result, few steps at a time, and added to it after a
/// stretch.
///
/// # Safety
///
/// The problem is valid and has one row, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn row<V: Lanes>(problem: &Problem<V::T>) {
    let [_, k, n] = problem.sizes;
    let mut sums = MaybeUninit::<[V::T; BAND]>::uninit();
    let sums = sums.as_mut_ptr().cast::<V::T>();
    for first in (0..k).step_by(STRETCH) {
        for column in (0..n).step_by(BAND) {
            let count = BAND.min(n - column);
            // SAFETY: the problem is valid and the processor has the instructions: the caller's promise. `first < k`
            // and `column < n`, so these are steps and columns of the problem; the part is valid with the sums, memory
            // of our own for `count <= BAND` numbers, as its result. They are written before they are read. The result
            // and a start's row have `count` numbers from there on.
            unsafe {
                let part = problem.steps(first..k.min(first + STRETCH));
                let part = part.columns(column..column + count);
                let more = matches!(part.start, Start::Result);
                let beside = Problem {
                    out: (sums, BAND),
                    start: if more { Start::Zero } else { part.start },
                    ..part
                };
                stripes::<V, 1, 8, true>(&beside, SHALLOW);
                for j in 0..count {
                    let (to, sum) = (part.out.0.add(j), *sums.add(j));
                    *to = if more { *to + sum } else { sum };
                }
            }
        }
    }
}

/// A product in stripes of `W` registers, `step` steps along the inner size at a time: a stretch, or, where they are to
/// `RESUME`, part of the only one.
///
/// # Safety
///
/// The problem is valid, `step * W * V::COUNT <= PANEL`, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn stripes<V: Lanes, const ROWS: usize, const W: usize, const RESUME: bool>(
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
    // Rows that far apart lie in a few of the first cache's sets; a copy of them pays where many rows are multiplied.
    let crowded = m >= CROWDED && (rhs.1 * size_of::<V::T>()).is_multiple_of(APART);
    let mut panel = MaybeUninit::<[V::T; PANEL]>::uninit();
    let panel = panel.as_mut_ptr().cast::<V::T>();
    for first in (0..k).step_by(step) {
        let depth = step.min(k - first);
        for column in (0..n).step_by(wide) {
            let columns = wide.min(n - column);
            // SAFETY: the problem is valid and the processor has the instructions: the caller's promise. `first < k`
            // and `column < n` with `depth` steps and `columns` columns from there are inside the operands and the
            // result. A panel holds `depth <= step` rows of `wide` numbers, and `pack` writes them all before they are
            // read; rows of the right-hand side are read in place where they are `wide`. A narrow stripe fits one
            // register.
            unsafe {
                let source = rhs.0.add(first * rhs.1 + column * rhs.2);
                let rows = if rhs.2 == 1 && columns == wide && !crowded {
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
                    tiles::<V, ROWS, W, RESUME>(m, place);
                } else if RESUME {
                    tile::<V, 1, 1, 1, true>(place);
                } else {
                    narrow_tiles::<V>(m, place);
                }
            }
        }
    }
}

/// All rows of a stripe of columns, in tiles of nearly equal height: a low tile leaves the processor waiting.
///
/// # Safety
///
/// That of `tile`, for `m` rows and `W` registers.
#[inline(always)]
unsafe fn tiles<V: Lanes, const ROWS: usize, const W: usize, const RESUME: bool>(
    m: usize,
    mut place: Tile<V::T>,
) {
    let mut left = m;
    while left > 0 {
        let rows = match left.div_ceil(left.div_ceil(ROWS)) {
            // Rare heights have no code of their own.
            7 => 4,
            3 => 2,
            rows => rows,
        };
        // SAFETY: the caller promises `m` rows, of which `left` are still to do, and no tile has more than `rows <=
        // left`.
        unsafe {
            match rows {
                8 if ROWS >= 8 => tile::<V, 8, W, 1, RESUME>(place),
                6 if ROWS >= 6 => tile::<V, 6, W, 1, RESUME>(place),
                5 if ROWS >= 5 => tile::<V, 5, W, 1, RESUME>(place),
                4 if ROWS >= 4 => tile::<V, 4, W, 1, RESUME>(place),
                2 => tile::<V, 2, W, 1, RESUME>(place),
                _ => tile::<V, 1, W, 1, RESUME>(place),
            }
        }
        place = place.below(rows);
        left -= rows;
    }
}

/// As `tiles`, for a stripe of one register: eight rows at a time, as many sums as hide an addition's latency.
///
/// # Safety
///
/// That of `tile`, for `m` rows and one register.
#[inline(always)]
unsafe fn narrow_tiles<V: Lanes>(m: usize, mut place: Tile<V::T>) {
    let mut left = m;
    while left > 0 {
        let rows = if left >= 8 { 8 } else { 1 << left.ilog2() };
        // SAFETY: the caller promises `m` rows, of which `left` are still to do, and no tile has more than `rows <=
        // left`.
        unsafe {
            match rows {
                8 => tile::<V, 8, 1, 1, false>(place),
                4 => tile::<V, 4, 1, 1, false>(place),
                2 => tile::<V, 2, 1, 1, false>(place),
                _ => tile::<V, 1, 1, 1, false>(place),
            }
        }
        place = place.below(rows);
        left -= rows;
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::{Order, check};
    use super::*;

    /// In the last two, rows of the right-hand side are copied because of how far they are apart.
    const CASES: [[usize; 3]; 12] = [
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
        [33, 70, 128],
        [32, 70, 256],
    ];

    #[test]
    fn products_in_arrays_have_the_bits_of_a_loop() {
        // SAFETY: `small` needs a valid problem, and arrays need no instructions.
        unsafe {
            check(&CASES, 0..4, |_| Order::Chains, small::<[f32; 4], 4>);
            check(&CASES, 0..4, |_| Order::Chains, small::<[f64; 2], 4>);
        }
    }

    /// Tiles of AVX-512 are as many rows in wider registers.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn high_tiles_have_them_too() {
        use super::super::order::check_avx2;
        use std::arch::x86_64::{__m256, __m256d};
        check_avx2!(&CASES, 0..4, |_| Order::Chains, small::<__m256, 8> => f32, small::<__m256d, 8> => f64);
    }
}
