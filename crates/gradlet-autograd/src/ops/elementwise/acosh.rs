//! The inverse hyperbolic cosine.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = arcosh x
#[derive(Clone, Copy, Debug)]
struct Acosh;

impl<T: Float> Pointwise<T> for Acosh {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::acosh(x)
    }

    /// 1 / sqrt(x^2 - 1), in two factors: their product neither overflows nor cancels
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (x - T::of(1.0)).rsqrt() * (x + T::of(1.0)).rsqrt()
    }
}

impl<T: Float> Var<T> {
    /// The inverse hyperbolic cosine, within 3 units in the last place, even near 1; NaN below.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / sqrt(x^2 - 1)`, infinite at 1 and NaN below; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.25, 1.0]);
    /// let y = x.acosh();
    /// assert_eq!(y.to_vec(), [2f32.ln(), 0.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.allclose(&tensor![4.0 / 3.0, f32::INFINITY], 1e-6, 0.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.acosh`
    pub fn acosh(&self) -> Self {
        self.pointwise(Acosh)
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
        gradcheck_everywhere(|x| x.abs() + 1.1, |x| Ok(x.acosh()));
        check_pointwise(Acosh, Acosh, &[1.0]);
    }

    #[test]
    fn numbers_just_above_1_keep_their_digits() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.000_000_001, 1.25, 1e200]);
        let y = x.acosh();
        let expected = tensor![f64; 4.472_136_139_639_991e-5, 2f64.ln(), 461.210_165_779_369_1];
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 3.0, 3.0])?;
        let expected = tensor![f64; 22_360.678_844_342_314, 4.0, 3e-200];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
