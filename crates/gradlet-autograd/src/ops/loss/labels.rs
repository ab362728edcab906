//! The labels of a loss: they are checked, some are left out, and the others get their weights.

use gradlet_tensor::{Error, ErrorKind, Float, ReducedAxes, Result, Shape, Tensor, fused};

use crate::cross_entropy_options::CrossEntropyOptions;
use crate::op::{One, Op};
use crate::reduction::Reduction;
use crate::saves::Nothing;
use crate::var::Var;

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
    /// The operation without weights.
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
) -> Result<Rows<T>> {
    let shape = *x.shape();
    let axes = ReducedAxes::new(op, shape, &class_axis(op, shape)?)?;
    labels.expect_shape(op, axes.output())?;
    if x.rank() == 2 {
        return Ok(Rows {
            x: x.clone(),
            labels: labels.clone(),
            op,
            shape,
        });
    }
    let x = match x.rank() {
        1 => x.clone(),
        _ => x.permute(&axes.order())?,
    };
    Ok(Rows {
        x: x.reshape([labels.len(), axes.count()])?,
        labels: labels.reshape(labels.len())?,
        op,
        shape,
    })
}

/// Rows of a matrix and their labels.
pub(crate) struct Rows<T: Float> {
    pub(crate) x: Var<T>,
    pub(crate) labels: Tensor<i64>,
    /// The caller's function and the shape of its argument, for errors.
    op: &'static str,
    shape: Shape,
}

impl<T: Float> Rows<T> {
    /// The rows whose label is not `left_out`, and their indices; `None` if no label is.
    ///
    /// The other rows get a gradient of 0, whatever they hold.
    #[track_caller]
    pub(crate) fn without(&self, left_out: i64) -> Result<Option<(Self, Tensor<i64>)>> {
        let (mut kept, mut labels) = (Vec::new(), Vec::new());
        for (i, label) in self.labels.iter().enumerate() {
            if label != left_out {
                kept.push(i as i64);
                labels.push(label);
            }
        }
        if kept.len() == self.labels.len() {
            return Ok(None);
        }
        let kept = Tensor::from_slice(&kept, kept.len())?;
        let rows = Self {
            x: self.x.index_select(0, &kept)?,
            labels: Tensor::from_slice(&labels, labels.len())?,
            ..*self
        };
        Ok(Some((rows, kept)))
    }

    /// These rows, or an error if a label is not a class.
    #[track_caller]
    pub(crate) fn checked(self) -> Result<Self> {
        let classes = self.x.shape()[1];
        let outside = |label: &i64| usize::try_from(*label).map_or(true, |label| label >= classes);
        if let Some(index) = self.labels.iter().find(outside) {
            return Err(self.outside(index));
        }
        Ok(self)
    }

    /// The error for a label that is not a class.
    #[track_caller]
    pub(crate) fn outside(&self, index: i64) -> Error {
        let (op, axis, shape) = (self.op, usize::from(self.shape.rank() > 1), self.shape);
        let size = shape[axis];
        Error::new(ErrorKind::IndexOutOfRange {
            op,
            index,
            axis,
            size,
            shape,
        })
    }
}

/// The labels that count, with their weights.
pub(crate) struct Labels<T: Float> {
    nll: NllLoss<T>,
    /// The rows of the labels that count, among all rows; `None` if every label does.
    kept: Option<Tensor<i64>>,
    all: usize,
}

impl<T: Float> Labels<T> {
    /// The rows whose labels count, and these labels.
    #[track_caller]
    pub(crate) fn new(rows: Rows<T>, options: &CrossEntropyOptions<T>) -> Result<(Var<T>, Self)> {
        let all = rows.labels.len();
        let (rows, kept) = match rows.without(options.ignore_index)? {
            Some((rows, kept)) => (rows, Some(kept)),
            None => (rows, None),
        };
        let rows = rows.checked()?;
        let classes = rows.x.shape()[1];
        let mut nll = NllLoss::new(&rows.labels, classes);
        if let Some(weight) = &options.weight {
            weight.expect_shape(rows.op, classes)?;
            nll.weights = Some(weight.index_select(0, &rows.labels)?);
        }
        Ok((rows.x, Self { nll, kept, all }))
    }

    /// `-weights[i] * x[i, labels[i]]` for each row
    #[track_caller]
    pub(crate) fn nll(&self, rows: &Var<T>) -> Result<Var<T>> {
        self.nll.clone().apply(rows)
    }

    /// The reduced losses of the rows; without reduction they have this shape, and are 0 where a label is left out.
    ///
    /// The mean divides by the sum of the weights, as in PyTorch.
    #[track_caller]
    pub(crate) fn reduce(
        &self,
        losses: Var<T>,
        reduction: Reduction,
        shape: Shape,
    ) -> Result<Var<T>> {
        match (reduction, &self.nll.weights, &self.kept) {
            (Reduction::Mean, Some(weights), _) if !losses.is_empty() => {
                Ok(losses.sum(..)?.div_scalar(weights.sum(..)?.item()?))
            }
            // Unlike a quotient by 0, the mean of no elements has no derivative.
            (Reduction::Mean, ..) => losses.mean(..),
            (Reduction::Sum, ..) => losses.sum(..),
            (Reduction::None, _, None) => losses.reshape(shape),
            (Reduction::None, _, Some(kept)) => Var::constant(Tensor::zeros_of(self.all)?)
                .scatter_add(0, kept, &losses)?
                .reshape(shape),
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

    /// Options with and without each setting.
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
        let rows = class_rows("test", &x, &tensor![i64; [0, 1, 1]])?;
        let expected = tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];
        assert_eq!(rows.x.tensor(), &expected);
        assert_eq!(rows.labels, tensor![i64; 0, 1, 1]);
        let one = class_rows("test", &x.flatten(..)?, &Tensor::scalar(5))?;
        assert_eq!(one.x.shape(), [1, 6]);
        assert_eq!(one.labels.shape(), [1]);
        assert!(class_rows("test", &x, &tensor![i64; 0, 1, 1]).is_err());
        let scalar = Var::constant(Tensor::scalar(1.0));
        assert!(class_rows("test", &scalar, &Tensor::scalar(0)).is_err());
        Ok(())
    }

    #[test]
    fn rows_of_labels_that_count_are_taken_out_only_where_others_do_not() -> Result<()> {
        let x = Var::constant(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let plain = CrossEntropyOptions::new();
        let new = |labels, options| Labels::new(class_rows("test", &x, &labels)?, options);
        let (rows, all) = new(tensor![i64; 1, 0], &plain)?;
        assert!(all.nll.weights.is_none() && all.kept.is_none());
        assert_eq!(rows.tensor(), x.tensor());
        let (rows, one) = new(tensor![i64; -100, 0], &plain)?;
        assert_eq!(rows.tensor(), &tensor![[3.0, 4.0]]);
        assert_eq!((one.kept, one.all), (Some(tensor![i64; 1]), 2));
        let weighted = plain.clone().weight(tensor![0.5, 3.0]);
        let (_, weighted) = new(tensor![i64; -100, 1], &weighted)?;
        assert_eq!(weighted.nll.weights, Some(tensor![3.0]));
        Ok(())
    }
}
