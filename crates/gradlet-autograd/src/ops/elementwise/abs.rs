//! The absolute value.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = |x|
#[derive(Clone, Copy, Debug)]
struct Abs;

impl<T: Float> Pointwise<T> for Abs {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        x.abs()
    }

    /// The sign of x, 0 for 0 and NaN
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let above = x.choose(|x| x > T::of(0.0), S::of(1.0), S::of(0.0));
        x.choose(|x| x < T::of(0.0), S::of(-1.0), above)
    }
}

impl<T: Float> Var<T> {
    /// The absolute value.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * sign(x)`, 0 at 0; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-2.0, 0.0, 3.0]);
    /// let y = x.abs();
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![-1.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.abs`
    pub fn abs(&self) -> Self {
        self.pointwise(Abs)
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
        gradcheck_everywhere(|x| x + 0.2f64.copysign(x), |x| Ok(x.abs()));
        check_pointwise(Abs, Abs, &[0.0]);
    }

    #[test]
    fn the_gradient_has_the_sign_and_is_0_at_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; -2.0, 0.0, 3.0]);
        let y = x.abs();
        let expected = tensor![f64; 2.0, 0.0, 3.0];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 5.0, 5.0, 5.0])?;
        let expected = tensor![f64; -5.0, 0.0, 5.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
