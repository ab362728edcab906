//! The softsign function.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x / (1 + |x|)
#[derive(Clone, Copy, Debug)]
struct Softsign;

impl<T: Float> Pointwise<T> for Softsign {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        x / (T::of(1.0) + x.abs())
    }

    /// 1 / (1 + |x|)^2
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        (x.abs() + T::of(1.0)).square().reciprocal()
    }
}

impl<T: Float> Var<T> {
    /// `x / (1 + |x|)`, between -1 and 1; NaN at infinities.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g / (1 + |x|)^2`; the input is saved. The second derivative jumps at 0, where it is taken to be -2.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.0, 0.0, 3.0]);
    /// let y = x.softsign();
    /// assert_eq!(y.to_vec(), [-0.5, 0.0, 0.75]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.25, 1.0, 0.0625]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.softsign`
    pub fn softsign(&self) -> Self {
        self.pointwise(Softsign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::check_pointwise;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x + 0.1f64.copysign(x), |x| Ok(x.softsign()));
        check_pointwise(Softsign, Softsign, &[0.0]);
    }
}
