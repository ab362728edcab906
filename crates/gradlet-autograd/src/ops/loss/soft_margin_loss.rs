//! Smooth losses of classifications into two classes, for one label or several.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::binary_cross_entropy_with_logits;
use crate::reduction::Reduction;
use crate::var::Var;

/// The logistic loss of targets 1 and -1, `ln(1 + e^(-target x))`: the mean, the sum, or each element's.
///
/// No x overflows, unlike in PyTorch, where a wrong x beyond 709 (88 in f32) has an infinite loss and a gradient of NaN.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `-g * target * sigmoid(-target x)` and `-g * x * sigmoid(-target x)`, divided by the number of elements for the mean.
/// Both inputs and their product are saved.
///
/// # Errors
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, soft_margin_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.0, -1000.0]), Var::constant(tensor![1.0, 1.0]));
/// let losses = soft_margin_loss(&x, &target, Reduction::None)?;
/// assert_eq!(losses.to_vec(), [2f32.ln(), 1000.0]);
/// assert_eq!(losses.sum(..)?.backward()?.wrt(&x), Some(&tensor![-0.5, -1.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.soft_margin_loss`
#[track_caller]
pub fn soft_margin_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    reduction: Reduction,
) -> Result<Var<T>> {
    target
        .tensor()
        .expect_shape("soft_margin_loss", x.shape())?;
    let wrong = x.mul(target)?.neg();
    reduction.of(wrong.softplus(T::one(), T::infinity()))
}

/// The mean over the classes of the cross-entropy of each class by itself, given logits: each of them may be a label or
/// not, with targets of 0 and 1. The mean of these, the sum, or each sample's.
///
/// A weight multiplies the loss of its class; the mean over the classes divides by their number all the same.
///
/// # Shape
///
/// `x: [..., c], target: [..., c], weight` broadcast to it `-> []`, or `[...]` without reduction
///
/// # Gradient
///
/// `g * (sigmoid(x) - target)` and `-g * x`, times the weight and divided by the number of classes, and by that of samples
/// for the mean. Both inputs are saved.
///
/// # Errors
///
/// If the shapes differ or are those of a scalar, or the weight does not broadcast to them.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, multi_label_soft_margin_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![[0.0, 1000.0]]), Var::constant(tensor![[1.0, 0.0]]));
/// let loss = multi_label_soft_margin_loss(&x, &target, None, Reduction::Mean)?;
/// assert_eq!(loss.item()?, (2f32.ln() + 1000.0) / 2.0);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.multilabel_soft_margin_loss`
#[track_caller]
pub fn multi_label_soft_margin_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    weight: Option<&Tensor<T>>,
    reduction: Reduction,
) -> Result<Var<T>> {
    let (op, shape) = ("multi_label_soft_margin_loss", *x.shape());
    if shape.rank() == 0 {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "classes [..., c]",
            shape,
        }));
    }
    let each = binary_cross_entropy_with_logits(x, target, weight, None, Reduction::None);
    reduction.of(each.map_err(|error| error.of(op))?.mean(-1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    const ALL: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::None];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![3], vec![2, 3], vec![2, 2, 3], vec![0, 3]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(&shape, 0.0, 1.0, &mut rng);
            let inputs = [make()?, make()?];
            let weight = tensor![f64; 0.5, 2.0, 1.0];
            for reduction in ALL {
                let soft = |x: &[Var<f64>]| soft_margin_loss(&x[0], &x[1], reduction);
                gradcheck(soft, &inputs)?;
                gradgradcheck(soft, &inputs)?;
                let labels = |x: &[Var<f64>]| {
                    multi_label_soft_margin_loss(&x[0], &x[1], Some(&weight), reduction)
                };
                gradcheck(labels, &inputs)?;
                gradgradcheck(labels, &inputs)?;
            }
        }
        let x = [tensor![f64; [1.0, 2.0], [3.0, 5.5]]];
        let row = |x: &[Var<f64>]| x[0].narrow(0, 0, 1)?.broadcast_to([2, 2]);
        let soft = |x: &[Var<f64>]| soft_margin_loss(&x[0].t()?, &row(x)?, Reduction::Mean);
        gradcheck(soft, &x)?;
        gradgradcheck(soft, &x)
    }

    #[test]
    fn large_numbers_neither_overflow_nor_lose_their_gradient() -> Result<()> {
        let x = Var::leaf(tensor![f64; 800.0, -800.0, 50.0, f64::INFINITY]);
        let target = Var::constant(tensor![f64; -1.0, 1.0, 1.0, 1.0]);
        let y = soft_margin_loss(&x, &target, Reduction::None)?;
        assert_eq!(y.to_vec(), [800.0, 800.0, (-50f64).exp(), 0.0]);
        let grads = y.sum(..)?.backward()?;
        let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
        assert_eq!([dx[0], dx[1], dx[3]], [1.0, -1.0, 0.0]);
        Ok(())
    }

    #[test]
    fn classes_are_averaged_first() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
        let target = Var::constant(x.tensor().clone());
        let weight = tensor![f64; 1.0, 3.0];
        let of = |reduction| multi_label_soft_margin_loss(&x, &target, Some(&weight), reduction);
        let ln2 = 2f64.ln();
        assert_eq!(of(Reduction::None)?.to_vec(), [2.0 * ln2; 3]);
        assert_eq!(of(Reduction::Sum)?.item()?, 6.0 * ln2);
        assert_eq!(of(Reduction::Mean)?.item()?, 2.0 * ln2);
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let (x, t, mean) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            Var::leaf(tensor![1.0]),
            Reduction::Mean,
        );
        let scalar = Var::leaf(Tensor::scalar(1.0f32));
        let long = tensor![1.0, 2.0, 3.0];
        for (name, loss) in [
            (
                "soft_margin_loss: shapes differ: ",
                soft_margin_loss(&x, &t, mean),
            ),
            (
                "multi_label_soft_margin_loss: shapes differ: ",
                multi_label_soft_margin_loss(&x, &t, None, mean),
            ),
            (
                "multi_label_soft_margin_loss: shapes do not broadcast",
                multi_label_soft_margin_loss(&x, &x, Some(&long), mean),
            ),
            (
                "multi_label_soft_margin_loss: expected classes [..., c], got shape []",
                multi_label_soft_margin_loss(&scalar, &scalar, None, mean),
            ),
        ] {
            let text = loss.unwrap_err().to_string();
            assert!(text.starts_with(name), "{text}");
        }
    }
}
