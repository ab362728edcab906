//! Cross-entropy with targets that are probabilities.

use gradlet_tensor::{Error, ErrorKind, Float, Result};

use super::kl_div::Weighted;
use super::labels::class_axis;
use crate::cross_entropy_options::CrossEntropyOptions;
use crate::op::Op;
use crate::var::Var;

/// The cross-entropy between logits and targets that are probabilities, with options.
///
/// With p = softmax(logits) along the classes and the smoothing s, each place's loss is
/// `-sum_j weight[j] ((1 - s) target[j] + s / c) ln p[j]`. The mean divides by the number of places,
/// whatever the weights are. A class of probability 0 and logit -inf adds nothing; smoothing gives it a share, which
/// makes the loss infinite.
///
/// # Shape
///
/// `logits: [n, c, ...], target: [n, c, ...] -> []`, or `[n, ...]` without reduction; `[c], [c] -> []`
///
/// # Gradient
///
/// `g` at each place, times `-weight[j] * target[j]`, smoothed, through [`Var::log_softmax`], and
/// `-(1 - s) g * weight[j] ln p[j]`; the target and the logarithms of the probabilities are saved.
///
/// # Errors
///
/// If the shapes differ, the number of weights is not that of classes, the smoothing is outside [0, 1], or
/// `ignore_index` is not negative: it could be a class, and these targets have no labels to ignore.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropyOptions, Var, cross_entropy_probabilities};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0]]);
/// let target = Var::constant(tensor![[0.25, 0.75]]);
/// let loss = cross_entropy_probabilities(&logits, &target, &CrossEntropyOptions::new())?;
/// assert!((loss.item()? - 2f32.ln()).abs() < 1e-6);
/// let grads = loss.backward()?; // softmax(logits) - target
/// assert!(grads.wrt(&logits).is_some_and(|g| g.allclose(&tensor![[0.25, -0.25]], 1e-6, 0.0)));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.cross_entropy`
#[track_caller]
pub fn cross_entropy_probabilities<T: Float>(
    logits: &Var<T>,
    target: &Var<T>,
    options: &CrossEntropyOptions<T>,
) -> Result<Var<T>> {
    let op = "cross_entropy_probabilities";
    options.check_smoothing(op)?;
    target.tensor().expect_shape(op, logits.shape())?;
    if options.ignore_index >= 0 {
        return Err(Error::new(ErrorKind::OutOfRange {
            op,
            name: "ignore_index",
            expected: "negative where targets are probabilities",
            value: options.ignore_index as f64,
            remedy: String::new(),
        }));
    }
    let axis = class_axis(op, *logits.shape())?;
    let classes = logits.shape()[axis as usize];
    let logarithms = logits.log_softmax(axis)?;
    let smoothing = options.label_smoothing;
    let products = if smoothing == 0.0 {
        Weighted.apply([target, &logarithms])?
    } else {
        let kept = target.mul_scalar(T::of(1.0 - smoothing));
        logarithms.mul(&kept.add_scalar(T::of(smoothing / classes as f64)))?
    };
    let weighted = match &options.weight {
        Some(weight) => {
            weight.expect_shape(op, classes)?;
            let mut sizes = vec![1; logits.rank() - axis as usize];
            sizes[0] = classes;
            products.mul(&Var::constant(weight.reshape(&sizes)?))?
        }
        None => products,
    };
    options.reduction.of(weighted.sum(axis)?.neg())
}

#[cfg(test)]
mod tests {
    use super::super::labels::all_options;
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::ops::cross_entropy_with;
    use crate::reduction::Reduction;
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_by_probabilities_agree_with_finite_differences() -> Result<()> {
        let shapes: [&[usize]; 4] = [&[3], &[2, 3], &[2, 3, 2], &[0, 3]];
        for shape in shapes {
            let inputs = [
                Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?,
                Tensor::<f64>::uniform(shape, 0.0, 1.0, &mut rng(2))?,
            ];
            for options in all_options() {
                if inputs[0].is_empty() && options.reduction == Reduction::Mean {
                    continue;
                }
                let loss = |x: &[Var<f64>]| cross_entropy_probabilities(&x[0], &x[1], &options);
                gradcheck(loss, &inputs)?;
                gradgradcheck(loss, &inputs)?;
            }
        }
        Ok(())
    }

    #[test]
    fn sure_probabilities_are_labels() -> Result<()> {
        let x = Var::leaf(Tensor::<f64>::normal([2, 3, 2], 0.0, 1.0, &mut rng(1))?);
        let labels = tensor![i64; [2, 0], [0, 1]];
        let target = Var::constant(tensor![f64;
            [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]],
            [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
        ]);
        for options in all_options() {
            // With weights, the two means divide by different numbers.
            if options.reduction == Reduction::Mean && options.weight.is_some() {
                continue;
            }
            let a = cross_entropy_with(&x, &labels, &options)?;
            let b = cross_entropy_probabilities(&x, &target, &options)?;
            assert!(a.tensor().allclose(b.tensor(), 1e-14, 0.0), "{options:?}");
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line() {
        let (x, scalar) = (
            Var::leaf(tensor![[1.0, 2.0]]),
            Var::leaf(Tensor::scalar(1.0)),
        );
        let plain = CrossEntropyOptions::new();
        let error = cross_entropy_probabilities(&scalar, &scalar, &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        for smoothing in [-0.1, 1.1, f64::NAN] {
            let options = plain.clone().label_smoothing(smoothing);
            assert!(cross_entropy_probabilities(&x, &x, &options).is_err());
        }
        let three = plain.clone().weight(tensor![1.0, 1.0, 1.0]);
        assert!(cross_entropy_probabilities(&x, &x, &three).is_err());
        assert!(cross_entropy_probabilities(&x, &x, &plain.clone().ignore_index(1)).is_err());
        assert!(cross_entropy_probabilities(&x, &x.flatten(..).unwrap(), &plain).is_err());
    }

    #[test]
    fn a_class_without_logit_and_probability_adds_nothing() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, f64::NEG_INFINITY, 0.0]]);
        let target = Var::constant(tensor![f64; [0.25, 0.0, 0.75]]);
        for options in [
            CrossEntropyOptions::new(),
            CrossEntropyOptions::new().weight(tensor![f64; 1.0, 1.0, 1.0]),
        ] {
            let y = cross_entropy_probabilities(&x, &target, &options)?;
            assert_eq!(y.item()?, 2f64.ln());
            // softmax(x) - target
            let grads = y.backward()?;
            assert_eq!(grads.wrt(&x), Some(&tensor![f64; [0.25, 0.0, -0.25]]));
        }
        let nan = Var::leaf(tensor![f64; [0.0, f64::NAN, 0.0]]);
        let y = cross_entropy_probabilities(&nan, &target, &CrossEntropyOptions::new())?;
        assert!(y.item()?.is_nan());
        let wrong = Var::constant(tensor![f64; [0.0, 0.5, 0.5]]);
        let y = cross_entropy_probabilities(&x, &wrong, &CrossEntropyOptions::new())?;
        assert_eq!(y.item()?, f64::INFINITY);
        Ok(())
    }

    #[test]
    fn labels_take_no_part_of_classes_without_logits() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, f64::NEG_INFINITY, 0.0]]);
        let (label, plain) = (tensor![i64; 2], CrossEntropyOptions::new());
        for options in [
            plain.clone(),
            plain.clone().weight(tensor![f64; 1.0, 1.0, 1.0]),
        ] {
            let by_parts = crate::ops::nll_loss(&x.log_softmax(1)?, &label, &options)?;
            for y in [cross_entropy_with(&x, &label, &options)?, by_parts] {
                assert_eq!(y.item()?, 2f64.ln());
                let grads = y.backward()?;
                assert_eq!(grads.wrt(&x), Some(&tensor![f64; [0.5, 0.0, -0.5]]));
            }
        }
        Ok(())
    }
}
