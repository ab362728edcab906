//! The sigmoid-weighted unit.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x * sigmoid(x)
#[derive(Clone, Copy, Debug)]
struct Silu;

impl<T: Float> Pointwise<T> for Silu {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::silu(x)
    }

    /// s (1 + x (1 - s)), s = sigmoid(x)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let (one, s) = (S::of(1.0), x.sigmoid());
        s * (one + x * (one - s))
    }
}

impl<T: Float> Var<T> {
    /// `x * sigmoid(x)`, also known as swish.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * s * (1 + x * (1 - s))` with `s = sigmoid(x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1000.0, 0.0, 1000.0]);
    /// let y = x.silu();
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 1000.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.5, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.silu`
    pub fn silu(&self) -> Self {
        self.pointwise(Silu)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.silu()));
        check_pointwise(Silu, Silu, &[]);
    }

    #[test]
    fn half_the_slope_at_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.silu();
        let expected = tensor![f64; 0.0, 0.731_058_578_630_004_9];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; 0.5, 0.927_670_511_871_486_7];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
