//! The exponential function minus one.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Output;
use crate::var::Var;

/// y = e^x - 1
#[derive(Clone, Copy, Debug)]
struct Expm1;

impl<T: Float> Pointwise<T> for Expm1 {
    type Saves = Output;

    #[inline(always)]
    fn value(self, x: T) -> T {
        math::expm1(x)
    }

    /// y + 1
    #[inline(always)]
    fn slope<S: Real<T>>(self, y: S) -> S {
        y + T::of(1.0)
    }
}

impl<T: Float> Var<T> {
    /// `e^x - 1`, with full precision near 0.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (y + 1)`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1e-10, -f32::INFINITY]);
    /// assert_eq!(x.expm1().to_vec(), [1e-10, -1.0]);
    /// assert_eq!(x.exp().add_scalar(-1.0).to_vec(), [0.0, -1.0]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.expm1`
    pub fn expm1(&self) -> Self {
        self.pointwise(Expm1)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.expm1()));
        check_pointwise(Expm1, Expm1, &[]);
    }

    #[test]
    fn small_numbers_keep_their_digits() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1e-20, 1.0]);
        let y = x.expm1();
        let expected = tensor![f64; 0.0, 1e-20, 1f64.exp_m1()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0, 2.0])?;
        let expected = tensor![f64; 1.0, 1.0, 2.0 * 1f64.exp()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
