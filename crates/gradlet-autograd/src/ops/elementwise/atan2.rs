//! The angle of a point.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = the angle of the point (b, a), both of one shape
#[derive(Debug)]
struct Atan2;

impl<T: Float> Op<T> for Atan2 {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        a.atan2(b)
    }

    /// da = g b / (a^2 + b^2), db = -g a / (a^2 + b^2), by the distance, since the squares may leave the range
    fn backward(
        &self,
        g: Var<T>,
        ([a, b], [want_a, want_b]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let distance = a.hypot(&b)?;
        // At 0 there is no angle, and no gradient.
        let is_origin = distance.tensor().map(|distance| distance == T::zero());
        let distance = distance.masked_fill(&is_origin, T::infinity())?;
        let part = |side: &Var<T>| side.div(&distance)?.div(&distance)?.mul(&g);
        Ok([want_a.then(|| part(&b))?, want_b.then(|| part(&a.neg()))?])
    }
}

impl<T: Float> Var<T> {
    /// The angle of the point `(rhs, self)` from the positive horizontal axis, in `[-pi, pi]`, after broadcasting: the
    /// arc tangent of `self / rhs` in the quadrant that the signs say.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g * rhs / (self^2 + rhs^2)` and `-g * self / (self^2 + rhs^2)`, 0 where both are 0; both inputs are
    /// saved.
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
    /// let (y, x) = (Var::leaf(tensor![1.0, 0.0]), Var::leaf(tensor![0.0, -2.0]));
    /// let angle = y.atan2(&x)?;
    /// assert_eq!(angle.to_vec(), [std::f32::consts::FRAC_PI_2, std::f32::consts::PI]);
    /// let grads = angle.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&y), Some(&tensor![0.0, -0.5]));
    /// assert_eq!(grads.wrt(&x), Some(&tensor![-1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.atan2`
    #[track_caller]
    pub fn atan2(&self, rhs: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("atan2"))?;
        Atan2.apply([
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
        gradcheck_pairs(|x| x + 0.1f64.copysign(x), Var::atan2);
    }

    #[test]
    fn points_far_away_and_near_0_have_gradients() -> Result<()> {
        let (y, x) = (
            Var::leaf(tensor![f64; 3e200, 3e-200]),
            Var::leaf(tensor![f64; -4e200, 4e-200]),
        );
        let angle = y.atan2(&x)?;
        let slope = f64::atan2(3.0, 4.0);
        let expected = tensor![f64; std::f64::consts::PI - slope, slope];
        assert!(angle.tensor().allclose(&expected, 1e-15, 0.0), "{angle}");
        let grads = angle.backward_with(tensor![f64; 1.0, 10.0])?;
        for (x, expected) in [(&y, [-1.6e-201, 1.6e200]), (&x, [-1.2e-201, -1.2e200])] {
            let expected = Tensor::from_slice(expected, [2])?;
            assert!(
                grads
                    .wrt(x)
                    .is_some_and(|dx| dx.allclose(&expected, 1e-14, 0.0)),
                "{grads:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn the_origin_gets_no_gradient() -> Result<()> {
        let (y, x) = (Var::leaf(tensor![0.0]), Var::leaf(tensor![-0.0]));
        let grads = y.atan2(&x)?.backward()?;
        assert_eq!(grads.wrt(&y), Some(&tensor![0.0]));
        assert_eq!(grads.wrt(&x), Some(&tensor![0.0]));
        Ok(())
    }
}
