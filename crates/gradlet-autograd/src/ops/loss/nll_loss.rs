//! The negative log-likelihood of labels at any number of places, with weights of classes and a label to leave out.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::labels::{Labels, class_rows};
use crate::cross_entropy_options::CrossEntropyOptions;
use crate::var::Var;

/// The negative log-likelihood of labels, given log-probabilities, times the weight of the label's class: the
/// mean, the sum, or each label's. Labels that equal the options' `ignore_index` count nothing.
///
/// The mean divides by the sum of the weights that counted; it is NaN if none did.
///
/// # Shape
///
/// `x: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
///
/// # Gradient
///
/// `-g * weight` at each label, divided by the sum of weights for the mean, 0 elsewhere; the labels are saved, and the
/// weight of each where classes have weights.
///
/// # Errors
///
/// If the labels have a different shape, a label is not a class, the number of weights is not that of classes, or the
/// options have label smoothing, which is for [`cross_entropy_with`](crate::cross_entropy_with).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropyOptions, Reduction, Var, nll_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![[-1.0, -2.0], [-3.0, -4.0]]);
/// let options = CrossEntropyOptions::new().ignore_index(0).reduction(Reduction::None);
/// assert_eq!(nll_loss(&x, &tensor![i64; 1, 0], &options)?.to_vec(), [2.0, 0.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.nll_loss`
#[track_caller]
pub fn nll_loss<T: Float>(
    x: &Var<T>,
    labels: &Tensor<i64>,
    options: &CrossEntropyOptions<T>,
) -> Result<Var<T>> {
    let op = "nll_loss";
    if options.label_smoothing != 0.0 {
        return Err(Error::new(ErrorKind::OutOfRange {
            op,
            name: "label_smoothing",
            expected: "0",
            value: options.label_smoothing,
            remedy: "; cross_entropy_with smooths labels".to_owned(),
        }));
    }
    let (rows, counted) = Labels::new(class_rows(op, x, labels)?, options)?;
    counted.reduce(counted.nll(&rows)?, options.reduction, *labels.shape())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::reduction::Reduction;
    use gradlet_tensor::{Shape, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let weight = tensor![f64; 0.5, 2.0, 1.0];
        let cases: [(&[usize], Tensor<i64>); 5] = [
            (&[3], Tensor::scalar(2)),
            (&[2, 3], tensor![i64; 2, 0]),
            (&[2, 3, 2], tensor![i64; [2, -100], [0, 1]]),
            (&[1, 3, 2, 2], tensor![i64; [[1, 1], [0, -100]]]),
            (&[0, 3], Tensor::zeros_of(0)?),
        ];
        for (shape, labels) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                let plain = CrossEntropyOptions::new().reduction(reduction);
                for options in [plain.clone().weight(weight.clone()), plain] {
                    gradcheck(|x| nll_loss(&x[0], &labels, &options), &x)?;
                    gradgradcheck(|x| nll_loss(&x[0], &labels, &options), &x)?;
                }
            }
        }
        let x = [Tensor::<f64>::normal([1, 3], 0.0, 1.0, &mut rng(1))?];
        let (labels, options) = (tensor![i64; 1, 2], CrossEntropyOptions::new());
        let rows = |x: &[Var<f64>]| x[0].broadcast_to([2, 3]);
        gradcheck(|x| nll_loss(&rows(x)?, &labels, &options), &x)?;
        let turned = |x: &[Var<f64>]| nll_loss(&rows(x)?.t()?, &tensor![i64; 0, 1, 1], &options);
        gradcheck(turned, &x)
    }

    #[test]
    fn the_mean_is_weighted_and_skips_what_is_left_out() -> Result<()> {
        let x = Var::leaf(tensor![
            [-1.0, -2.0],
            [-3.0, f32::NEG_INFINITY],
            [-5.0, -6.0]
        ]);
        let options = CrossEntropyOptions::new().weight(tensor![1.0, 3.0]);
        let y = nll_loss(&x, &tensor![i64; 1, -100, 0], &options)?;
        // (3 * 2 + 1 * 5) / (3 + 1)
        assert_eq!(y.item()?, 2.75);
        let grads = y.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, -0.75, 0.0, 0.0, -0.25, 0.0])
        );
        let none = nll_loss(&x, &tensor![i64; -100, -100, -100], &options)?;
        assert!(none.item()?.is_nan());
        let options = options.ignore_index(1).reduction(Reduction::None);
        let each = nll_loss(&x, &tensor![i64; 0, 1, 0], &options)?;
        assert_eq!(each.to_vec(), [1.0, 0.0, 5.0]);
        Ok(())
    }

    #[test]
    fn labels_at_several_places_stand_along_the_other_axes() -> Result<()> {
        let x = Var::leaf(tensor![[[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]]]);
        let options = CrossEntropyOptions::new().reduction(Reduction::None);
        let y = nll_loss(&x, &tensor![i64; [0, 1, 1]], &options)?;
        assert_eq!(
            (y.shape(), y.to_vec()),
            (&Shape::from([1, 3]), vec![1.0, 5.0, 6.0])
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line() {
        let x = Var::leaf(tensor![[1.0, 2.0]]);
        let plain = CrossEntropyOptions::new();
        let error = nll_loss(&x, &tensor![i64; 2], &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::IndexOutOfRange { index: 2, .. }
        ));
        for (labels, options) in [
            (tensor![i64; -1], plain.clone()),
            (tensor![i64; 0, 1], plain.clone()),
            (tensor![i64; 0], plain.clone().weight(tensor![1.0])),
            (tensor![i64; 0], plain.clone().label_smoothing(0.1)),
        ] {
            assert!(nll_loss(&x, &labels, &options).is_err(), "{options:?}");
        }
        let scalar = Var::leaf(Tensor::scalar(1.0f32));
        assert!(nll_loss(&scalar, &Tensor::scalar(0), &plain).is_err());
    }
}
