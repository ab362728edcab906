//! The logarithm of a sum of exponentials.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// y = ln sum of e^x over the axes
#[derive(Debug)]
struct LogSumExp(ReducedAxes);

impl<T: Float> Op<T> for LogSumExp {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.logsumexp(self.0)
    }

    /// dx = g e^(x - m) / sum of e^(x - m), m the largest x: y itself may be too large to subtract exactly
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        if x.is_empty() {
            return Ok(x.mul_scalar(T::of(0.0)));
        }
        let axes = self.0.keep();
        let zero = T::of(0.0);
        let largest = x.tensor().max(axes)?;
        let shift = largest.map(|x| if x.is_infinite() { zero } else { x });
        let e = x.sub(&Var::constant(shift))?.exp();
        let share = e.div(&e.sum(axes)?)?;
        share.mul(&g.reshape(axes.output())?)
    }
}

impl<T: Float> Var<T> {
    /// `ln sum e^x` over the axes, without overflow; -inf if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `logsumexp(1)`: `[a, b, c] -> [a, c]`; `logsumexp(Keep(1))`: `[a, b, c] -> [a, 1, c]`;
    /// `logsumexp(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` times the softmax; NaN or 0 where y is infinite. The input is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1000.0, 1000.0]);
    /// let y = x.logsumexp(0)?;
    /// assert_eq!(y.item()?, 1000.0 + 2f32.ln());
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.5, 0.5]));
    /// let y = x.sub(&x.logsumexp(Keep(0))?)?; // log_softmax
    /// assert!(y.exp().tensor().allclose(&tensor![0.5, 0.5], 1e-4, 0.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.logsumexp`
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Axes) -> Result<Self> {
        LogSumExp(ReducedAxes::new("logsumexp", *self.shape(), &axes)?).apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![0], vec![-1], vec![0, 2], vec![0, 1, 2]] {
            gradcheck(|x| x[0].logsumexp(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.logsumexp(axes.as_slice()), &x)?;
        }
        gradcheck(|x| x[0].logsumexp(0), &[Tensor::zeros_of([3, 0])?])
    }

    #[test]
    fn the_gradient_is_the_softmax_without_overflow() -> Result<()> {
        let x = Var::leaf(tensor![f64; 1000.0, 1000.0]);
        let y = x.logsumexp(..)?;
        assert_eq!(y.item()?, 1000.0 + 2f64.ln());
        assert_eq!(x.logsumexp(Keep(0))?.shape(), [1]);
        let grads = y.backward()?;
        let half = tensor![f64; 0.5, 0.5];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&half, 1e-12, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }
}
