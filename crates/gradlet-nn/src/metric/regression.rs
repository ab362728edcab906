//! Metrics of predicted numbers.

use gradlet_autograd::{Float, Result};
use gradlet_tensor::Tensor;

use super::mean::Mean;
use super::samples::{numbers, weights};

/// The predictions, targets and weights of a batch.
#[track_caller]
fn triples<T: Float>(
    op: &'static str,
    predictions: &Tensor<T>,
    targets: &Tensor<T>,
    sample_weights: Option<&Tensor<T>>,
) -> Result<impl Iterator<Item = (f64, f64, f64)>> {
    targets.expect_shape(op, predictions.shape())?;
    let weights = weights(op, predictions.shape(), sample_weights)?;
    let pairs = numbers(predictions).into_iter().zip(numbers(targets));
    Ok(pairs
        .zip(weights)
        .map(|((prediction, target), weight)| (prediction, target, weight)))
}

/// A metric with `update`, from what one sample does to it.
macro_rules! of_pairs {
    (
        $(#[$about:meta])*
        $name:ident, $op:literal { $($(#[$of:meta])* $field:ident: $type:ty,)* }
        |$this:ident, $prediction:ident, $target:ident, $weight:ident| $add:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$of])* pub $field: $type,)*
        }

        impl $name {
            /// A metric without samples.
            pub fn new() -> Self {
                Self::default()
            }

            /// Counts a batch. A NaN makes the value NaN.
            ///
            /// # Shape
            ///
            /// `predictions: [...], targets: [...]`
            ///
            /// # Errors
            ///
            /// If the shapes differ.
            #[track_caller]
            pub fn update<T: Float>(&mut self, predictions: &Tensor<T>, targets: &Tensor<T>) -> Result<()> {
                self.count(predictions, targets, None)
            }

            /// As [`update`](Self::update), with a weight for each target.
            ///
            /// # Errors
            ///
            /// If the shapes differ, or a weight is negative or not finite.
            #[track_caller]
            pub fn update_weighted<T: Float>(
                &mut self,
                predictions: &Tensor<T>,
                targets: &Tensor<T>,
                sample_weights: &Tensor<T>,
            ) -> Result<()> {
                self.count(predictions, targets, Some(sample_weights))
            }

            #[track_caller]
            fn count<T: Float>(
                &mut self,
                predictions: &Tensor<T>,
                targets: &Tensor<T>,
                sample_weights: Option<&Tensor<T>>,
            ) -> Result<()> {
                let $this = self;
                for ($prediction, $target, $weight) in triples($op, predictions, targets, sample_weights)? {
                    $add;
                }
                Ok(())
            }

            /// Forgets all samples.
            pub fn reset(&mut self) {
                *self = Self::default();
            }
        }
    };
}

of_pairs! {
    /// The mean of `|prediction - target|`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MeanAbsoluteError;
    /// # use gradlet_tensor::tensor;
    /// let mut error = MeanAbsoluteError::new();
    /// error.update(&tensor![1.0, 4.0], &tensor![3.0, 4.0])?;
    /// assert_eq!(error.value(), 1.0);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.mean_absolute_error`
    MeanAbsoluteError, "mean_absolute_error" {
        /// The mean of the absolute differences.
        mean: Mean,
    }
    |this, prediction, target, weight| this.mean.add((prediction - target).abs(), weight)
}

impl MeanAbsoluteError {
    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
    }

    /// The mean; NaN without samples.
    pub fn value(&self) -> f64 {
        self.mean.value()
    }
}

of_pairs! {
    /// The mean of `(prediction - target)^2`, and its root.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MeanSquaredError;
    /// # use gradlet_tensor::tensor;
    /// let mut error = MeanSquaredError::new();
    /// error.update(&tensor![1.0, 4.0], &tensor![1.0, 2.0])?;
    /// assert_eq!((error.value(), error.root()), (2.0, 2f64.sqrt()));
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.mean_squared_error`, `root_mean_squared_error`
    MeanSquaredError, "mean_squared_error" {
        /// The mean of the squared differences.
        mean: Mean,
    }
    |this, prediction, target, weight| this.mean.add((prediction - target) * (prediction - target), weight)
}

impl MeanSquaredError {
    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
    }

    /// The mean; NaN without samples.
    pub fn value(&self) -> f64 {
        self.mean.value()
    }

    /// The root of the mean; NaN without samples.
    pub fn root(&self) -> f64 {
        self.value().sqrt()
    }
}

of_pairs! {
    /// The largest `|prediction - target|`. Weights of samples do not change it, but for samples of weight 0, which do not
    /// count.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MaxError;
    /// # use gradlet_tensor::tensor;
    /// let mut error = MaxError::new();
    /// error.update(&tensor![1.0, 4.0], &tensor![3.0, 4.5])?;
    /// assert_eq!(error.value(), 2.0);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.max_error`
    MaxError, "max_error" {
        /// The largest absolute difference so far; `None` without samples.
        largest: Option<f64>,
    }
    |this, prediction, target, weight| if weight > 0.0 { this.see((prediction - target).abs()) }
}

impl MaxError {
    fn see(&mut self, error: f64) {
        let is_larger = |largest: f64| error > largest || error.is_nan();
        if self.largest.is_none_or(is_larger) {
            self.largest = Some(error);
        }
    }

    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        other.largest.into_iter().for_each(|error| self.see(error));
    }

    /// The largest; NaN without samples.
    pub fn value(&self) -> f64 {
        self.largest.unwrap_or(f64::NAN)
    }
}

of_pairs! {
    /// The coefficient of determination: 1 less the squared differences to the targets, divided by those of the targets to
    /// their mean. 1 is perfect, and 0 is as good as to predict the mean.
    ///
    /// The mean and the squares around it are carried along in one pass, so that targets far from 0 lose no digits.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::R2;
    /// # use gradlet_tensor::tensor;
    /// let mut r2 = R2::new();
    /// r2.update(&tensor![1.0, 2.0, 4.0], &tensor![1.0, 2.0, 3.0])?;
    /// assert_eq!(r2.value(), 0.5); // 1 - 1 / 2
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `sklearn.metrics.r2_score`; B. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products",
    /// 1962; T. Chan et al., "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979
    R2, "r2" {
        /// The number of samples.
        samples: u64,
        /// The sum of the weights.
        weight: f64,
        /// The first target.
        origin: f64,
        /// The mean of the targets, less the first one: where targets are far from 0, this has more digits than their mean.
        mean: f64,
        /// The squares of the targets less their mean, each times its weight.
        total: f64,
        /// The squares of the targets less the predictions, each times its weight.
        residual: f64,
    }
    |this, prediction, target, weight| this.merge(&Self {
        samples: 1,
        weight,
        origin: target,
        mean: 0.0,
        total: 0.0,
        residual: weight * ((target - prediction) * (target - prediction)),
    })
}

impl R2 {
    /// Adds the samples of a different metric.
    pub fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.residual += other.residual;
        // Without weight there is no mean either.
        if self.weight == 0.0 {
            (self.origin, self.mean, self.total) = (other.origin, other.mean, other.total);
        } else if other.weight > 0.0 {
            let share = other.weight / (self.weight + other.weight);
            let away = (other.origin - self.origin) + (other.mean - self.mean);
            self.total += other.total + away * away * self.weight * share;
            self.mean += away * share;
        }
        self.weight += other.weight;
    }

    /// The coefficient; NaN for fewer than two samples. Where all targets are equal it is 1 if the predictions are too, and
    /// 0 otherwise.
    pub fn value(&self) -> f64 {
        if self.samples < 2 {
            f64::NAN
        } else if self.total == 0.0 {
            f64::from(u8::from(self.residual == 0.0))
        } else {
            1.0 - self.residual / self.total
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{rng, tensor};

    type All = (MeanAbsoluteError, MeanSquaredError, MaxError, R2);

    fn of(predictions: &Tensor<f64>, targets: &Tensor<f64>, weights: &Tensor<f64>) -> Result<All> {
        let mut all = All::default();
        all.0.update_weighted(predictions, targets, weights)?;
        all.1.update_weighted(predictions, targets, weights)?;
        all.2.update_weighted(predictions, targets, weights)?;
        all.3.update_weighted(predictions, targets, weights)?;
        Ok(all)
    }

    #[test]
    fn weights_count_as_in_the_formulas() -> Result<()> {
        let (predictions, targets) = (tensor![f64; 1.0, 2.0, 9.0], tensor![f64; 2.0, 4.0, 0.0]);
        let (mae, mse, largest, r2) = of(&predictions, &targets, &tensor![f64; 3.0, 1.0, 0.0])?;
        assert_eq!(
            (mae.value(), mse.value(), largest.value()),
            (5.0 / 4.0, 7.0 / 4.0, 2.0)
        );
        // The mean is 2.5; 7 of 3 0.25 + 2.25.
        assert_eq!(r2.value(), 1.0 - 7.0 / 3.0);
        Ok(())
    }

    #[test]
    fn merged_parts_give_what_the_whole_gives_far_from_0_too() -> Result<()> {
        let (n, far) = (1000, 1e9);
        let targets = Tensor::<f64>::normal(n, far, 1.0, &mut rng(1))?;
        let noise = Tensor::<f64>::normal(n, 0.0, 0.5, &mut rng(2))?;
        let (predictions, ones) = (targets.add(&noise)?, Tensor::ones_of(n)?);
        let whole = of(&predictions, &targets, &ones)?;
        let mut parts = All::default();
        for i in 0..10 {
            let part = |x: &Tensor<f64>| x.narrow(0, 100 * i, 100);
            let part = of(&part(&predictions)?, &part(&targets)?, &part(&ones)?)?;
            parts.0.merge(&part.0);
            parts.1.merge(&part.1);
            parts.2.merge(&part.2);
            parts.3.merge(&part.3);
        }
        let away = |x: &Tensor<f64>| x.sub_scalar(far);
        let near = of(&away(&predictions), &away(&targets), &ones)?.3.value();
        // Targets have 7 digits after the point, so the squares around the mean have about 14.
        for r2 in [whole.3.value(), parts.3.value()] {
            assert!((r2 - near).abs() < 1e-12, "{r2} {near}");
        }
        assert!((parts.0.value() - whole.0.value()).abs() < 1e-13);
        assert!((parts.1.value() - whole.1.value()).abs() < 1e-13);
        assert_eq!(parts.2, whole.2);
        Ok(())
    }

    #[test]
    fn nothing_has_no_value_and_nan_stays() -> Result<()> {
        let mut all = All::default();
        let nan = |all: &All| [all.0.value(), all.1.root(), all.2.value(), all.3.value()];
        assert!(nan(&all).iter().all(|x| x.is_nan()));
        let (x, y) = (tensor![1.0, f32::NAN, 3.0], tensor![2.0, 3.0, 5.0]);
        all.0.update(&x, &y)?;
        all.1.update(&x, &y)?;
        all.2.update(&x, &y)?;
        all.3.update(&x, &y)?;
        assert!(nan(&all).iter().all(|x| x.is_nan()), "{all:?}");
        all.3.reset();
        assert_eq!(all.3, R2::new());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_is_not_counted() {
        let (mut metric, x) = (R2::new(), tensor![1.0, 2.0]);
        for (result, expected) in [
            (
                metric.update(&x, &tensor![1.0]),
                "shapes differ: expected [2], got [1]",
            ),
            (
                metric.update_weighted(&x, &x, &tensor![1.0]),
                "shapes differ: expected [2], got [1]",
            ),
            (
                metric.update_weighted(&x, &x, &tensor![1.0, f32::NAN]),
                "a weight must be finite and not negative, got NaN",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("r2: {expected} (at {}:", file!())),
                "{text}"
            );
        }
        assert_eq!(metric, R2::new());
    }
}
