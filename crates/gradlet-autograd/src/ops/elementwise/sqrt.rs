//! The square root.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = sqrt(x)
#[derive(Clone, Copy, Debug)]
struct Sqrt;

impl<T: Float> Pointwise<T> for Sqrt {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        x.sqrt()
    }

    /// 1 / (2 y)
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        (y * T::of(2.0)).reciprocal()
    }

    /// This has one rounding less than `g` times the slope.
    #[inline(always)]
    fn gradient(self, g: T, y: T) -> T {
        g / (y * T::of(2.0))
    }
}

impl<T: Float> Var<T> {
    /// The square root; NaN below 0.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (2 y)`, infinite at 0; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![4.0, 0.0]);
    /// let y = x.sqrt();
    /// assert_eq!(y.to_vec(), [2.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.25, f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sqrt(&self) -> Self {
        self.pointwise(Sqrt)
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
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.sqrt()));
        check_pointwise(Sqrt, Sqrt, &[0.0]);
        check_gradient(Sqrt, &[0.0]);
    }

    #[test]
    fn the_gradient_is_half_the_inverse_root() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 16.0]);
        let y = x.sqrt();
        assert!(
            y.tensor().allclose(&tensor![f64; 1.0, 4.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 8.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 0.5, 1.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
