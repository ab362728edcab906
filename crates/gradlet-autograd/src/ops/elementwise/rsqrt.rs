//! The reciprocal of the square root.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Output;
use crate::var::Var;

/// y = 1 / sqrt(x)
#[derive(Debug)]
struct Rsqrt;

impl<T: Float> Op<T> for Rsqrt {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.rsqrt())
    }

    /// dx = -g y^3 / 2
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        Ok(g.mul(&y.powi(3))?.mul_scalar(T::of(-0.5)))
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
        infallible(Rsqrt.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x.abs() + 0.5, |x| Ok(x.rsqrt()));
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
