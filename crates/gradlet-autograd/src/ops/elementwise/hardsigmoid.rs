//! The logistic function made of straight lines.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = min(max(x + 3, 0), 6) / 6
#[derive(Clone, Copy, Debug)]
struct Hardsigmoid;

impl<T: Float> Pointwise<T> for Hardsigmoid {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let (zero, six) = (T::of(0.0), T::of(6.0));
        let above = x + T::of(3.0);
        // NaN stays NaN, as comparisons with it are false.
        let above = if above < zero { zero } else { above };
        (if above > six { six } else { above }) / six
    }

    /// 1 / 6 between -3 and 3, else 0
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let inside = |x: T| x > T::of(-3.0) && x < T::of(3.0);
        x.choose(inside, S::of(1.0 / 6.0), S::of(0.0))
    }
}

impl<T: Float> Var<T> {
    /// `min(max(x + 3, 0), 6) / 6`; NaN stays NaN.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / 6` strictly between -3 and 3, 0 elsewhere and for NaN; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.0, 6.0]);
    /// let y = x.hardsigmoid();
    /// assert_eq!(y.to_vec(), [0.0, 0.5, 1.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0 / 6.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.hardsigmoid`
    pub fn hardsigmoid(&self) -> Self {
        self.pointwise(Hardsigmoid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.hardsigmoid().square()));
        check_pointwise(Hardsigmoid, Hardsigmoid, &[-3.0, 3.0]);
    }

    #[test]
    fn nothing_flows_at_a_kink_or_for_nan() {
        check_points(
            Var::hardsigmoid,
            &[
                (-3.0, 0.0, 0.0),
                (3.0, 1.0, 0.0),
                (0.0, 0.5, 1.0 / 6.0),
                (f64::INFINITY, 1.0, 0.0),
                (f64::NEG_INFINITY, 0.0, 0.0),
                (f64::NAN, f64::NAN, 0.0),
            ],
        );
    }
}
