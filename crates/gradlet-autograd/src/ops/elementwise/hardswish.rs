//! The function x sigmoid(x) made of simple pieces.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x min(max(x + 3, 0), 6) / 6
#[derive(Clone, Copy, Debug)]
struct Hardswish;

impl<T: Float> Pointwise<T> for Hardswish {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let (zero, six) = (T::of(0.0), T::of(6.0));
        let above = x + T::of(3.0);
        let above = if above > zero { above } else { zero };
        // Divided first: 6 x overflows where x does not.
        x * ((if above < six { above } else { six }) / six)
    }

    /// 0 where x <= -3, x / 3 + 1 / 2 between -3 and 3, else 1
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let curved = x / T::of(3.0) + T::of(0.5);
        let high = x.choose(|x| x < T::of(3.0), curved, S::of(1.0));
        x.choose(|x| x <= T::of(-3.0), S::of(0.0), high)
    }
}

impl<T: Float> Var<T> {
    /// `x * min(max(x + 3, 0), 6) / 6`; NaN at negative infinity.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (x / 3 + 1 / 2)` between -3 and 3, 0 at -3 and below, `g` at 3, above and for NaN; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.0, 3.0]);
    /// let y = x.hardswish();
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.5, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.hardswish`
    pub fn hardswish(&self) -> Self {
        self.pointwise(Hardswish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_points, check_pointwise};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.hardswish()));
        check_pointwise(Hardswish, Hardswish, &[-3.0, 3.0]);
    }

    #[test]
    fn kinks_and_special_values_are_pytorchs() {
        check_points(
            Var::hardswish,
            &[
                (-3.0, 0.0, 0.0),
                (3.0, 3.0, 1.0),
                (1.5, 1.125, 1.0),
                (1e308, 1e308, 1.0),
                (f64::INFINITY, f64::INFINITY, 1.0),
                (f64::NEG_INFINITY, f64::NAN, 0.0),
                (f64::NAN, f64::NAN, 1.0),
            ],
        );
    }
}
