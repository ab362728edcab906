//! [`Layout`]: where in the storage each element of a tensor is.

use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::shape::{MAX_RANK, Shape};

/// Shape, strides (in elements) and the place of the first element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) shape: Shape,
    strides: [usize; MAX_RANK],
    pub(crate) offset: usize,
    /// Whether the elements follow each other in row-major order, without gaps.
    pub(crate) contiguous: bool,
}

impl Layout {
    #[inline]
    pub(crate) fn contiguous(shape: Shape) -> Self {
        let mut strides = [0; MAX_RANK];
        let mut stride = 1usize;
        for axis in (0..shape.rank()).rev() {
            strides[axis] = stride;
            stride = stride.saturating_mul(shape[axis]);
        }
        Self {
            shape,
            strides,
            offset: 0,
            contiguous: true,
        }
    }

    fn new(shape: Shape, strides: [usize; MAX_RANK], offset: usize) -> Self {
        let mut layout = Self {
            shape,
            strides,
            offset,
            contiguous: false,
        };
        layout.contiguous = layout.is_row_major();
        layout
    }

    /// Whether sizes and strides say that the elements follow each other in row-major order.
    fn is_row_major(&self) -> bool {
        let (mut follow, mut len) = (true, 1usize);
        for (&size, &stride) in self.shape.iter().zip(self.strides()).rev() {
            follow &= size == 1 || stride == len;
            // Only empty shapes can have sizes beyond memory.
            len = len.saturating_mul(size);
        }
        follow || len == 0
    }

    #[inline]
    pub(crate) fn strides(&self) -> &[usize] {
        &self.strides[..self.shape.rank()]
    }

    /// Whether the elements fill a range of the storage without gaps or repeats, in any order of axes.
    pub(crate) fn is_dense(&self) -> bool {
        if self.contiguous {
            return true;
        }
        let mut axes: [(usize, usize); MAX_RANK] = [(0, 1); MAX_RANK];
        let rank = self.shape.rank();
        for (axis, slot) in axes[..rank].iter_mut().enumerate() {
            *slot = (self.strides[axis], self.shape[axis]);
        }
        let axes = &mut axes[..rank];
        axes.sort_unstable();
        let mut expected = 1;
        axes.iter()
            .filter(|(_, size)| *size != 1)
            .all(|&(stride, size)| {
                let fits = stride == expected;
                expected *= size;
                fits
            })
    }

    pub(crate) fn same_order(&self, other: &Self) -> bool {
        self.shape == other.shape && self.strides() == other.strides()
    }

    pub(crate) fn at_start(&self) -> Self {
        Self { offset: 0, ..*self }
    }

    #[track_caller]
    pub(crate) fn permute(&self, axes: &[isize]) -> Result<Self> {
        let rank = self.shape.rank();
        if axes.len() != rank {
            let expected = "one entry for each axis";
            return Err(Error::new(ErrorKind::Rank {
                op: "permute",
                expected,
                shape: self.shape,
            }));
        }
        let (mut shape, mut strides, mut seen) = (self.shape, self.strides, [false; MAX_RANK]);
        for (to, &axis) in axes.iter().enumerate() {
            let from = self.shape.axis_for("permute", axis)?;
            if std::mem::replace(&mut seen[from], true) {
                return Err(Error::new(ErrorKind::AxisRepeated {
                    op: "permute",
                    axis: from,
                    shape: self.shape,
                }));
            }
            shape[to] = self.shape[from];
            strides[to] = self.strides[from];
        }
        Ok(Self::new(shape, strides, self.offset))
    }

    #[track_caller]
    pub(crate) fn transpose(&self, a: isize, b: isize) -> Result<Self> {
        let (a, b) = (
            self.shape.axis_or_scalar_for("transpose", a)?,
            self.shape.axis_or_scalar_for("transpose", b)?,
        );
        if self.shape.rank() == 0 {
            return Ok(*self);
        }
        let mut turned = *self;
        turned.shape.swap(a, b);
        turned.strides.swap(a, b);
        turned.contiguous = turned.is_row_major();
        Ok(turned)
    }

    #[track_caller]
    pub(crate) fn narrow(&self, axis: isize, start: usize, length: usize) -> Result<Self> {
        let axis = self.shape.axis_for("narrow", axis)?;
        let size = self.shape[axis];
        if start.checked_add(length).is_none_or(|end| end > size) {
            let shape = self.shape;
            return Err(Error::new(ErrorKind::RangeOutOfRange {
                op: "narrow",
                start,
                length,
                axis,
                size,
                shape,
            }));
        }
        let mut shape = self.shape;
        shape[axis] = length;
        let offset = if shape.numel() == 0 {
            self.offset
        } else {
            self.offset + start * self.strides[axis]
        };
        Ok(Self::new(shape, self.strides, offset))
    }

    /// The layout of every `step`-th of `length` indices of an axis, from `start` on. For a negative step, which begins
    /// with the last of them, the indices that it takes, in ascending order.
    #[track_caller]
    pub(crate) fn slice(
        &self,
        axis: isize,
        start: usize,
        length: usize,
        step: isize,
    ) -> Result<Self> {
        if step == 0 {
            let name = "the step";
            return Err(out_of_range(
                "slice",
                name,
                "other than 0",
                0,
                String::new(),
            ));
        }
        let distance = step.unsigned_abs();
        // Whole steps lead from the first index that is taken to the last of the range.
        let skipped = if step < 0 {
            length.saturating_sub(1) % distance
        } else {
            0
        };
        let part = self.narrow(axis, start + skipped, length - skipped)?;
        Ok(part.every(self.shape.axis_for("slice", axis)?, distance))
    }

    /// The layout of every `step`-th index of an axis, from the first on; `step` is at least 1.
    pub(crate) fn every(&self, axis: usize, step: usize) -> Self {
        let (mut shape, mut strides) = (self.shape, self.strides);
        let size = shape[axis].div_ceil(step);
        shape[axis] = size;
        if size > 1 {
            strides[axis] = strides[axis].saturating_mul(step);
        }
        Self::new(shape, strides, self.offset)
    }

    /// The layout that goes through the chosen axes from their ends. Their strides lead back, as numbers that wrap, so
    /// only [`copy`](crate::shape::walk::copy) may read by it.
    pub(crate) fn turned(&self, axes: &[bool; MAX_RANK]) -> Self {
        let mut turned = *self;
        if self.shape.numel() == 0 {
            return turned;
        }
        for axis in (0..self.shape.rank()).filter(|&axis| axes[axis] && self.shape[axis] > 1) {
            turned.offset += (self.shape[axis] - 1) * self.strides[axis];
            turned.strides[axis] = self.strides[axis].wrapping_neg();
            turned.contiguous = false;
        }
        turned
    }

    /// The layout of a diagonal of two different axes, as a last axis in place of the two: it begins at index `down` of
    /// the first and `right` of the second.
    #[track_caller]
    pub(crate) fn diagonal(&self, [a, b]: [usize; 2], [down, right]: [usize; 2]) -> Result<Self> {
        let left = |axis: usize, start| self.shape[axis].saturating_sub(start);
        let length = left(a, down).min(left(b, right));
        let (mut shape, mut strides) = (self.shape, self.strides);
        for axis in [a.max(b), a.min(b)] {
            shape.remove(axis);
            strides.copy_within(axis + 1.., axis);
        }
        strides[shape.rank()] = self.strides[a] + self.strides[b];
        shape.push(length)?;
        let offset = if shape.numel() == 0 {
            self.offset
        } else {
            self.offset + down * self.strides[a] + right * self.strides[b]
        };
        Ok(Self::new(shape, strides, offset))
    }

    /// The layout of windows of `size` indices of an axis, `step` apart; the places in a window are a new last axis. The
    /// axis must have `size` indices, and `step` is at least 1.
    #[track_caller]
    pub(crate) fn windows(&self, axis: usize, size: usize, step: usize) -> Result<Self> {
        let (mut shape, mut strides) = (self.shape, self.strides);
        shape[axis] = ((shape[axis] - size) / step).saturating_add(1);
        shape.push(size)?;
        strides[shape.rank() - 1] = strides[axis];
        if shape[axis] > 1 {
            strides[axis] = strides[axis].saturating_mul(step);
        }
        Ok(Self::new(shape, strides, self.offset))
    }

    /// The layout of one index of an axis, without that axis. The index must be within the axis.
    pub(crate) fn remove(&self, axis: usize, index: usize) -> Self {
        let (mut shape, mut strides) = (self.shape, self.strides);
        shape.remove(axis);
        strides.copy_within(axis + 1.., axis);
        let offset = if shape.numel() == 0 {
            self.offset
        } else {
            self.offset + index * self.strides[axis]
        };
        Self::new(shape, strides, offset)
    }

    #[track_caller]
    pub(crate) fn insert(&self, axis: usize) -> Result<Self> {
        let (mut shape, mut strides) = (self.shape, self.strides);
        shape.insert(axis, 1)?;
        strides.copy_within(axis..MAX_RANK - 1, axis + 1);
        strides[axis] = 1;
        Ok(Self::new(shape, strides, self.offset))
    }

    #[track_caller]
    pub(crate) fn broadcast_to(&self, target: Shape) -> Result<Self> {
        let mismatch = |axis| ErrorKind::Broadcast {
            op: "broadcast_to",
            lhs: self.shape,
            rhs: target,
            axis,
        };
        let Some(shift) = target.rank().checked_sub(self.shape.rank()) else {
            return Err(Error::new(mismatch(0)));
        };
        let mut strides = [0; MAX_RANK];
        for axis in shift..target.rank() {
            let (from, to) = (self.shape[axis - shift], target[axis]);
            if from == to {
                strides[axis] = self.strides[axis - shift];
            } else if from != 1 {
                return Err(Error::new(mismatch(axis)));
            }
        }
        Ok(Self::new(target, strides, self.offset))
    }

    /// The axes along which elements repeat in both layouts, which have the same shape; `None` if there are none.
    pub(crate) fn repeats_with(&self, other: &Self) -> Option<[bool; MAX_RANK]> {
        let mut repeats = [false; MAX_RANK];
        for (axis, repeats) in repeats[..self.shape.rank()].iter_mut().enumerate() {
            let strides = [self.strides[axis], other.strides[axis]];
            *repeats = self.shape[axis] > 1 && strides == [0, 0];
        }
        repeats.contains(&true).then_some(repeats)
    }

    /// The layout of only the first index along each chosen axis.
    pub(crate) fn once(&self, axes: &[bool; MAX_RANK]) -> Self {
        let mut shape = self.shape;
        for (size, _) in shape.iter_mut().zip(axes).filter(|(_, once)| **once) {
            *size = 1;
        }
        Self::new(shape, self.strides, self.offset)
    }

    /// A different shape for elements that are contiguous.
    pub(crate) fn row_major(&self, target: Shape) -> Self {
        Self {
            offset: self.offset,
            ..Self::contiguous(target)
        }
    }

    /// The layout of the same elements in a different shape; `None` if the strides would need a copy.
    pub(crate) fn reshape(&self, target: Shape) -> Option<Self> {
        if self.contiguous {
            return Some(self.row_major(target));
        }
        let mut strides = [1; MAX_RANK];
        let (from, to) = (&self.shape, &target);
        let (mut i, mut j) = (0, 0);
        while i < from.len() || j < to.len() {
            // The shortest groups of axes on both sides that have equal numbers of elements.
            let (first, start) = (i, j);
            let (mut left, mut right) = (1, 1);
            while (left != right || left == 1) && (i < from.len() || j < to.len()) {
                if i < from.len() && (left <= right || j == to.len()) {
                    left *= from[i];
                    i += 1;
                } else {
                    right *= to[j];
                    j += 1;
                }
            }
            let group = || (first..i).filter(|&axis| from[axis] != 1);
            if group()
                .zip(group().skip(1))
                .any(|(a, b)| self.strides[a] != from[b] * self.strides[b])
            {
                return None;
            }
            let mut stride = group().next_back().map_or(1, |axis| self.strides[axis]);
            for axis in (start..j).rev() {
                strides[axis] = stride;
                stride *= to[axis];
            }
        }
        Some(Self::new(target, strides, self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguity_ignores_axes_of_size_one() -> Result<()> {
        let layout = Layout::contiguous(Shape::from([2, 1, 3]));
        assert!(layout.transpose(0, 1)?.contiguous);
        assert!(!layout.transpose(0, 2)?.contiguous);
        assert!(layout.transpose(0, 2)?.is_dense());
        assert!(!layout.broadcast_to(Shape::from([2, 4, 3]))?.is_dense());
        assert!(!layout.narrow(2, 0, 2)?.is_dense());
        let empty = Layout::contiguous(Shape::from([0, usize::MAX, 2]));
        assert!(empty.narrow(0, 0, 0)?.contiguous);
        Ok(())
    }

    #[test]
    fn reshape_splits_and_merges_strided_axes_or_refuses() -> Result<()> {
        let layout = Layout::contiguous(Shape::from([4, 6])).narrow(1, 0, 4)?;
        let strides = |sizes: [usize; 3]| {
            let reshaped = layout.reshape(Shape::from(sizes));
            reshaped.map(|layout| layout.strides().to_vec())
        };
        assert_eq!(strides([2, 2, 4]), Some(vec![12, 6, 1]));
        assert_eq!(strides([4, 2, 2]), Some(vec![6, 2, 1]));
        assert!(layout.reshape(Shape::from([16])).is_none());
        let transposed = Layout::contiguous(Shape::from([2, 3])).transpose(0, 1)?;
        assert!(transposed.reshape(Shape::from([6])).is_none());
        assert_eq!(
            transposed
                .reshape(Shape::from([3, 1, 2]))
                .map(|l| l.strides().len()),
            Some(3)
        );
        Ok(())
    }
}
