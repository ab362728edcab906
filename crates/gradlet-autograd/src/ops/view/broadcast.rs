//! Broadcasting, as an operation of its own so that most others see equal shapes.

use std::borrow::Cow;

use gradlet_tensor::{Float, IntoShape, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, ..] = x[.., 0, ..] along repeated axes
#[derive(Debug)]
struct Broadcast {
    from: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for Broadcast {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.broadcast_to(self.to)
    }

    /// dx = sum of g over the repeated axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        SumTo {
            from: self.to,
            to: self.from,
        }
        .apply(&g)
    }
}

/// y = sum of x over the axes along which `to` was repeated
#[derive(Debug)]
struct SumTo {
    from: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for SumTo {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.sum_to(self.to)
    }

    /// dx = g, repeated
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.broadcast_to(self.from)
    }
}

impl<T: Float> Var<T> {
    /// The elements repeated along axes of size 1 and new leading axes, without a copy.
    ///
    /// # Shape
    ///
    /// `[n, 1] -> [m, n, k]`
    ///
    /// # Gradient
    ///
    /// `g` summed over the repeated axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// If this does not broadcast to the shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0], [2.0]]);
    /// let y = x.broadcast_to([2, 3])?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[3.0], [3.0]]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl IntoShape) -> Result<Self> {
        let to = shape.into_shape()?;
        Broadcast {
            from: *self.shape(),
            to,
        }
        .apply(self)
    }

    /// The elements repeated along axes of size 1 and new leading axes, without a copy; -1 keeps a size.
    ///
    /// # Shape
    ///
    /// `expand(&[-1, 3])`: `[n, 1] -> [n, 3]`; `expand(&[4, -1, -1])`: `[n, m] -> [4, n, m]`
    ///
    /// # Gradient
    ///
    /// `g` summed over the repeated axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer sizes than axes, an axis whose size is not 1 is given a different one, a size is below -1, or
    /// a new axis is given -1.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0], [2.0]]);
    /// assert_eq!(x.expand(&[-1, 2])?.tensor(), &tensor![[1.0, 1.0], [2.0, 2.0]]);
    /// assert_eq!(x.expand(&[5, -1, -1])?.shape(), [5, 2, 1]);
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

    /// The sum over the axes along which the shape `to` was repeated to this one.
    #[track_caller]
    pub(crate) fn sum_to(&self, to: Shape) -> Result<Self> {
        let from = *self.shape();
        SumTo { from, to }.apply(self)
    }

    #[track_caller]
    #[inline]
    pub(crate) fn broadcast_if_needed(&self, shape: Shape) -> Result<Cow<'_, Self>> {
        if *self.shape() == shape {
            Ok(Cow::Borrowed(self))
        } else {
            self.broadcast_to(shape).map(Cow::Owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for (x, shape) in [
            (tensor![f64; [1.0], [2.0]], Shape::from([3, 2, 2])),
            (tensor![f64; 1.0, 2.0], Shape::from([2])),
            (Tensor::scalar(1.5), Shape::from([2, 2])),
            (tensor![f64; 1.0], Shape::from([0, 1])),
        ] {
            gradcheck(|x| x[0].broadcast_to(shape), std::slice::from_ref(&x))?;
            gradgradcheck(|x| x[0].broadcast_to(shape), &[x])?;
        }
        gradcheck(
            |x| x[0].t()?.broadcast_to([2, 2, 1]),
            &[tensor![f64; [1.0, 2.0]]],
        )
    }

    #[test]
    fn a_size_of_minus_one_is_kept() -> Result<()> {
        let x = Var::leaf(tensor![[1.0], [2.0]]);
        let y = x.expand(&[2, -1, 1])?;
        assert_eq!(y.shape(), [2, 2, 1]);
        let grads = y.backward_with(tensor![[[1.0], [2.0]], [[3.0], [4.0]]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[4.0], [6.0]]));
        assert!(x.expand(&[-1, 2, 1]).is_err() && x.expand(&[3, 1]).is_err());
        Ok(())
    }

    #[test]
    fn the_gradient_is_summed_back() -> Result<()> {
        let x = Var::leaf(tensor![[1.0], [2.0]]);
        let y = x.broadcast_to([2, 3])?;
        assert_eq!(y.to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        let grads = y.backward_with(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![6.0, 15.0]));
        assert!(x.broadcast_to([3, 3]).is_err());
        Ok(())
    }
}
