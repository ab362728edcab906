//! Selecting indices of an axis: one, a range, every n-th of a range.

use std::ops::{Bound, RangeBounds};

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// A view of `length` indices of one axis, from `start` on; a negative `start` counts from the end.
    ///
    /// # Shape
    ///
    /// `narrow(1, start, length)`: `[a, n, b] -> [a, length, b]`
    ///
    /// # Errors
    ///
    /// If the axis or the range of indices is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0, 4.0];
    /// assert_eq!(x.narrow(0, -3, 2)?.to_vec(), [2.0, 3.0]);
    /// let mut part = x.narrow(0, 1, 2)?;
    /// assert_eq!(part.to_vec(), [2.0, 3.0]);
    /// part.map_in_place(|x| -x); // copied first, since x shares them
    /// assert_eq!((part.to_vec(), x.to_vec()), (vec![-2.0, -3.0], vec![1.0, 2.0, 3.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.narrow`
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: impl TryInto<i64>, length: usize) -> Result<Self> {
        let start = self.shape().index_for("narrow", axis, number(start))?;
        Ok(self.view(self.layout().narrow(axis, start, length)?))
    }

    /// A view of one index of an axis, without that axis; a negative index counts from the end.
    ///
    /// # Shape
    ///
    /// `select(1, index)`: `[a, n, b] -> [a, b]`
    ///
    /// # Errors
    ///
    /// If the axis or the index is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.select(0, 1)?.to_vec(), [3.0, 4.0]); // a row
    /// assert_eq!(x.select(-1, -1)?.to_vec(), [2.0, 4.0]); // the last column
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.select`
    #[track_caller]
    pub fn select(&self, axis: isize, index: impl TryInto<i64>) -> Result<Self> {
        let index = self.shape().within_for("select", axis, number(index))?;
        let axis = self.shape().axis_for("select", axis)?;
        Ok(self.view(self.layout().remove(axis, index)))
    }

    /// Every `step`-th index of an axis within a range: a view. Bounds are as in Python: negative ones count from the
    /// end, and those beyond the axis count as its ends. A negative step begins with the last index of the range and goes
    /// back to the first; the result is then a copy.
    ///
    /// Clippy denies the literal `1..-1`, which it takes for an empty range (`reversed_empty_ranges`); with a name for the
    /// end, it does not.
    ///
    /// # Shape
    ///
    /// `slice(1, 2..-1, 3)`: `[a, n, b] -> [a, ceil((n - 3) / 3), b]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the step is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![0.0, 1.0, 2.0, 3.0, 4.0];
    /// let last = -1;
    /// assert_eq!(x.slice(0, 1..last, 1)?.to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(x.slice(0, .., 2)?.to_vec(), [0.0, 2.0, 4.0]);
    /// assert_eq!(x.slice(0, -2..100, 1)?.to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.slice(0, 1..4, -2)?.to_vec(), [3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.ndarray`'s slices for a positive step, the slices of Rust's `ndarray` for a negative one
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl RangeBounds<isize>, step: isize) -> Result<Self> {
        let (start, length) = self.shape().span(axis, range)?;
        let taken = self.view(self.layout().slice(axis, start, length, step)?);
        if step < 0 {
            taken.flip(axis)
        } else {
            Ok(taken)
        }
    }
}

/// An index as a signed number; one that is too large stays out of range.
#[inline]
pub(crate) fn number(index: impl TryInto<i64>) -> i64 {
    index.try_into().unwrap_or(i64::MAX)
}

impl Shape {
    /// The index of an axis, counted from the start; a negative `index` counts from the end.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the index is outside `-size..size`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let shape = Shape::from([2, 5]);
    /// assert_eq!((shape.index(1, 3)?, shape.index(1, -1)?), (3, 4));
    /// assert!(shape.index(1, 5).is_err() && shape.index(1, -6).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn index(&self, axis: isize, index: impl TryInto<i64>) -> Result<usize> {
        self.within_for("index", axis, number(index))
    }

    /// As `index`; the message begins with `op`.
    #[track_caller]
    pub(crate) fn within_for(&self, op: &'static str, axis: isize, index: i64) -> Result<usize> {
        let place = self.index_for(op, axis, index)?;
        let axis = self.axis_for(op, axis)?;
        if place < self[axis] {
            return Ok(place);
        }
        Err(self.no_index(op, axis, index))
    }

    /// As `within_for`, but an index behind the last is returned as it is.
    #[track_caller]
    fn index_for(&self, op: &'static str, axis: isize, index: i64) -> Result<usize> {
        let axis = self.axis_for(op, axis)?;
        let place = match usize::try_from(index) {
            Ok(place) => Some(place),
            Err(_) => self[axis].checked_sub(index.unsigned_abs() as usize),
        };
        match place {
            Some(place) => Ok(place),
            None => Err(self.no_index(op, axis, index)),
        }
    }

    #[track_caller]
    fn no_index(&self, op: &'static str, axis: usize, index: i64) -> Error {
        Error::new(ErrorKind::IndexOutOfRange {
            op,
            index,
            axis,
            size: self[axis],
            shape: *self,
        })
    }

    /// The first index and the number of indices that a range covers along an axis: negative bounds count from the end,
    /// and bounds beyond the axis count as its ends.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([2, 5]).span(1, 1..-1)?, (1, 3));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn span(&self, axis: isize, range: impl RangeBounds<isize>) -> Result<(usize, usize)> {
        let size = self[self.axis_for("slice", axis)?];
        let place = |bound: isize, behind: usize| {
            let place = match usize::try_from(bound) {
                Ok(bound) => bound.saturating_add(behind),
                // If an index is before the start, the place after it is too, or is the start.
                Err(_) => size
                    .saturating_add(behind)
                    .saturating_sub(bound.unsigned_abs()),
            };
            place.min(size)
        };
        let start = match range.start_bound() {
            Bound::Included(&start) => place(start, 0),
            Bound::Excluded(&start) => place(start, 1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&end) => place(end, 1),
            Bound::Excluded(&end) => place(end, 0),
            Bound::Unbounded => size,
        };
        Ok((start, end.saturating_sub(start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(n: usize) -> Result<Tensor<i64>> {
        Tensor::from_fn(n, |i| i as i64)
    }

    #[test]
    fn one_index_counts_from_either_end() -> Result<()> {
        let x = counted(12)?.reshape([3, 4])?;
        assert_eq!(x.select(1, -4)?.to_vec(), [0, 4, 8]);
        assert_eq!(x.select(-2, 2usize)?, x.select(0, -1i8)?);
        assert_eq!(x.narrow(1, -3, 2)?, x.narrow(1, 1, 2)?);
        assert_eq!(x.narrow(0, 3, 0)?.shape(), [0, 4]);
        assert_eq!((x.at(&[-1, 0])?, x.at(&[0usize, 3])?), (8, 3));
        for error in [
            x.select(0, -4).map(drop),
            x.select(0, 3).map(drop),
            x.select(0, u64::MAX).map(drop),
            x.narrow(0, i64::MIN, 1).map(drop),
            x.at(&[0, -5]).map(drop),
            x.at(&[3, 0]).map(drop),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::IndexOutOfRange { .. }),
                "{error}"
            );
        }
        assert!(x.narrow(0, -1, 2).is_err() && x.narrow(0, usize::MAX, 2).is_err());
        Ok(())
    }

    #[test]
    fn bounds_count_from_the_end_and_clamp_as_in_python() -> Result<()> {
        let x = counted(5)?;
        assert_eq!(x.slice(0, -3..-1, 1)?.to_vec(), [2, 3]);
        assert_eq!(x.slice(0, -100..2, 1)?.to_vec(), [0, 1]);
        assert_eq!(x.slice(0, -1..1, 1)?.len(), 0);
        assert_eq!(x.slice(0, 5.., 1)?.len(), 0);
        assert_eq!(
            x.slice(0, isize::MIN..isize::MAX, 1)?.to_vec(),
            [0, 1, 2, 3, 4]
        );
        assert_eq!(x.slice(0, ..=-1, 1)?.to_vec(), [0, 1, 2, 3, 4]);
        assert_eq!(x.slice(0, ..=-5, 1)?.to_vec(), [0]);
        assert_eq!(x.slice(0, ..=-6, 1)?.len(), 0);
        assert_eq!(x.slice(0, 1..=isize::MAX, 1)?.to_vec(), [1, 2, 3, 4]);
        Ok(())
    }

    #[test]
    fn steps_skip_and_stay_views() -> Result<()> {
        let x = counted(24)?.reshape([4, 6])?;
        let y = x.slice(1, 1.., 2)?.slice(0, .., 3)?;
        assert_eq!(y.to_vec(), [1, 3, 5, 19, 21, 23]);
        assert_eq!(y.storage().as_ptr(), x.storage().as_ptr());
        assert_eq!(y.t()?.slice(0, .., 2)?.to_vec(), [1, 19, 5, 23]);
        assert_eq!(y.reshape(6)?.to_vec(), y.to_vec());
        assert_eq!(x.slice(1, 4.., isize::MAX)?.to_vec(), [4, 10, 16, 22]);
        assert_eq!(x.slice(0, 4.., 2)?.shape(), [0, 6]);
        assert!(matches!(
            x.slice(0, .., 0).unwrap_err().kind(),
            ErrorKind::OutOfRange { .. }
        ));
        assert!(x.slice(2, .., 1).is_err());
        Ok(())
    }

    #[test]
    fn negative_steps_go_back_from_the_last_index() -> Result<()> {
        let x = counted(12)?.reshape([2, 6])?;
        assert_eq!(x.slice(0, .., -1)?, x.flip(0)?);
        assert_eq!(x.slice(1, .., -2)?.to_vec(), [5, 3, 1, 11, 9, 7]);
        assert_eq!(x.slice(1, ..5, -2)?.to_vec(), [4, 2, 0, 10, 8, 6]);
        assert_eq!(x.slice(-1, -5..-1, -3)?.to_vec(), [4, 1, 10, 7]);
        assert_eq!(x.t()?.slice(0, 3.., -4)?.to_vec(), [5, 11]);
        assert_eq!(x.slice(1, ..4, isize::MIN)?.to_vec(), [3, 9]);
        assert_eq!(x.slice(1, 6.., -1)?.shape(), [2, 0]);
        Ok(())
    }
}
