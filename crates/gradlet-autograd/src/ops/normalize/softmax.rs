//! Softmax: exponentials that add up to one.

use gradlet_tensor::{Float, Keep, ReducedAxes, Result, Tensor, fused};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::{Inputs, Output};
use crate::var::Var;

/// `y_i` = `e^x_i` / `sum_j` `e^x_j` along an axis
#[derive(Debug)]
struct Softmax {
    axis: isize,
}

impl<T: Float> Op<T> for Softmax {
    type Arity = One;
    type Saves = Output;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.softmax(self.axis)
    }

    /// dx = y * (g - sum of g * y along the axis)
    fn backward(&self, g: Var<T>, y: Var<T>) -> Result<Var<T>> {
        let axis = self.axis;
        SoftmaxGradient { axis }.apply([&g, &y])
    }
}

/// dx = y * (g - sum of g * y along an axis)
#[derive(Debug)]
struct SoftmaxGradient {
    axis: isize,
}

impl<T: Float> Op<T> for SoftmaxGradient {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, y]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        fused::softmax_gradient(y, g, self.axis)
    }

    /// dg = y * (h - sum of h * y), dy = h * (g - sum of g * y) - g * sum of h * y
    fn backward(
        &self,
        h: Var<T>,
        ([g, y], wants): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let axis = self.axis;
        let sums = ReducedAxes::new("softmax", *y.shape(), &Keep(axis))?.kept();
        let total = |x: &Var<T>| x.mul_sum_to(&y, sums);
        let dg = || Self { axis }.apply([&h, &y]);
        let dy = || h.mul(&g.sub(&total(&g)?)?)?.sub(&g.mul(&total(&h)?)?);
        Ok([wants[0].then(dg)?, wants[1].then(dy)?])
    }
}

impl<T: Float> Var<T> {
    /// `e^x_i / sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `y * (g - sum of g * y along the axis)`; the output is saved.
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
    /// let x = Var::leaf(tensor![[1000.0, 1000.0], [0.0, -f32::INFINITY]]);
    /// assert_eq!(x.softmax(1)?.tensor(), &tensor![[0.5, 0.5], [1.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.softmax`
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Self> {
        Softmax { axis }.apply(self)
    }

    /// The softmax of the negated elements, `e^-x_i / sum_j e^-x_j` along an axis.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `y * (sum of g * y along the axis - g)`; the output is saved.
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
    /// let x = Var::leaf(tensor![[1000.0, 1000.0], [0.0, f32::INFINITY]]);
    /// assert_eq!(x.softmin(1)?.tensor(), &tensor![[0.5, 0.5], [1.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.softmin`
    #[track_caller]
    pub fn softmin(&self, axis: isize) -> Result<Self> {
        let y = self.neg().softmax(axis);
        y.map_err(|error| error.of("softmin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.softmax(-1));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        gradcheck(|x| x[0].softmax(1), &x)?;
        gradgradcheck(|x| x[0].softmax(-3), &x)
    }

    #[test]
    fn equal_logits_share_evenly_and_gradients_add_up_to_nothing() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1000.0, 1000.0]]);
        let y = x.softmax(1)?;
        assert_eq!(y.to_vec(), [0.5, 0.5]);
        let grads = y.backward_with(tensor![f64; [1.0, 0.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.25, -0.25]));
        Ok(())
    }

    #[test]
    fn a_scalar_is_one_whatever_its_value() -> Result<()> {
        let x = Var::leaf(Tensor::scalar(3.0f32));
        for axis in [0, -1] {
            let y = x.softmax(axis)?;
            assert_eq!(y.item()?, 1.0);
            assert_eq!(y.backward()?.wrt(&x).map(Tensor::to_vec), Some(vec![0.0]));
        }
        let error = x.softmax(1).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::AxisOutOfRange { .. }));
        Ok(())
    }
}
