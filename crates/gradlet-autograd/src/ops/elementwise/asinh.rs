//! The inverse hyperbolic sine.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = arsinh x
#[derive(Clone, Copy, Debug)]
struct Asinh;

impl<T: Float> Pointwise<T> for Asinh {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::asinh(x)
    }

    /// 1 / sqrt(1 + x^2), which is 1 / |x| where 1 is lost beside a square that may overflow
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let is_far = |x: T| x.abs() > T::epsilon().recip();
        let near = x.choose(is_far, S::of(0.0), x);
        x.choose(
            is_far,
            x.abs().reciprocal(),
            (near.square() + T::of(1.0)).rsqrt(),
        )
    }
}

impl<T: Float> Var<T> {
    /// The inverse hyperbolic sine, within 3 units in the last place, even near 0.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / sqrt(1 + x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 0.75]);
    /// let y = x.asinh();
    /// assert_eq!(y.to_vec(), [0.0, 2f32.ln()]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.8]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.asinh`
    pub fn asinh(&self) -> Self {
        self.pointwise(Asinh)
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
        gradcheck_everywhere(|x| 2.0 * x, |x| Ok(x.asinh()));
        check_pointwise(Asinh, Asinh, &[]);
    }

    #[test]
    fn large_numbers_have_a_slope() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1e-20, 0.75, -1e200]);
        let y = x.asinh();
        let expected = tensor![f64; 1e-20, 2f64.ln(), -461.210_165_779_369_1];
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 2.0, 3.0])?;
        let expected = tensor![f64; 1.0, 1.6, 3e-200];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
