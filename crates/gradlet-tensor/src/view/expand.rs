//! Views that repeat elements.

use crate::element::Element;
use crate::error::Result;
use crate::shape::IntoShape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// A view that repeats the elements along axes of size 1 and new leading axes; memory holds each element once.
    ///
    /// # Shape
    ///
    /// `broadcast_to([m, n])`: `[m, 1] -> [m, n]`, `[n] -> [m, n]`, `[] -> [m, n]`
    ///
    /// # Errors
    ///
    /// If this shape does not broadcast to the given one, or the product of the given sizes is 2^60 or more.
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

    /// A view that repeats the elements along axes of size 1 and new leading axes; -1 keeps a size.
    ///
    /// # Shape
    ///
    /// `expand(&[-1, 3])`: `[n, 1] -> [n, 3]`; `expand(&[4, -1, -1])`: `[n, m] -> [4, n, m]`
    ///
    /// # Errors
    ///
    /// If there are fewer sizes than axes, or a size changes an axis whose size is not 1, or a size is below -1, or a
    /// new axis has size -1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0], [2.0]];
    /// assert_eq!(x.expand(&[-1, 3])?.to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.expand`
    #[track_caller]
    pub fn expand(&self, sizes: &[isize]) -> Result<Self> {
        self.broadcast_to(self.shape().expanded(sizes)?)
    }
}
