//! Small numbers made 0.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = 0 from -lambda to lambda, else x
#[derive(Clone, Copy, Debug)]
struct Hardshrink<T> {
    lambda: T,
}

impl<T: Float> Pointwise<T> for Hardshrink<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let small = x >= -self.lambda && x <= self.lambda;
        if small { T::of(0.0) } else { x }
    }

    /// 0 from -lambda to lambda, else 1
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let small = |x: T| x >= -self.lambda && x <= self.lambda;
        x.choose(small, S::of(0.0), S::of(1.0))
    }
}

impl<T: Float> Var<T> {
    /// 0 from -lambda to lambda, `x` elsewhere; NaN stays NaN. `PyTorch`'s default lambda is 0.5.
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
    /// let y = x.hardshrink(0.5);
    /// assert_eq!(y.to_vec(), [-3.0, 0.0, 0.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.hardshrink`
    pub fn hardshrink(&self, lambda: T) -> Self {
        self.pointwise(Hardshrink { lambda })
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
            |x| {
                if x.abs() < 0.5 {
                    x / 2.0
                } else {
                    x + 0.1f64.copysign(x)
                }
            },
            |x| Ok(x.hardshrink(0.5).square()),
        );
        check_pointwise(
            Hardshrink { lambda: 0.5 },
            Hardshrink { lambda: 0.5 },
            &[-0.5, 0.5],
        );
    }

    #[test]
    fn nothing_flows_at_a_jump() {
        check_points(
            |x| x.hardshrink(0.5),
            &[
                (-0.5, 0.0, 0.0),
                (0.5, 0.0, 0.0),
                (-0.25, 0.0, 0.0),
                (f64::INFINITY, f64::INFINITY, 1.0),
                (f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0),
                (f64::NAN, f64::NAN, 1.0),
            ],
        );
    }
}
