//! Numbers moved toward 0.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x moved by lambda toward 0, and 0 where it would pass 0
#[derive(Clone, Copy, Debug)]
struct Softshrink<T> {
    lambda: T,
}

impl<T: Float> Pointwise<T> for Softshrink<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        if x > self.lambda {
            x - self.lambda
        } else if x < -self.lambda {
            x + self.lambda
        } else {
            // 0, but NaN for NaN
            x * T::of(0.0)
        }
    }

    /// 0 from -lambda to lambda, else 1
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let small = |x: T| x >= -self.lambda && x <= self.lambda;
        x.choose(small, S::of(0.0), S::of(1.0))
    }
}

impl<T: Float> Var<T> {
    /// `x - lambda` above lambda, `x + lambda` below -lambda, else 0; NaN stays NaN. `PyTorch`'s default lambda is 0.5.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0 from -lambda to lambda, `g` elsewhere; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.25, 0.5, 2.0]);
    /// let y = x.softshrink(0.5);
    /// assert_eq!(y.to_vec(), [-2.5, 0.0, 0.0, 1.5]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.softshrink`
    pub fn softshrink(&self, lambda: T) -> Self {
        self.pointwise(Softshrink { lambda })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.softshrink(0.5).square()));
        check_pointwise(
            Softshrink { lambda: 0.5 },
            Softshrink { lambda: 0.5 },
            &[-0.5, 0.5],
        );
    }

    #[test]
    fn nothing_flows_at_a_kink() {
        check_points(
            |x| x.softshrink(0.5),
            &[
                (-0.5, 0.0, 0.0),
                (0.5, 0.0, 0.0),
                (-0.0, 0.0, 0.0),
                (f64::INFINITY, f64::INFINITY, 1.0),
                (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
                (f64::NAN, f64::NAN, 1.0),
            ],
        );
    }
}
