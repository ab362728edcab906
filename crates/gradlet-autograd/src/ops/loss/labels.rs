//! Labels of classes: [`CrossEntropyOptions`] say what each counts, and [`Labels`] hold it for the losses.

use gradlet_tensor::{Error, ErrorKind, Float, ReducedAxes, Result, Shape, Tensor, fused};

use crate::op::{One, Op};
use crate::reduction::Reduction;
use crate::saves::Nothing;
use crate::var::Var;

/// The options of [`cross_entropy_with`](crate::cross_entropy_with),
/// [`cross_entropy_probabilities`](crate::cross_entropy_probabilities) and [`nll_loss`](crate::nll_loss).
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{CrossEntropyOptions, Reduction};
/// # use gradlet_tensor::tensor;
/// let options = CrossEntropyOptions::new().weight(tensor![1.0, 5.0]).label_smoothing(0.1);
/// assert_eq!(options.reduction, Reduction::Mean);
/// ```
#[derive(Clone, Debug)]
pub struct CrossEntropyOptions<T: Float = f32> {
    /// The factor of each class's losses; by default there is none.
    pub weight: Option<Tensor<T>>,
    /// The label that counts nothing: -100 by default.
    pub ignore_index: i64,
    /// The share in [0, 1] of each target that is spread evenly over all classes: 0 by default.
    pub label_smoothing: f64,
    /// What becomes of the losses: their mean by default.
    pub reduction: Reduction,
}

impl<T: Float> Default for CrossEntropyOptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> CrossEntropyOptions<T> {
    /// Every class counts the same, the label -100 nothing; no smoothing, and the mean.
    pub fn new() -> Self {
        Self {
            weight: None,
            ignore_index: -100,
            label_smoothing: 0.0,
            reduction: Reduction::Mean,
        }
    }

    /// Sets a weight for each class.
    pub fn weight(self, weight: Tensor<T>) -> Self {
        let weight = Some(weight);
        Self { weight, ..self }
    }

    /// Sets the label that counts nothing.
    pub fn ignore_index(self, ignore_index: i64) -> Self {
        Self {
            ignore_index,
            ..self
        }
    }

    /// Sets the share of each target that is spread over all classes.
    pub fn label_smoothing(self, label_smoothing: f64) -> Self {
        Self {
            label_smoothing,
            ..self
        }
    }

    /// Sets the reduction.
    pub fn reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    #[track_caller]
    pub(crate) fn check_smoothing(&self, op: &'static str) -> Result<()> {
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

/// y[i] = -weights[i] * x[i, labels[i]]
///
/// # Shape
///
/// `x: [n, classes]`, labels `[n]`, weights `[n]` -> `[n]`
///
/// # Gradient
///
/// `-weights[i] * g[i]` at each label, 0 elsewhere; the labels and the weights are saved.
#[derive(Clone, Debug)]
pub(crate) struct NllLoss<T: Float> {
    labels: Tensor<i64>,
    /// `None` where all are 1.
    weights: Option<Tensor<T>>,
    classes: usize,
}

impl<T: Float> NllLoss<T> {
    /// Without weights.
    pub(crate) fn new(labels: &Tensor<i64>, classes: usize) -> Self {
        Self {
            labels: labels.clone(),
            weights: None,
            classes,
        }
    }

    /// -weights[i] * x[i]
    fn weighted(&self, x: Tensor<T>) -> Result<Tensor<T>> {
        match &self.weights {
            Some(weights) => x.zip(weights, |x, w| -(w * x)),
            None => Ok(-x),
        }
    }

    fn size_bytes(&self) -> usize {
        self.labels.size_bytes() + self.weights.as_ref().map_or(0, Tensor::size_bytes)
    }
}

impl<T: Float> Op<T> for NllLoss<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        self.weighted(fused::pick_columns(x, &self.labels)?)
    }

    /// dx[i, labels[i]] = -weights[i] * g[i], and 0 elsewhere
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        NllLossGradient(self.clone()).apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.size_bytes()
    }
}

/// y[i, labels[i]] = -weights[i] * x[i], and 0 elsewhere
#[derive(Debug)]
struct NllLossGradient<T: Float>(NllLoss<T>);

impl<T: Float> Op<T> for NllLossGradient<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let labels = &self.0.labels;
        let mut y = Tensor::zeros_of([labels.len(), self.0.classes])?;
        fused::add_to_columns(&mut y, labels, &self.0.weighted(x.clone())?)?;
        Ok(y)
    }

    /// dx[i] = -weights[i] * g[i, labels[i]]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        self.0.clone().apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.0.size_bytes()
    }
}

/// The axis of the classes in `[n, c, ...]` or `[c]`.
#[track_caller]
pub(crate) fn class_axis(op: &'static str, shape: Shape) -> Result<isize> {
    match shape.rank() {
        0 => Err(Error::new(ErrorKind::Rank {
            op,
            expected: "classes [n, c, ...] or [c]",
            shape,
        })),
        rank => Ok(isize::from(rank > 1)),
    }
}

/// `[n, c, ...]` as the matrix `[n * ..., c]`, or `[c]` as one row, and the labels of its rows.
#[track_caller]
pub(crate) fn class_rows<T: Float>(
    op: &'static str,
    x: &Var<T>,
    labels: &Tensor<i64>,
) -> Result<(Var<T>, Tensor<i64>)> {
    let axes = ReducedAxes::new(op, *x.shape(), &class_axis(op, *x.shape())?)?;
    labels.expect_shape(op, axes.output())?;
    let rows = [labels.len(), axes.count()];
    let rows = match x.rank() {
        1 | 2 => x.reshape(rows)?,
        _ => x.permute(&axes.order())?.reshape(rows)?,
    };
    Ok((rows, labels.flatten(..)?))
}

/// The labels of rows, and what each of them counts.
pub(crate) struct Labels<T: Float> {
    /// With 0 in place of labels that are left out, and of their weights.
    nll: NllLoss<T>,
    /// `None` where every label counts.
    left_out: Option<Tensor<bool>>,
}

impl<T: Float> Labels<T> {
    /// Takes what [`class_rows`] returned.
    #[track_caller]
    pub(crate) fn new(
        op: &'static str,
        (rows, labels): (&Var<T>, Tensor<i64>),
        options: &CrossEntropyOptions<T>,
    ) -> Result<Self> {
        let left_out = labels.map(|label| label == options.ignore_index);
        let left_out = left_out.any(..)?.item()?.then_some(left_out);
        let labels = match &left_out {
            Some(left_out) => labels.masked_fill(left_out, 0)?,
            None => labels,
        };
        let classes = rows.shape()[1];
        let outside = |label: &i64| usize::try_from(*label).map_or(true, |label| label >= classes);
        if let Some(index) = labels.iter().find(outside) {
            return Err(Error::new(ErrorKind::IndexOutOfRange {
                op,
                index,
                axis: 1,
                size: classes,
                shape: *rows.shape(),
            }));
        }
        let mut nll = NllLoss::new(&labels, classes);
        if let Some(weight) = &options.weight {
            weight.expect_shape(op, classes)?;
            let weights = weight.index_select(0, &labels)?;
            nll.weights = Some(match &left_out {
                Some(left_out) => weights.masked_fill(left_out, T::of(0.0))?,
                None => weights,
            });
        }
        Ok(Self { nll, left_out })
    }

    /// `-weights[i] * x[i, labels[i]]` for each row
    #[track_caller]
    pub(crate) fn nll(&self, rows: &Var<T>) -> Result<Var<T>> {
        self.nll.clone().apply(rows)
    }

    /// The losses of the rows, whatever they are where a label is left out, reduced; or in the shape, without reduction. The
    /// mean divides by the sum of weights, as in PyTorch.
    #[track_caller]
    pub(crate) fn reduce(
        &self,
        losses: Var<T>,
        reduction: Reduction,
        shape: Shape,
    ) -> Result<Var<T>> {
        let losses = match &self.left_out {
            Some(left_out) => losses.masked_fill(left_out, T::of(0.0))?,
            None => losses,
        };
        match reduction {
            // The mean of none, unlike a quotient by 0, knows that it has no derivative.
            Reduction::Mean if losses.is_empty() => losses.mean(..),
            Reduction::Mean => Ok(losses.sum(..)?.div_scalar(self.total()?)),
            Reduction::Sum => losses.sum(..),
            Reduction::None => losses.reshape(shape),
        }
    }

    /// The sum of the weights of the labels that count.
    fn total(&self) -> Result<T> {
        let left_out = self.left_out.as_ref().map_or(0, Tensor::count_true);
        match &self.nll.weights {
            Some(weights) => weights.sum(..)?.item(),
            None => Ok(T::of((self.nll.labels.len() - left_out) as f64)),
        }
    }
}

#[cfg(test)]
pub(crate) use tests::all_options;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    /// With and without each option.
    pub(crate) fn all_options() -> Vec<CrossEntropyOptions<f64>> {
        let mut all = Vec::new();
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let plain = CrossEntropyOptions::new().reduction(reduction);
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
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases = [
            (tensor![i64; 3, 0, 2], None),
            (tensor![i64; 3, 3, 1], Some(tensor![f64; 0.5, -2.0, 0.0])),
            (Tensor::zeros_of(0)?, None),
        ];
        for (labels, weights) in cases {
            let x = [Tensor::normal([labels.len(), 4], 0.0, 1.0, &mut rng(1))?];
            let (classes, turned) = (4, tensor![i64; 2, 0, 0, 1]);
            let op = NllLoss {
                labels,
                weights,
                classes,
            };
            gradcheck(|x| op.clone().apply(&x[0]), &x)?;
            gradgradcheck(|x| op.clone().apply(&x[0].square()), &x)?;
            if !x[0].is_empty() {
                gradcheck(|x| NllLoss::new(&turned, 3).apply(&x[0].t()?), &x)?;
            }
        }
        Ok(())
    }

    #[test]
    fn classes_of_any_rank_become_rows() -> Result<()> {
        let x = Var::constant(tensor![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
        let (rows, labels) = class_rows("test", &x, &tensor![i64; [0, 1, 1]])?;
        assert_eq!(rows.tensor(), &tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
        assert_eq!(labels, tensor![i64; 0, 1, 1]);
        let one = class_rows("test", &x.flatten(..)?, &Tensor::scalar(5))?;
        assert_eq!(
            (one.0.shape(), one.1.shape()),
            (&Shape::from([1, 6]), &Shape::from(1))
        );
        assert!(class_rows("test", &x, &tensor![i64; 0, 1, 1]).is_err());
        let scalar = Var::constant(Tensor::scalar(1.0));
        assert!(class_rows("test", &scalar, &Tensor::scalar(0)).is_err());
        Ok(())
    }

    #[test]
    fn what_counts_is_kept_only_where_labels_differ_in_it() -> Result<()> {
        let rows = Var::constant(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let plain = CrossEntropyOptions::new();
        let new = |labels, options| Labels::new("test", (&rows, labels), options);
        let all = new(tensor![i64; 1, 0], &plain)?;
        assert!(all.nll.weights.is_none() && all.left_out.is_none());
        assert_eq!(all.total()?, 2.0);
        let one = new(tensor![i64; -100, 0], &plain)?;
        assert!(one.nll.weights.is_none());
        assert_eq!(one.total()?, 1.0);
        let weighted = plain.clone().weight(tensor![0.5, 3.0]);
        let weighted = new(tensor![i64; -100, 1], &weighted)?;
        assert_eq!(weighted.nll.weights, Some(tensor![0.0, 3.0]));
        assert_eq!(weighted.total()?, 3.0);
        Ok(())
    }
}
