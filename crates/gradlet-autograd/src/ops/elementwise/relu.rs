//! The rectifier.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::{Nothing, Output};
use crate::var::Var;

/// y = max(x, 0)
#[derive(Debug)]
struct Relu;

impl<T: Float> Op<T> for Relu {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.maximum_scalar(T::of(0.0)))
    }

    /// dx = g where y > 0, else 0
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        Gate { y: y.into_tensor() }.apply_owned(g)
    }
}

/// y = x where the rectifier let its input through, else 0: linear, so its own gradient is the same function
#[derive(Debug)]
struct Gate<T: Float> {
    y: Tensor<T>,
}

impl<T: Float> Op<T> for Gate<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let zero = T::of(0.0);
        x.zip(&self.y, |x, y| if y <= zero { zero } else { x })
    }

    fn forward_owned(&self, mut x: Tensor<T>) -> Result<Tensor<T>> {
        let zero = T::of(0.0);
        x.zip_in_place(&self.y, |x, y| if y <= zero { zero } else { x })?;
        Ok(x)
    }

    /// dx = g where y > 0, else 0
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Gate { y: self.y.clone() }.apply_owned(g)
    }

    fn attribute_bytes(&self) -> usize {
        self.y.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// `max(x, 0)`; NaN stays NaN.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` where `x > 0`, 0 where `x <= 0`: the convention at the kink is `PyTorch`'s, 0. The output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.0, 0.0, 2.0]);
    /// let y = x.relu();
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.relu`
    pub fn relu(&self) -> Self {
        infallible(Relu.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x + 0.1f64.copysign(x), |x| Ok(x.relu()));
    }

    #[test]
    fn the_gradient_at_zero_is_zero() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, -1.0, 2.0]);
        let y = x.relu();
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 0.0, 0.0, 2.0], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 5.0, 5.0, 5.0])?;
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&tensor![f64; 0.0, 0.0, 5.0], 1e-15, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn relu_keeps_nan() -> Result<()> {
        let x = Var::leaf(tensor![f32::NAN]);
        let y = x.relu();
        assert!(y.item()?.is_nan());
        assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![1.0]));
        Ok(())
    }
}
