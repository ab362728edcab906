//! Losses of a hinge: 0 beyond a margin, and linear before it.

use gradlet_tensor::{Float, Result, fused};

use crate::reduction::Reduction;
use crate::var::Var;

/// The margin in the element type.
#[track_caller]
pub(super) fn finite_margin<T: Float>(op: &'static str, margin: f64) -> Result<T> {
    fused::setting::<T>(op, "margin", "finite", margin, f64::is_finite)?;
    Ok(T::of(margin))
}

/// What two numbers lack to be in the order of the target by a margin, `max(margin - target (x1 - x2), 0)`: the mean, the
/// sum, or each pair's. With a target of 1, x1 should be the larger one; with -1, x2. PyTorch's default margin is 0.
///
/// # Shape
///
/// `x1: [...], x2: [...], target: [...] -> []`, or `[...]` without reduction; sizes of 1 and missing leading axes are
/// repeated.
///
/// # Gradient
///
/// `-g * target`, `g * target` and `-g * (x1 - x2)` where the loss is above 0, and 0 elsewhere, divided by the number of
/// losses for the mean. The target, the difference and the losses are saved.
///
/// # Errors
///
/// If the shapes do not broadcast, or the margin is not finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, margin_ranking_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x1, x2) = (Var::leaf(tensor![3.0, 1.0]), Var::leaf(tensor![1.0, 1.5]));
/// let target = Var::constant(tensor![1.0, 1.0]);
/// let losses = margin_ranking_loss(&x1, &x2, &target, 1.0, Reduction::None)?;
/// assert_eq!(losses.to_vec(), [0.0, 1.5]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.margin_ranking_loss`
#[track_caller]
pub fn margin_ranking_loss<T: Float>(
    x1: &Var<T>,
    x2: &Var<T>,
    target: &Var<T>,
    margin: f64,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "margin_ranking_loss";
    let margin = finite_margin(op, margin)?;
    let difference = x1.sub(x2).map_err(|error| error.of(op))?;
    let ordered = target.mul(&difference).map_err(|error| error.of(op))?;
    reduction.of(ordered.neg().add_scalar(margin).relu())
}

/// Distances of similar pairs, and what those of dissimilar pairs lack to a margin: x where the target is 1, and
/// `max(margin - x, 0)` where it is -1; their mean, their sum, or each of them. PyTorch's default margin is 1.
///
/// Any other target gives the sum of both, as in PyTorch.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `g` where the target is 1; where it is -1, `-g` for an x below the margin and 0 from it on; divided by the number of
/// elements for the mean. The target gets none. What x lacks, and which of the two counts, are saved.
///
/// # Errors
///
/// If the shapes differ, or the margin is not finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, hinge_embedding_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.5, 0.25, 3.0]), Var::constant(tensor![1.0, -1.0, -1.0]));
/// let losses = hinge_embedding_loss(&x, &target, 1.0, Reduction::None)?;
/// assert_eq!(losses.to_vec(), [0.5, 0.75, 0.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.hinge_embedding_loss`
#[track_caller]
pub fn hinge_embedding_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    margin: f64,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "hinge_embedding_loss";
    target.tensor().expect_shape(op, x.shape())?;
    let margin = finite_margin(op, margin)?;
    let [similar, dissimilar] = [T::one(), -T::one()].map(|t| target.tensor().map(move |x| x == t));
    let lacking = x.neg().add_scalar(margin).relu();
    let lacking = lacking.masked_fill(&similar, T::zero())?;
    reduction.of(x.masked_fill(&dissimilar, T::zero())?.add(&lacking)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Tensor, rng, tensor};

    const ALL: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::None];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![5], vec![2, 3], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(&shape, 0.0, 1.0, &mut rng);
            let inputs = [make()?, make()?, make()?];
            let signs = Var::constant(inputs[2].sign());
            for reduction in ALL {
                let ranking =
                    |x: &[Var<f64>]| margin_ranking_loss(&x[0], &x[1], &x[2], 0.3, reduction);
                gradcheck(ranking, &inputs)?;
                gradgradcheck(ranking, &inputs)?;
                let hinge = |x: &[Var<f64>]| hinge_embedding_loss(&x[0], &signs, 0.7, reduction);
                gradcheck(hinge, &inputs[..1])?;
                gradgradcheck(hinge, &inputs[..1])?;
            }
        }
        let x = [
            tensor![f64; [1.0, 2.0], [3.0, 5.5]],
            tensor![f64; [0.5], [4.0]],
        ];
        let ranking =
            |x: &[Var<f64>]| margin_ranking_loss(&x[0].t()?, &x[1], &x[0], 0.25, Reduction::Mean);
        gradcheck(ranking, &x)?;
        gradgradcheck(ranking, &x)
    }

    #[test]
    fn at_the_margin_there_is_neither_loss_nor_gradient() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![0.5, 0.25, 0.5, f32::NAN]),
            Var::constant(tensor![-1.0, -1.0, 1.0, -1.0]),
        );
        let y = hinge_embedding_loss(&x, &target, 0.5, Reduction::None)?;
        assert_eq!(y.to_vec()[..3], [0.0, 0.25, 0.5]);
        assert!(y.to_vec()[3].is_nan());
        let grads = y.sum(..)?.backward()?;
        let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
        assert_eq!(dx[..3], [0.0, -1.0, 1.0]);
        let zero = Var::constant(tensor![0.0, 0.0, 0.0, 0.0]);
        let y = margin_ranking_loss(&x, &zero, &target, -0.5, Reduction::None)?;
        assert_eq!(y.to_vec()[..3], [0.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn a_target_of_neither_sign_gives_both_terms() -> Result<()> {
        let (x, target) = (Var::leaf(tensor![0.25]), Var::constant(tensor![0.0]));
        let y = hinge_embedding_loss(&x, &target, 1.5, Reduction::Sum)?;
        assert_eq!(y.item()?, 0.25 + 1.25);
        assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.0]));
        Ok(())
    }

    #[test]
    fn shapes_and_margins_that_do_not_fit_are_errors() {
        let (x, long) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![1.0, 2.0, 3.0]),
        );
        let mean = Reduction::Mean;
        let text = hinge_embedding_loss(&x, &long, 1.0, mean)
            .unwrap_err()
            .to_string();
        let expected = "hinge_embedding_loss: shapes differ: expected [2], got [3] (at ";
        assert!(text.starts_with(expected), "{text}");
        for (x1, x2, target) in [(&x, &long, &x), (&x, &x, &long)] {
            let text = margin_ranking_loss(x1, x2, target, 1.0, mean)
                .unwrap_err()
                .to_string();
            assert!(
                text.starts_with("margin_ranking_loss: shapes do not "),
                "{text}"
            );
        }
        for error in [
            hinge_embedding_loss(&x, &x, f64::NAN, mean).unwrap_err(),
            margin_ranking_loss(&x, &x, &x, 1e39, mean).unwrap_err(),
        ] {
            let expected = matches!(error.kind(), ErrorKind::OutOfRange { name: "margin", .. });
            assert!(expected, "{error}");
        }
    }
}
