//! Tiles of a product, whose sums stay in registers, and panels: operands copied so that a tile reads them in order.

use super::lanes::Lanes;
use super::problem::Start;

/// Steps along the inner size that are summed from zero (the first ones from a start's row), before their sum is added
/// to that of the steps before: a chain of roundings no longer than this. Parts of the inner size begin at multiples of
/// it, so that a sum's bits do not depend on how the product is cut.
pub(super) const STRETCH: usize = 256;
/// Rows of the low tiles that the last rows of a product are computed in, where a tile's rows are a multiple of them:
/// their sums are just enough to keep the multiply-adds of wide registers going.
pub(super) const LOW: usize = 4;
/// Registers of columns that a tile is wide.
pub(super) const WIDTH: usize = 2;
/// Rows and columns of the largest tile.
pub(super) const MAX_ROWS: usize = 12;
pub(super) const MAX_WIDE: usize = WIDTH * 16;

/// Where a tile reads and writes, and what its sums are added to.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Tile<T> {
    pub(super) depth: usize,
    pub(super) lhs: (*const T, usize, usize),
    /// Rows of the right-hand side, and the step between them.
    pub(super) rhs: (*const T, usize),
    pub(super) out: (*mut T, usize),
    /// Columns to write; the registers may hold more.
    pub(super) columns: usize,
    pub(super) start: Start<*const T>,
}

impl<T> Tile<T> {
    /// The tile that many rows further down, which need not be there.
    #[inline(always)]
    pub(super) fn below(mut self, rows: usize) -> Self {
        self.lhs.0 = self.lhs.0.wrapping_add(rows * self.lhs.1);
        self.out.0 = self.out.0.wrapping_add(rows * self.out.1);
        self
    }
}

/// `M` rows of `W` registers, over a stretch or part of one, `U` steps between two jumps. A tile of one row that is to
/// `RESUME` goes on with a stretch whose sum so far is in the result.
///
/// # Safety
///
/// `lhs` can be read for `M` rows of `depth` numbers, and `rhs` for `depth` rows of `W` registers. `out` can be read and
/// written for `M` rows of `columns` numbers, no more than `W` registers have, and a start's row be read. The processor
/// has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn tile<
    V: Lanes,
    const M: usize,
    const W: usize,
    const U: usize,
    const RESUME: bool,
>(
    tile: Tile<V::T>,
) {
    let Tile {
        depth,
        mut lhs,
        mut rhs,
        out,
        columns,
        start,
    } = tile;
    let whole = columns == W * V::COUNT;
    // SAFETY: the processor has the instructions, and rows `i < M` of the left-hand side and of the result, registers
    // `j < W` of the right-hand side and a start's row are there: the caller's promise. `load` and `store` touch
    // `columns` numbers of a row, which are all of its registers where it is whole. The operands go on to a next step
    // by `wrapping_add`, since it is not there after the last one.
    unsafe {
        let mut sums = [[V::splat(V::T::default()); W]; M];
        match start {
            Start::Row(row) => sums = [load::<V, W>(row, columns, whole); M],
            Start::Result if RESUME => sums[0] = load::<V, W>(out.0, columns, whole),
            _ => {}
        }
        for _ in 0..depth / U {
            for _ in 0..U {
                step(&mut sums, &mut lhs, &mut rhs);
            }
        }
        for _ in 0..depth % U {
            step(&mut sums, &mut lhs, &mut rhs);
        }
        if !RESUME && matches!(start, Start::Result) {
            for i in 0..M {
                let before = load::<V, W>(out.0.add(i * out.1), columns, whole);
                for j in 0..W {
                    sums[i][j] = before[j].plus(sums[i][j]);
                }
            }
        }
        for i in 0..M {
            store::<V, W>(sums[i], out.0.add(i * out.1), columns, whole);
        }
    }
}

/// One step along the inner size.
///
/// # Safety
///
/// That of `tile` for a `depth` of 1.
#[inline(always)]
unsafe fn step<V: Lanes, const M: usize, const W: usize>(
    sums: &mut [[V; W]; M],
    lhs: &mut (*const V::T, usize, usize),
    rhs: &mut (*const V::T, usize),
) {
    // SAFETY: the caller's promise. The operands go on to a next step by `wrapping_add`, since it is not there after
    // the last one.
    unsafe {
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
}

/// The registers from `from` on; numbers beyond `columns` are zero.
///
/// # Safety
///
/// `columns` numbers can be read, and all `W` registers where `whole`. The processor has the instructions of `V`.
#[inline(always)]
unsafe fn load<V: Lanes, const W: usize>(from: *const V::T, columns: usize, whole: bool) -> [V; W] {
    // SAFETY: the processor has the instructions, and `columns` numbers, or all registers, can be read: the caller's
    // promise. A register is loaded whole if it ends by `columns`; of one that ends later, only the first
    // `columns - first` numbers are, fewer than `V::COUNT`.
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
///
/// # Safety
///
/// `columns` numbers can be written, and all `W` registers where `whole`. The processor has the instructions of `V`.
#[inline(always)]
unsafe fn store<V: Lanes, const W: usize>(row: [V; W], to: *mut V::T, columns: usize, whole: bool) {
    // SAFETY: the processor has the instructions, and `columns` numbers, or all registers, can be written: the caller's
    // promise. A register is stored whole if it ends by `columns`; of one that ends later, only the first
    // `columns - first` numbers are, fewer than `V::COUNT`.
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
///
/// # Safety
///
/// `from` can be read for `count + beyond` strips of `depth` numbers, at least one of each, and `count <= width`. `panel` can
/// be written for `depth * width` numbers, elsewhere in memory. The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn pack<V: Lanes>(
    [width, depth]: [usize; 2],
    (from, along, across): (*const V::T, usize, usize),
    [count, beyond]: [usize; 2],
    panel: *mut V::T,
) {
    // SAFETY: the processor has the instructions, and the strips and the panel are there: the caller's promise. Steps stay
    // below `depth`, a panel's strips below `width`, and strips that are read one by one below `count`. Blocks end by step
    // `deep <= depth` and by strip `count + beyond`. One that is wider than the panel, but no more than twice as wide, runs
    // over into one more step of the panel, which is there because `deep < depth` then.
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
                    deep + usize::from(narrow) <= depth && V::BLOCK <= 2 * width,
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
