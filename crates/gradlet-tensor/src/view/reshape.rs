//! Axes merged, split, added and dropped, without a copy where strides allow it.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::IntoShape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The same elements, in row-major order, in another shape; copies only where strides do not allow a view.
    ///
    /// # Shape
    ///
    /// `reshape([6, 4])`: `[2, 3, 4] -> [6, 4]`
    ///
    /// # Errors
    ///
    /// Another number of elements, or a broadcast view of more elements than memory holds a copy of.
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
        let shape = shape.into_shape()?;
        if shape.numel() != self.len() {
            return Err(Error::new(ErrorKind::ElementCount {
                from: *self.shape(),
                to: shape,
            }));
        }
        if self.is_empty() {
            // Of the shapes without elements some are too large still.
            return Self::build(shape, |_| {});
        }
        if let Some(layout) = self.layout().reshape(shape) {
            return Ok(self.view(layout));
        }
        let copy = self.try_contiguous()?;
        Ok(copy.view(copy.layout().row_major(shape)))
    }

    /// All elements along one axis, in row-major order; copies only where strides do not allow a view.
    ///
    /// # Shape
    ///
    /// `[a, b, c] -> [a * b * c]`, `[] -> [1]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].flatten().to_vec(), [1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(Tensor::scalar(5.0f32).flatten().shape(), [1]);
    /// ```
    pub fn flatten(&self) -> Self {
        match self.reshape(self.len()) {
            Ok(flat) => flat,
            Err(error) => crate::error::raise(&error),
        }
    }

    /// The axes from the given one on, merged into one; a scalar has an axis 0 here.
    ///
    /// # Shape
    ///
    /// `flatten_from(1)`: `[n, c, h, w] -> [n, c * h * w]`; `[] -> [1]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or a broadcast view of more elements than memory holds a copy of.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Tensor::zeros([8, 3, 4, 4])?;
    /// assert_eq!(images.flatten_from(1)?.shape(), [8, 48]); // a row for each image
    /// assert_eq!(images.flatten_from(-2)?.shape(), [8, 3, 16]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.flatten` with a `start_dim`
    #[track_caller]
    pub fn flatten_from(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis_or_scalar_for("flatten_from", axis)? as isize;
        self.flatten_axes(axis, -1)
    }

    /// Without an axis of size 1; as it is where the size is another. A scalar has an axis 0 here. A view.
    ///
    /// # Shape
    ///
    /// `squeeze(1)`: `[a, 1, b] -> [a, b]`, `[a, 3, b] -> [a, 3, b]`
    ///
    /// # Errors
    ///
    /// An axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([1, 3, 1])?;
    /// assert_eq!(x.squeeze(-1)?.shape(), [1, 3]);
    /// assert_eq!(x.squeeze(1)?.shape(), [1, 3, 1]); // 3 is not 1: as it was
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.squeeze` with a `dim`; [`squeeze_all`](Self::squeeze_all) without
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Result<Self> {
        let axis = self.shape().axis_or_scalar_for("squeeze", axis)?;
        Ok(if self.shape().get(axis) == Some(&1) {
            self.view(self.layout().remove(axis, 0))
        } else {
            self.clone()
        })
    }

    /// With a new axis of size 1 before the given one; -1 puts it last. A view.
    ///
    /// # Shape
    ///
    /// `unsqueeze(1)`: `[a, b] -> [a, 1, b]`
    ///
    /// # Errors
    ///
    /// An axis outside `-rank - 1..=rank`, or a ninth one.
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

    /// Without those of the axes that have size 1. A view.
    ///
    /// # Shape
    ///
    /// `squeeze_axes(&[0, 1])`: `[1, 3, 1] -> [3, 1]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([1, 3, 1])?;
    /// assert_eq!(x.squeeze_axes(&[0, -1])?.shape(), [3]);
    /// assert_eq!(x.squeeze_axes(&[0, 1])?.shape(), [3, 1]); // 3 is not 1: it stays
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn squeeze_axes(&self, axes: &[isize]) -> Result<Self> {
        self.reshape(self.shape().squeezed(axes)?)
    }

    /// Without all axes of size 1. A view.
    ///
    /// # Shape
    ///
    /// `[1, a, 1, b] -> [a, b]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[[1.0], [2.0]]].squeeze_all().to_vec(), [1.0, 2.0]);
    /// assert_eq!(tensor![[5.0]].squeeze_all().rank(), 0);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.squeeze` without a `dim`
    pub fn squeeze_all(&self) -> Self {
        let axes: Vec<isize> = (0..self.rank() as isize).collect();
        match self.squeeze_axes(&axes) {
            Ok(squeezed) => squeezed,
            Err(error) => crate::error::raise(&error),
        }
    }

    /// The axes from `start` to `end`, both included, merged into one; copies only where strides do not allow a view.
    ///
    /// # Shape
    ///
    /// `flatten_axes(1, 2)`: `[n, c, h, w] -> [n, c * h, w]`; `[] -> [1]`
    ///
    /// # Errors
    ///
    /// An axis out of range, an end before the start, or a broadcast view of more elements than memory holds a copy of.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([8, 3, 4, 4])?;
    /// assert_eq!(x.flatten_axes(1, 2)?.shape(), [8, 12, 4]);
    /// assert_eq!(x.flatten_axes(-2, -1)?.shape(), [8, 3, 16]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.flatten`
    #[track_caller]
    pub fn flatten_axes(&self, start: isize, end: isize) -> Result<Self> {
        self.reshape(self.shape().flattened(start, end)?)
    }

    /// An axis split into several of the given sizes. A view.
    ///
    /// # Shape
    ///
    /// `unflatten(1, &[3, 4])`: `[n, 12] -> [n, 3, 4]`
    ///
    /// # Errors
    ///
    /// An axis out of range, sizes whose product is another than the axis', none, or more than eight axes.
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
