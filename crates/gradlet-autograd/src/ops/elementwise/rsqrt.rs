//! The reciprocal of the square root.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = 1 / sqrt(x)
#[derive(Clone, Copy, Debug)]
struct Rsqrt;

impl<T: Float> Pointwise<T> for Rsqrt {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        T::of(1.0) / x.sqrt()
    }

    /// -y^3 / 2
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        y * y * y * T::of(-0.5)
    }
}

impl<T: Float> Var<T> {
    /// `1 / sqrt(x)`; infinite at 0, NaN below.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `-g * y^3 / 2`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![4.0, 0.0]);
    /// let y = x.rsqrt();
    /// assert_eq!(y.to_vec(), [0.5, f32::INFINITY]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![-0.0625, -f32::INFINITY]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.rsqrt`
    pub fn rsqrt(&self) -> Self {
        self.pointwise(Rsqrt)
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
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.rsqrt()));
        check_pointwise(Rsqrt, Rsqrt, &[0.0]);
    }

    #[test]
    fn roots_are_inverted() -> Result<()> {
        let x = Var::leaf(tensor![f64; 4.0, 1.0]);
        let y = x.rsqrt();
        let expected = tensor![f64; 0.5, 1.0];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 16.0, 2.0])?;
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
