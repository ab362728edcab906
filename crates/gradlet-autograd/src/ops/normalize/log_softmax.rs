//! The logarithm of softmax.

use gradlet_tensor::{Float, Keep, Result, Tensor, fused};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::{Inputs, Output};
use crate::var::Var;

/// `y_i` = `x_i` - ln `sum_j` `e^x_j` along an axis
#[derive(Debug)]
struct LogSoftmax {
    axis: isize,
}

impl<T: Float> Op<T> for LogSoftmax {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.log_softmax(self.axis)
    }

    /// dx = g - e^y * sum of g along the axis
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        let axis = self.axis;
        LogSoftmaxGradient { axis }.apply([&g, &y])
    }
}

/// dx = g - e^y * sum of g along an axis
#[derive(Debug)]
struct LogSoftmaxGradient {
    axis: isize,
}

impl<T: Float> Op<T> for LogSoftmaxGradient {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, y]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        fused::log_softmax_gradient(y, g, self.axis)
    }

    /// dg = h - sum of h * e^y, dy = -h * e^y * sum of g
    fn backward(
        &self,
        h: Var<T>,
        ([g, y], wants): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let weighted = h.mul(&y.exp())?;
        let dg = || h.sub(&weighted.sum(Keep(self.axis))?);
        let dy = || Ok(weighted.mul(&g.sum(Keep(self.axis))?)?.neg());
        Ok([wants[0].then(dg)?, wants[1].then(dy)?])
    }
}

impl<T: Float> Var<T> {
    /// `x_i - ln sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g - softmax(x) * sum of g along the axis`; the output is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1000.0, 1000.0], [0.0, -1000.0]]);
    /// let half = 0.5f32.ln();
    /// assert_eq!(x.log_softmax(1)?.tensor(), &tensor![[half, half], [0.0, -1000.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.log_softmax`
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Result<Self> {
        LogSoftmax { axis }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.log_softmax(-1));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        gradcheck(|x| x[0].log_softmax(1), &x)?;
        gradgradcheck(|x| x[0].log_softmax(0), &x)
    }

    #[test]
    fn equal_logits_share_evenly_and_a_shift_changes_nothing() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1000.0, 1000.0]]);
        let y = x.log_softmax(1)?;
        assert!(
            y.tensor()
                .allclose(&tensor![f64; [-2f64.ln(), -2f64.ln()]], 1e-15, 0.0)
        );
        let grads = y.backward_with(tensor![f64; [1.0, 0.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.5, -0.5]));
        assert!(x.log_softmax(2).is_err());
        Ok(())
    }
}
