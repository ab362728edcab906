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
            Some(lhs) => Some(right(&g, &left, &lhs, &rhs)?),
            None => None,
        };
        Ok([want_lhs.then(|| Ok(left))?, right])
    }

    fn keeps(&self, [_, want_rhs]: &[Want; 2]) -> [bool; 2] {
        [want_rhs.is_wanted(), true]
    }
}

/// drhs = -(g / rhs) * (lhs / rhs), or -g * (lhs / rhs / rhs) where `left`, g / rhs, is infinite and g is not.
fn right<T: Float>(g: &Var<T>, left: &Var<T>, lhs: &Var<T>, rhs: &Var<T>) -> Result<Var<T>> {
    let quotient = lhs.div(rhs)?;
    let right = -left.mul(&quotient)?;
    // One fast pass; its sum is not finite if an element is not.
    if right.tensor().sum(..)?.item()?.is_finite() {
        return Ok(right);
    }
    let is_steep = |g: T, left: T| g.is_finite() && left.is_infinite();
    let steep = g.tensor().zip(left.tensor(), is_steep)?;
    let first = rhs.masked_fill(&steep, T::of(1.0))?;
    let second = rhs.masked_fill(&steep.logical_not(), T::of(1.0))?;
    Ok(-g.div(&first)?.mul(&quotient.div(&second)?)?)
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
    use crate::backward::{CreateGraph, grad};
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

    #[test]
    fn slopes_of_small_quotients_of_subnormal_numbers_are_finite() -> Result<()> {
        let least = f32::MIN_POSITIVE;
        let x = Var::leaf(tensor![0.0, least / 16.0, 6.0, 1.0]);
        let y = Var::leaf(tensor![least / 8.0, least / 4.0, 2.0, f32::INFINITY]);
        let first = grad(&x.div(&y)?.sum(..)?, &[&y], CreateGraph::Yes)?;
        // -x / y^2
        assert_eq!(first[0].to_vec(), [0.0, -1.0 / least, -1.5, 0.0]);
        let second = grad(&first[0].sum(..)?, &[&x, &y], CreateGraph::No)?;
        // -1 / y^2 and 2 x / y^3
        let infinite = f32::INFINITY;
        assert_eq!(second[0].to_vec(), [-infinite, -infinite, -0.25, 0.0]);
        assert_eq!(second[1].to_vec()[1..], [infinite, 1.5, 0.0]);
        Ok(())
    }
}
