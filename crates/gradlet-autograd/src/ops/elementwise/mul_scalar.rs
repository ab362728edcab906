//! Multiplying by a number.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y = x * factor
#[derive(Debug)]
struct MulScalar<T> {
    factor: T,
}

impl<T: Float> Op<T> for MulScalar<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.mul_scalar(self.factor))
    }

    fn forward_owned(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        Ok(x * self.factor)
    }

    /// dx = g * factor
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(g.mul_scalar_owned(self.factor))
    }
}

impl<T: Float> Var<T> {
    /// `self * factor` for a number that is not differentiated.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * factor`; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// assert_eq!(x.mul_scalar(-3.0).to_vec(), [-3.0, -6.0]);
    /// assert_eq!((&x * -3.0).to_vec(), [-3.0, -6.0]);
    /// ```
    pub fn mul_scalar(&self, factor: T) -> Self {
        infallible(MulScalar { factor }.apply(self))
    }

    #[inline]
    pub(crate) fn mul_scalar_owned(self, factor: T) -> Self {
        infallible(MulScalar { factor }.apply_owned(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.mul_scalar(3.0)));
    }

    #[test]
    fn the_gradient_is_scaled_too() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 2.0]);
        let y = x.mul_scalar(3.0);
        assert!(
            y.tensor().allclose(&tensor![f64; 3.0, 6.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 7.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 3.0, 21.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
