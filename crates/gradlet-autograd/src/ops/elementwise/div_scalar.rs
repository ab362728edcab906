//! Dividing by a number.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y = x / divisor
#[derive(Debug)]
struct DivScalar<T> {
    divisor: T,
}

impl<T: Float> Op<T> for DivScalar<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.div_scalar(self.divisor))
    }

    fn forward_owned(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        Ok(x / self.divisor)
    }

    /// dx = g / divisor
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(g.div_scalar_owned(self.divisor))
    }
}

impl<T: Float> Var<T> {
    /// `self / divisor` for a number that is not differentiated.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / divisor`; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// assert_eq!(x.div_scalar(4.0).to_vec(), [0.25, 0.5]);
    /// assert_eq!((&x / 4.0).to_vec(), [0.25, 0.5]);
    /// ```
    pub fn div_scalar(&self, divisor: T) -> Self {
        infallible(DivScalar { divisor }.apply(self))
    }

    #[inline]
    pub(crate) fn div_scalar_owned(self, divisor: T) -> Self {
        infallible(DivScalar { divisor }.apply_owned(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.div_scalar(3.0)));
    }

    #[test]
    fn the_gradient_is_divided_too() -> Result<()> {
        let x = Var::leaf(tensor![f64; 3.0, 6.0]);
        let y = x.div_scalar(3.0);
        assert!(
            y.tensor().allclose(&tensor![f64; 1.0, 2.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.5, 7.5])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 0.5, 2.5], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
