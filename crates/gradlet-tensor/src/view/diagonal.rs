//! Diagonals of matrices, without a copy.

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// A view of a diagonal of each matrix that two axes make, as a new last axis in place of the two: the elements at
    /// `[i, i + offset]`, or at `[i - offset, i]` if the offset is negative.
    ///
    /// # Shape
    ///
    /// `diagonal(0, 1, 2)`: `[n, a, b] -> [n, min(a, b)]`; a diagonal outside the matrix has no elements
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or both are the same.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]];
    /// assert_eq!(x.diagonal(0, 1, 2)?, tensor![[1.0, 4.0], [5.0, 8.0]]);
    /// assert_eq!(x.diagonal(-1, -2, -1)?, tensor![[3.0], [7.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.diagonal`
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis_a: isize, axis_b: isize) -> Result<Self> {
        let axes = plane_axes("diagonal", self.shape(), [axis_a, axis_b])?;
        Ok(self.view(self.layout().diagonal(axes, starts(offset))?))
    }
}

impl<T: Float> Tensor<T> {
    /// The sum of the main diagonal of each matrix that the last two axes make.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [...]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].trace()?.item()?, 5.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.trace`, for matrices behind any leading axes, as `numpy.linalg.trace`
    #[track_caller]
    pub fn trace(&self) -> Result<Self> {
        let diagonal = self.diagonal(0, -2, -1);
        diagonal.map_err(|error| error.of("trace"))?.sum(-1)
    }
}

/// Two different axes of a shape.
#[track_caller]
pub(crate) fn plane_axes(op: &'static str, shape: &Shape, axes: [isize; 2]) -> Result<[usize; 2]> {
    let axes = [shape.axis_for(op, axes[0])?, shape.axis_for(op, axes[1])?];
    if axes[0] == axes[1] {
        let (axis, shape) = (axes[0], *shape);
        return Err(Error::new(ErrorKind::AxisRepeated { op, axis, shape }));
    }
    Ok(axes)
}

/// The row and the column where a diagonal begins.
pub(crate) fn starts(offset: isize) -> [usize; 2] {
    [offset.min(0), offset.max(0)].map(isize::unsigned_abs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_of_any_two_axes_are_views() -> Result<()> {
        let x = Tensor::<i64>::from_fn([2, 3, 4], |i| i as i64)?;
        let y = x.diagonal(1, 0, 2)?;
        assert_eq!(
            (y.shape(), y.to_vec()),
            (&Shape::from([3, 2]), vec![1, 14, 5, 18, 9, 22])
        );
        assert_eq!(y.storage().as_ptr(), x.storage().as_ptr());
        assert_eq!(x.diagonal(0, 2, 1)?.to_vec(), [0, 5, 10, 12, 17, 22]);
        assert_eq!(x.diagonal(-2, 1, 2)?.to_vec(), [8, 20]);
        let part = x.narrow(1, 1, 2)?.slice(2, .., 3)?;
        assert_eq!(part.diagonal(0, 1, 2)?.to_vec(), [4, 11, 16, 23]);
        for far in [4, -3, isize::MAX, isize::MIN] {
            assert_eq!(x.diagonal(far, 1, 2)?.shape(), [2, 0]);
        }
        assert_eq!(
            x.diagonal(0, 1, 1)
                .unwrap_err()
                .to_string()
                .find("axis 1 is named twice"),
            Some(10)
        );
        assert!(x.diagonal(0, 0, 3).is_err() && Tensor::scalar(1).diagonal(0, 0, 0).is_err());
        Ok(())
    }

    #[test]
    fn traces_are_sums_of_main_diagonals() -> Result<()> {
        let x = Tensor::arange(0.0, 12.0, 1.0)?.reshape([2, 2, 3])?;
        assert_eq!(x.trace()?.to_vec(), [4.0, 16.0]);
        assert_eq!(Tensor::zeros([0, 0])?.trace()?.item()?, 0.0);
        let message = Tensor::zeros([3])?.trace().unwrap_err().to_string();
        assert!(
            message.starts_with("trace: axis -2 is out of range for shape [3]"),
            "{message}"
        );
        Ok(())
    }
}
