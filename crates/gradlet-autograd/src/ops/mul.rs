//! Multiplication, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, SomeInputs, Want};
use crate::var::Var;

/// y = lhs * rhs
#[derive(Debug)]
struct Mul;

impl<T: Float> Op<T> for Mul {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&mut self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.mul(rhs)
    }

    /// dlhs = g * rhs, drhs = g * lhs
    fn backward(
        &self,
        g: Var<T>,
        [lhs, rhs]: [Option<Var<T>>; 2],
        [want_lhs, want_rhs]: [Want; 2],
    ) -> Result<[Option<Var<T>>; 2]> {
        let left = rhs
            .filter(|_| want_lhs.is_wanted())
            .map(|rhs| g.mul(&rhs))
            .transpose()?;
        let right = lhs
            .filter(|_| want_rhs.is_wanted())
            .map(|lhs| g.mul(&lhs))
            .transpose()?;
        Ok([left, right])
    }

    fn keeps(&self, [want_lhs, want_rhs]: &[Want; 2]) -> [bool; 2] {
        [want_rhs.is_wanted(), want_lhs.is_wanted()]
    }
}

impl<T: Float> Var<T> {
    /// `self * rhs`, element by element, after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g * rhs` and `g * self`; each input is saved if the other is tracked.
    ///
    /// # Errors
    ///
    /// Shapes that do not broadcast.
    #[track_caller]
    pub fn mul(&self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast("mul", &self.dims(), &rhs.dims())?;
        Mul.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(|x| x, |x, y| x.mul(y));
    }

    #[test]
    fn each_gradient_is_scaled_by_the_other_input() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![10.0, -3.0]));
        let product = x.mul(&y)?;
        assert_eq!(product.to_vec(), [10.0, -6.0]);
        let grads = product.backward_with(tensor![1.0, 2.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![10.0, -6.0]));
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![1.0, 4.0]));
        Ok(())
    }
}
