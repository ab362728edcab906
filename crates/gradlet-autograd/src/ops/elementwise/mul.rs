//! Multiplication, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = lhs * rhs, summed over the axes along which `to` has size 1 and the factors do not
///
/// The gradient of a broadcast factor is such a sum, and one kernel computes it without the product in memory.
#[derive(Debug)]
struct Mul {
    from: [Shape; 2],
    to: Shape,
}

impl<T: Float> Op<T> for Mul {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        fused::mul_sum_to(lhs, rhs, self.to)
    }

    /// dlhs = g * rhs, drhs = g * lhs, with g repeated where y was summed, and summed where the factor was repeated
    fn backward(
        &self,
        g: Var<T>,
        ([lhs, rhs], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let [from_lhs, from_rhs] = self.from;
        let g = g.broadcast_if_needed(Shape::broadcast(&from_lhs, &from_rhs)?)?;
        let product = |factor: &Var<T>, to| {
            Self {
                to,
                from: [*g.shape(), *factor.shape()],
            }
            .apply([&*g, factor])
        };
        let left = rhs.map(|rhs| product(&rhs, from_lhs));
        let right = lhs.map(|lhs| product(&lhs, from_rhs));
        Ok([left.transpose()?, right.transpose()?])
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
    /// `g * rhs` and `g * self`, each summed over the axes along which that input was repeated; each input is saved if the
    /// other is tracked.
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
    /// let (x, scale) = (Var::leaf(tensor![1.0, 2.0, 3.0]), Var::leaf(tensor![10.0]));
    /// let y = x.mul(&scale)?;
    /// assert_eq!(y.to_vec(), [10.0, 20.0, 30.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![10.0, 10.0, 10.0]));
    /// assert_eq!(grads.wrt(&scale), Some(&tensor![6.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mul(&self, rhs: &Self) -> Result<Self> {
        let from = [*self.shape(), *rhs.shape()];
        let to = Shape::broadcast(&from[0], &from[1]).map_err(|error| error.of("mul"))?;
        Mul { from, to }.apply([self, rhs])
    }

    /// As [`mul`](Self::mul), summed over the axes along which the shape `to` would be repeated.
    #[track_caller]
    pub(crate) fn mul_sum_to(&self, rhs: &Self, to: Shape) -> Result<Self> {
        let from = [*self.shape(), *rhs.shape()];
        Mul { from, to }.apply([self, rhs])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_pairs, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(|x| x, |x, y| x.mul(y));
    }

    #[test]
    fn a_repeated_factor_gets_the_sum_to_second_order() -> Result<()> {
        let make =
            |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(shape.len() as u64));
        for (lhs, rhs) in [
            (vec![3, 4], vec![4]),
            (vec![3, 1], vec![3, 4]),
            (vec![2, 1, 4], vec![3, 1]),
            (vec![], vec![2, 3]),
            (vec![0, 3], vec![3]),
        ] {
            let x = [make(&lhs)?, make(&rhs)?];
            gradcheck(|x| x[0].mul(&x[1]), &x)?;
            gradgradcheck(|x| x[0].mul(&x[1]), &x)?;
        }
        Ok(())
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
