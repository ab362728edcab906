//! The inverse hyperbolic tangent.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = artanh x
#[derive(Clone, Copy, Debug)]
struct Atanh;

impl<T: Float> Pointwise<T> for Atanh {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::atanh(x)
    }

    /// 1 / (1 - x^2), in two factors, which do not cancel
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        ((S::of(1.0) - x) * (x + T::of(1.0))).reciprocal()
    }
}

impl<T: Float> Var<T> {
    /// The inverse hyperbolic tangent, within 3 units in the last place, even near 0; infinite at 1 and -1, NaN
    /// beyond.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (1 - x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 0.5]);
    /// let y = x.atanh();
    /// assert_eq!(y.to_vec(), [0.0, 3f32.ln() / 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 4.0 / 3.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.atanh`
    pub fn atanh(&self) -> Self {
        self.pointwise(Atanh)
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
        gradcheck_everywhere(|x| 0.9 * x.tanh(), |x| Ok(x.atanh()));
        check_pointwise(Atanh, Atanh, &[1.0, -1.0]);
    }

    #[test]
    fn the_slope_grows_towards_the_ends() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1e-20, 0.5, 1.0 - f64::EPSILON, 1.0]);
        let y = x.atanh();
        let expected = tensor![f64; 1e-20, 3f64.ln() / 2.0, 18.368_400_284_838_55, f64::INFINITY];
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 3.0, 1.0, 1.0])?;
        let expected = tensor![f64; 1.0, 4.0, 0.5 / f64::EPSILON, f64::INFINITY];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
