//! The tangent of each element.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Output;
use crate::var::Var;

/// y = tan x
#[derive(Debug)]
struct Tan;

impl<T: Float> Op<T> for Tan {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.tan())
    }

    /// dx = g (1 + y^2)
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        g.mul(&y.square().add_scalar(T::of(1.0)))
    }
}

impl<T: Float> Var<T> {
    /// The tangent of x in radians.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (1 + y^2)`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, std::f32::consts::FRAC_PI_4]);
    /// let y = x.tan();
    /// assert!(y.tensor().allclose(&tensor![0.0, 1.0], 1e-6, 0.0));
    /// let grads = y.sum(..)?.backward()?;
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.allclose(&tensor![1.0, 2.0], 1e-6, 0.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.tan`
    pub fn tan(&self) -> Self {
        infallible(Tan.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x * 0.4, |x| Ok(x.tan()));
    }

    #[test]
    fn the_slope_is_one_more_than_the_square() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.5]);
        let y = x.tan();
        let expected = tensor![f64; 0.0, 0.5f64.tan()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 1.0])?;
        let expected = tensor![f64; 2.0, 1.0 + 0.5f64.tan() * 0.5f64.tan()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
