//! Division, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = lhs / rhs
#[derive(Debug)]
struct Div;

impl<T: Float> Op<T> for Div {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.div(rhs)
    }

    /// dlhs = g / rhs, drhs = -(g / rhs) * (lhs / rhs)
    fn backward(
        &self,
        g: Var<T>,
        ([lhs, rhs], [want_lhs, _]): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let Some(rhs) = rhs else {
            return Ok([None, None]);
        };
        let left = g.div(&rhs)?;
        let right = match lhs {
            Some(lhs) => Some(left.mul(&lhs.div(&rhs)?)?.neg()),
            None => None,
        };
        Ok([want_lhs.then(|| Ok(left))?, right])
    }

    fn keeps(&self, [_, want_rhs]: &[Want; 2]) -> [bool; 2] {
        [want_rhs.is_wanted(), true]
    }
}

impl<T: Float> Var<T> {
    /// `self / rhs`, element by element, after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g / rhs` and `-(g / rhs) * (self / rhs)`; `rhs` is saved, and `self` if `rhs` is tracked.
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
    /// let (x, divisor) = (Var::leaf(tensor![1.0, -1.0]), Var::constant(tensor![[2.0], [0.0]]));
    /// let y = x.div(&divisor)?;
    /// assert_eq!(y.tensor(), &tensor![[0.5, -0.5], [f32::INFINITY, -f32::INFINITY]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn div(&self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("div"))?;
        Div.apply([
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
        gradcheck_pairs(|x| x + 1.5f64.copysign(x), |x, y| x.div(y));
    }

    #[test]
    fn gradients_follow_the_quotient_rule() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![6.0, 1.0]), Var::leaf(tensor![2.0, 4.0]));
        let quotient = x.div(&y)?;
        assert_eq!(quotient.to_vec(), [3.0, 0.25]);
        let grads = quotient.backward_with(tensor![1.0, 8.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.5, 2.0]));
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![-1.5, -0.5]));
        Ok(())
    }
}
