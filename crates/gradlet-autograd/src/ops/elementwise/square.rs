//! The square.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x^2
#[derive(Clone, Copy, Debug)]
struct Square;

impl<T: Float> Pointwise<T> for Square {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        x * x
    }

    /// 2 x
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x * T::of(2.0)
    }
}

impl<T: Float> Var<T> {
    /// `x * x`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (2 * x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.5]);
    /// let y = x.square();
    /// assert_eq!(y.to_vec(), [9.0, 0.25]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![-6.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.square`
    pub fn square(&self) -> Self {
        self.pointwise(Square)
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
        gradcheck_everywhere(|x| x, |x| Ok(x.square()));
        check_pointwise(Square, Square, &[]);
    }

    #[test]
    fn the_gradient_is_twice_the_input() -> Result<()> {
        let x = Var::leaf(tensor![f64; -3.0, 0.0, 2.0]);
        let y = x.square();
        let expected = tensor![f64; 9.0, 0.0, 4.0];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0, 10.0])?;
        let expected = tensor![f64; -6.0, 0.0, 40.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
