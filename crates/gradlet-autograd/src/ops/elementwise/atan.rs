//! The arc tangent.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = arctan x
#[derive(Clone, Copy, Debug)]
struct Atan;

impl<T: Float> Pointwise<T> for Atan {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::atan(x)
    }

    /// 1 / (1 + x^2)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (x.square() + T::of(1.0)).reciprocal()
    }

    /// This has one rounding less than `g` times the slope.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        g / (x * x + T::of(1.0))
    }
}

impl<T: Float> Var<T> {
    /// The arc tangent in `[-pi/2, pi/2]`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (1 + x^2)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, f32::INFINITY]);
    /// let y = x.atan();
    /// assert_eq!(y.to_vec(), [0.0, std::f32::consts::FRAC_PI_2]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.atan`
    pub fn atan(&self) -> Self {
        self.pointwise(Atan)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.atan()));
        check_pointwise(Atan, Atan, &[]);
        check_gradient(Atan, &[]);
    }

    #[test]
    fn the_slope_falls_with_the_square() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 2.0]);
        let y = x.atan();
        let expected = tensor![f64; 0.0, 2f64.atan()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 3.0, 10.0])?;
        let expected = tensor![f64; 3.0, 2.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
