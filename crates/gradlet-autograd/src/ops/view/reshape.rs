//! The same elements in a different shape.

use std::ops::RangeBounds;

use gradlet_tensor::{Axes, Error, ErrorKind, Float, IntoShape, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, in a different shape
#[derive(Debug)]
struct Reshape {
    from: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for Reshape {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.reshape(self.to)
    }

    /// dx = g, in the shape of x
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.reshape(self.from)
    }
}

impl<T: Float> Var<T> {
    /// The same elements, in row-major order, in the given shape.
    ///
    /// # Shape
    ///
    /// `[2, 6] -> [3, 4]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the shape does not have the same number of elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.reshape([3, 2])?.tensor(), &tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl IntoShape) -> Result<Self> {
        let to = shape.into_shape()?;
        if to == *self.shape() {
            return Ok(self.clone());
        }
        Reshape {
            from: *self.shape(),
            to,
        }
        .apply(self)
    }

    /// The axes of a range merged into one; a scalar has an axis 0 here. Negative bounds count from the end.
    ///
    /// # Shape
    ///
    /// `flatten(..)`: `[a, b, c] -> [a * b * c]`, `[] -> [1]`; `flatten(1..)`: `[n, c, h, w] -> [n, c * h * w]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or the range is empty.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Var::leaf(Tensor::ones([8, 3, 4, 5])?);
    /// assert_eq!(images.flatten(1..)?.shape(), [8, 60]);
    /// assert_eq!(images.flatten(..-1)?.shape(), [96, 5]);
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

    /// An axis split into several of the given sizes.
    ///
    /// # Shape
    ///
    /// `unflatten(1, &[3, 4])`: `[n, 12] -> [n, 3, 4]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, there are no sizes, their product is not the size of the axis, or the result would
    /// have more than eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.unflatten(0, &[2, 3])?.tensor(), &tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn unflatten(&self, axis: isize, sizes: &[usize]) -> Result<Self> {
        self.reshape(self.shape().unflattened(axis, sizes)?)
    }

    /// The same elements without those of the given axes that have size 1; a scalar has an axis 0 here.
    ///
    /// # Shape
    ///
    /// `squeeze(1)`: `[a, 1, b] -> [a, b]`, `[a, n, b] -> [a, n, b]`; `squeeze(..)`: `[1, a, 1] -> [a]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(Tensor::ones([1, 3, 1])?);
    /// assert_eq!(x.squeeze(0)?.shape(), [3, 1]);
    /// assert_eq!(x.squeeze(1)?.shape(), [1, 3, 1]);
    /// assert_eq!(x.squeeze(..)?.shape(), [3]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: impl Axes) -> Result<Self> {
        self.reshape(self.shape().squeezed(axes)?)
    }

    /// The same elements with a new axis of size 1 before the given one; -1 puts it last.
    ///
    /// # Shape
    ///
    /// `unsqueeze(1)`: `[a, b] -> [a, 1, b]`
    ///
    /// # Gradient
    ///
    /// `g` in the shape of the input; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is outside `-rank - 1..=rank`, or would be the ninth.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// assert_eq!(x.unsqueeze(0)?.tensor(), &tensor![[1.0, 2.0]]);
    /// assert_eq!(x.unsqueeze(-1)?.tensor(), &tensor![[1.0], [2.0]]);
    /// # Ok(())
    /// # }
    /// ```
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
        let mut shape = self.shape().to_vec();
        shape.insert(axis.rem_euclid(places) as usize, 1);
        self.reshape(&shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Bound;

    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| x.flatten(..));
        gradcheck_everywhere(|x| x, |x| x.unsqueeze(0)?.squeeze(0)?.unsqueeze(-1));
        gradcheck_everywhere(
            |x| x,
            |x| x.flatten(0..)?.unsqueeze(0)?.unflatten(0, &[1, 1]),
        );
        gradcheck_everywhere(|x| x, |x| x.squeeze(..));
    }

    #[test]
    fn a_scalar_has_an_axis_to_squeeze_and_flatten() -> Result<()> {
        let x = Var::leaf(Tensor::scalar(2.0f32));
        assert_eq!(x.squeeze(-1)?.shape(), [0; 0]);
        let y = x.flatten(0..)?;
        assert_eq!(y.shape(), [1]);
        let grads = y.backward_with(tensor![5.0])?;
        assert_eq!(grads.wrt(&x), Some(&Tensor::scalar(5.0)));
        assert!(x.squeeze(1).is_err() && x.flatten(1..).is_err());
        Ok(())
    }

    #[test]
    fn chosen_axes_merge_split_and_go() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 1, 6, 1])?);
        assert_eq!(
            x.flatten((Bound::Included(1), Bound::Included(-2)))?
                .shape(),
            [2, 6, 1]
        );
        assert_eq!(x.unflatten(2, &[2, 3])?.shape(), [2, 1, 2, 3, 1]);
        assert_eq!(x.squeeze([0, 1])?.shape(), [2, 6, 1]);
        assert_eq!(x.squeeze(..)?.shape(), [2, 6]);
        assert!(x.flatten(4..).is_err() && x.unflatten(2, &[4]).is_err());
        Ok(())
    }

    #[test]
    fn the_gradient_takes_the_shape_of_the_input() -> Result<()> {
        let x = Var::leaf(tensor![[[1.0, 2.0], [3.0, 4.0]]]);
        let y = x.flatten(1..)?;
        assert_eq!(y.shape(), [1, 4]);
        let grads = y.backward_with(tensor![[1.0, 2.0, 3.0, 4.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[[1.0, 2.0], [3.0, 4.0]]]));
        assert!(x.reshape([3]).is_err() && x.unsqueeze(5).is_err() && x.squeeze(3).is_err());
        Ok(())
    }
}
