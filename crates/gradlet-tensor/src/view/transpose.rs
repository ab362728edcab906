//! Changing the order of the axes, without a copy.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// A view with the axes in a different order: axis i of the result is axis `axes[i]` of this tensor.
    ///
    /// # Shape
    ///
    /// `permute(&[2, 0, 1])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Errors
    ///
    /// If `axes` does not name each axis exactly once.
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

    /// A view with two axes swapped. For a scalar, axis 0 is accepted too.
    ///
    /// # Shape
    ///
    /// `transpose(0, 2)`: `[a, b, c] -> [c, b, a]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range.
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

    /// A view of the transposed matrix.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [n, m]`
    ///
    /// # Errors
    ///
    /// If the tensor is not a matrix.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.t()?, tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    /// assert!(tensor![1.0, 2.0].t().is_err()); // a vector is not a matrix
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
                shape: *self.shape(),
            }));
        }
        self.transpose(0, 1)
    }
}
