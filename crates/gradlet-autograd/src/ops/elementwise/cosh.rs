//! The hyperbolic cosine.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = cosh x
#[derive(Clone, Copy, Debug)]
struct Cosh;

impl<T: Float> Pointwise<T> for Cosh {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::cosh(x)
    }

    /// sinh x
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.sinh()
    }
}

impl<T: Float> Var<T> {
    /// The hyperbolic cosine.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * sinh(x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 2f32.ln()]);
    /// let y = x.cosh(); // (2 + 1/2) / 2 at ln 2, where its slope is (2 - 1/2) / 2
    /// assert!(y.tensor().allclose(&tensor![1.0, 1.25], 1e-6, 0.0));
    /// let grads = y.sum(..)?.backward()?;
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.allclose(&tensor![0.0, 0.75], 1e-6, 0.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cosh`
    pub fn cosh(&self) -> Self {
        self.pointwise(Cosh)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.cosh()));
        check_pointwise(Cosh, Cosh, &[]);
    }

    #[test]
    fn the_slope_is_the_hyperbolic_sine() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.cosh();
        let expected = tensor![f64; 1.0, 1f64.cosh()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 1.0])?;
        let expected = tensor![f64; 0.0, 1f64.sinh()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
