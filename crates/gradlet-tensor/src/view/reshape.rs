//! Merging, splitting, adding and dropping axes, without a copy if the strides allow it.

use std::ops::RangeBounds;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Axes, IntoShape, Shape};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The same elements, in row-major order, in a different shape; copied only if the strides do not allow a view.
    ///
    /// # Shape
    ///
    /// `reshape([6, 4])`: `[2, 3, 4] -> [6, 4]`
    ///
    /// # Errors
    ///
    /// If the numbers of elements differ, or memory does not hold the copy, as for a broadcast view.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.reshape([3, 2])?, tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]); // a view
    /// assert_eq!(x.t()?.reshape(6)?.to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]); // a copy
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.reshape`, without a size of -1
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoShape) -> Result<Self> {
        self.reshape_to(shape.into_shape()?)
    }

    /// As `reshape`; compiled once for all kinds of arguments.
    #[track_caller]
    #[inline(never)]
    fn reshape_to(&self, shape: Shape) -> Result<Self> {
        if shape == *self.shape() {
            return Ok(self.clone());
        }
        if shape.numel() != self.len() {
            return Err(Error::new(ErrorKind::ElementCount {
                from: *self.shape(),
                to: shape,
            }));
        }
        if self.is_empty() {
            // Some shapes without elements are too large all the same.
            return Self::build(shape, |_| {});
        }
        if let Some(layout) = self.layout().reshape(shape) {
            return Ok(self.view(layout));
        }
        let copy = self.try_contiguous()?;
        Ok(copy.view(copy.layout().row_major(shape)))
    }

    /// The same elements with a range of axes merged into one; copied only if the strides do not allow a view. A scalar
    /// gives a vector of one element.
    ///
    /// Negative bounds count from the end.
    ///
    /// # Shape
    ///
    /// `flatten(..)`: `[a, b, c] -> [a * b * c]`, `[] -> [1]`; `flatten(1..)`: `[n, c, h, w] -> [n, c * h * w]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or the range is empty, or memory does not hold the copy, as for a broadcast view.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Tensor::zeros([8, 3, 4, 5])?;
    /// assert_eq!(images.flatten(..)?.shape(), [480]);
    /// assert_eq!(images.flatten(1..)?.shape(), [8, 60]); // a row for each image
    /// assert_eq!(images.flatten(1..=2)?.shape(), [8, 12, 5]);
    /// assert_eq!(images.flatten(..-1)?.shape(), [96, 5]); // all but the last
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.flatten`, whose `start_dim` and `end_dim` are the first and the last axis of the range
    #[track_caller]
    pub fn flatten(&self, axes: impl RangeBounds<isize>) -> Result<Self> {
        self.reshape(self.shape().flattened(axes)?)
    }

    /// A view without those of the given axes whose size is 1. For a scalar, axis 0 is accepted too.
    ///
    /// # Shape
    ///
    /// `squeeze(1)`: `[a, 1, b] -> [a, b]`, `[a, 3, b] -> [a, 3, b]`; `squeeze(..)`: `[1, a, 1] -> [a]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([1, 3, 1])?;
    /// assert_eq!(x.squeeze(-1)?.shape(), [1, 3]);
    /// assert_eq!(x.squeeze([0, 1])?.shape(), [3, 1]); // 3 is not 1: it stays
    /// assert_eq!(x.squeeze(..)?.shape(), [3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.squeeze`
    #[track_caller]
    pub fn squeeze(&self, axes: impl Axes) -> Result<Self> {
        self.reshape(self.shape().squeezed(axes)?)
    }

    /// A view with a new axis of size 1 before the given one; -1 puts it last.
    ///
    /// # Shape
    ///
    /// `unsqueeze(1)`: `[a, b] -> [a, 1, b]`
    ///
    /// # Errors
    ///
    /// If the axis is outside `-rank - 1..=rank`, or would be the ninth.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0];
    /// assert_eq!(x.unsqueeze(0)?.shape(), [1, 2]);
    /// assert_eq!(x.unsqueeze(-1)?.shape(), [2, 1]);
    /// assert_eq!(x.unsqueeze(1)?.sub(&x)?, tensor![[0.0, -1.0], [1.0, 0.0]]); // each minus each
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.unsqueeze`
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Result<Self> {
        let places = self.rank() as isize + 1;
        if !(-places..places).contains(&axis) {
            return Err(Error::new(ErrorKind::AxisOutOfRange {
                op: "unsqueeze",
                axis,
                shape: *self.shape(),
            }));
        }
        Ok(self.view(self.layout().insert(axis.rem_euclid(places) as usize)?))
    }

    /// A view with an axis split into several axes of the given sizes.
    ///
    /// # Shape
    ///
    /// `unflatten(1, &[3, 4])`: `[n, 12] -> [n, 3, 4]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the product of the sizes is not the size of the axis, or there are no sizes, or
    /// the result would have more than eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0, 4.0]];
    /// assert_eq!(x.unflatten(1, &[2, 2])?, tensor![[[1.0, 2.0], [3.0, 4.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.unflatten`, without a size of -1
    #[track_caller]
    pub fn unflatten(&self, axis: isize, sizes: &[usize]) -> Result<Self> {
        self.reshape(self.shape().unflattened(axis, sizes)?)
    }
}
