//! What an update is given: checked before anything is counted.

use gradlet_autograd::{Element, Float, Result};
use gradlet_tensor::{Error, ErrorKind, Shape, Tensor};

use crate::require::require;

/// The numbers in f64, in row-major order.
pub(super) fn numbers<T: Float>(x: &Tensor<T>) -> Vec<f64> {
    x.iter().map(Element::to_f64).collect()
}

/// The numbers, or an error if one of them is NaN.
#[track_caller]
pub(super) fn scores<T: Float>(op: &'static str, x: &Tensor<T>) -> Result<Vec<f64>> {
    let scores = numbers(x);
    let nan = scores.iter().any(|x| x.is_nan());
    require(!nan, op, "scores", "numbers", f64::NAN)?;
    Ok(scores)
}

/// One weight for each of the samples: these, or 1.
#[track_caller]
pub(super) fn weights<T: Float>(
    op: &'static str,
    samples: &Shape,
    weights: Option<&Tensor<T>>,
) -> Result<Vec<f64>> {
    let Some(weights) = weights else {
        return Ok(vec![1.0; samples.numel()]);
    };
    weights.expect_shape(op, *samples)?;
    let weights = numbers(weights);
    for &weight in &weights {
        let holds = weight.is_finite() && weight >= 0.0;
        require(holds, op, "a weight", "finite and not negative", weight)?;
    }
    Ok(weights)
}

/// The labels as indices below the number of classes.
#[track_caller]
pub(super) fn classes(
    op: &'static str,
    labels: &Tensor<i64>,
    classes: usize,
) -> Result<Vec<usize>> {
    let mut indices = Vec::with_capacity(labels.len());
    for label in labels.iter() {
        match usize::try_from(label) {
            Ok(index) if index < classes => indices.push(index),
            _ => {
                return Err(Error::new(ErrorKind::OutOfRange {
                    op,
                    name: "a label",
                    expected: "a class",
                    value: label as f64,
                    remedy: format!(" of {classes}"),
                }));
            }
        }
    }
    Ok(indices)
}

/// The scores of `[n, c, ...]` or `[c]` with the classes of each sample side by side, and the labels of the samples.
pub(super) struct Rows {
    scores: Vec<f64>,
    labels: Vec<usize>,
    pub(super) classes: usize,
}

impl Rows {
    #[track_caller]
    pub(super) fn new<T: Float>(
        op: &'static str,
        x: &Tensor<T>,
        labels: &Tensor<i64>,
    ) -> Result<Self> {
        let shape = *x.shape();
        let axis = match shape.rank() {
            0 => {
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected: "classes [n, c, ...] or [c]",
                    shape,
                }));
            }
            rank => usize::from(rank > 1),
        };
        let mut samples = shape.to_vec();
        let count = samples.remove(axis);
        labels.expect_shape(op, samples.as_slice())?;
        Ok(Self {
            scores: scores(op, &x.moveaxis(&[axis as isize], &[-1])?)?,
            labels: classes(op, labels, count)?,
            classes: count,
        })
    }

    /// The scores of each sample and its label.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[f64], usize)> {
        // Without classes there are no labels either, and a chunk must not be empty.
        let rows = self.scores.chunks(self.classes.max(1));
        rows.zip(self.labels.iter().copied())
    }
}

/// The class of the largest score, the first of equal ones.
pub(super) fn first_largest(row: &[f64]) -> usize {
    let mut best = 0;
    for (class, &score) in row.iter().enumerate() {
        if score > row[best] {
            best = class;
        }
    }
    best
}
