//! Tiles of a product, whose sums stay in registers, and panels: operands copied so that a tile reads them in order.

use super::lanes::Lanes;
use super::problem::Start;

/// Registers of columns that a tile is wide.
pub(super) const WIDTH: usize = 2;
/// Rows and columns of the largest tile.
pub(super) const MAX_ROWS: usize = 12;
pub(super) const MAX_WIDE: usize = WIDTH * 16;

/// Where a tile reads and writes, and how it begins.
#[derive(Clone, Copy)]
pub(super) struct Tile<T> {
    pub(super) depth: usize,
    pub(super) lhs: (*const T, usize, usize),
    /// Rows of the right-hand side, and the step between them.
    pub(super) rhs: (*const T, usize),
    pub(super) out: (*mut T, usize),
    /// Columns to write; the registers may hold more.
    pub(super) columns: usize,
    pub(super) start: Start<*const T>,
}

/// `M` rows of `W` registers.
// SAFETY: the caller's promise: the tile's pointers are good for `M` rows, and its rows of `rhs` for `W` registers.
#[inline(always)]
pub(super) unsafe fn tile<V: Lanes, const M: usize, const W: usize>(tile: Tile<V::T>) {
    let Tile {
        depth,
        mut lhs,
        mut rhs,
        out,
        columns,
        start,
    } = tile;
    let whole = columns == W * V::COUNT;
    // SAFETY: the caller's promise; where the tile is not whole, `load` and `store` touch `columns` numbers alone.
    unsafe {
        let mut sums = [[V::splat(V::T::default()); W]; M];
        match start {
            Start::Zero => {}
            Start::Row(row) => sums = [load::<V, W>(row, columns, whole); M],
            Start::Result => {
                for i in 0..M {
                    sums[i] = load::<V, W>(out.0.add(i * out.1), columns, whole);
                }
            }
        }
        for _ in 0..depth {
            let mut row = [V::splat(V::T::default()); W];
            for j in 0..W {
                row[j] = V::load(rhs.0.add(j * V::COUNT));
            }
            for i in 0..M {
                let x = V::splat(*lhs.0.add(i * lhs.1));
                for j in 0..W {
                    sums[i][j] = x.mul_add(row[j], sums[i][j]);
                }
            }
            lhs.0 = lhs.0.wrapping_add(lhs.2);
            rhs.0 = rhs.0.wrapping_add(rhs.1);
        }
        for i in 0..M {
            store::<V, W>(sums[i], out.0.add(i * out.1), columns, whole);
        }
    }
}

/// The registers from `from` on; numbers beyond `columns` are zero.
// SAFETY: the caller's promise: `columns` numbers are readable, all registers where `whole`.
#[inline(always)]
unsafe fn load<V: Lanes, const W: usize>(from: *const V::T, columns: usize, whole: bool) -> [V; W] {
    // SAFETY: the caller's promise; past `columns` nothing is read.
    unsafe {
        let mut row = [V::splat(V::T::default()); W];
        for j in 0..W {
            let first = j * V::COUNT;
            if whole || first + V::COUNT <= columns {
                row[j] = V::load(from.add(first));
            } else if first < columns {
                row[j] = V::load_first(from.add(first), columns - first);
            }
        }
        row
    }
}

/// Writes the registers, or the first `columns` numbers of them.
// SAFETY: the caller's promise: `columns` numbers are writable, all registers where `whole`.
#[inline(always)]
unsafe fn store<V: Lanes, const W: usize>(row: [V; W], to: *mut V::T, columns: usize, whole: bool) {
    // SAFETY: the caller's promise; past `columns` nothing is written.
    unsafe {
        for j in 0..W {
            let first = j * V::COUNT;
            if whole || first + V::COUNT <= columns {
                row[j].store(to.add(first));
            } else if first < columns {
                row[j].store_first(to.add(first), columns - first);
            }
        }
    }
}

/// Copies `count` strips of `depth` numbers side by side into a panel of `width` strips, filled up with zeros:
/// `panel[l * width + i] = from[l * along + i * across]`.
///
/// `beyond` more strips follow in the same matrix, and may be read.
// SAFETY: the caller's promise: `from` is readable over that strided extent with the strips beyond, and `panel` has room.
#[inline(always)]
pub(super) unsafe fn pack<V: Lanes>(
    [width, depth]: [usize; 2],
    (from, along, across): (*const V::T, usize, usize),
    [count, beyond]: [usize; 2],
    panel: *mut V::T,
) {
    // SAFETY: all indices stay below `depth`, `width` and the strips that are readable.
    unsafe {
        if count < width {
            (0..depth * width).for_each(|i| *panel.add(i) = V::T::default());
        } else if across == 1 {
            for l in 0..depth {
                panel
                    .add(l * width)
                    .copy_from_nonoverlapping(from.add(l * along), width);
            }
            return;
        }
        let mut strip = 0;
        let mut turned = 0;
        if along == 1 {
            // A block that is wider than its panel runs over into the next step, which is written later.
            let narrow = width < V::BLOCK;
            let deep = (depth - usize::from(narrow)) / V::BLOCK * V::BLOCK;
            while strip < count {
                let last = width.saturating_sub(V::BLOCK);
                let first = strip.min(last);
                if first + V::BLOCK > count + beyond || (first + V::BLOCK > count && !narrow) {
                    break;
                }
                debug_assert!(
                    first + V::BLOCK <= count + beyond,
                    "strips that are not there"
                );
                debug_assert!(
                    deep + usize::from(narrow) <= depth,
                    "no step to run over into"
                );
                for l in (0..deep).step_by(V::BLOCK) {
                    let from = from.add(l + first * across);
                    V::transpose(from, across, panel.add(l * width + first), width);
                }
                strip = (first + V::BLOCK).min(count);
            }
            turned = deep;
        }
        for i in 0..count {
            for l in if i < strip { turned } else { 0 }..depth {
                *panel.add(l * width + i) = *from.add(l * along + i * across);
            }
        }
    }
}
