//! The logarithm to base 2.

use std::f64::consts::LN_2;

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = log2 x
#[derive(Clone, Copy, Debug)]
struct Log2;

impl<T: Float> Pointwise<T> for Log2 {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::log2(x)
    }

    /// 1 / (x ln 2)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (x * T::of(LN_2)).reciprocal()
    }

    /// This has one rounding less than `g` times the slope.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        g / (x * T::of(LN_2))
    }
}

impl<T: Float> Var<T> {
    /// The logarithm to base 2; -inf at 0, NaN below.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (x * ln(2))`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![8.0, 0.5, 0.0]);
    /// assert_eq!(x.log2().to_vec(), [3.0, -1.0, -f32::INFINITY]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.log2`
    pub fn log2(&self) -> Self {
        self.pointwise(Log2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::{check_gradient, check_pointwise};
    use gradlet_tensor::{Result, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.log2()));
        check_pointwise(Log2, Log2, &[0.0]);
        check_gradient(Log2, &[0.0]);
    }

    #[test]
    fn powers_give_their_exponents() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 8.0]);
        let y = x.log2();
        let expected = tensor![f64; 0.0, 3.0];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; 1.0 / std::f64::consts::LN_2, 0.125 / std::f64::consts::LN_2];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
