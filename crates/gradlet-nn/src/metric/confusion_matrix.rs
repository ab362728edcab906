//! [`ConfusionMatrix`]: how often each class was taken for each, and what follows from it.

use gradlet_autograd::{Float, Result};
use gradlet_tensor::Tensor;

use super::samples::{Rows, classes, first_largest, weights};
use crate::require::require;

/// How a number for each class becomes one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Average {
    /// The mean over the classes, absent ones among them.
    #[default]
    Macro,
    /// The number of all classes' samples counted together. Where every sample has one label, it is the accuracy.
    Micro,
    /// The mean over the classes, each weighted by its number of labels.
    Weighted,
}

/// How often samples of each class were taken for each class, with precision, recall and F1, for each class or averaged.
///
/// A quotient by 0, such as the precision of a class that was never predicted, is 0, as with scikit-learn's
/// `zero_division=0`.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{ConfusionMatrix, metric::Average};
/// # use gradlet_tensor::tensor;
/// let mut matrix = ConfusionMatrix::new(2)?;
/// matrix.update_predictions(&tensor![i64; 0, 0, 1, 1], &tensor![i64; 0, 1, 1, 1])?;
/// assert_eq!(matrix.counts, [1.0, 0.0, 1.0, 2.0]);
/// assert_eq!(matrix.precisions(), [0.5, 1.0]);
/// assert_eq!(matrix.recall(Average::Macro), (1.0 + 2.0 / 3.0) / 2.0);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `sklearn.metrics.confusion_matrix`, `precision_recall_fscore_support`, `balanced_accuracy_score`
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    /// The number of classes.
    pub classes: usize,
    /// The weights of the samples, by label and prediction: that of label i and prediction j is at `i * classes + j`.
    pub counts: Vec<f64>,
}

/// What is counted for one class, or for all together.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: f64,
    labels: f64,
    predictions: f64,
}

impl Counts {
    fn precision(self) -> f64 {
        quotient(self.right, self.predictions)
    }

    fn recall(self) -> f64 {
        quotient(self.right, self.labels)
    }

    fn f1(self) -> f64 {
        quotient(2.0 * self.right, self.labels + self.predictions)
    }
}

/// The quotient, 0 by 0
fn quotient(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

impl ConfusionMatrix {
    const NAME: &str = "confusion_matrix";

    /// A matrix of zeros.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many counts.
    #[track_caller]
    pub fn new(classes: usize) -> Result<Self> {
        let counts = Tensor::zeros_of([classes, classes])?.to_vec();
        Ok(Self { classes, counts })
    }

    /// Counts a batch of scores, whose largest is the prediction, the first of equal ones.
    ///
    /// # Shape
    ///
    /// `scores: [n, c, ...]`, labels `[n, ...]`; `scores: [c]`, labels `[]`
    ///
    /// # Errors
    ///
    /// If the shapes are not these, a label is not a class, or a score is NaN.
    #[track_caller]
    pub fn update<T: Float>(&mut self, scores: &Tensor<T>, labels: &Tensor<i64>) -> Result<()> {
        self.count_scores(scores, labels, None)
    }

    /// As [`update`](Self::update), with a weight for each label.
    ///
    /// # Errors
    ///
    /// If [`update`](Self::update) would return one, the weights do not have the labels' shape, or one of them is negative
    /// or not finite.
    #[track_caller]
    pub fn update_weighted<T: Float>(
        &mut self,
        scores: &Tensor<T>,
        labels: &Tensor<i64>,
        sample_weights: &Tensor<T>,
    ) -> Result<()> {
        self.count_scores(scores, labels, Some(sample_weights))
    }

    #[track_caller]
    fn count_scores<T: Float>(
        &mut self,
        scores: &Tensor<T>,
        labels: &Tensor<i64>,
        sample_weights: Option<&Tensor<T>>,
    ) -> Result<()> {
        let rows = Rows::new(Self::NAME, scores, labels)?;
        let same = rows.classes == self.classes;
        let given = rows.classes as f64;
        require(
            same,
            Self::NAME,
            "the number of scores",
            "that of classes",
            given,
        )?;
        let weights = weights(Self::NAME, labels.shape(), sample_weights)?;
        for ((row, label), weight) in rows.iter().zip(weights) {
            self.counts[label * self.classes + first_largest(row)] += weight;
        }
        Ok(())
    }

    /// Counts a batch of predicted classes.
    ///
    /// # Errors
    ///
    /// If the shapes differ, or a label or a prediction is not a class.
    #[track_caller]
    pub fn update_predictions(
        &mut self,
        predictions: &Tensor<i64>,
        labels: &Tensor<i64>,
    ) -> Result<()> {
        labels.expect_shape(Self::NAME, predictions.shape())?;
        let predictions = classes(Self::NAME, predictions, self.classes)?;
        for (label, prediction) in classes(Self::NAME, labels, self.classes)?
            .into_iter()
            .zip(predictions)
        {
            self.counts[label * self.classes + prediction] += 1.0;
        }
        Ok(())
    }

    /// Adds the samples of a different matrix.
    ///
    /// # Errors
    ///
    /// If its number of classes is a different one.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let (same, given) = (self.classes == other.classes, other.classes as f64);
        require(
            same,
            Self::NAME,
            "the number of classes of a merged matrix",
            "the same",
            given,
        )?;
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
        Ok(())
    }

    /// Forgets all samples.
    pub fn reset(&mut self) {
        self.counts.fill(0.0);
    }

    /// The matrix as a tensor `[classes, classes]`: a row for each label, a column for each prediction.
    ///
    /// # Errors
    ///
    /// If the number of counts was changed.
    pub fn to_tensor(&self) -> Result<Tensor<f64>> {
        Tensor::from_slice(&self.counts, [self.classes, self.classes])
    }

    fn of_classes(&self) -> Vec<Counts> {
        let mut all = vec![Counts::default(); self.classes];
        for (i, &count) in self.counts.iter().enumerate() {
            let (label, prediction) = (i / self.classes, i % self.classes);
            all[label].labels += count;
            all[prediction].predictions += count;
            if label == prediction {
                all[label].right += count;
            }
        }
        all
    }

    fn average(&self, average: Average, number: impl Fn(Counts) -> f64) -> f64 {
        let all = self.of_classes();
        let total: f64 = all.iter().map(|counts| counts.labels).sum();
        if total == 0.0 {
            return f64::NAN;
        }
        match average {
            Average::Macro => {
                all.iter().map(|&counts| number(counts)).sum::<f64>() / self.classes as f64
            }
            Average::Micro => number(Counts {
                right: all.iter().map(|counts| counts.right).sum(),
                labels: total,
                predictions: total,
            }),
            Average::Weighted => {
                let weighted = all.iter().map(|&counts| counts.labels * number(counts));
                weighted.sum::<f64>() / total
            }
        }
    }

    /// The weight of each class's labels.
    pub fn support(&self) -> Vec<f64> {
        self.of_classes()
            .iter()
            .map(|counts| counts.labels)
            .collect()
    }

    /// The precision of each class: the fraction of its predictions that are right.
    pub fn precisions(&self) -> Vec<f64> {
        self.of_classes()
            .into_iter()
            .map(Counts::precision)
            .collect()
    }

    /// The recall of each class: the fraction of its labels that are found.
    pub fn recalls(&self) -> Vec<f64> {
        self.of_classes().into_iter().map(Counts::recall).collect()
    }

    /// The F1 of each class: the harmonic mean of its precision and recall.
    pub fn f1s(&self) -> Vec<f64> {
        self.of_classes().into_iter().map(Counts::f1).collect()
    }

    /// The averaged precision; NaN without samples.
    pub fn precision(&self, average: Average) -> f64 {
        self.average(average, Counts::precision)
    }

    /// The averaged recall; NaN without samples.
    pub fn recall(&self, average: Average) -> f64 {
        self.average(average, Counts::recall)
    }

    /// The averaged F1; NaN without samples. With [`Average::Macro`] it is the mean of the classes' F1.
    pub fn f1(&self, average: Average) -> f64 {
        self.average(average, Counts::f1)
    }

    /// The fraction of samples that are right; NaN without samples.
    pub fn accuracy(&self) -> f64 {
        self.average(Average::Micro, Counts::recall)
    }

    /// The mean recall of the classes that have labels; NaN without samples.
    pub fn balanced_accuracy(&self) -> f64 {
        let present = self
            .of_classes()
            .into_iter()
            .filter(|counts| counts.labels > 0.0);
        let recalls: Vec<f64> = present.map(Counts::recall).collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn scores_predictions_and_merged_matrices_count_alike() -> Result<()> {
        let (scores, labels) = (
            tensor![[0.9, 0.1, 0.0], [0.0, 0.2, 0.2], [0.1, 0.2, 0.3]],
            tensor![i64; 0, 2, 1],
        );
        let mut by_scores = ConfusionMatrix::new(3)?;
        by_scores.update(&scores, &labels)?;
        let mut by_predictions = ConfusionMatrix::new(3)?;
        by_predictions.update_predictions(&tensor![i64; 0, 1, 2], &labels)?;
        assert_eq!(by_scores, by_predictions);
        let expected = tensor![f64; [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
        assert_eq!(by_scores.to_tensor()?, expected);
        by_predictions.reset();
        by_predictions.update_weighted(&scores, &labels, &tensor![1.0, 0.5, 0.0])?;
        by_predictions.merge(&by_scores)?;
        assert_eq!(by_predictions.support(), [2.0, 1.0, 1.5]);
        assert_eq!(by_predictions.accuracy(), 2.0 / 4.5);
        Ok(())
    }

    #[test]
    fn a_matrix_without_samples_has_no_averages() -> Result<()> {
        let matrix = ConfusionMatrix::new(2)?;
        for average in [Average::Macro, Average::Micro, Average::Weighted] {
            assert!(matrix.precision(average).is_nan() && matrix.f1(average).is_nan());
        }
        assert!(matrix.balanced_accuracy().is_nan() && matrix.accuracy().is_nan());
        assert_eq!(
            (matrix.recalls(), ConfusionMatrix::new(0)?.f1s()),
            (vec![0.0; 2], vec![])
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_is_not_counted() -> Result<()> {
        let mut matrix = ConfusionMatrix::new(2)?;
        let label = tensor![i64; 1];
        for (result, expected) in [
            (
                matrix.update(&tensor![[1.0, 2.0, 3.0]], &label),
                "the number of scores must be that of classes, got 3",
            ),
            (
                matrix.update(&tensor![[1.0, f32::NAN]], &label),
                "scores must be numbers, got NaN",
            ),
            (
                matrix.update_predictions(&tensor![i64; 0, 2], &tensor![i64; 0, 1]),
                "a label must be a class, got 2 of 2",
            ),
            (
                matrix.update_predictions(&label, &tensor![i64; 0, 1]),
                "shapes differ: expected [1], got [2]",
            ),
            (
                matrix.clone().merge(&ConfusionMatrix::new(3)?),
                "the number of classes of a merged matrix must be the same, got 3",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("confusion_matrix: {expected} (at {}:", file!())),
                "{text}"
            );
        }
        assert_eq!(matrix, ConfusionMatrix::new(2)?);
        assert!(ConfusionMatrix::new(usize::MAX).is_err());
        Ok(())
    }
}
