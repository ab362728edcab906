//! The logarithm of the logistic function.

use gradlet_tensor::Float;

use crate::ops::elementwise::softplus;
use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = ln(1 / (1 + e^-x))
#[derive(Clone, Copy, Debug)]
struct LogSigmoid;

impl<T: Float> Pointwise<T> for LogSigmoid {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        -softplus(-x)
    }

    /// 1 / (1 + e^x)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (-x).sigmoid()
    }
}

impl<T: Float> Var<T> {
    /// `ln(1 / (1 + e^-x))`, below 0, without overflow.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (1 + e^x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1000.0, 0.0, 1000.0]);
    /// let y = x.log_sigmoid();
    /// assert!(y.tensor().allclose(&tensor![-1000.0, -(2f32.ln()), 0.0], 1e-6, 0.0));
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.5, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.logsigmoid`
    pub fn log_sigmoid(&self) -> Self {
        self.pointwise(LogSigmoid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.log_sigmoid()));
        check_pointwise(LogSigmoid, LogSigmoid, &[]);
    }

    #[test]
    fn infinities_have_limits() {
        check_points(
            Var::log_sigmoid,
            &[
                (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
                (0.0, -(2f64.ln()), 0.5),
                (f64::INFINITY, 0.0, 0.0),
                (f64::NAN, f64::NAN, f64::NAN),
            ],
        );
    }
}
