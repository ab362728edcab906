//! The cosine of each element.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Inputs;
use crate::var::Var;

/// y = cos x
#[derive(Debug)]
struct Cos;

impl<T: Float> Op<T> for Cos {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.cos())
    }

    /// dx = -g sin x
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        Ok(g.mul(&x.sin())?.neg())
    }
}

impl<T: Float> Var<T> {
    /// The cosine of x in radians.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `-g * sin(x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0, std::f32::consts::PI]);
    /// assert_eq!(x.cos().to_vec(), [1.0, -1.0]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cos`
    pub fn cos(&self) -> Self {
        infallible(Cos.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.cos()));
    }

    #[test]
    fn the_slope_is_minus_the_sine() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.cos();
        let expected = tensor![f64; 1.0, 1f64.cos()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 1.0])?;
        let expected = tensor![f64; 0.0, -1f64.sin()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
