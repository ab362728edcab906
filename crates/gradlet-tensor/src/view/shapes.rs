//! The shapes of views: the results of merging, splitting, dropping and repeating the axes of a shape.

use std::ops::{Bound, RangeBounds};

use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Axes, Shape};

impl Shape {
    /// As [`axis`](Self::axis), but a scalar counts as one element along an axis 0.
    ///
    /// # Errors
    ///
    /// If the axis is outside `-rank..rank`, or outside `-1..1` for a scalar.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::SCALAR.axis_or_scalar(-1)?, 0);
    /// assert_eq!(Shape::from([2, 3]).axis_or_scalar(-1)?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn axis_or_scalar(&self, axis: isize) -> Result<usize> {
        self.axis_or_scalar_for("axis", axis)
    }

    /// The shape without those of the given axes whose size is 1.
    ///
    /// # Shape
    ///
    /// `squeezed([0, 1])`: `[1, 3, 1] -> [3, 1]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([1, 3, 1]).squeezed([0, 1])?, [3, 1]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn squeezed(&self, axes: impl Axes) -> Result<Self> {
        let chosen = axes.select("squeeze", self)?;
        let mut shape = Self::SCALAR;
        for (&size, chosen) in self.iter().zip(chosen) {
            if size != 1 || !chosen {
                shape.push(size)?;
            }
        }
        Ok(shape)
    }

    /// The shape with the axes of a range merged into one; `[1]` for a scalar.
    ///
    /// Negative bounds count from the end.
    ///
    /// # Shape
    ///
    /// `flattened(1..=2)`: `[n, c, h, w] -> [n, c * h, w]`; `[] -> [1]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or the range is empty.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([8, 3, 4, 4]).flattened(1..)?, [8, 48]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn flattened(&self, axes: impl RangeBounds<isize>) -> Result<Self> {
        let op = "flatten";
        let from = self.vector_if_scalar();
        let first = match axes.start_bound() {
            Bound::Included(&axis) => from.axis_for(op, axis)?,
            Bound::Excluded(&axis) => from.axis_for(op, axis)? + 1,
            Bound::Unbounded => 0,
        };
        let end = match axes.end_bound() {
            Bound::Included(&axis) => from.axis_for(op, axis)? + 1,
            Bound::Excluded(&axis) if axis == from.rank() as isize => from.rank(),
            Bound::Excluded(&axis) => from.axis_for(op, axis)?,
            Bound::Unbounded => from.rank(),
        };
        if first >= end {
            return Err(Error::new(ErrorKind::OutOfRange {
                op,
                name: "the first axis",
                expected: "before the end of the range",
                value: first as f64,
                remedy: format!("; the range ends before axis {end} of shape {self}"),
            }));
        }
        let mut shape = Self::new(&from[..first])?;
        shape.push(Self::new(&from[first..end])?.numel())?;
        for &size in &from[end..] {
            shape.push(size)?;
        }
        Ok(shape)
    }

    /// The shape with an axis split into several axes of the given sizes.
    ///
    /// # Shape
    ///
    /// `unflattened(1, &[3, 4])`: `[n, 12] -> [n, 3, 4]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the product of the sizes is not the size of the axis, or there are no sizes, or
    /// the result would have more than eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([8, 12]).unflattened(-1, &[3, 4])?, Shape::from([8, 3, 4]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn unflattened(&self, axis: isize, sizes: &[usize]) -> Result<Self> {
        let axis = self.axis_for("unflatten", axis)?;
        let split = Self::new(sizes)?;
        let size = self[axis];
        if split.rank() == 0 || split.numel() != size {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "unflatten",
                name: "the product of the sizes",
                expected: "the size of the axis",
                value: split.numel() as f64,
                remedy: format!("; sizes {split}, axis {axis} of shape {self}"),
            }));
        }
        let mut shape = Self::new(&self[..axis])?;
        for &size in sizes.iter().chain(&self[axis + 1..]) {
            shape.push(size)?;
        }
        Ok(shape)
    }

    /// The shape with new sizes for axes of size 1, and new axes in front; -1 keeps a size.
    ///
    /// # Shape
    ///
    /// `expanded(&[-1, 3])`: `[n, 1] -> [n, 3]`; `expanded(&[4, -1, -1])`: `[n, m] -> [4, n, m]`
    ///
    /// # Errors
    ///
    /// If there are fewer sizes than axes, or a size changes an axis whose size is not 1, or a size is below -1, or a
    /// new axis has size -1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([2, 1]).expanded(&[4, -1, 3])?, Shape::from([4, 2, 3]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn expanded(&self, sizes: &[isize]) -> Result<Self> {
        let new = sizes.len().saturating_sub(self.rank());
        let mut shape = Self::SCALAR;
        for (i, &size) in sizes.iter().enumerate() {
            let old = i.checked_sub(new).and_then(|axis| self.get(axis));
            let size = match (usize::try_from(size), old) {
                (Ok(size), _) => size,
                (Err(_), Some(&old)) if size == -1 => old,
                _ => {
                    return Err(Error::new(ErrorKind::OutOfRange {
                        op: "expand",
                        name: "a size",
                        expected: "at least 0, or -1 for an axis that exists",
                        value: size as f64,
                        remedy: format!("; sizes {sizes:?} for shape {self}"),
                    }));
                }
            };
            shape.push(size)?;
        }
        if sizes.len() < self.rank() {
            return Err(Error::new(ErrorKind::Rank {
                op: "expand",
                expected: "no more axes than sizes",
                shape: *self,
            }));
        }
        if Self::broadcast_for("expand", self, &shape)? != shape {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op: "expand",
                expected: shape,
                found: *self,
            }));
        }
        Ok(shape)
    }

    /// The shapes that a tensor of this shape and its indices broadcast to in
    /// [`Tensor::take_along`](crate::Tensor::take_along): they agree in all axes but the given one.
    ///
    /// # Shape
    ///
    /// axis 1: `[a, n, 1], [1, m, b] -> [a, n, b], [a, m, b]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the numbers of axes differ, or the sizes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let [x, indices] = Shape::from([2, 5]).along(1, Shape::from([1, 3]))?;
    /// assert_eq!((x, indices), (Shape::from([2, 5]), Shape::from([2, 3])));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn along(&self, axis: isize, indices: Self) -> Result<[Self; 2]> {
        let at = self.axis_or_scalar_for("take_along", axis)?;
        if self.rank() != indices.rank() {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op: "take_along",
                expected: *self,
                found: indices,
            }));
        }
        let once = |mut shape: Self| {
            shape.iter_mut().skip(at).take(1).for_each(|size| *size = 1);
            shape
        };
        let all = Self::broadcast_for("take_along", &once(*self), &once(indices))?;
        Ok([*self, indices].map(|from| {
            let mut shape = all;
            let size = from.get(at).copied();
            shape
                .iter_mut()
                .skip(at)
                .take(1)
                .zip(size)
                .for_each(|(to, size)| *to = size);
            shape
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn zeros(shape: &[usize]) -> Result<Tensor> {
        Tensor::zeros(shape)
    }

    #[test]
    fn squeezing_drops_only_chosen_axes_of_size_one() -> Result<()> {
        let x = zeros(&[5, 1, 4, 1])?;
        assert_eq!(x.squeeze([1, -1])?.shape(), [5, 4]);
        assert_eq!(x.squeeze([0, 1])?.shape(), [5, 4, 1]);
        assert_eq!(x.squeeze([])?.shape(), [5, 1, 4, 1]);
        assert_eq!(x.squeeze(..)?.shape(), [5, 4]);
        assert_eq!(zeros(&[0, 1])?.squeeze(..)?.shape(), [0]);
        assert_eq!(zeros(&[])?.squeeze([-1])?.shape(), [0; 0]);
        assert!(matches!(
            x.squeeze([1, -3]).unwrap_err().kind(),
            ErrorKind::AxisRepeated { axis: 1, .. }
        ));
        assert!(x.squeeze([4]).is_err());
        Ok(())
    }

    #[test]
    fn axes_merge_and_split() -> Result<()> {
        let x = Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])?;
        assert_eq!(x.flatten(0..=1)?.shape(), [6, 4]);
        assert_eq!(x.flatten(-2..)?.shape(), [2, 12]);
        assert_eq!(x.flatten(1..=1)?.shape(), [2, 3, 4]);
        assert_eq!(
            x.transpose(0, 1)?.flatten(0..=1)?.narrow(0, 1, 1)?.to_vec(),
            [12.0, 13.0, 14.0, 15.0]
        );
        assert_eq!(zeros(&[])?.flatten(0..)?.shape(), [1]);
        assert_eq!(x.unflatten(-1, &[2, 1, 2])?.shape(), [2, 3, 2, 1, 2]);
        assert_eq!(zeros(&[3, 0])?.unflatten(1, &[0, 5])?.shape(), [3, 0, 5]);
        Ok(())
    }

    #[test]
    fn wrong_splits_and_merges_are_errors() -> Result<()> {
        let x = zeros(&[2, 3, 4])?;
        for error in [
            x.flatten((Bound::Included(2), Bound::Included(1))),
            x.unflatten(1, &[2, 2]),
            x.unflatten(1, &[usize::MAX, 3]),
            zeros(&[0, 6])?.unflatten(1, &[4, 2]),
            zeros(&[1])?.unflatten(0, &[]),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(x.flatten(0..=3).is_err() && x.unflatten(3, &[4]).is_err());
        assert!(matches!(
            x.unflatten(0, &[1, 1, 1, 1, 1, 1, 2]).unwrap_err().kind(),
            ErrorKind::TooManyAxes { .. }
        ));
        Ok(())
    }

    #[test]
    fn expanding_keeps_sizes_and_adds_axes_in_front() -> Result<()> {
        let x = zeros(&[3, 1])?;
        assert_eq!(x.expand(&[-1, 4])?.shape(), [3, 4]);
        assert_eq!(x.expand(&[2, 3, -1])?.shape(), [2, 3, 1]);
        assert_eq!(x.expand(&[3, 0])?.shape(), [3, 0]);
        assert_eq!(zeros(&[])?.expand(&[])?.shape(), [0; 0]);
        for sizes in [&[-1, 3, 1][..], &[3, -2], &[isize::MIN, 1]] {
            let error = x.expand(sizes).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(matches!(
            x.expand(&[2, 1]).unwrap_err().kind(),
            ErrorKind::Broadcast { op: "expand", .. }
        ));
        assert!(matches!(
            x.expand(&[1, 1]).unwrap_err().kind(),
            ErrorKind::ShapeMismatch { .. }
        ));
        assert!(matches!(
            x.expand(&[3]).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        Ok(())
    }
}
