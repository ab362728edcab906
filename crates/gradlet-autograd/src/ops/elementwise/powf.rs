//! Real powers.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Inputs;
use crate::var::Var;

/// y = x^exponent
#[derive(Debug)]
struct Powf<T> {
    exponent: T,
}

impl<T: Float> Op<T> for Powf<T> {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.powf(self.exponent))
    }

    /// dx = g * exponent * x^(exponent - 1)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        if self.exponent == T::of(0.0) {
            return Ok(Var::constant(x.tensor.zeros_like()));
        }
        let slope = x.powf(self.exponent - T::of(1.0)).mul_scalar(self.exponent);
        g.mul(&slope)
    }
}

impl<T: Float> Var<T> {
    /// x to a real power; NaN where x is negative and the exponent is not an integer.
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
    /// let x = Var::leaf(tensor![4.0, 0.0]);
    /// let y = x.powf(0.5);
    /// assert_eq!(y.to_vec(), [2.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.25, f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn powf(&self, exponent: T) -> Self {
        infallible(Powf { exponent }.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.powf(-1.5)));
    }

    #[test]
    fn the_power_comes_down() -> Result<()> {
        let x = Var::leaf(tensor![f64; 4.0, 1.0]);
        let y = x.powf(1.5);
        assert!(
            y.tensor().allclose(&tensor![f64; 8.0, 1.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 2.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 3.0, 3.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
