//! The negative log-likelihood of labels at any number of places, with weights of classes and a label to leave out.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor, fused};

use super::cross_entropy_with::CrossEntropy;
use crate::op::{One, Op};
use crate::reduction::Reduction;
use crate::saves::Nothing;
use crate::var::Var;

/// y[i] = -weights[i] * x[i, labels[i]]
#[derive(Debug)]
struct NllRows<T: Float> {
    labels: Tensor<i64>,
    weights: Tensor<T>,
    shape: Shape,
}

impl<T: Float> Op<T> for NllRows<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::pick_columns(x, &self.labels)
            .map_err(|error| error.of("nll_loss"))?
            .zip(&self.weights, |x, w| -(w * x))
    }

    /// dx[i, labels[i]] = -weights[i] * g[i], and 0 elsewhere
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let spread = SpreadRows(Self {
            labels: self.labels.clone(),
            weights: self.weights.clone(),
            shape: self.shape,
        });
        spread.apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.labels.size_bytes() + self.weights.size_bytes()
    }
}

/// y[i, labels[i]] = -weights[i] * x[i], and 0 elsewhere
#[derive(Debug)]
struct SpreadRows<T: Float>(NllRows<T>);

impl<T: Float> Op<T> for SpreadRows<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let shares = x.zip(&self.0.weights, |x, w| -(w * x))?;
        let mut y = Tensor::zeros_of(self.0.shape)?;
        fused::add_to_columns(&mut y, &self.0.labels, &shares)?;
        Ok(y)
    }

    /// dx[i] = -weights[i] * g[i, labels[i]]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let rows = NllRows {
            labels: self.0.labels.clone(),
            weights: self.0.weights.clone(),
            shape: self.0.shape,
        };
        rows.apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.0.labels.size_bytes() + self.0.weights.size_bytes()
    }
}

/// y[i] = x[i] where kept[i], 0 elsewhere, whatever x is there
#[derive(Debug)]
struct KeepRows {
    kept: Tensor<bool>,
}

impl<T: Float> Op<T> for KeepRows {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.zip(&self.kept, |x, kept| if kept { x } else { T::zero() })
    }

    /// dx[i] = g[i] where kept[i], 0 elsewhere
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let kept = self.kept.clone();
        Self { kept }.apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.kept.size_bytes()
    }
}

/// Labels that fit the rows they belong to, with what each of them counts.
pub(crate) struct Labelled<T: Float> {
    /// With 0 in place of those that are left out.
    labels: Tensor<i64>,
    weights: Tensor<T>,
    /// Where no label is left out there is nothing to keep the rest from.
    kept: Option<Tensor<bool>>,
    shape: Shape,
}

impl<T: Float> Labelled<T> {
    /// The rows of `x: [n, c, ...]` or `[c]` as a matrix, and their labels.
    #[track_caller]
    pub(crate) fn rows(
        op: &'static str,
        x: &Var<T>,
        labels: &Tensor<i64>,
        options: &CrossEntropy<T>,
    ) -> Result<(Var<T>, Self)> {
        let (rows, shape) = class_rows(op, x)?;
        labels.expect_shape(op, shape)?;
        let classes = rows.shape()[1];
        let labels = labels.flatten(..)?;
        let left_out = options.ignore_index;
        let is_wrong = |label: &i64| {
            *label != left_out && usize::try_from(*label).map_or(true, |label| label >= classes)
        };
        if let Some(index) = labels.iter().find(is_wrong) {
            return Err(Error::new(ErrorKind::IndexOutOfRange {
                op,
                index,
                axis: 1,
                size: classes,
                shape: *rows.shape(),
            }));
        }
        let kept = labels.map(|label| label != left_out);
        let labels = labels.map(|label| if label == left_out { 0 } else { label });
        let weights = match &options.weight {
            Some(weight) => {
                weight.expect_shape(op, classes)?;
                weight.index_select(0, &labels)?
            }
            None => Tensor::ones_of(labels.shape())?,
        };
        let weights = weights.zip(&kept, |w, kept| if kept { w } else { T::zero() })?;
        let leaves_out = kept.iter().any(|kept| !kept);
        let labelled = Self {
            labels,
            weights,
            kept: leaves_out.then_some(kept),
            shape,
        };
        Ok((rows, labelled))
    }

    /// Whether every label counts.
    pub(crate) fn counts_all(&self) -> bool {
        self.kept.is_none()
    }

    /// `-weights[i] * x[i, labels[i]]` for each row, 0 for those that are left out.
    #[track_caller]
    pub(crate) fn nll(&self, rows: &Var<T>) -> Result<Var<T>> {
        let op = NllRows {
            labels: self.labels.clone(),
            weights: self.weights.clone(),
            shape: *rows.shape(),
        };
        self.keep(op.apply(rows)?)
    }

    /// 0 for the rows that are left out.
    #[track_caller]
    pub(crate) fn keep(&self, losses: Var<T>) -> Result<Var<T>> {
        match self.kept.clone() {
            Some(kept) => KeepRows { kept }.apply(&losses),
            None => Ok(losses),
        }
    }

    /// The mean divides by the sum of weights, as in PyTorch.
    #[track_caller]
    pub(crate) fn reduce(&self, losses: Var<T>, reduction: Reduction) -> Result<Var<T>> {
        match reduction {
            // A mean of none, which knows that it has no derivative.
            Reduction::Mean if losses.is_empty() => losses.mean(..),
            Reduction::Mean => Ok(losses.sum(..)?.div_scalar(self.weights.sum(..)?.item()?)),
            Reduction::Sum => losses.sum(..),
            Reduction::None => losses.reshape(self.shape),
        }
    }
}

/// `[n, c, ...]` as the matrix `[n * ..., c]`, and its shape without c; `[c]` as one row.
#[track_caller]
fn class_rows<T: Float>(op: &'static str, x: &Var<T>) -> Result<(Var<T>, Shape)> {
    let (shape, rank) = (*x.shape(), x.rank());
    if rank == 0 {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "classes [n, c, ...] or [c]",
            shape,
        }));
    }
    let axis = class_axis(rank);
    let mut sizes = shape.to_vec();
    let classes = sizes.remove(axis);
    let outer = Shape::new(&sizes)?;
    let mut axes: Vec<isize> = (0..rank as isize).collect();
    let moved = axes.remove(axis);
    axes.push(moved);
    let last = if axis + 1 == rank {
        x.clone()
    } else {
        x.permute(&axes)?
    };
    Ok((last.reshape([outer.numel(), classes])?, outer))
}

/// The axis that classes stand along.
pub(crate) fn class_axis(rank: usize) -> usize {
    usize::from(rank > 1)
}

/// The negative log-likelihood of labels, given log-probabilities, times the weight of the label's class: the
/// mean, the sum, or that of each label. Labels that equal the options' `ignore_index` count nothing.
///
/// The mean divides by the sum of the weights that counted; it is NaN where none did.
///
/// # Shape
///
/// `x: [n, c, ...]`, labels `[n, ...] -> []`, or `[n, ...]` without reduction; `x: [c]`, labels `[] -> []`
///
/// # Gradient
///
/// `-g * weight` at each label, divided by the sum of weights for the mean, 0 elsewhere; the labels and the
/// weight of each are saved.
///
/// # Errors
///
/// Labels of another shape, or that are no class; weights of another number than there are classes; label
/// smoothing, which is for [`cross_entropy_with`](crate::cross_entropy_with).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropy, Reduction, Var, nll_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![[-1.0, -2.0], [-3.0, -4.0]]);
/// let options = CrossEntropy::new().ignore_index(0).reduction(Reduction::None);
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
    options: &CrossEntropy<T>,
) -> Result<Var<T>> {
    if options.label_smoothing != 0.0 {
        return Err(Error::new(ErrorKind::OutOfRange {
            op: "nll_loss",
            name: "label_smoothing",
            expected: "0",
            value: options.label_smoothing,
            remedy: "; cross_entropy_with smooths labels".to_owned(),
        }));
    }
    let (rows, labelled) = Labelled::rows("nll_loss", x, labels, options)?;
    labelled.reduce(labelled.nll(&rows)?, options.reduction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

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
                let plain = CrossEntropy::new().reduction(reduction);
                for options in [plain.clone().weight(weight.clone()), plain] {
                    gradcheck(|x| nll_loss(&x[0], &labels, &options), &x)?;
                    gradgradcheck(|x| nll_loss(&x[0], &labels, &options), &x)?;
                }
            }
        }
        let x = [Tensor::<f64>::normal([1, 3], 0.0, 1.0, &mut rng(1))?];
        let (labels, options) = (tensor![i64; 1, 2], CrossEntropy::new());
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
        let options = CrossEntropy::new().weight(tensor![1.0, 3.0]);
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
        let options = CrossEntropy::new().reduction(Reduction::None);
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
        let plain = CrossEntropy::new();
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
