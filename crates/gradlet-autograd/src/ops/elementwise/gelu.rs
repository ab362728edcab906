//! The Gaussian error linear unit.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x * Phi(x), Phi(x) the probability that a standard normal number is below x
#[derive(Clone, Copy, Debug)]
struct Gelu;

impl<T: Float> Pointwise<T> for Gelu {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::gelu(x)
    }

    /// Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let below = (x * T::of(FRAC_1_SQRT_2)).erf() + T::of(1.0);
        let bell = (x.square() * T::of(-0.5)).exp() * T::of(0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI);
        below * T::of(0.5) + x * bell
    }

    /// This keeps all digits far below 0, where `1 + erf` cancels.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        g * math::gelu_slope(x)
    }
}

impl<T: Float> Var<T> {
    /// `x` times the probability that a standard normal number is below it; NaN at -inf.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (Phi(x) + x * e^(-x^2 / 2) / sqrt(2 pi))`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![-1.0, 0.0, 1.0]);
    /// let y = x.gelu(); // 84.13 % of normal numbers are below 1, 15.87 % below -1
    /// assert!(y.tensor().allclose(&tensor![-0.1587, 0.0, 0.8413], 1e-3, 0.0));
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.gelu`
    pub fn gelu(&self) -> Self {
        self.pointwise(Gelu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_gradient, check_pointwise};
    use gradlet_tensor::{Result, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.gelu()));
        check_pointwise(Gelu, Gelu, &[]);
        check_gradient(Gelu, &[]);
    }

    #[test]
    fn half_the_slope_at_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.gelu();
        let expected = tensor![f64; 0.0, 0.841_344_746_068_542_9];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; 0.5, 1.083_315_470_587_687];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn no_digit_is_lost_far_below_0() -> Result<()> {
        // Exact values from mpmath 1.4; the sum 1 + erf(x / sqrt 2) has none of their digits.
        let x = Var::leaf(tensor![-6.0, -12.0]);
        let y = x.gelu();
        let expected = tensor![-5.919_527e-9, -2.131_778e-32];
        assert!(y.tensor().allclose(&expected, 4e-7, 0.0), "{y}");
        let grads = y.backward_with(tensor![1.0, 1.0])?;
        let expected = tensor![-3.546_871e-8, -2.557_896e-31];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
