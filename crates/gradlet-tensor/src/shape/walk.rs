//! Walking over strided tensors: [`Nest`] merges axes and steps over rows, [`Elements`] over single elements.

use std::array::from_fn;
use std::ops::Range;

use crate::element::Element;
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::Layout;
use crate::shape::{MAX_RANK, Shape};

/// The loops over `K` operands of the same shape, with axes merged where all operands allow it.
///
/// The innermost loop is a row; the loops around it are counted as one loop over rows.
pub(crate) struct Nest<const K: usize> {
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides: [[usize; K]; MAX_RANK],
    offsets: [usize; K],
}

impl<const K: usize> Nest<K> {
    /// The loops over operands with these layouts, which must have been broadcast to `shape`.
    pub(crate) fn new(shape: &Shape, layouts: [&Layout; K]) -> Self {
        let mut nest = Self {
            rank: 0,
            sizes: [1; MAX_RANK],
            strides: [[0; K]; MAX_RANK],
            offsets: layouts.map(|layout| layout.offset),
        };
        for (axis, &size) in shape.iter().enumerate().filter(|&(_, &size)| size != 1) {
            let strides = layouts.map(|layout| layout.strides()[axis]);
            let last = nest.rank.wrapping_sub(1);
            let merges = nest.rank > 0
                && (0..K).all(|k| nest.strides[last][k] == strides[k].wrapping_mul(size));
            let slot = if merges { last } else { nest.rank };
            nest.sizes[slot] = if merges {
                nest.sizes[slot] * size
            } else {
                size
            };
            nest.strides[slot] = strides;
            nest.rank = slot + 1;
        }
        nest.rank = nest.rank.max(1);
        nest
    }

    /// The number of elements of a row, and each operand's step along it.
    pub(crate) fn row(&self) -> (usize, [usize; K]) {
        (self.sizes[self.rank - 1], self.strides[self.rank - 1])
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.sizes[..self.rank - 1].iter().product()
    }

    /// Calls `run` with the place in each operand where a piece of a row begins, and with that piece of the row-major
    /// result; on several threads if that is faster.
    pub(crate) fn for_pieces<T: Send>(
        &self,
        out: &mut [T],
        run: impl Fn([usize; K], &mut [T]) + Sync,
    ) {
        if out.is_empty() {
            return;
        }
        let (length, steps) = self.row();
        if out.len() == length {
            for_chunks(out, PART, |start, out| {
                let place = |k| after(self.offsets[k], start, steps[k]);
                run(from_fn(place), out);
            });
            return;
        }
        let rows = PART.div_ceil(length);
        for_chunks(out, rows * length, |start, out| {
            let rows = start / length..(start + out.len()) / length;
            let mut out = out.chunks_exact_mut(length);
            self.for_rows(rows, |places| {
                let Some(out) = out.next() else { return };
                run(places, out);
            });
        });
    }

    /// Calls `visit` with the place of each operand's first element, for each row of the range in order.
    #[inline(always)]
    pub(crate) fn for_rows(&self, rows: Range<usize>, mut visit: impl FnMut([usize; K])) {
        let outer = self.rank - 1;
        let mut index = [0; MAX_RANK];
        let mut places = self.offsets;
        let mut left = rows.start;
        for axis in (0..outer).rev() {
            index[axis] = left % self.sizes[axis];
            left /= self.sizes[axis];
            for k in 0..K {
                places[k] = after(places[k], index[axis], self.strides[axis][k]);
            }
        }
        for _ in rows {
            visit(places);
            for axis in (0..outer).rev() {
                index[axis] += 1;
                for k in 0..K {
                    places[k] = places[k].wrapping_add(self.strides[axis][k]);
                }
                if index[axis] < self.sizes[axis] {
                    break;
                }
                for k in 0..K {
                    let back = index[axis].wrapping_mul(self.strides[axis][k]);
                    places[k] = places[k].wrapping_sub(back);
                }
                index[axis] = 0;
            }
        }
    }
}

/// The place `steps` strides after this one; a stride may lead back, as [`Layout::turned`] has it.
#[inline(always)]
fn after(place: usize, steps: usize, stride: usize) -> usize {
    place.wrapping_add(steps.wrapping_mul(stride))
}

/// Writes the elements that `layout` picks from `storage` to `out`, in row-major order. Axes may be turned.
pub(crate) fn copy<T: Element>(storage: &[T], layout: &Layout, out: &mut [T]) {
    // The other sizes of an empty shape may be too large to multiply.
    if layout.shape.numel() == 0 {
        return;
    }
    let nest = Nest::new(&layout.shape, [layout]);
    let (_, [stride]) = nest.row();
    let stride = stride as isize;
    nest.for_pieces(out, |[place], row| match stride {
        1 => row.copy_from_slice(&storage[place..place + row.len()]),
        0 => row.fill(storage[place]),
        2.. => write(row, storage[place..].iter().step_by(stride as usize)),
        -1 => write(row, storage[..=place].iter().rev()),
        _ => {
            let back = stride.unsigned_abs();
            write(row, storage[..=place].iter().rev().step_by(back));
        }
    });
}

#[inline(always)]
fn write<'a, T: Element>(row: &mut [T], from: impl Iterator<Item = &'a T>) {
    row.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
}

/// The elements of a tensor in row-major order.
pub(crate) struct Elements<'a, T> {
    storage: &'a [T],
    layout: &'a Layout,
    index: [usize; MAX_RANK],
    place: usize,
    left: usize,
}

impl<'a, T: Element> Elements<'a, T> {
    pub(crate) fn new(storage: &'a [T], layout: &'a Layout) -> Self {
        Self {
            storage,
            layout,
            index: [0; MAX_RANK],
            place: layout.offset,
            left: layout.shape.numel(),
        }
    }
}

impl<T: Element> Iterator for Elements<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let value = self.storage[self.place];
        if self.layout.contiguous {
            self.place += 1;
            return Some(value);
        }
        let (sizes, strides) = (&self.layout.shape, self.layout.strides());
        for axis in (0..sizes.len()).rev() {
            self.index[axis] += 1;
            self.place += strides[axis];
            if self.index[axis] < sizes[axis] {
                break;
            }
            self.place -= sizes[axis] * strides[axis];
            self.index[axis] = 0;
        }
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Element> ExactSizeIterator for Elements<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;

    #[test]
    fn contiguous_operands_merge_into_one_row() {
        let layout = Layout::contiguous(Shape::from([2, 3, 4]));
        let nest = Nest::new(&layout.shape, [&layout, &layout]);
        assert_eq!((nest.rows(), nest.row()), (1, (24, [1, 1])));
    }

    #[test]
    fn a_broadcast_operand_keeps_its_rows_apart() -> Result<()> {
        let shape = Shape::from([2, 3]);
        let full = Layout::contiguous(shape);
        let row = Layout::contiguous(Shape::from(3)).broadcast_to(shape)?;
        let nest = Nest::new(&shape, [&full, &row]);
        assert_eq!((nest.rows(), nest.row()), (2, (3, [1, 1])));
        let mut places = Vec::new();
        nest.for_rows(0..2, |place| places.push(place));
        assert_eq!(places, [[0, 0], [3, 0]]);
        Ok(())
    }

    #[test]
    fn rows_can_start_anywhere() -> Result<()> {
        let layout = Layout::contiguous(Shape::from([4, 3, 5])).permute(&[2, 1, 0])?;
        let nest = Nest::new(&layout.shape, [&layout]);
        let mut all = Vec::new();
        nest.for_rows(0..nest.rows(), |place| all.push(place));
        for start in 0..all.len() {
            let mut tail = Vec::new();
            nest.for_rows(start..all.len(), |place| tail.push(place));
            assert_eq!(tail, all[start..]);
        }
        Ok(())
    }

    #[test]
    fn copies_and_elements_agree_on_strided_views() -> Result<()> {
        let storage: Vec<i64> = (0..60).collect();
        let base = Layout::contiguous(Shape::from([3, 4, 5]));
        let views = [
            base,
            base.permute(&[2, 0, 1])?,
            base.narrow(1, 1, 2)?.transpose(0, 2)?,
            base.narrow(0, 2, 1)?
                .remove(0, 0)
                .narrow(1, 3, 1)?
                .broadcast_to(Shape::from([2, 4, 3]))?,
            base.narrow(2, 5, 0)?,
        ];
        for layout in views {
            let mut out = vec![0; layout.shape.numel()];
            copy(&storage, &layout, &mut out);
            assert_eq!(out, Elements::new(&storage, &layout).collect::<Vec<_>>());
        }
        let mut out = [0; 2];
        copy(
            &storage,
            &base
                .permute(&[2, 0, 1])?
                .narrow(0, 1, 1)?
                .narrow(1, 1, 1)?
                .narrow(2, 1, 2)?,
            &mut out,
        );
        assert_eq!(out, [26, 31]);
        Ok(())
    }
}
