//! Metrics of how well scores put positive samples before negative ones.

use gradlet_autograd::{Float, Result};
use gradlet_tensor::Tensor;

use super::samples::{classes, scores, weights};

/// The score of a sample, with what it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The score: the higher, the likelier positive.
    pub score: f64,
    /// Whether the label is 1.
    pub positive: bool,
    /// How much the sample counts.
    pub weight: f64,
}

/// The weights of positives and negatives with at least a score, from the highest score down, one pair for all equal
/// scores.
fn cumulative(samples: &[Scored]) -> Vec<[f64; 2]> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut pairs, mut last) = (Vec::<[f64; 2]>::new(), None);
    let mut sums = [0.0; 2];
    for sample in sorted {
        sums[usize::from(!sample.positive)] += sample.weight;
        // Equal, not of the same bits: 0 and -0 are one score.
        if last == Some(sample.score) {
            pairs.pop();
        }
        pairs.push(sums);
        last = Some(sample.score);
    }
    pairs
}

macro_rules! ranking {
    ($(#[$about:meta])* $name:ident, $op:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            /// All samples so far, since the exact value needs them.
            pub samples: Vec<Scored>,
        }

        impl $name {
            /// A metric without samples.
            pub fn new() -> Self {
                Self::default()
            }

            /// Counts a batch of scores, such as logits or probabilities of the positive class, with labels 1 for positive
            /// and 0 for negative.
            ///
            /// # Shape
            ///
            /// `scores: [...]`, labels `[...]`
            ///
            /// # Errors
            ///
            /// If the shapes differ, a label is neither 0 nor 1, or a score is NaN.
            #[track_caller]
            pub fn update<T: Float>(&mut self, scores: &Tensor<T>, labels: &Tensor<i64>) -> Result<()> {
                self.samples.extend(scored($op, scores, labels, None)?);
                Ok(())
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
                self.samples.extend(scored($op, scores, labels, Some(sample_weights))?);
                Ok(())
            }

            /// Adds the samples of a different metric.
            pub fn merge(&mut self, other: &Self) {
                self.samples.extend(&other.samples);
            }

            /// Forgets all samples.
            pub fn reset(&mut self) {
                self.samples.clear();
            }
        }
    };
}

#[track_caller]
fn scored<T: Float>(
    op: &'static str,
    x: &Tensor<T>,
    labels: &Tensor<i64>,
    sample_weights: Option<&Tensor<T>>,
) -> Result<Vec<Scored>> {
    labels.expect_shape(op, x.shape())?;
    let (scores, labels) = (scores(op, x)?, classes(op, labels, 2)?);
    let weights = weights(op, x.shape(), sample_weights)?;
    let all = scores.into_iter().zip(labels).zip(weights);
    let sample = |((score, label), weight)| Scored {
        score,
        positive: label == 1,
        weight,
    };
    Ok(all.map(sample).collect())
}

ranking! {
    /// The area under the receiver operating characteristic: the chance that a positive sample has a higher score than a
    /// negative one, where equal scores count half. Exact, from all samples.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::RocAuc;
    /// # use gradlet_tensor::tensor;
    /// let mut auc = RocAuc::new();
    /// auc.update(&tensor![0.1, 0.4, 0.35, 0.8], &tensor![i64; 0, 0, 1, 1])?;
    /// assert_eq!(auc.value(), 0.75); // three of four pairs
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.roc_auc_score`
    RocAuc, "roc_auc"
}

impl RocAuc {
    /// The area; NaN without positive or without negative samples.
    pub fn value(&self) -> f64 {
        let (mut area, mut before) = (0.0, [0.0; 2]);
        let pairs = cumulative(&self.samples);
        for &[positives, negatives] in &pairs {
            area += (negatives - before[1]) * f64::midpoint(positives, before[0]);
            before = [positives, negatives];
        }
        area / (before[0] * before[1])
    }
}

ranking! {
    /// The sum of precisions, each times the recall that its score adds, from the highest score down. Exact, from all
    /// samples; equal scores add theirs at once.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::AveragePrecision;
    /// # use gradlet_tensor::tensor;
    /// let mut precision = AveragePrecision::new();
    /// precision.update(&tensor![0.1, 0.4, 0.35, 0.8], &tensor![i64; 0, 0, 1, 1])?;
    /// assert!((precision.value() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.average_precision_score`
    AveragePrecision, "average_precision"
}

impl AveragePrecision {
    /// The average precision; 0 without positive samples, NaN without any.
    pub fn value(&self) -> f64 {
        let pairs = cumulative(&self.samples);
        let Some(&[all, _]) = pairs.last() else {
            return f64::NAN;
        };
        let (mut sum, mut before) = (0.0, 0.0);
        for &[positives, negatives] in &pairs {
            if positives > before {
                sum += (positives - before) / all * (positives / (positives + negatives));
            }
            before = positives;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    /// The share of pairs in order, by looking at each.
    fn pairs_in_order(samples: &[Scored]) -> f64 {
        let (mut right, mut all) = (0.0, 0.0);
        for a in samples.iter().filter(|a| a.positive) {
            for b in samples.iter().filter(|b| !b.positive) {
                let share = if a.score == b.score {
                    0.5
                } else {
                    f64::from(u8::from(a.score > b.score))
                };
                right += share * a.weight * b.weight;
                all += a.weight * b.weight;
            }
        }
        right / all
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() -> Result<()> {
        let scores = tensor![0.5, 0.0, -0.0, 1.0, 0.5, 0.5, f32::INFINITY, -2.0];
        let labels = tensor![i64; 1, 0, 1, 0, 0, 1, 1, 0];
        let weights = tensor![1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 0.25, 0.0];
        let mut plain = RocAuc::new();
        plain.update(&scores, &labels)?;
        assert!((plain.value() - pairs_in_order(&plain.samples)).abs() < 1e-15);
        let mut weighted = RocAuc::new();
        weighted.update_weighted(&scores, &labels, &weights)?;
        assert!((weighted.value() - pairs_in_order(&weighted.samples)).abs() < 1e-15);
        plain.merge(&weighted);
        assert_eq!(plain.samples.len(), 16);
        plain.reset();
        assert!(plain.value().is_nan());
        Ok(())
    }

    #[test]
    fn a_weight_counts_as_that_many_samples() -> Result<()> {
        let (mut weighted, mut repeated) = (AveragePrecision::new(), AveragePrecision::new());
        let weights = tensor![2.0, 1.0, 3.0, 0.0];
        weighted.update_weighted(
            &tensor![0.4, 0.3, 0.2, 0.9],
            &tensor![i64; 1, 0, 1, 0],
            &weights,
        )?;
        let scores = tensor![0.4, 0.4, 0.3, 0.2, 0.2, 0.2];
        repeated.update(&scores, &tensor![i64; 1, 1, 0, 1, 1, 1])?;
        assert!((weighted.value() - repeated.value()).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn one_class_alone_has_no_area() -> Result<()> {
        let (mut area, mut precision) = (RocAuc::new(), AveragePrecision::new());
        assert!(precision.value().is_nan());
        area.update(&tensor![0.5, 0.25], &tensor![i64; 0, 0])?;
        precision.update(&tensor![0.5, 0.25], &tensor![i64; 0, 0])?;
        assert!(area.value().is_nan());
        assert_eq!(precision.value(), 0.0);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_is_not_counted() {
        let (mut metric, x) = (RocAuc::new(), tensor![0.5]);
        for (result, expected) in [
            (
                metric.update(&x, &tensor![i64; 2]),
                "a label must be a class, got 2 of 2",
            ),
            (
                metric.update(&x, &tensor![i64; 0, 1]),
                "shapes differ: expected [1], got [2]",
            ),
            (
                metric.update(&tensor![f32::NAN], &tensor![i64; 0]),
                "scores must be numbers, got NaN",
            ),
            (
                metric.update_weighted(&x, &tensor![i64; 0], &tensor![f32::INFINITY]),
                "a weight must be finite and not negative, got inf",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("roc_auc: {expected} (at {}:", file!())),
                "{text}"
            );
        }
        assert!(metric.samples.is_empty());
    }
}
