//! The unit that multiplies by the hyperbolic tangent of the smooth rectifier.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x t, t = tanh(ln(1 + e^x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1)
#[derive(Clone, Copy, Debug)]
struct Mish;

/// The numerator and denominator of t, and e^x (1 + e^x). For x above 0, the first two are divided by e^2x and the third by
/// e^4x: nothing cancels or overflows.
#[inline(always)]
fn parts<T: Float, S: Real<T>>(x: S) -> [S; 3] {
    let (one, two) = (T::of(1.0), T::of(2.0));
    let below_0 = |x: T| x < T::of(0.0);
    let e = (-x.abs()).exp();
    let (below, above) = (e * (e + two), e * two + one);
    let (steep, flat) = (e * (e + one), e * e * (e + one));
    [
        x.choose(below_0, below, above),
        x.choose(below_0, below + two, above + e * two * e),
        x.choose(below_0, steep, flat),
    ]
}

impl<T: Float> Pointwise<T> for Mish {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let [numerator, denominator, _] = parts(x);
        x * (numerator / denominator)
    }

    /// t + x sigmoid(x) (1 - t^2) = (n + x 4 e^x (1 + e^x) / d) / d, t = n / d
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let [numerator, denominator, product] = parts(x);
        (numerator + x * (product * T::of(4.0) / denominator)) / denominator
    }
}

impl<T: Float> Var<T> {
    /// `x * tanh(ln(1 + e^x))`, with all digits far below 0; NaN at -inf.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (t + x * sigmoid(x) * (1 - t^2))` with `t = tanh(ln(1 + e^x))`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1000.0]);
    /// let y = x.mish();
    /// assert_eq!(y.to_vec(), [0.0, 1000.0]);
    /// let grads = y.sum(..)?.backward()?; // tanh(ln 2) = (2 - 1/2) / (2 + 1/2) at 0
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.allclose(&tensor![0.6, 1.0], 1e-6, 0.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.mish`
    pub fn mish(&self) -> Self {
        self.pointwise(Mish)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.mish()));
        check_pointwise(Mish, Mish, &[0.0]);
    }

    #[test]
    fn no_digit_is_lost_far_below_0_and_large_numbers_pass_unchanged() -> Result<()> {
        let x = Var::leaf(tensor![0.0, 1.0, -20.0, -60.0, 1000.0]);
        let y = x.mish();
        // Exact values from mpmath 1.4.
        let expected = tensor![0.0, 0.865_098_4, -4.122_307e-8, -5.253_906_5e-25, 1000.0];
        assert!(y.tensor().allclose(&expected, 4e-7, 0.0), "{y}");
        let grads = y.backward_with(tensor![1.0, 1.0, 1.0, 1.0, 1.0])?;
        let expected = tensor![0.6, 1.049_036_2, -3.916_191_9e-8, -5.166_341_4e-25, 1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
