//! [`IntoShape`]: the argument type of functions that need a shape.

use super::Shape;
use crate::error::Result;

/// A value that gives a shape: `()`, `3`, `[2, 3]`, a slice or `&Vec` of sizes, or a [`Shape`].
///
/// # Example
///
/// ```
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let sizes: Vec<usize> = vec![2, 3];
/// assert_eq!(Tensor::zeros(&sizes)?.shape(), Tensor::zeros([2, 3])?.shape());
/// assert_eq!((Tensor::zeros(3)?.rank(), Tensor::zeros(())?.rank()), (1, 0));
/// # Ok(())
/// # }
/// ```
pub trait IntoShape {
    /// The shape.
    ///
    /// # Errors
    ///
    /// If there are more than [`MAX_RANK`](crate::MAX_RANK) axes.
    #[track_caller]
    fn into_shape(self) -> Result<Shape>;
}

impl<S: Into<Shape>> IntoShape for S {
    fn into_shape(self) -> Result<Shape> {
        Ok(self.into())
    }
}

impl IntoShape for &[usize] {
    fn into_shape(self) -> Result<Shape> {
        Shape::new(self)
    }
}

impl IntoShape for &Vec<usize> {
    fn into_shape(self) -> Result<Shape> {
        Shape::new(self)
    }
}

impl From<usize> for Shape {
    fn from(size: usize) -> Self {
        Self::from([size])
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Self {
        Self::SCALAR
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        *shape
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(sizes: &[usize; N]) -> Self {
        Self::from(*sizes)
    }
}
