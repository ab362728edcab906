//! [`Bands`]: products that are cut so that no part reads what another one packs.
//!
//! Panels that threads share are written by one and read by all, so most of their lines come from another processor's
//! cache, and all threads wait until the last panel is there. Where an operand is small, each thread packs all of it
//! for itself instead.

use super::Gemm;
use super::packed::{BLOCK, Packed, steps};
use super::problem::Problem;
use crate::kernel::parallel;
use crate::kernel::scratch::Scratch;

/// Multiplications that take as long as one number that is packed.
const PACKING: usize = 16;

/// How many bands of rows or of columns a product is cut into, and how many rows or columns a tile has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bands {
    parts: usize,
    of_rows: bool,
    tile: usize,
}

impl Bands {
    /// A band for each thread, if the panels of a band's rows stay in the second cache.
    pub(super) fn of(
        [m, _, n]: [usize; 3],
        depth: usize,
        [rows, columns]: [usize; 2],
        threads: usize,
    ) -> Option<Self> {
        let (high, wide) = (m.div_ceil(rows), n.div_ceil(columns));
        // The rows and columns of the last band, which is the largest, for either way to cut. Its last tile may be low,
        // but not narrow.
        let of_rows = [
            high.div_ceil(threads) * rows - (high * rows - m),
            wide * columns,
        ];
        let of_columns = [m, wide.div_ceil(threads) * columns];
        let fits = |band: [usize; 2]| band[0].next_multiple_of(rows) * depth <= BLOCK;
        let time = |[m, n]: [usize; 2]| m * n + PACKING * (m + n);
        if fits(of_columns) && time(of_columns) <= time(of_rows) {
            Some(Self {
                parts: threads.min(wide),
                of_rows: false,
                tile: columns,
            })
        } else if fits(of_rows) {
            Some(Self {
                parts: threads.min(high),
                of_rows: true,
                tile: rows,
            })
        } else {
            None
        }
    }

    /// As `Gemm::small`, for any number of rows and columns.
    ///
    /// # Safety
    ///
    /// The problem is valid and has at least one inner step. There is a band for no more threads than tiles in that
    /// direction, and `depth` is the most that `steps` have.
    pub(super) unsafe fn product<T: Gemm>(self, whole: &Problem<T>, depth: usize) {
        let [m, _, n] = whole.sizes;
        let size = if self.of_rows { m } else { n };
        let tiles = size.div_ceil(self.tile);
        parallel::for_parts(self.parts, |part| {
            let [first, last] = [part, part + 1].map(|part| part * tiles / self.parts * self.tile);
            let range = first..last.min(size);
            // SAFETY: the problem is valid: the caller's promise. So is its part of these rows or columns, at least one
            // since there are no more parts than tiles, and which no other part has.
            unsafe {
                let part = if self.of_rows {
                    whole.rows(range)
                } else {
                    whole.columns(range)
                };
                band(&part, depth);
            }
        });
    }
}

/// A product from panels of its own: a panel of columns is read as soon as it is packed, while it is in the first cache,
/// and its memory is used for the next.
///
/// # Safety
///
/// The problem is valid and has at least one inner step, and `depth` is the most that `steps` have.
unsafe fn band<T: Gemm>(whole: &Problem<T>, depth: usize) {
    let [m, k, n] = whole.sizes;
    let [rows, columns] = T::tile();
    let high = m.div_ceil(rows);
    let mut memory = Scratch::new((high * rows + columns) * depth);
    let (lhs, rhs) = memory.get().split_at_mut(high * rows * depth);
    let (lhs, rhs) = (lhs.as_mut_ptr(), rhs.as_mut_ptr());
    for steps in steps::<T>(k) {
        // SAFETY: the problem is valid: the caller's promise. So are its parts of these steps, and of the columns of a
        // panel, which are not empty. The memory, which lives as long as this function runs, has room for the panels of
        // all rows and for one panel of columns, `depth` steps of each, no fewer than these are. They are packed before
        // they are read.
        unsafe {
            let problem = whole.steps(steps);
            (0..high).for_each(|i| T::pack_lhs(&Packed { problem, lhs, rhs }, i));
            for first in (0..n).step_by(columns) {
                let problem = problem.columns(first..n.min(first + columns));
                let packed = Packed { problem, lhs, rhs };
                T::pack_rhs(&packed, 0);
                packed.block(T::tile(), T::from_panels, 0..high, 0..1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::order::{Order, check};
    use super::*;

    /// Rows and columns that fill no tile, more steps than a panel has, fewer columns than threads have tiles.
    const CASES: [[usize; 3]; 3] = [[128, 130, 129], [37, 1100, 61], [50, 9, 20]];

    fn depth<T: Gemm>(k: usize) -> usize {
        steps::<T>(k).map(|steps| steps.len()).max().unwrap()
    }

    /// # Safety
    ///
    /// The problem is valid and has at least one inner step.
    unsafe fn by<T: Gemm, const OF_ROWS: bool>(problem: &Problem<T>) {
        let [m, k, n] = problem.sizes;
        let [rows, columns] = T::tile();
        let (size, tile) = if OF_ROWS { (m, rows) } else { (n, columns) };
        let bands = Bands {
            parts: size.div_ceil(tile).min(3),
            of_rows: OF_ROWS,
            tile,
        };
        // SAFETY: the problem is valid: the caller's promise. There are no more bands than tiles.
        unsafe { bands.product(problem, depth::<T>(k)) };
    }

    #[test]
    fn bands_of_rows_and_of_columns_have_the_bits_of_a_loop() {
        // SAFETY: `by` needs a valid problem with an inner step.
        unsafe {
            check(&CASES, 0..4, |_| Order::Chains, by::<f32, true>);
            check(&CASES, 0..4, |_| Order::Chains, by::<f32, false>);
            check(&CASES[..1], 0..1, |_| Order::Chains, by::<f64, true>);
            check(&CASES[..1], 0..1, |_| Order::Chains, by::<f64, false>);
        }
    }

    #[test]
    fn a_product_is_cut_so_that_its_largest_band_is_small() {
        let cut = |sizes, threads| {
            let bands = Bands::of(sizes, sizes[1].min(256), [12, 32], threads);
            bands.map(|bands| (bands.parts, bands.of_rows))
        };
        // Few rows: bands of columns. Few columns: bands of rows.
        assert_eq!(cut([64, 256, 512], 2), Some((2, false)));
        assert_eq!(cut([784, 128, 64], 2), Some((2, true)));
        // Half of 25 tiles of columns is more than half of the product.
        assert_eq!(cut([512, 128, 784], 2), Some((2, true)));
        // A tile is not divided.
        assert_eq!(cut([24, 256, 40], 8), Some((2, false)));
        // More rows than a cache holds, but not their half.
        assert_eq!(cut([512, 512, 512], 1), None);
        assert_eq!(cut([512, 512, 512], 2), Some((2, true)));
    }
}
