//! Adding a number.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y = x + term
#[derive(Debug)]
struct AddScalar<T> {
    term: T,
}

impl<T: Float> Op<T> for AddScalar<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.add_scalar(self.term))
    }

    fn forward_owned(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        Ok(x + self.term)
    }

    /// dx = g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(g)
    }
}

impl<T: Float> Var<T> {
    /// `self + term` for a number that is not differentiated.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g`; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// assert_eq!(x.add_scalar(10.0).to_vec(), [11.0, 12.0]);
    /// assert_eq!((&x + 10.0).to_vec(), [11.0, 12.0]);
    /// ```
    pub fn add_scalar(&self, term: T) -> Self {
        infallible(AddScalar { term }.apply(self))
    }

    #[inline]
    pub(crate) fn add_scalar_owned(self, term: T) -> Self {
        infallible(AddScalar { term }.apply_owned(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.add_scalar(3.0)));
    }

    #[test]
    fn the_gradient_passes_through() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1.0, 2.0]);
        let y = x.add_scalar(3.0);
        assert!(
            y.tensor().allclose(&tensor![f64; 4.0, 5.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 7.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 1.0, 7.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
