//! Cross-entropy with all its options: class weights, a label to leave out, smoothed labels, and targets that are
//! probabilities.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::nll_loss::{Labelled, class_axis};
use crate::ops::cross_entropy;
use crate::reduction::Reduction;
use crate::var::Var;

/// The options of [`cross_entropy_with`], [`cross_entropy_probabilities`] and [`nll_loss`](crate::nll_loss).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropy, Reduction};
/// # use gradlet_tensor::tensor;
/// let options = CrossEntropy::new().weight(tensor![1.0, 5.0]).label_smoothing(0.1);
/// assert_eq!(options.reduction, Reduction::Mean);
/// ```
#[derive(Clone, Debug)]
pub struct CrossEntropy<T: Float = f32> {
    /// What losses of each class are multiplied by: nothing by default.
    pub weight: Option<Tensor<T>>,
    /// The label that counts nothing: -100 by default.
    pub ignore_index: i64,
    /// The share in [0, 1] of each target that is spread evenly over all classes: 0 by default.
    pub label_smoothing: f64,
    /// What becomes of the losses: their mean by default.
    pub reduction: Reduction,
}

impl<T: Float> Default for CrossEntropy<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> CrossEntropy<T> {
    /// Every class counts the same, the label -100 nothing; no smoothing, and the mean.
    pub fn new() -> Self {
        Self {
            weight: None,
            ignore_index: -100,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }

    /// With a weight for each class.
    pub fn weight(self, weight: Tensor<T>) -> Self {
        let weight = Some(weight);
        Self { weight, ..self }
    }

    /// With another label that counts nothing.
    pub fn ignore_index(self, ignore_index: i64) -> Self {
        Self {
            ignore_index,
            ..self
        }
    }

    /// With a share of each target spread over all classes.
    pub fn label_smoothing(self, label_smoothing: f64) -> Self {
        Self {
            label_smoothing,
            ..self
        }
    }

    /// With another reduction.
    pub fn reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    #[track_caller]
    fn check_smoothing(&self, op: &'static str) -> Result<()> {
        if (0.0..=1.0).contains(&self.label_smoothing) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::OutOfRange {
            op,
            name: "label_smoothing",
            expected: "a share in [0, 1]",
            value: self.label_smoothing,
            remedy: String::new(),
        }))
    }
}

/// The cross-entropy between logits and their labels, with options.
///
/// With p = softmax(logits) along the classes and the smoothing s, each label's loss is
/// `-(1 - s) * weight[label] ln p[label] - s / c * sum_j weight[j] ln p[j]`. The mean divides by the sum of
/// the weights of the labels that counted; it is NaN where none did. [`cross_entropy`](crate::cross_entropy)
/// is the one to call where nothing of this is needed.
///
/// # Shape
///
/// `logits: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `logits: [c]`, labels
/// `[] -> []`
///
/// # Gradient
///
/// That of [`Var::log_softmax`] and [`nll_loss`](crate::nll_loss); the logarithms of the probabilities, the
/// labels and the weight of each are saved.
///
/// # Errors
///
/// Labels of another shape, or that are no class; weights of another number than there are classes; a
/// smoothing outside [0, 1].
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropy, Var, cross_entropy_with};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0], [0.0, 9.0]]);
/// let options = CrossEntropy::new().ignore_index(0);
/// assert_eq!(cross_entropy_with(&logits, &tensor![i64; 1, 0], &options)?.item()?, 2f32.ln());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.cross_entropy`
#[track_caller]
pub fn cross_entropy_with<T: Float>(
    logits: &Var<T>,
    labels: &Tensor<i64>,
    options: &CrossEntropy<T>,
) -> Result<Var<T>> {
    let op = "cross_entropy";
    options.check_smoothing(op)?;
    let (rows, labelled) = Labelled::rows(op, logits, labels, options)?;
    let smoothing = options.label_smoothing;
    let plain = options.weight.is_none() && smoothing == 0.0 && labelled.counts_all();
    if plain && options.reduction == Reduction::Mean {
        return cross_entropy(&rows, &labels.flatten(..)?);
    }
    let logarithms = rows.log_softmax(1)?;
    let losses = labelled.nll(&logarithms)?;
    if smoothing == 0.0 {
        return labelled.reduce(losses, options.reduction);
    }
    let weighted = match &options.weight {
        Some(weight) => logarithms.mul(&Var::constant(weight.clone()))?,
        None => logarithms,
    };
    let share = -smoothing / rows.shape()[1] as f64;
    let even = labelled.keep(weighted.sum(1)?)?.mul_scalar(T::of(share));
    let losses = losses.mul_scalar(T::of(1.0 - smoothing)).add(&even)?;
    labelled.reduce(losses, options.reduction)
}

/// The cross-entropy between logits and targets that are probabilities, with options.
///
/// With p = softmax(logits) along the classes and the smoothing s, each place's loss is
/// `-sum_j weight[j] ((1 - s) target[j] + s / c) ln p[j]`. The mean divides by the number of places, whatever
/// the weights.
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
/// Shapes that differ, weights of another number than there are classes, a smoothing outside [0, 1], or an
/// `ignore_index` that could be a class, since probabilities name none.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropy, Var, cross_entropy_probabilities};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0]]);
/// let target = Var::constant(tensor![[0.25, 0.75]]);
/// let loss = cross_entropy_probabilities(&logits, &target, &CrossEntropy::new())?;
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
    options: &CrossEntropy<T>,
) -> Result<Var<T>> {
    let op = "cross_entropy";
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
    let axis = class_axis(logits.rank());
    let logarithms = logits.log_softmax(axis as isize)?;
    let Some(&classes) = logits.shape().get(axis) else {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "classes [n, c, ...] or [c]",
            shape: *logits.shape(),
        }));
    };
    let smoothing = options.label_smoothing;
    let products = if smoothing == 0.0 {
        logarithms.mul(target)?
    } else {
        let kept = target.mul_scalar(T::of(1.0 - smoothing));
        logarithms.mul(&kept.add_scalar(T::of(smoothing / classes as f64)))?
    };
    let weighted = match &options.weight {
        Some(weight) => {
            weight.expect_shape(op, classes)?;
            let mut sizes = vec![1; logits.rank() - axis];
            sizes[0] = classes;
            products.mul(&Var::constant(weight.reshape(&sizes)?))?
        }
        None => products,
    };
    options.reduction.of(weighted.sum(axis as isize)?.neg())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    /// With and without each option.
    fn all_options() -> Vec<CrossEntropy<f64>> {
        let mut all = Vec::new();
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let plain = CrossEntropy::new().reduction(reduction);
            let weighted = plain.clone().weight(tensor![f64; 0.5, 2.0, 1.0]);
            all.extend([
                plain.clone().label_smoothing(0.2),
                weighted.clone().label_smoothing(0.2),
                plain,
                weighted,
            ]);
        }
        all
    }

    #[test]
    fn gradients_by_labels_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], Tensor<i64>); 4] = [
            (&[3], Tensor::scalar(2)),
            (&[2, 3], tensor![i64; 2, 0]),
            (&[2, 3, 2], tensor![i64; [2, -100], [0, 1]]),
            (&[0, 3], Tensor::zeros_of(0)?),
        ];
        for (shape, labels) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            for options in all_options() {
                if x[0].is_empty() && options.reduction == Reduction::Mean {
                    continue;
                }
                gradcheck(|x| cross_entropy_with(&x[0], &labels, &options), &x)?;
                gradgradcheck(|x| cross_entropy_with(&x[0], &labels, &options), &x)?;
            }
        }
        let x = [Tensor::<f64>::normal([3, 1], 0.0, 1.0, &mut rng(1))?];
        for options in all_options() {
            let labels = tensor![i64; 1, 2];
            let turned = |x: &[Var<f64>]| {
                let rows = x[0].broadcast_to([3, 2])?.t()?;
                cross_entropy_with(&rows, &labels, &options)
            };
            gradcheck(turned, &x)?;
        }
        Ok(())
    }

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
    fn without_options_it_is_the_plain_one() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, -1.0]]);
        let labels = tensor![i64; 1, 1];
        let y = cross_entropy_with(&x, &labels, &CrossEntropy::default())?;
        assert_eq!(y.item()?, cross_entropy(&x, &labels)?.item()?);
        Ok(())
    }

    #[test]
    fn smoothing_and_weights_are_as_in_the_formula() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, 0.0], [0.0, 3f64.ln()]]);
        let options = CrossEntropy::new().weight(tensor![f64; 1.0, 3.0]);
        let labels = tensor![i64; 0, 1];
        let (half, quarter) = (2f64.ln(), 4f64.ln());
        let three = quarter - 3f64.ln();
        let y = cross_entropy_with(&x, &labels, &options)?.item()?;
        assert!((y - (half + 3.0 * three) / 4.0).abs() < 1e-15, "{y}");
        let options = options.label_smoothing(0.5).reduction(Reduction::None);
        let y = cross_entropy_with(&x, &labels, &options)?.to_vec();
        let first = 0.5 * half + 0.25 * 4.0 * half;
        let second = 0.5 * 3.0 * three + 0.25 * (quarter + 3.0 * three);
        assert!((y[0] - first).abs() < 1e-15 && (y[1] - second).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn what_is_left_out_gets_no_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [0.0, 0.0]]);
        let options = CrossEntropy::new().label_smoothing(0.5);
        let y = cross_entropy_with(&x, &tensor![i64; -100, 0], &options)?;
        assert_eq!(y.item()?, 2f32.ln());
        let grads = y.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 0.0, -0.25, 0.25])
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line() {
        let x = Var::leaf(tensor![[1.0, 2.0]]);
        let plain = CrossEntropy::new();
        let error = cross_entropy_with(&x, &tensor![i64; 2], &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let scalar = Var::leaf(Tensor::scalar(1.0f32));
        let error = cross_entropy_probabilities(&scalar, &scalar, &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let zero = tensor![i64; 0];
        for smoothing in [-0.1, 1.1, f64::NAN] {
            let options = plain.clone().label_smoothing(smoothing);
            assert!(cross_entropy_with(&x, &zero, &options).is_err());
            assert!(cross_entropy_probabilities(&x, &x, &options).is_err());
        }
        let three = plain.clone().weight(tensor![1.0, 1.0, 1.0]);
        assert!(cross_entropy_with(&x, &zero, &three).is_err());
        assert!(cross_entropy_probabilities(&x, &x, &three).is_err());
        assert!(cross_entropy_probabilities(&x, &x, &plain.clone().ignore_index(1)).is_err());
        assert!(cross_entropy_probabilities(&x, &x.flatten(..).unwrap(), &plain).is_err());
    }
}
