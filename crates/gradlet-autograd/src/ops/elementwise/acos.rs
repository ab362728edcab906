//! The arc cosine.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = arccos x
#[derive(Clone, Copy, Debug)]
struct Acos;

impl<T: Float> Pointwise<T> for Acos {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::acos(x)
    }

    /// -1 / sqrt(1 - x^2)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        -(S::of(1.0) - x.square()).rsqrt()
    }
}

impl<T: Float> Var<T> {
    /// The arc cosine in `[0, pi]`; NaN outside `[-1, 1]`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `-g / sqrt(1 - x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1.0]);
    /// let y = x.acos();
    /// assert_eq!(y.to_vec(), [std::f32::consts::FRAC_PI_2, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![-1.0, -f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.acos`
    pub fn acos(&self) -> Self {
        self.pointwise(Acos)
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
        gradcheck_everywhere(|x| 0.9 * x.tanh(), |x| Ok(x.acos()));
        check_pointwise(Acos, Acos, &[1.0, -1.0]);
    }

    #[test]
    fn the_slope_falls_towards_the_ends() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.6]);
        let y = x.acos();
        let expected = tensor![f64; std::f64::consts::FRAC_PI_2, 0.6f64.acos()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 4.0])?;
        let expected = tensor![f64; -2.0, -5.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
