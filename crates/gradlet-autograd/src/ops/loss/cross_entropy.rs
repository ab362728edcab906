//! Cross-entropy with class labels: log-softmax and negative log-likelihood in one; with class weights, a label to
//! leave out, and smoothed labels.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor, fused};

use super::labels::{Labels, Rows, class_rows};
use crate::cross_entropy_options::{CrossEntropyOptions, IGNORED};
use crate::op::{Fixed, One, Op, Want};
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// y = 1/n `sum_i` (ln `sum_j` e^x[i, j] - x[i, labels[i]])
#[derive(Debug)]
struct CrossEntropy<T: Float> {
    labels: Tensor<i64>,
    /// The largest element and the sum of exponentials of each row, computed with the losses.
    normalizers: Tensor<T>,
}

impl<T: Float> Op<T> for CrossEntropy<T> {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        // Not called here: the loss comes with the normalizers, and so is recorded with its value.
        fused::cross_entropy_rows(x, &self.labels)?.0.mean(..)
    }

    /// dx = g / n * (softmax(x) - one at each row's label)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let gradient = CrossEntropyGradient {
            labels: self.labels.clone(),
            normalizers: self.normalizers.clone(),
        };
        gradient.apply([&g, &x])
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes() + self.normalizers.size_bytes()
    }
}

/// y[i, j] = g / n * (softmax(x)[i, j] - (1 if j = labels[i] else 0))
#[derive(Debug)]
struct CrossEntropyGradient<T: Float> {
    labels: Tensor<i64>,
    normalizers: Tensor<T>,
}

impl<T: Float> Op<T> for CrossEntropyGradient<T> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, x]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let share = g.item()? / T::of(self.labels.len() as f64);
        fused::cross_entropy_gradient(x, &self.labels, &self.normalizers, share)
    }

    /// dg = `sum_ij` gg[i, j] y[i, j] for g = 1, since y is linear in g;
    /// dx = g / n * p * (gg - `sum_j` gg * p), p = softmax(x)
    fn backward(
        &self,
        gg: Var<T>,
        ([g, x], _): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        if self.labels.is_empty() {
            // No element depends on g; a mean of no elements would be NaN.
            return Ok([&g, &x].map(|x| Some(Var::constant(x.tensor().zeros_like()))));
        }
        let gradient = Self {
            labels: self.labels.clone(),
            normalizers: self.normalizers.clone(),
        };
        let one = Var::constant(Tensor::full_of((), T::of(1.0))?);
        let dg = gg.mul_sum_to(&gradient.apply([&one, &x])?, Shape::SCALAR)?;
        let p = x.softmax(1)?;
        let sums = gg.mul_sum_to(&p, [self.labels.len(), 1].into())?;
        let n = T::of(self.labels.len() as f64);
        let dx = p.mul(&gg.sub(&sums)?)?.mul(&g.div_scalar(n))?;
        Ok([Some(dg), Some(dx)])
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes() + self.normalizers.size_bytes()
    }
}

/// The mean cross-entropy between logits and their labels.
///
/// Labels that are -100 count nothing; the mean is NaN if none counts. This is [`cross_entropy_with`] without options.
///
/// # Shape
///
/// `logits: [n, c, ...]`, labels `[n, ...] -> []`; `logits: [c]`, labels `[] -> []`
///
/// # Gradient
///
/// `g / n * (softmax(logits) - one at each label)`, n being the number of labels that count, and 0 where a label is
/// left out. The logits and two numbers for each label that counts are saved.
///
/// # Errors
///
/// If the labels have a different shape, or a label is neither a class nor -100.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Var, cross_entropy};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0]]);
/// assert_eq!(cross_entropy(&logits, &tensor![i64; 1])?.item()?, 2f32.ln());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.cross_entropy`
#[track_caller]
pub fn cross_entropy<T: Float>(logits: &Var<T>, labels: &Tensor<i64>) -> Result<Var<T>> {
    let rows = class_rows("cross_entropy", logits, labels)?;
    match rows.mean() {
        // The labels were not searched for this one: since it is not a class, the loop over the rows finds it.
        Err(error) if is_of_label(&error, IGNORED) => match rows.without(IGNORED)? {
            Some((rows, _)) => rows.mean(),
            None => Err(error),
        },
        loss => loss,
    }
}

/// The cross-entropy between logits and their labels, with options.
///
/// With p = softmax(logits) along the classes and the smoothing s, each label's loss is
/// `-(1 - s) * weight[label] ln p[label] - s / c * sum_j weight[j] ln p[j]`. The mean divides by the sum of
/// the weights of the labels that counted; it is NaN if none did.
///
/// # Shape
///
/// `logits: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `logits: [c]`, labels
/// `[] -> []`
///
/// # Gradient
///
/// As for [`Var::log_softmax`] and [`nll_loss`](crate::nll_loss); the logarithms of the probabilities, the
/// labels and the weight of each are saved. If no option is in use, as for [`cross_entropy`].
///
/// # Errors
///
/// If the labels have a different shape, a label is neither a class nor left out, the number of weights is not that
/// of classes, or the smoothing is outside [0, 1].
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropyOptions, Var, cross_entropy_with};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let logits = Var::leaf(tensor![[0.0, 0.0], [0.0, 9.0]]);
/// let options = CrossEntropyOptions::new().ignore_index(0);
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
    options: &CrossEntropyOptions<T>,
) -> Result<Var<T>> {
    let op = "cross_entropy_with";
    options.check_smoothing(op)?;
    let rows = class_rows(op, logits, labels)?;
    let (weight, smoothing) = (&options.weight, options.label_smoothing);
    if weight.is_none() && smoothing == 0.0 && options.reduction == Reduction::Mean {
        return match rows.without(options.ignore_index)? {
            Some((rows, _)) => rows.mean(),
            None => rows.mean(),
        };
    }
    let (rows, counted) = Labels::new(rows, options)?;
    let logarithms = rows.log_softmax(1)?;
    let mut losses = counted.nll(&logarithms)?;
    if smoothing != 0.0 {
        let weighted = match weight {
            Some(weight) => logarithms.mul(&Var::constant(weight.clone()))?,
            None => logarithms,
        };
        let share = -smoothing / rows.shape()[1] as f64;
        let even = weighted.sum(1)?.mul_scalar(T::of(share));
        losses = losses.mul_scalar(T::of(1.0 - smoothing)).add(&even)?;
    }
    counted.reduce(losses, options.reduction, *labels.shape())
}

impl<T: Float> Rows<T> {
    /// The mean cross-entropy of the rows, as one operation.
    #[track_caller]
    fn mean(&self) -> Result<Var<T>> {
        let named = |error: Error| match *error.kind() {
            ErrorKind::IndexOutOfRange { index, .. } => self.outside(index).at(error.location()),
            _ => error,
        };
        let rows = fused::cross_entropy_rows(self.x.tensor(), &self.labels);
        let (losses, normalizers) = rows.map_err(named)?;
        let op = CrossEntropy {
            labels: self.labels.clone(),
            normalizers,
        };
        Ok(op.record(&self.x, losses.mean(..)?))
    }
}

fn is_of_label(error: &Error, label: i64) -> bool {
    matches!(error.kind(), ErrorKind::IndexOutOfRange { index, .. } if *index == label)
}

#[cfg(test)]
mod tests {
    use super::super::labels::all_options;
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::ops::nll_loss;
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([3, 4], 0.0, 1.0, &mut rng(1))?];
        let labels = tensor![i64; 3, 0, 2];
        gradcheck(|x| cross_entropy(&x[0], &labels), &x)?;
        gradgradcheck(|x| cross_entropy(&x[0], &labels), &x)?;
        gradgradcheck(|x| cross_entropy(&x[0].t()?, &tensor![i64; 0, 1, 2, 1]), &x)?;
        let (none, no_labels) = ([Tensor::zeros_of([0, 3])?], Tensor::zeros_of(0)?);
        gradgradcheck(|x| cross_entropy(&x[0], &no_labels), &none)
    }

    #[test]
    fn it_is_log_softmax_and_nll() -> Result<()> {
        let x = Var::leaf(Tensor::<f64>::normal([5, 40], 0.0, 3.0, &mut rng(1))?);
        let labels = tensor![i64; 39, 0, 7, 7, 20];
        let fused = cross_entropy(&x, &labels)?;
        let parts = nll_loss(&x.log_softmax(1)?, &labels, &CrossEntropyOptions::new())?;
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
    fn labels_out_of_range_and_other_shapes_are_errors() {
        let x = Var::leaf(tensor![[1.0, 2.0]]);
        assert!(cross_entropy(&x, &tensor![i64; 2]).is_err());
        assert!(cross_entropy(&x, &tensor![i64; -1]).is_err());
        assert!(cross_entropy(&x, &tensor![i64; 0, 1]).is_err());
        assert!(cross_entropy(&x.flatten(..).unwrap(), &tensor![i64; 0]).is_err());
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

    /// The operation that was recorded last.
    fn last(loss: &Var) -> String {
        loss.graph()
            .nodes
            .pop()
            .map_or_else(String::new, |node| node.op)
    }

    #[test]
    fn without_options_the_loss_is_one_operation() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, -1.0]]);
        let (zeros, left_out) = (tensor![i64; 0, 0], tensor![i64; 0, -100]);
        assert_eq!(last(&cross_entropy(&x, &zeros)?), "cross_entropy");
        assert_eq!(
            last(&cross_entropy(&x.flatten(..)?, &Tensor::scalar(3))?),
            "cross_entropy"
        );
        assert_eq!(last(&cross_entropy(&x, &left_out)?), "cross_entropy");
        let with = |ignored, labels: &Tensor<i64>| {
            let options = CrossEntropyOptions::new().ignore_index(ignored);
            cross_entropy_with(&x, labels, &options)
        };
        assert_eq!(last(&with(1, &zeros)?), "cross_entropy");
        assert_eq!(last(&with(0, &tensor![i64; 0, 1])?), "cross_entropy");
        assert!(with(-7, &left_out).is_err());
        Ok(())
    }

    #[test]
    fn labels_of_minus_100_count_nothing() -> Result<()> {
        let x = Var::leaf(tensor![[0.0, 0.0], [5.0, f32::INFINITY], [0.0, 3f32.ln()]]);
        let y = cross_entropy(&x, &tensor![i64; 1, -100, 0])?;
        // (ln 2 + ln 4) / 2
        assert!((y.item()? - 1.5 * 2f32.ln()).abs() < 1e-6, "{y}");
        let none = cross_entropy(&x, &tensor![i64; -100, -100, -100])?;
        assert!(none.item()?.is_nan());
        let planes = Var::leaf(tensor![[[0.0, 7.0], [0.0, 1.0]]]);
        let y = cross_entropy(&planes, &tensor![i64; [1, -100]])?;
        assert_eq!(y.item()?, 2f32.ln());
        let grads = y.backward()?;
        assert_eq!(
            grads.wrt(&planes).map(Tensor::to_vec),
            Some(vec![0.5, 0.0, -0.5, 0.0])
        );
        let error = cross_entropy(&x, &tensor![i64; 0, -100, 2]).unwrap_err();
        assert!(is_of_label(&error, 2), "{error}");
        Ok(())
    }

    #[test]
    fn smoothing_and_weights_are_as_in_the_formula() -> Result<()> {
        let x = Var::leaf(tensor![f64; [0.0, 0.0], [0.0, 3f64.ln()]]);
        let options = CrossEntropyOptions::new().weight(tensor![f64; 1.0, 3.0]);
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
        let options = CrossEntropyOptions::new().label_smoothing(0.5);
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
        let plain = CrossEntropyOptions::new();
        let error = cross_entropy_with(&x, &tensor![i64; 2], &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let scalar = Var::leaf(Tensor::scalar(1.0f32));
        let error = cross_entropy_with(&scalar, &Tensor::scalar(0), &plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let zero = tensor![i64; 0];
        for smoothing in [-0.1, 1.1, f64::NAN] {
            let options = plain.clone().label_smoothing(smoothing);
            assert!(cross_entropy_with(&x, &zero, &options).is_err());
        }
        let three = plain.clone().weight(tensor![1.0, 1.0, 1.0]);
        assert!(cross_entropy_with(&x, &zero, &three).is_err());
    }
}
