//! Powers with an exponent for each element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x^e, both of one shape
#[derive(Debug)]
struct Pow;

impl<T: Float> Op<T> for Pow {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, e]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.pow(e)
    }

    /// dx = g e x^(e - 1), 0 where e = 0 whatever x is; de = g x^e ln x, 0 where x = 0 and e >= 0
    fn backward(
        &self,
        g: Var<T>,
        ([x, e], [want_x, want_e]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let (zero, one) = (T::of(0.0), T::of(1.0));
        let base = || {
            // A base of 1 where the slope is 0 anyway and 0 times the power would be NaN.
            let flat = x.tensor().zip(e.tensor(), |x, e| {
                e == zero && !(x.is_finite() && (one / x).is_finite())
            })?;
            let x = x.masked_fill(&flat, one)?;
            let slope = e.mul(&x.pow(&e.sub_scalar(one))?)?;
            // The derivative of this by e would be 1 / x.
            let dx = g.mul(&slope)?.masked_fill(&flat, zero)?;
            dx.with_corners(&e, &flat)
        };
        let exponent = || {
            let flat = x.tensor().zip(e.tensor(), |x, e| x == zero && e >= zero)?;
            let logarithm = x.masked_fill(&flat, one)?.ln();
            g.mul(&x.pow(&e)?.mul(&logarithm)?)?
                .masked_fill(&flat, zero)
        };
        Ok([want_x.then(base)?, want_e.then(exponent)?])
    }
}

impl<T: Float> Var<T> {
    /// x to the power of each exponent, after broadcasting; NaN where x is negative and the exponent is not an integer,
    /// 1 where the exponent is 0. [`powf`](Self::powf) and [`powi`](Self::powi) take one number as exponent.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g * e * x^(e - 1)`, 0 where the exponent is 0, and `g * x^e * ln(x)`, 0 where x is 0 and the exponent is not
    /// negative; both inputs are saved. The derivative of the first by the exponent is NaN where the exponent is 0 and
    /// x or 1 / x is not finite.
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
    /// let (x, e) = (Var::leaf(tensor![3.0, -8.0, 0.0]), Var::leaf(tensor![2.0, 0.5, 0.0]));
    /// let y = x.pow(&e)?;
    /// assert!(y.to_vec()[0] == 9.0 && y.to_vec()[1].is_nan() && y.to_vec()[2] == 1.0);
    /// let grads = y.select(0, 0)?.backward()?;
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.to_vec()[0] == 6.0));
    /// assert!(grads.wrt(&e).is_some_and(|de| (de.to_vec()[0] - 9.0 * 3f32.ln()).abs() < 1e-5));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.pow`
    #[track_caller]
    pub fn pow(&self, exponent: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(self.shape(), exponent.shape()).map_err(|error| error.of("pow"))?;
        Pow.apply([
            &*self.broadcast_if_needed(shape)?,
            &*exponent.broadcast_if_needed(shape)?,
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
        gradcheck_pairs(|x| x.abs() + 0.5, Var::pow);
    }

    #[test]
    fn the_mixed_derivative_at_exponent_0_is_the_same_in_both_orders() -> Result<()> {
        let (x, e) = (Var::leaf(tensor![2.0]), Var::leaf(tensor![0.0]));
        let y = x.pow(&e)?.sum(..)?;
        let first = grad(&y, &[&x, &e], CreateGraph::Yes)?;
        let of_dx = grad(&first[0].sum(..)?, &[&e], CreateGraph::No)?;
        let of_de = grad(&first[1].sum(..)?, &[&x], CreateGraph::No)?;
        assert_eq!(of_dx[0].to_vec(), [0.5]);
        assert_eq!(of_de[0].to_vec(), [0.5]);
        Ok(())
    }

    #[test]
    fn the_mixed_derivative_at_exponent_0_is_nan_where_1_over_x_is_infinite() -> Result<()> {
        let small = 2f32.powi(-60);
        let (x, e) = (
            Var::leaf(tensor![0.0, 2f32.powi(-129), small, 2.0]),
            Var::leaf(Tensor::zeros(4)?),
        );
        let first = grad(&x.pow(&e)?.sum(..)?, &[&x], CreateGraph::Yes)?;
        assert_eq!(first[0].to_vec(), [0.0; 4]);
        let second = grad(&first[0].sum(..)?, &[&x, &e], CreateGraph::No)?;
        assert_eq!(second[0].to_vec(), [0.0; 4]);
        let mixed = second[1].to_vec();
        assert!(mixed[0].is_nan() && mixed[1].is_nan(), "{mixed:?}");
        assert_eq!(mixed[2..], [1.0 / small, 0.5]);
        Ok(())
    }

    #[test]
    fn powers_of_and_by_0_have_finite_gradients() -> Result<()> {
        let (x, e) = (
            Var::leaf(tensor![0.0, 0.0, 3.0, -2.0]),
            Var::leaf(tensor![0.0, 2.0, 0.0, 3.0]),
        );
        let y = x.pow(&e)?;
        assert_eq!(y.to_vec(), [1.0, 0.0, 1.0, -8.0]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 0.0, 0.0, 12.0])
        );
        let of_e = grads.wrt(&e).map(Tensor::to_vec).unwrap_or_default();
        assert_eq!(of_e[..3], [0.0, 0.0, 3f32.ln()]);
        assert!(of_e[3].is_nan());
        Ok(())
    }
}
