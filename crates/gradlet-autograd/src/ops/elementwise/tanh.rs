//! The hyperbolic tangent.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = tanh(x)
#[derive(Clone, Copy, Debug)]
struct Tanh;

impl<T: Float> Pointwise<T> for Tanh {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::tanh(x)
    }

    /// 1 - y^2
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        S::of(1.0) - y.square()
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
        self.pointwise(Tanh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::check_pointwise;
    use gradlet_tensor::{Result, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.tanh()));
        check_pointwise(Tanh, Tanh, &[]);
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
