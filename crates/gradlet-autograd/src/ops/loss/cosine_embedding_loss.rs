//! A loss of the angles between pairs of vectors.

use gradlet_tensor::{Error, ErrorKind, Float, Result};

use super::margin_ranking_loss::finite_margin;
use crate::reduction::Reduction;
use crate::var::Var;

/// What is added to each squared norm, so that vectors of zeros have a cosine; of this type as in PyTorch, whose gradient
/// at 0 shows how it is rounded.
const EPS: f32 = 1e-12;

/// A loss that turns similar vectors into one direction and others apart: `1 - cos` where the target is 1, and
/// `max(cos - margin, 0)` where it is -1, of the cosine between two vectors; the mean, the sum, or each pair's.
///
/// `cos = x1 . x2 / sqrt((|x1|^2 + 1e-12) (|x2|^2 + 1e-12))`. Any other target gives 0. PyTorch's default margin is 0;
/// from 0 to 0.5 is usual.
///
/// # Shape
///
/// `x1: [..., k], x2: [..., k], target: [...] -> []`, or `[...]` without reduction
///
/// # Gradient
///
/// That of the formula; 0 where the cosine is the margin. The target gets none. The vectors, their norms and which of
/// the two counts are saved.
///
/// # Errors
///
/// If x1 and x2 differ in shape or have no axis, the target does not have one number for each pair, or the margin is not
/// finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, cosine_embedding_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x1, x2) = (Var::leaf(tensor![[2.0, 0.0], [1.0, 0.0]]), Var::leaf(tensor![[3.0, 0.0], [0.6, 0.8]]));
/// let target = Var::constant(tensor![1.0, -1.0]);
/// let losses = cosine_embedding_loss(&x1, &x2, &target, 0.5, Reduction::None)?;
/// assert!(losses.tensor().allclose(&tensor![0.0, 0.1], 0.0, 1e-6));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.cosine_embedding_loss`
#[track_caller]
pub fn cosine_embedding_loss<T: Float>(
    x1: &Var<T>,
    x2: &Var<T>,
    target: &Var<T>,
    margin: f64,
    reduction: Reduction,
) -> Result<Var<T>> {
    let (op, shape) = ("cosine_embedding_loss", *x1.shape());
    let Some((_, pairs)) = shape.split_last() else {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "vectors [..., k]",
            shape,
        }));
    };
    x2.tensor().expect_shape(op, shape)?;
    target.tensor().expect_shape(op, pairs)?;
    let margin = finite_margin(op, margin)?;
    let scale = |x: &Var<T>| {
        Ok(x.square()
            .sum(-1)?
            .add_scalar(T::of(f64::from(EPS)))
            .rsqrt())
    };
    let cosine = x1.mul(x2)?.sum(-1)?.mul(&scale(x1)?)?.mul(&scale(x2)?)?;
    let [similar, dissimilar] = [T::one(), -T::one()].map(|t| target.tensor().map(move |x| x != t));
    let apart = cosine.sub_scalar(margin).relu();
    let apart = apart.masked_fill(&dissimilar, T::zero())?;
    let together = cosine.neg().add_scalar(T::one());
    reduction.of(together.masked_fill(&similar, T::zero())?.add(&apart)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![4], vec![5, 3], vec![2, 3, 2], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let inputs = [make(&shape)?, make(&shape)?];
            let target = Var::constant(make(&shape[..shape.len() - 1])?.sign());
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                let loss =
                    |x: &[Var<f64>]| cosine_embedding_loss(&x[0], &x[1], &target, 0.2, reduction);
                gradcheck(loss, &inputs)?;
                gradgradcheck(loss, &inputs)?;
            }
        }
        let (x, signs) = (
            [tensor![f64; [1.0, 2.0], [3.0, -5.5]]],
            Var::constant(tensor![f64; 1.0, -1.0]),
        );
        let loss = |x: &[Var<f64>]| {
            let row = x[0].narrow(0, 0, 1)?.broadcast_to([2, 2])?;
            cosine_embedding_loss(&x[0].t()?, &row, &signs, -0.2, Reduction::Sum)
        };
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn zeros_margins_and_other_targets_give_what_pytorch_gives() -> Result<()> {
        let x1 = Var::leaf(tensor![[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]);
        let x2 = Var::leaf(tensor![[1.0, 2.0], [0.0, 2.0], [1.0, 0.0]]);
        let target = Var::constant(tensor![1.0, -1.0, 0.0]);
        let y = cosine_embedding_loss(&x1, &x2, &target, 0.0, Reduction::None)?;
        assert_eq!(y.to_vec(), [1.0, 0.0, 0.0]);
        let grads = y.sum(..)?.backward()?;
        let dx = grads.wrt(&x1).map(Tensor::to_vec).unwrap_or_default();
        // -x2 / (1e-6 |x2|) for zeros; at the margin and for other targets nothing.
        assert!((dx[0] * -1e-6 * 5f32.sqrt() - 1.0).abs() < 1e-6, "{dx:?}");
        assert_eq!(dx[2..], [0.0; 4]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, one, signs) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            Var::leaf(Tensor::scalar(1.0f32)),
            Var::leaf(tensor![1.0]),
        );
        let text = |x1: &Var, x2: &Var, target: &Var, margin| {
            let loss = cosine_embedding_loss(x1, x2, target, margin, Reduction::Mean);
            loss.unwrap_err().to_string()
        };
        for (text, expected) in [
            (
                text(&x, &signs, &signs, 0.0),
                "shapes differ: expected [1, 2], got [1]",
            ),
            (
                text(&x, &x, &one, 0.0),
                "shapes differ: expected [1], got []",
            ),
            (
                text(&one, &one, &one, 0.0),
                "expected vectors [..., k], got shape []",
            ),
            (
                text(&x, &x, &signs, f64::INFINITY),
                "margin must be finite, got inf",
            ),
        ] {
            assert!(
                text.starts_with(&format!("cosine_embedding_loss: {expected} (at ")),
                "{text}"
            );
        }
    }
}
