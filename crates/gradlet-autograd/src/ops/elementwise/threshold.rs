//! Numbers up to a threshold replaced.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = value where x <= threshold, else x
#[derive(Clone, Copy, Debug)]
struct Threshold<T> {
    threshold: T,
    value: T,
}

impl<T: Float> Pointwise<T> for Threshold<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        if x <= self.threshold { self.value } else { x }
    }

    /// 0 where x <= threshold, else 1
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.choose(|x| x <= self.threshold, S::of(0.0), S::of(1.0))
    }
}

impl<T: Float> Var<T> {
    /// `value` where x is at most the threshold, `x` elsewhere; NaN stays NaN.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0 where x is at most the threshold, `g` elsewhere; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 1.0, 2.0]);
    /// let y = x.threshold(1.0, 20.0);
    /// assert_eq!(y.to_vec(), [20.0, 20.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.threshold`
    pub fn threshold(&self, threshold: T, value: T) -> Self {
        self.pointwise(Threshold { threshold, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(
            |x| if x > 0.4 { x + 0.1 } else { x - 0.1 },
            |x| Ok(x.threshold(0.4, -2.0).square()),
        );
        check_pointwise(
            Threshold {
                threshold: 0.4,
                value: -2.0,
            },
            Threshold {
                threshold: 0.4,
                value: -2.0,
            },
            &[0.4],
        );
    }

    #[test]
    fn nothing_flows_at_the_threshold() {
        check_points(
            |x| x.threshold(0.4, -2.0),
            &[
                (0.4, -2.0, 0.0),
                (0.5, 0.5, 1.0),
                (f64::INFINITY, f64::INFINITY, 1.0),
                (f64::NEG_INFINITY, -2.0, 0.0),
                (f64::NAN, f64::NAN, 1.0),
            ],
        );
    }
}
