//! The natural logarithm of 1 + x.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = ln(1 + x)
#[derive(Clone, Copy, Debug)]
struct Log1p;

impl<T: Float> Pointwise<T> for Log1p {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::log1p(x)
    }

    /// 1 / (1 + x)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (x + T::of(1.0)).reciprocal()
    }

    /// This has one rounding less than `g` times the slope.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        g / (x + T::of(1.0))
    }
}

impl<T: Float> Var<T> {
    /// `ln(1 + x)`, with full precision near 0; -inf at -1, NaN below.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (1 + x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1e-10, -1.0]);
    /// assert_eq!(x.log1p().to_vec(), [1e-10, -f32::INFINITY]);
    /// assert_eq!(x.add_scalar(1.0).ln().to_vec(), [0.0, -f32::INFINITY]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.log1p`
    pub fn log1p(&self) -> Self {
        self.pointwise(Log1p)
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
        gradcheck_everywhere(|x| x.abs() - 0.5, |x| Ok(x.log1p()));
        check_pointwise(Log1p, Log1p, &[-1.0]);
        check_gradient(Log1p, &[-1.0]);
    }

    #[test]
    fn small_numbers_keep_their_digits() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1e-20, 1.0]);
        let y = x.log1p();
        let expected = tensor![f64; 0.0, 1e-20, 2f64.ln()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0, 2.0])?;
        let expected = tensor![f64; 1.0, 1.0, 1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
