//! A hinge loss of several classes.

use gradlet_tensor::{Float, Result, Tensor, fused};

use super::labels::class_rows;
use super::margin_ranking_loss::finite_margin;
use crate::options::options;
use crate::reduction::Reduction;
use crate::var::Var;

options! {
    /// The options of [`multi_margin_loss`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::MultiMarginOptions;
    /// assert_eq!(MultiMarginOptions::new().p(2).margin, 1.0);
    /// ```
    MultiMarginOptions {
        /// The power of what a class lacks, 1 or 2: 1 by default.
        p: u32 = 1,
        /// How much larger the label's score should be than every other: 1 by default.
        margin: f64 = 1.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
}

/// What the score of the label lacks to be above every other by a margin,
/// `1/c sum_j max(margin - x[label] + x[j], 0)^p` over the other classes j, times the weight of the label's class: the
/// mean, the sum, or each label's. Unlike that of [`nll_loss`](crate::nll_loss), the mean divides by the number of labels.
///
/// # Shape
///
/// `x: [n, c, ...]`, labels `[n, ...]`, weight `[c]` `-> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
///
/// # Gradient
///
/// For p = 1, `g * weight / c` at each class that is above its bound, and minus their sum at the label; for p = 2, twice
/// what is lacking as a factor; 0 at the bound. Divided by the number of labels for the mean. What is lacking, the
/// labels, and the weight of each are saved.
///
/// # Errors
///
/// If the labels have a different shape, a label is not a class, the number of weights is not that of classes, p is
/// neither 1 nor 2, or the margin is not finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{MultiMarginOptions, Var, multi_margin_loss};
/// # use gradlet_tensor::{Tensor, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![0.25, 1.0, 0.75, -2.0]);
/// let loss = multi_margin_loss(&x, &Tensor::scalar(1), None, MultiMarginOptions::new())?;
/// assert_eq!(loss.item()?, 0.25); // (0.25 + 0.75 + 0) / 4
/// assert_eq!(loss.backward()?.wrt(&x), Some(&tensor![0.25, -0.5, 0.25, 0.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.multi_margin_loss`
#[track_caller]
pub fn multi_margin_loss<T: Float>(
    x: &Var<T>,
    labels: &Tensor<i64>,
    weight: Option<&Tensor<T>>,
    options: MultiMarginOptions,
) -> Result<Var<T>> {
    let (op, p) = ("multi_margin_loss", options.p);
    fused::require(p == 1 || p == 2, op, "p", "1 or 2", f64::from(p))?;
    let margin = finite_margin(op, options.margin)?;
    let rows = class_rows(op, x, labels)?.checked()?;
    let classes = rows.x.shape()[1];
    let of_label = rows.x.gather(1, &rows.labels.unsqueeze(1)?)?;
    let is_label = rows.labels.one_hot_of(Some(classes), true, false, 1)?;
    let lacking = rows.x.sub(&of_label)?.add_scalar(margin).relu();
    let lacking = lacking.masked_fill(&is_label, T::zero())?;
    let powers = if p == 2 { lacking.square() } else { lacking };
    let mut losses = powers.mean(1)?;
    if let Some(weight) = weight {
        weight.expect_shape(op, classes)?;
        losses = losses.mul(&Var::constant(weight.index_select(0, &rows.labels)?))?;
    }
    options.reduction.of(losses.reshape(labels.shape())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let weight = tensor![f64; 0.5, 2.0, 1.0];
        let cases: [(&[usize], Tensor<i64>); 4] = [
            (&[3], Tensor::scalar(2)),
            (&[2, 3], tensor![i64; 2, 0]),
            (&[2, 3, 2], tensor![i64; [2, 1], [0, 1]]),
            (&[0, 3], Tensor::zeros_of(0)?),
        ];
        for (shape, labels) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                for (p, weight) in [(1, None), (2, Some(&weight))] {
                    let options = MultiMarginOptions::new()
                        .p(p)
                        .margin(0.7)
                        .reduction(reduction);
                    let loss = |x: &[Var<f64>]| multi_margin_loss(&x[0], &labels, weight, options);
                    gradcheck(loss, &x)?;
                    gradgradcheck(loss, &x)?;
                }
            }
        }
        let x = [Tensor::<f64>::normal([3, 2], 0.0, 1.0, &mut rng(1))?];
        let (labels, options) = (tensor![i64; 1, 2], MultiMarginOptions::new());
        gradcheck(
            |x| multi_margin_loss(&x[0].t()?, &labels, None, options),
            &x,
        )
    }

    #[test]
    fn at_the_margin_there_is_no_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 2.5], [4.0, 0.0, 0.0]]);
        let (labels, each) = (
            tensor![i64; 1, 0],
            MultiMarginOptions::new().p(2).reduction(Reduction::None),
        );
        let weight = tensor![10.0, 2.0, 10.0];
        let y = multi_margin_loss(&x, &labels, Some(&weight), each)?;
        assert_eq!(y.to_vec(), [1.5, 0.0]); // 2 (0 + 1.5^2) / 3
        let grads = y.sum(..)?.backward()?;
        let expected = tensor![[0.0, -2.0, 2.0], [0.0, 0.0, 0.0]];
        assert_eq!(grads.wrt(&x), Some(&expected));
        let none = Var::leaf(Tensor::zeros([0, 3])?);
        let of = |options| multi_margin_loss(&none, &Tensor::zeros_of(0)?, None, options)?.item();
        let plain = MultiMarginOptions::new();
        assert!(of(plain)?.is_nan() && of(plain.reduction(Reduction::Sum))? == 0.0);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, plain, three) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            MultiMarginOptions::new(),
            tensor![1.0, 1.0, 1.0],
        );
        let zero = tensor![i64; 0];
        for (labels, weight, options, expected) in [
            (
                &tensor![i64; 2],
                None,
                plain,
                "index 2 is out of range for axis 1 of size 2",
            ),
            (
                &tensor![i64; 0, 1],
                None,
                plain,
                "shapes differ: expected [1], got [2]",
            ),
            (
                &zero,
                Some(&three),
                plain,
                "shapes differ: expected [2], got [3]",
            ),
            (&zero, None, plain.p(3), "p must be 1 or 2, got 3"),
            (
                &zero,
                None,
                plain.margin(f64::NAN),
                "margin must be finite, got NaN",
            ),
        ] {
            let text = multi_margin_loss(&x, labels, weight, options)
                .unwrap_err()
                .to_string();
            assert!(
                text.starts_with(&format!("multi_margin_loss: {expected}")),
                "{text}"
            );
        }
    }
}
