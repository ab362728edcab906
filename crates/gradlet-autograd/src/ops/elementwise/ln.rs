//! The natural logarithm.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = ln x
#[derive(Clone, Copy, Debug)]
struct Ln;

impl<T: Float> Pointwise<T> for Ln {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::ln(x)
    }

    /// 1 / x
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.reciprocal()
    }

    /// This has one rounding less than `g` times the slope.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        g / x
    }
}

impl<T: Float> Var<T> {
    /// The natural logarithm; -inf at 0, NaN below.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / x`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 0.0]);
    /// let y = x.ln();
    /// assert_eq!(y.to_vec(), [0.0, -f32::INFINITY]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn ln(&self) -> Self {
        self.pointwise(Ln)
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
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.ln()));
        check_pointwise(Ln, Ln, &[0.0]);
        check_gradient(Ln, &[0.0]);
    }

    #[test]
    fn the_gradient_is_the_reciprocal() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 4.0]);
        let y = x.ln();
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 0.0, 4f64.ln()], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 2.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 1.0, 0.5], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
