//! Integer powers.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Inputs;
use crate::var::Var;

/// y = x^exponent
#[derive(Debug)]
struct Powi {
    exponent: i32,
}

impl<T: Float> Op<T> for Powi {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.powi(self.exponent))
    }

    /// dx = g * exponent * x^(exponent - 1)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        if self.exponent == 0 {
            return Ok(Var::constant(x.tensor.zeros_like()));
        }
        let power = match self.exponent.checked_sub(1) {
            Some(exponent) => x.powi(exponent),
            None => x.powi(self.exponent).div(&x)?,
        };
        g.mul(&power.mul_scalar(T::of(f64::from(self.exponent))))
    }
}

impl<T: Float> Var<T> {
    /// x to an integer power; x^0 is 1 for every x.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * exponent * x^(exponent - 1)`, 0 everywhere for exponent 0; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-2.0, 0.0]);
    /// let y = x.powi(3);
    /// assert_eq!(y.to_vec(), [-8.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![12.0, 0.0]));
    /// assert_eq!(x.powi(-1).to_vec(), [-0.5, f32::INFINITY]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn powi(&self, exponent: i32) -> Self {
        infallible(Powi { exponent }.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x + 0.5f64.copysign(x), |x| Ok(x.powi(-2)));
    }

    #[test]
    fn the_power_comes_down() -> Result<()> {
        let x = Var::leaf(tensor![f64; 2.0, -1.0]);
        let y = x.powi(3);
        assert!(
            y.tensor().allclose(&tensor![f64; 8.0, -1.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 2.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 12.0, 6.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn every_small_exponent_passes_the_gradient_check() {
        for exponent in [-1, 1, 2, 5] {
            gradcheck_everywhere(|x| x + 0.5f64.copysign(x), |x| Ok(x.powi(exponent)));
        }
    }

    #[test]
    fn power_zero_has_gradient_zero_even_at_zero() -> Result<()> {
        let x = Var::leaf(tensor![0.0, 2.0]);
        let y = x.powi(0).add(&x)?;
        assert_eq!(
            y.backward_with(tensor![1.0, 1.0])?
                .wrt(&x)
                .map(Tensor::to_vec),
            Some(vec![1.0, 1.0])
        );
        Ok(())
    }

    #[test]
    fn the_smallest_exponent_has_a_slope() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, -1.0]);
        let grads = x.powi(i32::MIN).sum(..)?.backward()?;
        let slope = f64::from(i32::MIN);
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; slope, -slope]));
        Ok(())
    }
}
