//! Metrics of scores of several classes that are means over the samples.

use gradlet_autograd::{Float, Result};
use gradlet_tensor::{Tensor, math};

use super::mean::Mean;
use super::samples::{Rows, first_largest, weights};
use crate::require::require;

/// `update` and what all of these have, from the value of one sample: of its scores and its label.
macro_rules! mean_of_rows {
    ($name:ident, $op:literal, |$this:ident, $row:ident, $label:ident| $value:expr) => {
        impl $name {
            /// Counts a batch.
            ///
            /// # Shape
            ///
            /// `scores: [n, c, ...]`, labels `[n, ...]`; `scores: [c]`, labels `[]`
            ///
            /// # Errors
            ///
            /// If the shapes are not these, a label is not a class, or a score is NaN or out of range.
            #[track_caller]
            pub fn update<T: Float>(
                &mut self,
                scores: &Tensor<T>,
                labels: &Tensor<i64>,
            ) -> Result<()> {
                self.count(scores, labels, None)
            }

            /// As [`update`](Self::update), with a weight for each label.
            ///
            /// # Errors
            ///
            /// If [`update`](Self::update) would return one, the weights do not have the labels' shape, or one of them is
            /// negative or not finite.
            #[track_caller]
            pub fn update_weighted<T: Float>(
                &mut self,
                scores: &Tensor<T>,
                labels: &Tensor<i64>,
                sample_weights: &Tensor<T>,
            ) -> Result<()> {
                self.count(scores, labels, Some(sample_weights))
            }

            #[track_caller]
            fn count<T: Float>(
                &mut self,
                scores: &Tensor<T>,
                labels: &Tensor<i64>,
                sample_weights: Option<&Tensor<T>>,
            ) -> Result<()> {
                let rows = Rows::new($op, scores, labels)?;
                let weights = weights($op, labels.shape(), sample_weights)?;
                let ($this, mut batch) = (&*self, Mean::default());
                for (($row, $label), weight) in rows.iter().zip(weights) {
                    batch.add($value, weight);
                }
                self.mean.merge(&batch);
                Ok(())
            }

            /// The mean over the samples; NaN if there are none.
            pub fn value(&self) -> f64 {
                self.mean.value()
            }

            /// Forgets all samples.
            pub fn reset(&mut self) {
                self.mean.reset();
            }
        }
    };
}

/// The fraction of samples whose largest score is at the label; of equal scores the first counts.
///
/// # Example
///
/// ```
/// # use gradlet_nn::Accuracy;
/// # use gradlet_tensor::tensor;
/// let mut accuracy = Accuracy::new();
/// accuracy.update(&tensor![[0.1, 0.9], [0.8, 0.2]], &tensor![i64; 1, 1])?;
/// accuracy.update_predictions(&tensor![i64; 2, 0], &tensor![i64; 2, 0])?;
/// assert_eq!(accuracy.value(), 0.75);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `sklearn.metrics.accuracy_score`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// The mean of 1 for each sample that is right and 0 for each other.
    pub mean: Mean,
}

mean_of_rows!(Accuracy, "accuracy", |_this, row, label| f64::from(
    u8::from(first_largest(row) == label)
));

impl Accuracy {
    /// A metric without samples.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a batch of predicted classes.
    ///
    /// # Errors
    ///
    /// If the shapes differ.
    #[track_caller]
    pub fn update_predictions(
        &mut self,
        predictions: &Tensor<i64>,
        labels: &Tensor<i64>,
    ) -> Result<()> {
        labels.expect_shape("accuracy", predictions.shape())?;
        let pairs = predictions.iter().zip(labels.iter());
        let right = pairs
            .filter(|(prediction, label)| prediction == label)
            .count();
        let weight = labels.len() as f64;
        self.mean.merge(&Mean {
            sum: right as f64,
            weight,
        });
        Ok(())
    }

    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
    }
}

/// The fraction of samples whose label is among the k largest scores; of equal scores the later classes come first.
///
/// # Example
///
/// ```
/// # use gradlet_nn::TopK;
/// # use gradlet_tensor::tensor;
/// let mut top_2 = TopK::new(2);
/// top_2.update(&tensor![[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], &tensor![i64; 1, 2])?;
/// assert_eq!(top_2.value(), 0.5);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `sklearn.metrics.top_k_accuracy_score`
#[derive(Clone, Debug, PartialEq)]
pub struct TopK {
    /// How many scores count.
    pub k: usize,
    /// The mean of 1 for each sample that is among them and 0 for each other.
    pub mean: Mean,
}

mean_of_rows!(TopK, "top_k", |this, row, label| {
    let score = row[label];
    let comes_before =
        |&(class, &other): &(usize, &f64)| other > score || (other == score && class > label);
    let before = row.iter().enumerate().filter(comes_before).count();
    f64::from(u8::from(before < this.k))
});

impl TopK {
    /// A metric without samples. With k = 1 it is [`Accuracy`] but for equal scores, and with k = 0 it is 0.
    pub fn new(k: usize) -> Self {
        let mean = Mean::default();
        Self { k, mean }
    }

    /// Adds the samples of a different metric.
    ///
    /// # Errors
    ///
    /// If its k is a different one.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let same = self.k == other.k;
        require(
            same,
            "top_k",
            "k of a merged metric",
            "the same",
            other.k as f64,
        )?;
        self.mean.merge(&other.mean);
        Ok(())
    }
}

/// The mean of `-ln p` of the labels' probabilities p, each put into `[e, 1 - e]`, where e is the machine epsilon of the
/// element type.
///
/// The scores are probabilities, as `softmax` returns them; rows are not divided by their sums.
///
/// # Example
///
/// ```
/// # use gradlet_nn::LogLoss;
/// # use gradlet_tensor::tensor;
/// let mut loss = LogLoss::new();
/// loss.update(&tensor![f64; [0.5, 0.5], [0.75, 0.25]], &tensor![i64; 0, 1])?;
/// assert_eq!(loss.value(), (2f64.ln() + 4f64.ln()) / 2.0);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `sklearn.metrics.log_loss`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogLoss {
    /// The mean of the samples' losses.
    pub mean: Mean,
}

mean_of_rows!(LogLoss, "log_loss", |_this, row, label| {
    if let Some(&other) = row.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        require(
            false,
            "log_loss",
            "a score",
            "a probability in [0, 1]",
            other,
        )?;
    }
    let least = T::epsilon().to_f64();
    -math::ln(row[label].clamp(least, 1.0 - least))
});

impl LogLoss {
    /// A metric without samples.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn batches_and_merged_parts_give_what_one_batch_gives() -> Result<()> {
        let scores = tensor![f64; [0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5], [0.5, 0.5, 0.0]];
        let (labels, weights) = (tensor![i64; 1, 1, 0, 1], tensor![f64; 1.0, 2.0, 3.0, 2.0]);
        let mut whole = (Accuracy::new(), TopK::new(2), LogLoss::new());
        whole.0.update_weighted(&scores, &labels, &weights)?;
        whole.1.update_weighted(&scores, &labels, &weights)?;
        whole.2.update_weighted(&scores, &labels, &weights)?;
        assert_eq!(whole.0.value(), 2.0 / 8.0);
        // Of the equal scores of the first and the third row, the later class comes first.
        assert_eq!(whole.1.value(), 4.0 / 8.0);
        let ln2 = 2f64.ln();
        let loss = (2.0 * ln2 - 2.0 * 0.75f64.ln() + 3.0 * 2.0 * ln2 + 2.0 * ln2) / 8.0;
        assert!((whole.2.value() - loss).abs() < 1e-15);
        let mut parts = (Accuracy::new(), TopK::new(2), LogLoss::new());
        for i in 0..4 {
            let (scores, labels) = (scores.narrow(0, i, 1)?, labels.narrow(0, i, 1)?);
            let weights = weights.narrow(0, i, 1)?;
            let mut part = (Accuracy::new(), TopK::new(2), LogLoss::new());
            part.0.update_weighted(&scores, &labels, &weights)?;
            part.1.update_weighted(&scores, &labels, &weights)?;
            part.2.update_weighted(&scores, &labels, &weights)?;
            parts.0.merge(&part.0);
            parts.1.merge(&part.1)?;
            parts.2.merge(&part.2);
        }
        assert_eq!((&parts.0, &parts.1), (&whole.0, &whole.1));
        assert!((parts.2.value() - loss).abs() < 1e-15);
        parts.0.reset();
        assert_eq!(parts.0, Accuracy::new());
        assert!(parts.0.value().is_nan());
        Ok(())
    }

    #[test]
    fn classes_may_lie_along_the_second_of_several_axes_or_alone() -> Result<()> {
        // [1, 2, 3]: class 0 is larger at the first and the last place.
        let planes = tensor![[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]];
        let mut accuracy = Accuracy::new();
        accuracy.update(&planes, &tensor![i64; [0, 1, 1]])?;
        assert_eq!(accuracy.value(), 2.0 / 3.0);
        accuracy.reset();
        accuracy.update(&tensor![1.0, 3.0, 2.0], &Tensor::scalar(1))?;
        assert_eq!(accuracy.value(), 1.0);
        accuracy.update(&Tensor::zeros([0, 3])?, &Tensor::zeros_of(0)?)?;
        accuracy.update(&Tensor::zeros([0, 0])?, &Tensor::zeros_of(0)?)?;
        assert_eq!(accuracy.mean.weight, 1.0);
        Ok(())
    }

    #[test]
    fn log_loss_is_bounded_by_the_epsilon_of_the_type() -> Result<()> {
        let mut loss = LogLoss::new();
        loss.update(&tensor![[1.0, 0.0]], &tensor![i64; 1])?;
        assert_eq!(loss.value(), -f64::from(f32::EPSILON).ln());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_is_not_counted() {
        let (x, label) = (tensor![[0.25, 0.75]], tensor![i64; 1]);
        let mut metrics = (Accuracy::new(), TopK::new(1), LogLoss::new());
        let weights = |weight: f32| tensor![weight];
        for (result, expected) in [
            (
                metrics.0.update(&x, &tensor![i64; 1, 1]),
                "accuracy: shapes differ: expected [1], got [2]",
            ),
            (
                metrics.0.update(&x, &tensor![i64; 2]),
                "accuracy: a label must be a class, got 2 of 2",
            ),
            (
                metrics.1.update(&x, &tensor![i64; -1]),
                "top_k: a label must be a class, got -1 of 2",
            ),
            (
                metrics.1.update(&tensor![[0.5, f32::NAN]], &label),
                "top_k: scores must be numbers, got NaN",
            ),
            (
                metrics.1.update(&Tensor::scalar(1.0f32), &label),
                "top_k: expected classes [n, c, ...] or [c], got shape []",
            ),
            (
                metrics.2.update(&tensor![[1.5, 0.5]], &label),
                "log_loss: a score must be a probability in [0, 1], got 1.5",
            ),
            (
                metrics.2.update_weighted(&x, &label, &tensor![1.0, 2.0]),
                "log_loss: shapes differ: expected [1], got [2]",
            ),
            (
                metrics.2.update_weighted(&x, &label, &weights(-1.0)),
                "log_loss: a weight must be finite and not negative, got -1",
            ),
            (
                metrics.0.update_predictions(&label, &tensor![i64; 1, 2]),
                "accuracy: shapes differ: expected [1], got [2]",
            ),
            (
                metrics.1.clone().merge(&TopK::new(3)),
                "top_k: k of a merged metric must be the same, got 3",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("{expected} (at {}:", file!())),
                "{text}"
            );
        }
        assert_eq!(metrics, (Accuracy::new(), TopK::new(1), LogLoss::new()));
    }
}
