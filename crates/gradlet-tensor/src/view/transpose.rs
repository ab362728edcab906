//! Views: other shapes of the same elements, without a copy.

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
        if shape.len() != self.len() {
            return Err(Error::new(ErrorKind::ElementCount {
                from: self.dims(),
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

    /// Axes in another order: axis i of the result is axis `axes[i]` of this one. A view.
    ///
    /// # Shape
    ///
    /// `permute(&[2, 0, 1])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Errors
    ///
    /// Anything but each axis once.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([2, 3, 4])?;
    /// assert_eq!(x.permute(&[2, 0, 1])?.shape(), [4, 2, 3]);
    /// assert_eq!(x.permute(&[0, -1, 1])?.shape(), [2, 4, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.permute`
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Result<Self> {
        Ok(self.view(self.layout().permute(axes)?))
    }

    /// Two axes swapped; a scalar has an axis 0 here. A view.
    ///
    /// # Shape
    ///
    /// `transpose(0, 2)`: `[a, b, c] -> [c, b, a]`
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
    /// let x = Tensor::zeros([2, 3, 4])?;
    /// assert_eq!(x.transpose(0, 2)?.shape(), [4, 3, 2]);
    /// assert_eq!(x.transpose(-1, -2)?.shape(), [2, 4, 3]); // each matrix
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.transpose`
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Result<Self> {
        Ok(self.view(self.layout().transpose(a, b)?))
    }

    /// The transposed matrix. A view.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [n, m]`
    ///
    /// # Errors
    ///
    /// A tensor that is no matrix.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.t()?, tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    /// assert!(tensor![1.0, 2.0].t().is_err()); // a vector is no matrix
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.t`, for matrices alone
    #[track_caller]
    pub fn t(&self) -> Result<Self> {
        if self.rank() != 2 {
            return Err(Error::new(ErrorKind::Rank {
                op: "t",
                expected: "a matrix",
                shape: self.dims(),
            }));
        }
        self.transpose(0, 1)
    }

    /// `length` indices of one axis, from `start`. A view.
    ///
    /// # Shape
    ///
    /// `narrow(1, start, length)`: `[a, n, b] -> [a, length, b]`
    ///
    /// # Errors
    ///
    /// A range or an axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0, 4.0];
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
    pub fn narrow(&self, axis: isize, start: usize, length: usize) -> Result<Self> {
        Ok(self.view(self.layout().narrow(axis, start, length)?))
    }

    /// One index of one axis, which goes away. A view.
    ///
    /// # Shape
    ///
    /// `select(1, index)`: `[a, n, b] -> [a, b]`
    ///
    /// # Errors
    ///
    /// An index or an axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.select(0, 1)?.to_vec(), [3.0, 4.0]); // a row
    /// assert_eq!(x.select(-1, 1)?.to_vec(), [2.0, 4.0]); // a column
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.select`, without negative indices
    #[track_caller]
    pub fn select(&self, axis: isize, index: usize) -> Result<Self> {
        let shape = self.dims();
        let axis = shape.axis_for("select", axis)?;
        let size = shape.dims()[axis];
        if index >= size {
            let index = index as i64;
            return Err(Error::new(ErrorKind::IndexOutOfRange {
                op: "select",
                index,
                axis,
                size,
                shape,
            }));
        }
        Ok(self.view(self.layout().remove(axis, index)))
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
        let axis = self.dims().axis_or_scalar_for("squeeze", axis)?;
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
                shape: self.dims(),
            }));
        }
        Ok(self.view(self.layout().insert(axis.rem_euclid(places) as usize)?))
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
        let axis = self.dims().axis_or_scalar_for("flatten_from", axis)? as isize;
        self.flatten_axes(axis, -1)
    }

    /// The elements repeated along axes of size 1 and new leading axes. A view, whose elements stand in memory once.
    ///
    /// # Shape
    ///
    /// `broadcast_to([m, n])`: `[m, 1] -> [m, n]`, `[n] -> [m, n]`, `[] -> [m, n]`
    ///
    /// # Errors
    ///
    /// A shape that this one does not broadcast to, or one whose sizes multiply to 2^60 and more.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0], [2.0]];
    /// assert_eq!(x.broadcast_to([2, 3])?, tensor![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
    /// assert!(x.broadcast_to([2]).is_err()); // axes are added, not taken away
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.broadcast_to`
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl IntoShape) -> Result<Self> {
        Ok(self.view(self.layout_broadcast_to(shape.into_shape()?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    fn sample() -> Result<Tensor> {
        Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])
    }

    #[test]
    fn views_share_their_elements() -> Result<()> {
        let x = sample()?;
        let views = [
            x.permute(&[2, 0, 1])?,
            x.narrow(1, 1, 2)?,
            x.select(-1, 3)?,
            x.reshape([4, 6])?,
        ];
        drop(views.clone());
        assert!(!x.is_unshared());
        assert_eq!(views[0].shape(), [4, 2, 3]);
        assert_eq!(views[0].at(&[3, 1, 2])?, 23.0);
        assert_eq!(views[1].at(&[1, 0, 0])?, 16.0);
        assert_eq!(views[2].to_vec(), [3.0, 7.0, 11.0, 15.0, 19.0, 23.0]);
        assert!(
            views
                .iter()
                .all(|view| view.storage().as_ptr() == x.storage().as_ptr())
        );
        Ok(())
    }

    #[test]
    fn reshaping_what_cannot_be_viewed_copies() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]].t()?.reshape([4])?;
        assert_eq!(x.to_vec(), [1.0, 3.0, 2.0, 4.0]);
        assert!(matches!(
            sample()?.reshape([5, 5]).unwrap_err().kind(),
            ErrorKind::ElementCount { .. }
        ));
        assert_eq!(Tensor::zeros([0, 3])?.t()?.reshape([2, 0])?.shape(), [2, 0]);
        Ok(())
    }

    #[test]
    fn axes_come_and_go() -> Result<()> {
        let x = sample()?;
        assert_eq!(x.unsqueeze(-1)?.shape(), [2, 3, 4, 1]);
        assert_eq!(x.unsqueeze(1)?.squeeze(1)?.shape(), [2, 3, 4]);
        assert_eq!(x.squeeze(0)?.shape(), [2, 3, 4]);
        assert_eq!(x.flatten_from(1)?.shape(), [2, 12]);
        assert_eq!(Tensor::scalar(1.0f32).flatten().shape(), [1]);
        let scalar = Tensor::scalar(1.0f32);
        assert_eq!(scalar.squeeze(-1)?.shape(), [0; 0]);
        assert_eq!(scalar.transpose(0, -1)?.shape(), [0; 0]);
        assert_eq!(scalar.flatten_from(0)?.shape(), [1]);
        assert!(scalar.squeeze(1).is_err() && scalar.transpose(0, 1).is_err());
        assert!(x.unsqueeze(4).is_err() && x.squeeze(3).is_err() && x.t().is_err());
        Ok(())
    }

    #[test]
    fn broadcasting_repeats_and_checks() -> Result<()> {
        let x = tensor![[1.0], [2.0]].broadcast_to([2, 2, 3])?;
        assert_eq!(
            x.to_vec(),
            [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
        );
        assert!(tensor![1.0, 2.0].broadcast_to([3]).is_err());
        assert!(tensor![[1.0, 2.0]].broadcast_to([2]).is_err());
        Ok(())
    }

    #[test]
    fn bad_ranges_and_axes_are_errors() -> Result<()> {
        let x = sample()?;
        assert!(matches!(
            x.narrow(0, 1, 2).unwrap_err().kind(),
            ErrorKind::RangeOutOfRange { .. }
        ));
        assert!(x.narrow(0, usize::MAX, 2).is_err() && x.select(0, 2).is_err());
        assert!(matches!(
            x.permute(&[0, 0, 1]).unwrap_err().kind(),
            ErrorKind::AxisRepeated { .. }
        ));
        assert!(x.permute(&[0, 1]).is_err() && x.transpose(0, 3).is_err());
        assert_eq!(x.narrow(2, 4, 0)?.len(), 0);
        Ok(())
    }
}
