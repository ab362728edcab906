//! The distance of a number from its hyperbolic tangent.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x - tanh(x)
#[derive(Clone, Copy, Debug)]
struct Tanhshrink;

impl<T: Float> Pointwise<T> for Tanhshrink {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        x - math::tanh(x)
    }

    /// tanh(x)^2
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.tanh().square()
    }
}

impl<T: Float> Var<T> {
    /// `x - tanh(x)`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * tanh(x)^2`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-30.0, 0.0, 30.0]);
    /// let y = x.tanhshrink();
    /// assert_eq!(y.to_vec(), [-29.0, 0.0, 29.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.tanhshrink`
    pub fn tanhshrink(&self) -> Self {
        self.pointwise(Tanhshrink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.tanhshrink()));
        check_pointwise(Tanhshrink, Tanhshrink, &[]);
    }

    #[test]
    fn the_slope_of_small_numbers_has_all_its_digits() {
        check_points(
            Var::tanhshrink,
            &[
                (0.5, 0.5 - 0.5f64.tanh(), 0.5f64.tanh().powi(2)),
                (f64::INFINITY, f64::INFINITY, 1.0),
                (f64::NAN, f64::NAN, f64::NAN),
            ],
        );
    }
}
