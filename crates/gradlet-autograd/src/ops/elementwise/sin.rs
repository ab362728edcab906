//! The sine of each element.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Inputs;
use crate::var::Var;

/// y = sin x
#[derive(Debug)]
struct Sin;

impl<T: Float> Op<T> for Sin {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.sin())
    }

    /// dx = g cos x
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        g.mul(&x.cos())
    }
}

impl<T: Float> Var<T> {
    /// The sine of x in radians.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * cos(x)`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0, std::f32::consts::FRAC_PI_2]);
    /// assert_eq!(x.sin().to_vec(), [0.0, 1.0]);
    /// ```
    ///
    /// # Source
    ///
    /// `torch.sin`
    pub fn sin(&self) -> Self {
        infallible(Sin.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.sin()));
    }

    #[test]
    fn the_slope_is_the_cosine() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.sin();
        let expected = tensor![f64; 0.0, 1f64.sin()];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 2.0, 1.0])?;
        let expected = tensor![f64; 2.0, 1f64.cos()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
