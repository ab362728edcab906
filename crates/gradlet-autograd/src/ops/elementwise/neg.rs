//! The negative of each element.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y = -x
#[derive(Debug)]
struct Neg;

impl<T: Float> Op<T> for Neg {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(-x)
    }

    fn forward_owned(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        Ok(-x)
    }

    /// dx = -g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(-g)
    }
}

impl<T: Float> Var<T> {
    /// The negative of each element, as `-&x`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `-g`; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, -2.0]);
    /// assert_eq!(x.neg().to_vec(), [-1.0, 2.0]);
    /// assert_eq!((-&x).sum(..)?.backward()?.wrt(&x), Some(&tensor![-1.0, -1.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn neg(&self) -> Self {
        infallible(Neg.apply(self))
    }

    pub(crate) fn neg_owned(self) -> Self {
        infallible(Neg.apply_owned(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.neg()));
    }

    #[test]
    fn the_sign_changes_both_ways() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, -2.0]);
        let y = x.neg();
        assert!(
            y.tensor().allclose(&tensor![f64; -1.0, 2.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 3.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; -1.0, -3.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
