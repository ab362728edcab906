//! Products of large matrices: both operands are copied into panels once, for all threads, and tiles of the result are
//! computed from them.
//!
//! An element of the result is one sum, in the order of the inner index, however the product is cut.

use super::lanes::Lanes;

use super::{Gemm, Problem, Start};
use crate::kernel::parallel;
use crate::kernel::scratch::Scratch;
use super::tile::{MAX_ROWS, MAX_WIDE, Tile, WIDTH, pack, tile};

/// Bytes of a row of a panel along the inner index, at most: a panel of the right-hand side and one of the left stay in
/// the first cache.
const DEPTH: usize = 384;
/// Numbers of the left-hand side in a block of tiles: they stay in the second cache.
const BLOCK: usize = 1 << 16;
/// Columns of a block of tiles.
const BLOCK_COLUMNS: usize = 128;
/// Rows and columns that are packed at a time.
const MOST: usize = 3072;
/// Numbers that a part packs.
const PACK: usize = 1 << 14;
/// Multiplications from which a product is worth handing to other threads.
const SPLIT: usize = 1 << 21;

/// Panels of both operands over some of the inner index, and the part of the result that they give.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Panels<T> {
    pub(super) depth: usize,
    pub(super) lhs: *mut T,
    pub(super) rhs: *mut T,
    pub(super) problem: Problem<T>,
}

// SAFETY: numbers may cross threads, and parts write to places of their own.
unsafe impl<T: Send> Sync for Panels<T> {}

fn pieces(size: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = size.div_ceil(most);
    (0..count).map(move |i| (i * size / count, (i + 1) * size / count))
}

/// As `Gemm::product`.
// SAFETY: the caller's promise, as `Gemm` words it.
pub(super) unsafe fn packed<T: Gemm>(problem: Problem<T>) {
    let Problem { sizes: [m, k, n], lhs, rhs, out, start } = problem;
    let threads_pay = m.saturating_mul(k).saturating_mul(n) >= SPLIT;
    let for_parts = |parts, run: &(dyn Fn(usize) + Sync)| {
        if threads_pay {
            parallel::for_parts(parts, run);
        } else {
            (0..parts).for_each(run);
        }
    };
    let [tile_rows, tile_columns] = T::tile();
    let most_depth = k.div_ceil(k.div_ceil(DEPTH));
    let room = |size: usize, tile: usize| size.min(MOST).next_multiple_of(tile) * most_depth;
    let mut left_panels = Scratch::new(room(m, tile_rows));
    let mut right_panels = Scratch::new(room(n, tile_columns));
    let (left_panels, right_panels) = (left_panels.get(), right_panels.get());
    for (column, columns) in pieces(n, MOST) {
        for (first, depth) in pieces(k, DEPTH) {
            for (row, rows) in pieces(m, MOST) {
                let sizes = [rows - row, depth - first, columns - column];
                // SAFETY: ...
                let panels = unsafe {
                    Panels {
                    depth: sizes[1],
                    lhs: left_panels.as_mut_ptr(),
                    rhs: right_panels.as_mut_ptr(),
                    problem: Problem {
                        sizes,
                        lhs: (lhs.0.add(row * lhs.1 + first * lhs.2), lhs.1, lhs.2),
                        rhs: (rhs.0.add(first * rhs.1 + column * rhs.2), rhs.1, rhs.2),
                        out: (out.0.add(row * out.1 + column), out.1),
                        start: match start {
                            _ if first > 0 => Start::Result,
                            Start::Row(row) => Start::Row(row.add(column)),
                            start => start,
                        },
                    },
                }};
                let left = sizes[0].div_ceil(tile_rows);
                let right = sizes[2].div_ceil(tile_columns);
                let old = if row > 0 { right } else { 0 };
                let strips = (PACK / (tile_columns * sizes[1])).max(1);
                let panels = &panels;
                let count = left + right - old;
                for_parts(count.div_ceil(strips), &|part| {
                    for i in part * strips..((part + 1) * strips).min(count) {
                        // SAFETY: ...
                        unsafe {
                        if i < left { T::pack_lhs(panels, i) } else { T::pack_rhs(panels, i - left) }
                        }
                    }
                });
                let grid_rows = left.div_ceil((BLOCK / (tile_rows * sizes[1])).max(1));
                let grid_columns = right.div_ceil(BLOCK_COLUMNS / tile_columns);
                for_parts(grid_rows * grid_columns, &|part| {
                    let (i, j) = (part / grid_columns, part % grid_columns);
                    let range = |i: usize, count: usize, of: usize| (i * of / count)..((i + 1) * of / count);
                    // SAFETY: ...
                    unsafe { T::block(panels, range(i, grid_rows, left), range(j, grid_columns, right)) };
                });
            }
        }
    }
}

#[inline(always)]
pub(super) unsafe fn pack_lhs<V: Lanes, const ROWS: usize>(panels: &Panels<V::T>, i: usize) {
    let [m, depth, _] = panels.problem.sizes;
    let (from, across, along) = panels.problem.lhs;
    let left = m - i * ROWS;
    let count = left.min(ROWS);
    unsafe {
        pack::<V>([ROWS, depth], (from.add(i * ROWS * across), along, across), [count, left - count], panels.lhs.add(i * ROWS * depth));
    }
}

#[inline(always)]
pub(super) unsafe fn pack_rhs<V: Lanes, const ROWS: usize>(panels: &Panels<V::T>, i: usize) {
    let wide = WIDTH * V::COUNT;
    let [_, depth, n] = panels.problem.sizes;
    let (from, along, across) = panels.problem.rhs;
    let left = n - i * wide;
    let count = left.min(wide);
    unsafe {
        pack::<V>([wide, depth], (from.add(i * wide * across), along, across), [count, left - count], panels.rhs.add(i * wide * depth));
    }
}

#[inline(always)]
pub(super) unsafe fn block<V: Lanes, const ROWS: usize>(
    panels: &Panels<V::T>,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) {
    let wide = WIDTH * V::COUNT;
    let depth = panels.depth;
    let Problem { sizes: [m, _, n], out, start, .. } = panels.problem;
    for j in columns {
        let column = j * wide;
        let width = wide.min(n - column);
        for i in rows.clone() {
            let row = i * ROWS;
            let height = ROWS.min(m - row);
            unsafe {
                let to = out.0.add(row * out.1 + column);
                let mut task = Tile {
                    depth,
                    lhs: (panels.lhs.add(row * depth).cast_const(), 1, ROWS),
                    rhs: (panels.rhs.add(column * depth).cast_const(), wide),
                    out: (to, out.1),
                    columns: wide,
                    start: match start { Start::Row(row) => Start::Row(row.add(column)), start => start },
                };
                if width == wide && height == ROWS {
                    for i in 0..ROWS {
                        V::prefetch(to.wrapping_add((ROWS + i) * out.1));
                        V::prefetch(to.wrapping_add((ROWS + i) * out.1 + V::COUNT));
                    }
                    tile::<V, ROWS, WIDTH>(task);
                    continue;
                }
                let mut buffer = [V::T::default(); MAX_ROWS * MAX_WIDE];
                match task.start {
                    Start::Zero => {}
                    Start::Row(row) => (0..height).for_each(|i| buffer.as_mut_ptr().add(i * wide).copy_from_nonoverlapping(row, width)),
                    Start::Result => (0..height).for_each(|i| buffer.as_mut_ptr().add(i * wide).copy_from_nonoverlapping(to.add(i * out.1), width)),
                }
                task.out = (buffer.as_mut_ptr(), wide);
                task.start = Start::Result;
                tile::<V, ROWS, WIDTH>(task);
                (0..height).for_each(|i| to.add(i * out.1).copy_from_nonoverlapping(buffer.as_ptr().add(i * wide), width));
            }
        }
    }
}
