//! The error function.

use std::f64::consts::FRAC_2_SQRT_PI;

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x
#[derive(Clone, Copy, Debug)]
struct Erf;

impl<T: Float> Pointwise<T> for Erf {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::erf(x)
    }

    /// 2 / sqrt(pi) e^(-x^2)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (-x.square()).exp() * T::of(FRAC_2_SQRT_PI)
    }
}

impl<T: Float> Var<T> {
    /// The error function `2 / sqrt(pi) * integral of e^(-t^2) from 0 to x`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * 2 / sqrt(pi) * e^(-x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, f32::INFINITY, -f32::INFINITY]);
    /// let y = x.erf();
    /// assert_eq!(y.to_vec(), [0.0, 1.0, -1.0]);
    /// let slope = std::f32::consts::FRAC_2_SQRT_PI; // its largest, at 0
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![slope, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.erf`
    pub fn erf(&self) -> Self {
        self.pointwise(Erf)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.erf()));
        check_pointwise(Erf, Erf, &[]);
    }

    #[test]
    fn the_slope_is_a_bell() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.erf();
        let expected = tensor![f64; 0.0, 0.842_700_792_949_714_9];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; std::f64::consts::FRAC_2_SQRT_PI, std::f64::consts::FRAC_2_SQRT_PI * (-1f64).exp()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
