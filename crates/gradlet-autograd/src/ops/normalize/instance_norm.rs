//! Instance normalization: over the places of each channel of each sample.

use gradlet_tensor::fused::{Centre, Normalization, Over};
use gradlet_tensor::{Float, Result};

use super::batch_norm::{Statistics, check_momentum};
use super::normalize_channels::normalize_channels;
use super::standardize::{check_eps, single_value};
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements standardized over each channel of each sample: minus the mean, divided by `sqrt(variance + eps)`,
    /// times the channel's `weight`, plus its `bias`.
    ///
    /// The variance is the mean of the squared deviations. Running statistics, if given, move toward the means over the
    /// samples of their moments, of which the variance is the unbiased one; a batch without elements leaves them as they
    /// are. With `Statistics::Running` this is [`batch_norm`](Self::batch_norm). PyTorch's eps is 1e-5.
    ///
    /// # Shape
    ///
    /// `[n, c, ...] -> [n, c, ...]`, weight, bias and statistics `[c]`
    ///
    /// # Gradient
    ///
    /// With h the standardized input and d = `g * weight`:
    /// `(d - mean(d) - h * mean(d * h)) / sqrt(variance + eps)` with the samples' statistics,
    /// `d / sqrt(variance + eps)` with running ones; `g * h` and `g` for weight and bias, summed over all axes but the
    /// channels. The input, the weight, and two numbers for each mean are saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, the weight, bias or statistics have a different shape, a channel has a single
    /// place in training, the momentum is not in [0, 1], or eps is negative, NaN or infinite, or becomes infinite or 0
    /// by rounding to the element type. The statistics are not moved then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Statistics, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[[1.0, 3.0], [10.0, 30.0]]]);
    /// let own = Statistics::Batch { running: None, momentum: 0.1 };
    /// assert_eq!(x.instance_norm(own, None, None, 0.0)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// D. Ulyanov and others, "Instance Normalization", 2016; `torch.nn.functional.instance_norm`
    #[track_caller]
    pub fn instance_norm(
        &self,
        statistics: Statistics<'_, T>,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        let op = "instance_norm";
        let Statistics::Batch { running, momentum } = statistics else {
            let y = self.batch_norm(statistics, weight, bias, eps);
            return y.map_err(|error| error.of(op));
        };
        check_eps::<T>(op, eps)?;
        check_momentum::<T>(op, momentum)?;
        let x = self.channels(op, [weight, bias])?;
        let [samples, channels, places] = [0, 1, 2].map(|axis| x.shape()[axis]);
        if let Some(running) = &running {
            running.expect_channels(op, channels)?;
        }
        if places == 1 {
            return Err(single_value(op));
        }
        let (over, centre) = (Over::Groups(channels.max(1)), Centre::Mean);
        let norm = Normalization { over, centre, eps };
        let (y, moments) = normalize_channels(norm, &x, [weight, bias])?;
        if let Some(running) = running.filter(|_| !x.tensor().is_empty()) {
            let [mean, variance] = &moments;
            let mean = mean.reshape([samples, channels])?.mean(0)?;
            let variance = variance.reshape([samples, channels])?.mean(0)?;
            running.move_to(&[mean, variance], places, momentum)?;
        }
        y.reshape(self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunningStatistics;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Tensor, rng, tensor};

    fn own<T: Float>() -> Statistics<'static, T> {
        Statistics::Batch {
            running: None,
            momentum: 0.1,
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let shapes: [&[usize]; 4] = [&[2, 2, 3], &[1, 2, 2, 2], &[0, 2, 3], &[2, 3, 2]];
        for shape in shapes {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
            let channels = &shape[1..2];
            let inputs = [make(shape)?, make(channels)?, make(channels)?];
            let affine = |x: &[Var<f64>]| x[0].instance_norm(own(), Some(&x[1]), Some(&x[2]), 0.1);
            gradcheck(affine, &inputs)?;
            gradgradcheck(affine, &inputs)?;
            gradcheck(|x| x[0].instance_norm(own(), None, None, 0.1), &inputs[..1])?;
        }
        let x = [Tensor::<f64>::normal([3, 2, 2], 0.5, 1.0, &mut rng(1))?];
        let turned = |x: &[Var<f64>]| x[0].transpose(0, 2)?.instance_norm(own(), None, None, 0.1);
        gradcheck(turned, &x)
    }

    #[test]
    fn running_statistics_move_to_the_means_over_the_samples() -> Result<()> {
        let x = Var::constant(tensor![f64; [[1.0, 3.0]], [[4.0, 10.0]]]);
        let mut running = RunningStatistics::new(1)?;
        let moved = Statistics::Batch {
            running: Some(&mut running),
            momentum: 0.5,
        };
        let y = x.instance_norm(moved, None, None, 0.0)?;
        assert_eq!(y.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
        // Means 2 and 7, unbiased variances 2 and 18.
        assert_eq!(running.mean.to_vec(), [2.25]);
        assert_eq!(running.variance.to_vec(), [5.5]);
        let y = x.instance_norm(Statistics::Running(&running), None, None, 3.5)?;
        let expected = tensor![f64; [[-1.25, 0.75]], [[1.75, 7.75]]].div_scalar(3.0);
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line_and_moves_nothing() -> Result<()> {
        let x = Var::leaf(tensor![[[1.0], [3.0]], [[2.0], [5.0]]]);
        let error = x.instance_norm(own(), None, None, 1e-5).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange {
                op: "instance_norm",
                ..
            }
        ));
        let running = RunningStatistics::new(3)?;
        let error = x
            .instance_norm(Statistics::Running(&running), None, None, 1e-5)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("instance_norm: shapes differ")
        );
        let x = x.transpose(1, 2)?;
        let mut running = RunningStatistics::new(1)?;
        for (momentum, eps) in [(1.5, 1e-5), (0.5, -1.0)] {
            let statistics = Statistics::Batch {
                running: Some(&mut running),
                momentum,
            };
            assert!(x.instance_norm(statistics, None, None, eps).is_err());
            assert_eq!(running.mean.to_vec(), [0.0]);
        }
        assert!(
            x.flatten(..)?
                .instance_norm(own(), None, None, 1e-5)
                .is_err()
        );
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
        let y = x.instance_norm(statistics, None, None, 1e-5)?;
        assert_eq!(
            (y.shape(), running.mean.to_vec()),
            (x.shape(), vec![0.0; 2])
        );
        Ok(())
    }
}
