//! The arc sine.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = arcsin x
#[derive(Clone, Copy, Debug)]
struct Asin;

impl<T: Float> Pointwise<T> for Asin {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::asin(x)
    }

    /// 1 / sqrt(1 - x^2)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (S::of(1.0) - x.square()).rsqrt()
    }
}

impl<T: Float> Var<T> {
    /// The arc sine in `[-pi/2, pi/2]`; NaN outside `[-1, 1]`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / sqrt(1 - x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1.0]);
    /// let y = x.asin();
    /// assert_eq!(y.to_vec(), [0.0, std::f32::consts::FRAC_PI_2]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.asin`
    pub fn asin(&self) -> Self {
        self.pointwise(Asin)
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
        gradcheck_everywhere(|x| 0.9 * x.tanh(), |x| Ok(x.asin()));
        check_pointwise(Asin, Asin, &[1.0, -1.0]);
    }

    #[test]
    fn the_slope_grows_towards_the_ends() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.6]);
        let y = x.asin();
        let expected = tensor![f64; 0.0, 0.6f64.asin()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 4.0])?;
        let expected = tensor![f64; 2.0, 5.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
