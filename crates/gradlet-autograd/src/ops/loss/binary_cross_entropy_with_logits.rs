//! The cross-entropy of two classes, given logits: sigmoid and cross-entropy in one.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::ops::elementwise::softplus;
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// y = (1 - t) x + (1 + (w - 1) t) ln(1 + e^-x), where w is 1 without weights of the positive class
#[derive(Debug)]
struct LogitLoss<T: Float> {
    /// In the shape of x.
    pos_weight: Option<Tensor<T>>,
}

impl<T: Float> Op<T> for LogitLoss<T> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, t]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let Some(w) = &self.pos_weight else {
            return x.zip(t, |x, t| (T::one() - t) * x + softplus(-x));
        };
        let factor = t.zip(w, |t, w| T::one() + (w - T::one()) * t)?;
        let tail = x.zip(&factor, |x, factor| factor * softplus(-x))?;
        x.zip(t, |x, t| (T::one() - t) * x)?.add(&tail)
    }

    /// dx = g ((1 + (w - 1) t) sigmoid(x) - w t), dt = g ((w - 1) ln(1 + e^-x) - x)
    fn backward(
        &self,
        g: Var<T>,
        ([x, t], [want_x, want_t]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let Some(w) = &self.pos_weight else {
            let dx = want_x.then(|| g.mul(&x.sigmoid().sub(&t)?))?;
            return Ok([dx, want_t.then(|| Ok(g.mul(&x)?.neg()))?]);
        };
        let extra = Var::constant(w.sub_scalar(T::one()));
        let dx = || {
            let factor = t.mul(&extra)?.add_scalar(T::one());
            let drop = t.mul(&Var::constant(w.clone()))?;
            g.mul(&factor.mul(&x.sigmoid())?.sub(&drop)?)
        };
        let dt = || {
            let tail = x.neg().softplus(T::one(), T::infinity());
            g.mul(&extra.mul(&tail)?.sub(&x)?)
        };
        Ok([want_x.then(dx)?, want_t.then(dt)?])
    }

    fn attribute_bytes(&self) -> usize {
        self.pos_weight.as_ref().map_or(0, Tensor::size_bytes)
    }
}

/// The cross-entropy between the sigmoid p of logits and targets, `-(w t ln p + (1 - t) ln(1 - p))`, times a
/// weight: the mean, the sum, or each element's. No logit overflows.
///
/// `pos_weight` is w, the weight of the positive class; above 1 it favours recall.
///
/// # Shape
///
/// `x: [...], target: [...], weight` and `pos_weight` broadcast to it `-> []`, or `[...]` without reduction
///
/// # Gradient
///
/// `g * ((1 + (w - 1) target) sigmoid(x) - w target)`, which is `g * (sigmoid(x) - target)` where w is 1, and
/// `g * ((w - 1) ln(1 + e^-x) - x)`, times the weight and divided by the number of elements for the mean;
/// both inputs are saved.
///
/// # Errors
///
/// If the shapes differ, or a weight does not broadcast to them.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, binary_cross_entropy_with_logits};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.0, -1000.0]), Var::constant(tensor![1.0, 1.0]));
/// let losses = binary_cross_entropy_with_logits(&x, &target, None, None, Reduction::None)?;
/// assert_eq!(losses.to_vec(), [2f32.ln(), 1000.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.binary_cross_entropy_with_logits`
#[track_caller]
pub fn binary_cross_entropy_with_logits<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    weight: Option<&Tensor<T>>,
    pos_weight: Option<&Tensor<T>>,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "binary_cross_entropy_with_logits";
    target.tensor().expect_shape(op, x.shape())?;
    let pos_weight = match pos_weight {
        Some(weight) => Some(
            weight
                .broadcast_to(x.shape())
                .map_err(|error| error.of(op))?,
        ),
        None => None,
    };
    reduction.of_weighted(op, LogitLoss { pos_weight }.apply([x, target])?, weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::ops::binary_cross_entropy;
    use gradlet_tensor::{ErrorKind, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 3]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(&shape, 0.0, 1.0, &mut rng);
            let inputs = [make()?, make()?];
            let (weight, positive) = (make()?, tensor![f64; 2.5]);
            let positive = if shape.is_empty() {
                positive.reshape(())?
            } else {
                positive
            };
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                for (w, p) in [(None, None), (Some(&weight), Some(&positive))] {
                    let loss = |x: &[Var<f64>]| {
                        binary_cross_entropy_with_logits(&x[0], &x[1], w, p, reduction)
                    };
                    gradcheck(loss, &inputs)?;
                    gradgradcheck(loss, &inputs)?;
                }
            }
        }
        let x = [tensor![f64; [1.0, 2.0], [-3.0, 0.4]]];
        let row = |x: &[Var<f64>]| x[0].narrow(0, 0, 1)?.broadcast_to([2, 2]);
        let positive = tensor![f64; 0.5, 3.0];
        let loss = |x: &[Var<f64>]| {
            let (x, t) = (x[0].t()?, row(x)?);
            binary_cross_entropy_with_logits(&x, &t, None, Some(&positive), Reduction::Sum)
        };
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn it_is_the_cross_entropy_of_the_sigmoid() -> Result<()> {
        let x = Var::leaf(Tensor::<f64>::normal([3, 4], 0.0, 2.0, &mut rng(1))?);
        let t = Var::constant(Tensor::<f64>::uniform([3, 4], 0.0, 1.0, &mut rng(2))?);
        let fused = binary_cross_entropy_with_logits(&x, &t, None, None, Reduction::Mean)?;
        let parts = binary_cross_entropy(&x.sigmoid(), &t, None, Reduction::Mean)?;
        assert!((fused.item()? - parts.item()?).abs() < 1e-14);
        let (fused, parts) = (fused.backward()?, parts.backward()?);
        assert!(
            fused
                .wrt(&x)
                .zip(parts.wrt(&x))
                .is_some_and(|(a, b)| a.allclose(b, 1e-12, 1e-15))
        );
        Ok(())
    }

    #[test]
    fn extreme_logits_neither_overflow_nor_lose_their_gradient() -> Result<()> {
        let x = Var::leaf(tensor![-1e30, 1e30, 200.0, -200.0]);
        let t = Var::constant(tensor![1.0, 0.0, 1.0, 0.0]);
        let y = binary_cross_entropy_with_logits(&x, &t, None, None, Reduction::None)?;
        assert_eq!(y.to_vec()[..3], [1e30, 1e30, 0.0]);
        assert!(y.to_vec()[3] < 1e-37);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(|dx| dx.to_vec()[..3].to_vec()),
            Some(vec![-1.0, 1.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn the_positive_class_counts_as_often_as_told() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, 0.0], [0.0, 0.0]]);
        let t = Var::constant(tensor![f64; [1.0, 0.0], [0.0, 1.0]]);
        let positive = tensor![f64; 3.0, 5.0];
        let y = binary_cross_entropy_with_logits(&x, &t, None, Some(&positive), Reduction::None)?;
        let expected = tensor![f64; [3.0, 1.0], [1.0, 5.0]] * 2f64.ln();
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        let (one, long) = (tensor![f64; [1.0]], tensor![f64; 1.0, 2.0, 3.0]);
        let loss = |t: &Var<f64>, w, p| {
            binary_cross_entropy_with_logits(&x, t, w, p, Reduction::Mean)
                .map_err(|e| matches!(e.kind(), ErrorKind::ShapeMismatch { .. }))
        };
        assert!(loss(&t, Some(&one), None).is_ok());
        assert!(loss(&t, Some(&long), None).is_err() && loss(&t, None, Some(&long)).is_err());
        let other = Var::constant(one.clone());
        assert_eq!(loss(&other, None, None).err(), Some(true));
        Ok(())
    }
}
