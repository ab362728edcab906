//! The hyperbolic tangent.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Output;
use crate::slope::Curve;
use crate::var::Var;

/// y = tanh(x)
#[derive(Clone, Copy, Debug)]
struct Tanh;

impl<T: Float> Op<T> for Tanh {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.tanh())
    }

    /// dx = g (1 - y^2)
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        Curve::backward(*self, g, &y)
    }
}

impl<T: Float> Curve<T> for Tanh {
    #[inline(always)]
    fn gradient(self, g: T, y: T) -> T {
        g * (T::of(1.0) - y * y)
    }

    /// -2 y
    fn bend(self, y: &Var<T>) -> Result<Option<Var<T>>> {
        Ok(Some(y.mul_scalar(T::of(-2.0))))
    }
}

impl<T: Float> Var<T> {
    /// The hyperbolic tangent.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (1 - y^2)`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1000.0, 0.0, 1000.0]);
    /// let y = x.tanh();
    /// assert_eq!(y.to_vec(), [-1.0, 0.0, 1.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tanh(&self) -> Self {
        infallible(Tanh.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.tanh()));
    }

    #[test]
    fn the_gradient_is_one_less_the_square() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.5]);
        let y = x.tanh();
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 0.0, 0.5f64.tanh()], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 2.0, 1.0])?;
        assert!(
            grads.wrt(&x).is_some_and(|dx| dx.allclose(
                &tensor![f64; 2.0, 1.0 - 0.5f64.tanh().powi(2)],
                1e-15,
                0.0
            )),
            "{grads:?}"
        );
        Ok(())
    }
}
