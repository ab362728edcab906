//! The reciprocal.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = 1 / x
#[derive(Clone, Copy, Debug)]
struct Reciprocal;

impl<T: Float> Pointwise<T> for Reciprocal {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        T::of(1.0) / x
    }

    /// -y^2
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        -y.square()
    }
}

impl<T: Float> Var<T> {
    /// `1 / x`; infinite at 0.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `-g * y^2`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![4.0, 0.0, -0.0]);
    /// let y = x.reciprocal();
    /// assert_eq!(y.to_vec(), [0.25, f32::INFINITY, -f32::INFINITY]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.reciprocal`
    pub fn reciprocal(&self) -> Self {
        self.pointwise(Reciprocal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::check_pointwise;
    use gradlet_tensor::{Result, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x + 0.5f64.copysign(x), |x| Ok(x.reciprocal()));
        check_pointwise(Reciprocal, Reciprocal, &[0.0]);
    }

    #[test]
    fn the_gradient_falls_with_the_square() -> Result<()> {
        let x = Var::leaf(tensor![f64; 2.0, -4.0]);
        let y = x.reciprocal();
        let expected = tensor![f64; 0.5, -0.25];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 4.0, 16.0])?;
        let expected = tensor![f64; -1.0, -1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
