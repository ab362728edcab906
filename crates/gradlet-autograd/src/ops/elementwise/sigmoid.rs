//! The logistic function.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = 1 / (1 + e^-x)
#[derive(Clone, Copy, Debug)]
struct Sigmoid;

impl<T: Float> Pointwise<T> for Sigmoid {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::sigmoid(x)
    }

    /// y (1 - y)
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        y * (S::of(1.0) - y)
    }
}

impl<T: Float> Var<T> {
    /// The logistic function `1 / (1 + e^-x)`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * y * (1 - y)`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1000.0, 0.0, 1000.0]);
    /// let y = x.sigmoid();
    /// assert_eq!(y.to_vec(), [0.0, 0.5, 1.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.25, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sigmoid(&self) -> Self {
        self.pointwise(Sigmoid)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.sigmoid()));
        check_pointwise(Sigmoid, Sigmoid, &[]);
    }

    #[test]
    fn the_gradient_is_a_quarter_at_zero() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.0]);
        let y = x.sigmoid();
        assert!(
            y.tensor().allclose(&tensor![f64; 0.5, 0.5], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 8.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 0.25, 2.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
