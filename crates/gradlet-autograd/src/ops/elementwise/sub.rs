//! Subtraction, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = lhs - rhs
#[derive(Debug)]
struct Sub;

impl<T: Float> Op<T> for Sub {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.sub(rhs)
    }

    fn forward_owned(&self, [mut lhs, rhs]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.sub_assign(&rhs)?;
        Ok(lhs)
    }

    /// dlhs = g, drhs = -g
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_lhs, want_rhs]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let right = want_rhs.then(|| Ok(g.neg()))?;
        Ok([want_lhs.then(|| Ok(g))?, right])
    }
}

impl<T: Float> Var<T> {
    /// `self - rhs`, after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` and `-g`; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, row) = (Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]), Var::leaf(tensor![1.0, 2.0]));
    /// let y = x.sub(&row)?;
    /// assert_eq!(y.tensor(), &tensor![[0.0, 0.0], [2.0, 2.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&row), Some(&tensor![-2.0, -2.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sub(&self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("sub"))?;
        Sub.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }

    #[track_caller]
    pub(crate) fn sub_owned(self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("sub"))?;
        if *self.shape() != shape {
            return self.sub(rhs);
        }
        Sub.apply_owned([self, rhs.broadcast_if_needed(shape)?.into_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(|x| x, |x, y| x.sub(y));
    }

    #[test]
    fn the_right_input_gets_the_negative_gradient() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![10.0, 20.0]));
        let difference = x.sub(&y)?;
        assert_eq!(difference.to_vec(), [-9.0, -18.0]);
        let grads = difference.backward_with(tensor![1.0, 5.0])?;
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![-1.0, -5.0]));
        Ok(())
    }
}
