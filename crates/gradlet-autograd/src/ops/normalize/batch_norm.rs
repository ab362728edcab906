//! Batch normalization: over all axes but the channels.

use gradlet_tensor::fused::{self, Centre, Normalization, Over};
use gradlet_tensor::{Float, Result, Tensor};

use super::normalize_channels::normalize_channels;
use super::standardize::{check_eps, scale, single_value};
use crate::var::Var;

/// The mean and variance of each channel over the batches seen so far, `[c]` each.
#[derive(Clone, Debug)]
pub struct RunningStatistics<T: Float = f32> {
    /// The mean.
    pub mean: Tensor<T>,
    /// The unbiased variance: the sum of squared deviations, divided by their number minus one.
    pub variance: Tensor<T>,
}

impl<T: Float> RunningStatistics<T> {
    /// Means of 0 and variances of 1.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many channels.
    #[track_caller]
    pub fn new(channels: usize) -> Result<Self> {
        Ok(Self {
            mean: Tensor::zeros_of(channels)?,
            variance: Tensor::ones_of(channels)?,
        })
    }

    #[track_caller]
    pub(super) fn expect_channels(&self, op: &'static str, channels: usize) -> Result<()> {
        self.mean.expect_shape(op, channels)?;
        self.variance.expect_shape(op, channels)
    }

    /// Moves by the fraction `momentum` of the distance to the moments of a batch of `count` values per channel.
    #[track_caller]
    pub(super) fn move_to(
        &mut self,
        [mean, variance]: &[Tensor<T>; 2],
        count: usize,
        momentum: f64,
    ) -> Result<()> {
        let (share, unbiased) = (T::of(momentum), T::of(count as f64 / (count - 1) as f64));
        let mix = |old: T, new: T| (T::one() - share) * old + share * new;
        let shape = *self.mean.shape();
        self.mean.zip_in_place(&mean.reshape(shape)?, mix)?;
        let variance = variance.reshape(shape)?;
        self.variance
            .zip_in_place(&variance, |old, new| mix(old, new * unbiased))
    }
}

/// Where [`Var::batch_norm`] takes its mean and variance from.
#[derive(Debug)]
pub enum Statistics<'a, T: Float = f32> {
    /// From the batch; running statistics, if given, move toward it by the fraction `momentum` of the distance: 0.1 in
    /// PyTorch.
    Batch {
        /// The statistics to move.
        running: Option<&'a mut RunningStatistics<T>>,
        /// The fraction of the distance that they move.
        momentum: f64,
    },
    /// From statistics of earlier batches.
    Running(&'a RunningStatistics<T>),
}

/// Returns an error unless the momentum is in [0, 1].
#[track_caller]
pub(super) fn check_momentum<T: Float>(op: &'static str, momentum: f64) -> Result<()> {
    let holds = |x: f64| (0.0..=1.0).contains(&x);
    fused::setting::<T>(op, "momentum", "in [0, 1]", momentum, holds)
}

impl<T: Float> Var<T> {
    /// The elements standardized over each channel: minus the mean, divided by `sqrt(variance + eps)`, times the
    /// channel's `weight`, plus its `bias`.
    ///
    /// The batch's variance is the mean of the squared deviations; running statistics move toward the unbiased one. A
    /// batch without elements leaves them as they are. PyTorch's eps is 1e-5.
    ///
    /// # Shape
    ///
    /// `[n, c, ...] -> [n, c, ...]`, weight, bias and statistics `[c]`
    ///
    /// # Gradient
    ///
    /// With h the standardized input and d = `g * weight`:
    /// `(d - mean(d) - h * mean(d * h)) / sqrt(variance + eps)` with the batch's statistics, `d / sqrt(variance + eps)`
    /// with running ones; `g * h` and `g` for weight and bias, summed over all axes but the channels. The input, the
    /// weight, and two numbers for each mean are saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, the weight, bias or statistics have a different shape, or there is a single
    /// value per channel in training, the momentum is not in [0, 1], or eps is negative, NaN or infinite, or becomes
    /// infinite or 0 by rounding to the element type. The statistics are not moved then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Statistics, RunningStatistics, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 10.0], [3.0, 30.0]]);
    /// let mut running = RunningStatistics::new(2)?;
    /// let train = Statistics::Batch { running: Some(&mut running), momentum: 0.5 };
    /// assert_eq!(x.batch_norm(train, None, None, 0.0)?.to_vec(), [-1.0, -1.0, 1.0, 1.0]);
    /// assert_eq!(running.mean.to_vec(), [1.0, 10.0]);
    /// let eval = x.batch_norm(Statistics::Running(&running), None, None, 1e-5)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// S. Ioffe, C. Szegedy, "Batch Normalization", 2015; `torch.nn.functional.batch_norm`
    #[track_caller]
    pub fn batch_norm(
        &self,
        statistics: Statistics<'_, T>,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        let op = "batch_norm";
        check_eps::<T>(op, eps)?;
        let x = self.channels(op, [weight, bias])?;
        let [samples, channels, places] = [0, 1, 2].map(|axis| x.shape()[axis]);
        let y = match statistics {
            Statistics::Running(running) => {
                running.expect_channels(op, channels)?;
                let each = [channels, 1];
                let scale = Var::constant(scale(&running.variance, eps).reshape(each)?);
                let scale = match weight {
                    Some(weight) => weight.reshape(each)?.mul(&scale)?,
                    None => scale,
                };
                let shift = match bias {
                    Some(bias) => bias.reshape(each)?,
                    None => Var::constant(scale.tensor().zeros_like()),
                };
                x.affine(Some(&running.mean.reshape(each)?), &scale, &shift)?
            }
            Statistics::Batch { running, momentum } => {
                check_momentum::<T>(op, momentum)?;
                if let Some(running) = &running {
                    running.expect_channels(op, channels)?;
                }
                let count = samples.saturating_mul(places);
                if count == 1 {
                    return Err(single_value(op));
                }
                let (over, centre) = (Over::Samples, Centre::Mean);
                let norm = Normalization { over, centre, eps };
                let (y, moments) = normalize_channels(norm, &x, [weight, bias])?;
                if let Some(running) = running.filter(|_| count > 0) {
                    running.move_to(&moments, count, momentum)?;
                }
                y
            }
        };
        y.reshape(self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    fn train<T: Float>() -> Statistics<'static, T> {
        Statistics::Batch {
            running: None,
            momentum: 0.1,
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let shapes: [&[usize]; 5] = [&[4, 2], &[2, 3, 2], &[2, 1, 2, 2], &[1, 2, 3], &[0, 2]];
        for shape in shapes {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
            let channels = &shape[1..2];
            let inputs = [make(shape)?, make(channels)?, make(channels)?];
            let running = RunningStatistics {
                mean: make(channels)?,
                variance: make(channels)?.powi(2),
            };
            let by_batch = |x: &[Var<f64>]| x[0].batch_norm(train(), Some(&x[1]), Some(&x[2]), 0.1);
            gradcheck(by_batch, &inputs)?;
            gradgradcheck(by_batch, &inputs)?;
            let by_running = |x: &[Var<f64>]| {
                x[0].batch_norm(Statistics::Running(&running), Some(&x[1]), Some(&x[2]), 0.1)
            };
            gradcheck(by_running, &inputs)?;
            gradgradcheck(by_running, &inputs)?;
            gradcheck(|x| x[0].batch_norm(train(), None, None, 0.1), &inputs[..1])?;
        }
        let x = [tensor![f64; [1.0, 2.0, 0.0], [5.0, -1.0, 3.0]]];
        gradcheck(|x| x[0].t()?.batch_norm(train(), None, None, 0.1), &x)
    }

    #[test]
    fn running_statistics_move_to_the_unbiased_variance() -> Result<()> {
        let x = Var::constant(tensor![f64; [1.0], [2.0], [6.0]]);
        let mut running = RunningStatistics::new(1)?;
        let statistics = Statistics::Batch {
            running: Some(&mut running),
            momentum: 0.25,
        };
        x.batch_norm(statistics, None, None, 0.0)?;
        // The mean is 3, the squared deviations are 4, 1 and 9: 7 is the unbiased variance.
        assert_eq!(running.mean.to_vec(), [0.75]);
        assert_eq!(running.variance.to_vec(), [0.75 + 0.25 * 7.0]);
        Ok(())
    }

    #[test]
    fn evaluation_uses_running_statistics_and_leaves_them() -> Result<()> {
        let running = RunningStatistics {
            mean: tensor![f64; 1.0, 2.0],
            variance: tensor![f64; 3.0, 0.0],
        };
        let x = Var::leaf(tensor![f64; [[3.0], [2.5]]]);
        let weight = Var::leaf(tensor![f64; 10.0, 2.0]);
        let y = x.batch_norm(Statistics::Running(&running), Some(&weight), None, 1.0)?;
        assert_eq!(y.to_vec(), [10.0, 1.0]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![5.0, 2.0]));
        Ok(())
    }

    #[test]
    fn an_empty_batch_moves_nothing() -> Result<()> {
        let x = Var::constant(Tensor::zeros([0, 2, 3])?);
        let mut running = RunningStatistics::new(2)?;
        let statistics = Statistics::Batch {
            running: Some(&mut running),
            momentum: 0.1,
        };
        assert_eq!(
            x.batch_norm(statistics, None, None, 1e-5)?.shape(),
            [0, 2, 3]
        );
        assert_eq!(running.mean.to_vec(), [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 3.0]]);
        let error = x.batch_norm(train(), None, None, 1e-5).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange {
                op: "batch_norm",
                ..
            }
        ));
        let running = RunningStatistics::new(3)?;
        let error = x.batch_norm(Statistics::Running(&running), None, None, 1e-5);
        assert!(matches!(
            error.unwrap_err().kind(),
            ErrorKind::ShapeMismatch {
                op: "batch_norm",
                ..
            }
        ));
        let pair = Var::leaf(tensor![[1.0, 3.0], [2.0, 5.0]]);
        assert!(pair.batch_norm(train(), Some(&pair), None, 1e-5).is_err());
        assert!(
            pair.flatten(..)?
                .batch_norm(train(), None, None, 1e-5)
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn a_momentum_outside_0_to_1_moves_nothing() -> Result<()> {
        let x = Var::constant(tensor![[1.0], [3.0]]);
        let mut running = RunningStatistics::new(1)?;
        for (momentum, holds) in [(-0.1, false), (1.5, false), (f64::NAN, false), (1.0, true)] {
            let statistics = Statistics::Batch {
                running: Some(&mut running),
                momentum,
            };
            let result = x.batch_norm(statistics, None, None, 1e-5);
            assert_eq!(result.is_ok(), holds, "{momentum}");
            let expected = if holds { [2.0, 2.0] } else { [0.0, 1.0] };
            let found = [running.mean.item()?, running.variance.item()?];
            assert_eq!(found, expected, "{momentum}");
        }
        Ok(())
    }
}
