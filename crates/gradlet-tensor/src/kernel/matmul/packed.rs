//! Products of large matrices: both operands are copied into panels, once for all threads, and tiles of the result are
//! computed from them.
//!
//! An element of the result is a sum of stretches along the inner index, in their order, however the product is cut.

use std::ops::Range;

use super::Gemm;
use super::bands::Bands;
use super::beside::Beside;
use super::lanes::Lanes;
use super::problem::Problem;
use super::tile::{LOW, MAX_ROWS, MAX_WIDE, STRETCH, Tile, WIDTH, pack, tile};
use crate::kernel::parallel;
use crate::kernel::scratch::Scratch;
use crate::threads;

/// Bytes of a panel of the right-hand side: it stays in the first cache while tiles of many rows are computed from it.
const PANEL: usize = 1 << 15;
/// Steps that a tile makes between two jumps. One was 4 % slower wherever its loop did not begin at a cache line.
const UNROLL: usize = 4;
/// Numbers of the left-hand side that a block of tiles reads: they stay in the second cache.
pub(super) const BLOCK: usize = 9 << 13;
/// Columns of a block of tiles.
const BLOCK_COLUMNS: usize = 128;
/// Rows and columns that are packed at a time, at most.
const MOST: usize = 3072;
/// Numbers that are packed in one part.
const PACK: usize = 1 << 14;
/// Multiplications from which a product is handed to other threads.
const SPLIT: usize = 1 << 21;

/// A product, and the panels that its operands are packed into.
///
/// It is *valid* as long as its problem is, and there is memory of its own for the panels: as many as cover `m` rows
/// and `n` columns, each as wide as a tile of the kernels that are called, with all `k` steps.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Packed<T> {
    pub(super) problem: Problem<T>,
    /// Panels of as many rows as a tile has, all steps of one after the other.
    pub(super) lhs: *mut T,
    /// The same for columns.
    pub(super) rhs: *mut T,
}

// SAFETY: a shared one hands out addresses alone; reading and writing there is `unsafe`. Threads that do so share the
// operands and packed panels, whose numbers are `Sync`, and write numbers that are `Send` to panels or blocks of their
// own.
unsafe impl<T: Send + Sync> Sync for Packed<T> {}

/// As `Gemm::small`, for any number of rows and columns.
///
/// # Safety
///
/// The problem is valid and has at least one inner step.
pub(super) unsafe fn product<T: Gemm>(whole: &Problem<T>) {
    let [m, k, n] = whole.sizes;
    let depth = steps::<T>(k).map(|steps| steps.len()).max();
    let depth = depth.unwrap_or_default();
    let split = m.saturating_mul(k).saturating_mul(n) >= SPLIT;
    let threads = if split { threads::count() } else { 1 };
    // SAFETY: the problem is valid and has an inner step: the caller's promise. `depth` is the most that `steps` have.
    unsafe {
        match Bands::of(whole.sizes, depth, T::tile(), threads) {
            Some(bands) => bands.product(whole, depth),
            None => shared(whole, depth, split),
        }
    }
}

/// A product whose parts share the panels of both operands.
///
/// # Safety
///
/// The problem is valid, has at least one inner step, and `depth` is the most that `steps` have.
unsafe fn shared<T: Gemm>(whole: &Problem<T>, depth: usize, split: bool) {
    let [m, k, n] = whole.sizes;
    let [rows, columns] = T::tile();
    let room = |size: usize, tile: usize| size.min(MOST).next_multiple_of(tile) * depth;
    let (mut left, mut right) = (Scratch::new(room(m, rows)), Scratch::new(room(n, columns)));
    let (lhs, rhs) = (left.get().as_mut_ptr(), right.get().as_mut_ptr());
    for in_columns in pieces(n, MOST) {
        for steps in steps::<T>(k) {
            for in_rows in pieces(m, MOST) {
                let fresh = in_rows.start == 0;
                // SAFETY: the problem is valid, by the caller's promise, so its parts in these ranges, which are not
                // empty, are. The memory has room for the longest ranges in panels of `T::tile`, and lives as long as
                // this function runs. Panels of the right-hand side still hold these columns and steps where the rows
                // are not the first.
                unsafe {
                    let problem = whole.columns(in_columns.clone()).steps(steps.clone());
                    let problem = problem.rows(in_rows);
                    Packed { problem, lhs, rhs }.run(split, fresh);
                }
            }
        }
    }
}

/// Nearly equal pieces of a range, of at most that size.
fn pieces(size: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let count = size.div_ceil(most);
    (0..count).map(move |i| i * size / count..(i + 1) * size / count)
}

/// Nearly equal pieces of the inner size, which begin at multiples of a stretch; a panel of the right-hand side holds no
/// more.
pub(super) fn steps<T: Gemm>(k: usize) -> impl Iterator<Item = Range<usize>> {
    let deepest = PANEL / (T::tile()[1] * size_of::<T>());
    let whole = move |step: usize| step.next_multiple_of(STRETCH).min(k);
    pieces(k, deepest / STRETCH * STRETCH).map(move |piece| whole(piece.start)..whole(piece.end))
}

impl<T: Gemm> Packed<T> {
    /// Packs the left-hand side, and the right-hand side where it is a `fresh` one; then adds up the product.
    ///
    /// # Safety
    ///
    /// It is valid for tiles of `T::tile`, its panels are not used elsewhere, and the right-hand side is packed unless
    /// `fresh`.
    unsafe fn run(&self, split: bool, fresh: bool) {
        let [m, depth, n] = self.problem.sizes;
        let [rows, columns] = T::tile();
        let (left, right) = (m.div_ceil(rows), n.div_ceil(columns));
        let for_parts = |parts, run: &(dyn Fn(usize) + Sync)| {
            if split {
                parallel::for_parts(parts, run);
            } else {
                (0..parts).for_each(run);
            }
        };
        let down = left.div_ceil((BLOCK / (rows * depth)).max(1));
        let across = right.div_ceil(BLOCK_COLUMNS / columns);
        let panels = left + if fresh { right } else { 0 };
        let some = (PACK / (columns * depth)).max(1);
        for_parts(panels.div_ceil(some), &|part| {
            for i in part * some..((part + 1) * some).min(panels) {
                // SAFETY: it is valid: the caller's promise. The left-hand side has `left` panels of `T::tile`, the
                // right-hand side the rest, and each is one part's own.
                unsafe {
                    if i < left {
                        T::pack_lhs(self, i);
                    } else {
                        T::pack_rhs(self, i - left);
                    }
                }
            }
        });
        for_parts(down * across, &|part| {
            let (i, j) = (part / across, part % across);
            let (rows, columns) = (
                i * left / down..(i + 1) * left / down,
                j * right / across..(j + 1) * right / across,
            );
            // SAFETY: it is valid, and what was not packed just now was before: the caller's promise. The ranges divide
            // the panels, so each block is one part's own.
            unsafe { self.block(T::tile(), T::from_panels, rows, columns) };
        });
    }
}

impl<T: Copy + Default> Packed<T> {
    /// Computes the tiles that these panels give, by a kernel for tiles of this size.
    ///
    /// # Safety
    ///
    /// It is valid for such tiles and has the panels, which are packed and not written to meanwhile. The block is not
    /// used elsewhere. The kernel is safe for tiles from such panels inside the result.
    pub(super) unsafe fn block(
        &self,
        [most, wide]: [usize; 2],
        from_panels: unsafe fn(Tile<T>, usize),
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let [m, depth, n] = self.problem.sizes;
        let (out, step) = self.problem.out;
        let mut beside = Beside::new();
        for column in columns.map(|j| j * wide) {
            for row in rows.clone().map(|i| i * most) {
                let size = [most.min(m - row), wide.min(n - column)];
                let rows = if most.is_multiple_of(LOW) {
                    size[0].next_multiple_of(LOW)
                } else {
                    most
                };
                for first in (0..depth).step_by(STRETCH) {
                    // SAFETY: it is valid and the panels are packed: the caller's promise. Panels begin every `most`
                    // rows and `wide` columns, `depth` numbers for each, and only inside the result; `first < depth` is
                    // one of these steps. A tile that is not all inside is computed beside it, from and to the numbers
                    // that are.
                    unsafe {
                        let (lhs, rhs) =
                            (row * depth + first * most, column * depth + first * wide);
                        let to = (out.add(row * step + column), step);
                        let mut tile = Tile {
                            depth: STRETCH.min(depth - first),
                            lhs: (self.lhs.add(lhs).cast_const(), 1, most),
                            rhs: (self.rhs.add(rhs).cast_const(), wide),
                            out: to,
                            columns: wide,
                            start: self.problem.start.after(first).from(column),
                        };
                        if size == [rows, wide] {
                            from_panels(tile, rows);
                        } else {
                            beside.take(&mut tile, size);
                            from_panels(tile, rows);
                            beside.give(wide, to, size);
                        }
                    }
                }
            }
        }
    }
}

/// Packs panel `i` of the left-hand side.
///
/// # Safety
///
/// That of `Gemm::pack_lhs` for tiles of `ROWS` rows, and the processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn pack_lhs<V: Lanes, const ROWS: usize>(packed: &Packed<V::T>, i: usize) {
    let [m, depth, _] = packed.problem.sizes;
    let (from, across, along) = packed.problem.lhs;
    let left = m - i * ROWS;
    let count = left.min(ROWS);
    // SAFETY: the processor has the instructions, and there is a panel `i`, whose memory is ours: the caller's promise.
    // So row `i * ROWS` is one of the left-hand side, with `left` rows from there on: `count` of them, and the rest.
    unsafe {
        pack::<V>(
            [ROWS, depth],
            (from.add(i * ROWS * across), along, across),
            [count, left - count],
            packed.lhs.add(i * ROWS * depth),
        );
    }
}

/// Packs panel `i` of the right-hand side.
///
/// # Safety
///
/// That of `Gemm::pack_rhs` for tiles of `WIDTH` registers, and the processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn pack_rhs<V: Lanes>(packed: &Packed<V::T>, i: usize) {
    let wide = WIDTH * V::COUNT;
    let [_, depth, n] = packed.problem.sizes;
    let (from, along, across) = packed.problem.rhs;
    let left = n - i * wide;
    let count = left.min(wide);
    // SAFETY: the processor has the instructions, and there is a panel `i`, whose memory is ours: the caller's promise.
    // So column `i * wide` is one of the right-hand side, with `left` columns from there on: `count` of them, and the
    // rest.
    unsafe {
        pack::<V>(
            [wide, depth],
            (from.add(i * wide * across), along, across),
            [count, left - count],
            packed.rhs.add(i * wide * depth),
        );
    }
}

/// A tile from panels, inside the result; only its first `rows` if that is a multiple of `LOW`, as a tile's rows are.
///
/// # Safety
///
/// That of `Gemm::from_panels` for tiles of `ROWS` rows and `WIDTH` registers, and the processor has the instructions of
/// `V`.
#[inline(always)]
pub(super) unsafe fn from_panels<V: Lanes, const ROWS: usize>(place: Tile<V::T>, rows: usize) {
    const { assert!(ROWS <= MAX_ROWS && WIDTH * V::COUNT <= MAX_WIDE) };
    // The steps of panels, as constants.
    let wide = WIDTH * V::COUNT;
    let place = Tile {
        lhs: (place.lhs.0, 1, ROWS),
        rhs: (place.rhs.0, wide),
        columns: wide,
        ..place
    };
    // SAFETY: the caller's promise is that of `tile`, with the processor's instructions; what is fetched in advance,
    // the tile below, need not be there.
    unsafe {
        for i in ROWS..2 * ROWS {
            let below = place.out.0.wrapping_add(i * place.out.1);
            for j in 0..WIDTH {
                V::prefetch(below.wrapping_add(j * V::COUNT));
            }
        }
        if !ROWS.is_multiple_of(LOW) || ROWS == LOW || rows == ROWS {
            tile::<V, ROWS, WIDTH, UNROLL, false>(place);
        } else {
            for i in (0..rows).step_by(LOW) {
                tile::<V, LOW, WIDTH, UNROLL, false>(place.below(i));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::{Order, check};
    use super::*;

    /// No more steps than one panel has, which is what the helper below packs.
    const CASES: [[usize; 3]; 5] = [
        [1, 1, 1],
        [12, 8, 32],
        [13, 17, 33],
        [44, 30, 70],
        [25, 64, 16],
    ];

    /// A product by the kernels of these registers and this many rows.
    ///
    /// # Safety
    ///
    /// The problem is valid, and the processor has the instructions of `V`.
    #[inline(always)]
    unsafe fn by<V: Lanes, const ROWS: usize>(problem: &Problem<V::T>) {
        let [m, k, n] = problem.sizes;
        let (left, right) = (m.div_ceil(ROWS), n.div_ceil(WIDTH * V::COUNT));
        // A number behind the panels shows whether one is packed too far.
        let room = |panels: usize, size: usize| vec![V::T::default(); panels * size * k + 1];
        let (mut lhs, mut rhs) = (room(left, ROWS), room(right, WIDTH * V::COUNT));
        let packed = Packed {
            problem: *problem,
            lhs: lhs.as_mut_ptr(),
            rhs: rhs.as_mut_ptr(),
        };
        // SAFETY: the problem is valid and the processor has the instructions: the caller's promise. There is room for
        // all panels, which are packed before they are read.
        unsafe {
            (0..left).for_each(|i| pack_lhs::<V, ROWS>(&packed, i));
            (0..right).for_each(|i| pack_rhs::<V>(&packed, i));
            let size = [ROWS, WIDTH * V::COUNT];
            packed.block(size, from_panels::<V, ROWS>, 0..left, 0..right);
        }
        let zero = V::T::default();
        assert!(
            lhs.pop() == Some(zero) && rhs.pop() == Some(zero),
            "packed too far"
        );
    }

    #[test]
    fn products_in_arrays_have_the_bits_of_a_loop() {
        // SAFETY: `by` needs a valid problem, and arrays need no instructions.
        unsafe {
            check(&CASES, 0..4, |_| Order::Chains, by::<[f32; 4], 4>);
            check(&CASES, 0..4, |_| Order::Chains, by::<[f64; 2], 4>);
        }
    }

    /// Six rows, and twelve as tiles of AVX-512 have them in wider registers.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn products_in_avx2_have_them_for_either_height_of_tiles() {
        use super::super::order::check_avx2;
        use std::arch::x86_64::{__m256, __m256d};
        check_avx2!(&CASES, 0..4, |_| Order::Chains, by::<__m256, 6> => f32, by::<__m256, 12> => f32);
        check_avx2!(&CASES, 0..4, |_| Order::Chains, by::<__m256d, 6> => f64, by::<__m256d, 12> => f64);
    }

    /// More rows and more columns than are packed at a time, and more steps than a panel has.
    const LARGE: [[usize; 3]; 3] = [[3100, 20, 40], [40, 20, 3112], [37, 1100, 61]];

    #[test]
    fn products_with_shared_panels_have_the_bits_of_a_loop() {
        /// # Safety
        ///
        /// The problem is valid and has at least one inner step.
        unsafe fn split<T: Gemm>(problem: &Problem<T>) {
            let depth = steps::<T>(problem.sizes[1]).map(|steps| steps.len()).max();
            // SAFETY: the problem is valid and has a step: the caller's promise.
            unsafe { shared(problem, depth.unwrap(), true) };
        }
        // SAFETY: `split` needs a valid problem with an inner step.
        unsafe {
            check(&LARGE, 0..1, |_| Order::Chains, split::<f32>);
            check(&LARGE[2..], 3..4, |_| Order::Chains, split::<f64>);
        }
    }

    #[test]
    fn pieces_are_nearly_equal_and_leave_nothing_out() {
        let found: Vec<_> = pieces(10, 4).collect();
        assert_eq!(found, [0..3, 3..6, 6..10]);
        assert!(pieces(4, 4).eq(std::iter::once(0..4)));
    }
}
