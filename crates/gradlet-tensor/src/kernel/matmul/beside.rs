//! Tiles at the edge of a packed product: they are computed beside the result, from and to the numbers that are inside.

use super::problem::Start;
use super::tile::{MAX_ROWS, MAX_WIDE, Tile};

/// Memory for a tile of which only some rows and columns are inside the result.
pub(super) struct Beside<T> {
    tile: [T; MAX_ROWS * MAX_WIDE],
    /// A start's row for it.
    first: [T; MAX_WIDE],
}

impl<T: Copy + Default> Beside<T> {
    pub(super) fn new() -> Self {
        Self {
            tile: [T::default(); MAX_ROWS * MAX_WIDE],
            first: [T::default(); MAX_WIDE],
        }
    }

    /// Lets the tile write here and start from here, and copies what is there of its result or its start's row.
    ///
    /// # Safety
    ///
    /// That many rows and columns of the result, and columns of a start's row, can be read; a tile has no more.
    pub(super) unsafe fn take(&mut self, tile: &mut Tile<T>, size: [usize; 2]) {
        let here = (self.tile.as_mut_ptr(), tile.columns);
        // SAFETY: those rows and columns can be read: the caller's promise. Here is memory of its own for all of them.
        unsafe {
            match tile.start {
                Start::Zero => {}
                Start::Row(row) => {
                    let first = self.first.as_mut_ptr();
                    first.copy_from_nonoverlapping(row, size[1]);
                    tile.start = Start::Row(first);
                }
                Start::Result => copy(tile.out, here, size),
            }
        }
        tile.out = here;
    }

    /// Copies that many rows and columns of what the tile has written here to its place in the result.
    ///
    /// # Safety
    ///
    /// They can be written there; a tile has no more, and `columns` in all.
    pub(super) unsafe fn give(&mut self, columns: usize, to: (*mut T, usize), size: [usize; 2]) {
        // SAFETY: those rows and columns can be written: the caller's promise. Here is memory of its own with all of
        // them.
        unsafe { copy((self.tile.as_mut_ptr(), columns), to, size) };
    }
}

/// Copies rows that are a step apart.
///
/// # Safety
///
/// That many rows and columns can be read in `from` and written in `to`, elsewhere in memory.
unsafe fn copy<T: Copy>(from: (*mut T, usize), to: (*mut T, usize), [rows, columns]: [usize; 2]) {
    for i in 0..rows {
        // SAFETY: row `i` can be read and written there, and the two do not overlap: the caller's promise.
        unsafe {
            let row = to.0.add(i * to.1);
            row.copy_from_nonoverlapping(from.0.add(i * from.1), columns);
        }
    }
}
