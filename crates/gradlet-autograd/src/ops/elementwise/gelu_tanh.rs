//! The Gaussian error linear unit, approximated by a hyperbolic tangent.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// The factor of the cube; like the formula from Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415.
const CUBIC: f64 = 0.044_715;
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
/// 2 u = x (LINEAR + LINEAR CUBIC x^2)
const LINEAR: f64 = 2.0 * SQRT_2_OVER_PI;
/// The x from which sigmoid(2 u) rounds to 1; below its negative, it rounds to 0.
const END: f64 = 22.0;

/// y = x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3)
#[derive(Clone, Copy, Debug)]
struct GeluTanh;

impl<T: Float> Pointwise<T> for GeluTanh {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::gelu_tanh(x)
    }

    /// s (1 + x (1 - s) v'), s = sigmoid(v), v = 2 u
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let (linear, cubic, end) = (T::of(LINEAR), T::of(LINEAR * CUBIC), T::of(END));
        // The cube could overflow, and 0 times infinity is NaN, which is right only for an infinite x: that one stays.
        let x = x.choose(|x| x > end && x < T::infinity(), S::number(end), x);
        let x = x.choose(|x| x < -end && x > -T::infinity(), S::number(-end), x);
        let (one, square) = (S::of(1.0), x.square());
        let s = (x * (square * cubic + linear)).sigmoid();
        let climb = x * (square * (T::of(3.0) * cubic) + linear);
        s * (one + climb * (one - s))
    }
}

impl<T: Float> Var<T> {
    /// The approximation `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))` of [`gelu`](Self::gelu).
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// The derivative of the approximation, times `g`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0, 1.0, 3.0]);
    /// let (y, exact) = (x.gelu_tanh(), x.gelu());
    /// assert!(y.tensor().allclose(exact.tensor(), 0.0, 5e-4));
    /// assert!(!y.tensor().allclose(exact.tensor(), 0.0, 1e-4));
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.gelu(approximate="tanh")`
    pub fn gelu_tanh(&self) -> Self {
        self.pointwise(GeluTanh)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.gelu_tanh()));
        check_pointwise(GeluTanh, GeluTanh, &[]);
    }

    #[test]
    fn half_the_slope_at_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.gelu_tanh();
        let expected = tensor![f64; 0.0, 0.841_191_990_608_276_6];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; 0.5, 1.082_964_083_845_782_6];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
