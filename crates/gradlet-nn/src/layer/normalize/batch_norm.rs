//! [`BatchNorm1d`] and [`BatchNorm2d`]: channels standardized over the batch.

use std::ops::RangeInclusive;

use gradlet_autograd::{Float, Result, Statistics, Var};

use super::channel_norm::{ChannelNorm, NormOver};

/// Standardizes each feature over the batch in training, and with running statistics in eval mode:
/// `y = (x - mean) / sqrt(variance + eps) * weight + bias`.
///
/// Running statistics move by the fraction 0.1 of the distance to those of a batch, or by
/// [`momentum`](ChannelNorm::momentum), or are the means over all batches with
/// [`cumulative`](ChannelNorm::cumulative). [`ChannelNorm`] lists all settings. A batch with a single value per channel
/// is an error in training.
///
/// # Shape
///
/// `[n, num_features]` or `[n, num_features, length]`, to the same
///
/// # Example
///
/// ```
/// # use gradlet_nn::{BatchNorm1d, Forward, Module};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut layer = BatchNorm1d::new(2)?.momentum(0.5).eps(0.0);
/// let x = Var::constant(tensor![[1.0, 20.0], [3.0, 40.0]]);
/// assert_eq!(layer.forward(&x)?.to_vec(), [-1.0, -1.0, 1.0, 1.0]);
/// layer.eval(); // the running mean is now [1, 15]
/// assert_eq!(layer.forward(&Var::constant(tensor![[1.0, 15.0]]))?.to_vec(), [0.0, 0.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// S. Ioffe, C. Szegedy, "Batch Normalization", 2015; `torch.nn.BatchNorm1d`
pub type BatchNorm1d<T = f32> = ChannelNorm<OverBatch<1>, T>;

/// As [`BatchNorm1d`], for images: each channel is standardized over all places of the batch.
///
/// # Shape
///
/// `[n, num_features, height, width]`, to the same
///
/// # Example
///
/// ```
/// # use gradlet_nn::{BatchNorm2d, Conv2d, Module, Relu, sequential};
/// # use gradlet_tensor::rng;
/// # fn main() -> gradlet_tensor::Result<()> {
/// // The norm subtracts what a bias would add.
/// let conv = Conv2d::new(1, 16, 3, &mut rng(1))?.without_bias();
/// let block = sequential![conv, BatchNorm2d::new(16)?, Relu::new()];
/// assert_eq!(block.named_buffers()[0].0, "1.running_mean");
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.BatchNorm2d`
pub type BatchNorm2d<T = f32> = ChannelNorm<OverBatch<2>, T>;

/// The mean over all samples, and over `N` axes of places behind the channels.
#[derive(Clone, Debug)]
pub struct OverBatch<const N: usize>;

impl<const N: usize> NormOver for OverBatch<N> {
    const NAME: &'static str = ["BatchNorm1d", "BatchNorm2d"][N - 1];
    const PER_SAMPLE: bool = false;
    const RANKS: RangeInclusive<usize> = [2, 4][N - 1]..=N + 2;
    const EXPECTED: &'static str = ["[n, c] or [n, c, length]", "[n, c, height, width]"][N - 1];

    fn norm<T: Float>(
        x: &Var<T>,
        statistics: Statistics<'_, T>,
        weight: Option<&Var<T>>,
        bias: Option<&Var<T>>,
        eps: f64,
    ) -> Result<Var<T>> {
        x.batch_norm(statistics, weight, bias, eps)
    }
}

impl<const N: usize, T: Float> ChannelNorm<OverBatch<N>, T> {
    /// The same layer whose running statistics are the means over all batches seen in training: `momentum=None` in
    /// PyTorch.
    pub fn cumulative(mut self) -> Self {
        self.set_cumulative();
        self
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::thread;

    use super::*;
    use crate::buffer::Buffer;
    use crate::forward::Forward;
    use crate::module::{Children, Module};
    use crate::{Mode, checkpoint_module};
    use gradlet_autograd::checkpoint;
    use gradlet_tensor::{Tensor, rng, tensor};

    /// The running mean, the running variance and the number of batches.
    fn tracked<K: NormOver>(layer: &ChannelNorm<K, f64>) -> (Vec<f64>, Vec<f64>, i64) {
        let vec = |buffer: &Option<Buffer<f64>>| buffer.as_ref().unwrap().tensor().to_vec();
        let count = layer.num_batches_tracked.as_ref().unwrap().tensor();
        (
            vec(&layer.running_mean),
            vec(&layer.running_var),
            count.item().unwrap(),
        )
    }

    fn batch() -> Var<f64> {
        // Mean 3, squared deviations 4, 1 and 9: variance 14 / 3, unbiased 7.
        Var::leaf(tensor![f64; [1.0], [2.0], [6.0]])
    }

    #[test]
    fn running_statistics_move_by_the_momentum_or_are_means_over_all_batches() -> Result<()> {
        let layer = BatchNorm1d::<f64>::new_of(1)?.momentum(0.25);
        layer.forward(&batch())?;
        assert_eq!(tracked(&layer), (vec![0.75], vec![2.5], 1));
        let layer = layer.cumulative();
        layer.forward(&batch().mul_scalar(2.0))?;
        // Half of the way, since it is the second batch: to mean 6 and variance 28.
        assert_eq!(tracked(&layer), (vec![3.375], vec![15.25], 2));
        Ok(())
    }

    #[test]
    fn only_training_moves_statistics() -> Result<()> {
        let mut layer = BatchNorm1d::<f64>::new_of(1)?.eps(0.0);
        layer.forward(&batch())?;
        let before = tracked(&layer);
        for mode in [Mode::Eval, Mode::Sample] {
            layer.set_mode(mode);
            let y = layer.forward(&batch())?.to_vec();
            let [mean, deviation] = [before.0[0], before.1[0].sqrt()];
            assert!((y[2] - (6.0 - mean) / deviation).abs() < 1e-15, "{y:?}");
            assert_eq!(tracked(&layer), before);
        }
        let mut plain = layer.without_statistics();
        assert!(plain.named_buffers().is_empty());
        plain.eval();
        let mean = plain.forward(&batch())?.mean(..)?.item()?;
        assert!(mean.abs() < 1e-15, "{mean}");
        Ok(())
    }

    #[test]
    fn a_checkpoint_moves_statistics_once_and_gives_the_same_gradients() -> Result<()> {
        let (plain, x) = (BatchNorm1d::<f64>::new_of(1)?.cumulative(), batch());
        let weights = Var::constant(tensor![f64; [1.0], [-2.0], [5.0]]);
        let gradient = |y: Var<f64>| -> Result<_> {
            let grads = y.mul(&weights)?.sum(..)?.backward()?;
            Ok(grads.wrt(&x).cloned())
        };
        let expected = gradient(plain.forward(&x)?)?;
        let layer = Rc::new(BatchNorm1d::<f64>::new_of(1)?.cumulative());
        let kept = Rc::clone(&layer);
        let found = gradient(checkpoint(move |x| kept.forward(&x[0]), &[&x])?)?;
        assert_eq!(
            (found, tracked(&layer)),
            (expected.clone(), tracked(&plain))
        );
        let layer = BatchNorm1d::<f64>::new_of(1)?.cumulative();
        let found = gradient(checkpoint_module(&layer, &x)?)?;
        assert_eq!((found, tracked(&layer)), (expected, tracked(&plain)));
        Ok(())
    }

    #[test]
    fn threads_that_train_lose_no_batch() -> Result<()> {
        let layer = BatchNorm1d::<f64>::new_of(1)?.momentum(0.001);
        let alone = layer.clone();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        layer.forward(&batch()).unwrap();
                    }
                });
            }
        });
        for _ in 0..400 {
            alone.forward(&batch())?;
        }
        assert_eq!(tracked(&layer), tracked(&alone));
        Ok(())
    }

    #[test]
    fn errors_show_the_layer_and_the_input_and_change_nothing() -> Result<()> {
        let layer = BatchNorm2d::<f64>::new_of(3)?.without_bias().momentum(0.5);
        let says = |layer: &BatchNorm2d<f64>, shape: &[usize], expected: &str| -> Result<()> {
            let x = Var::constant(Tensor::ones_of(shape)?);
            let (line, error) = (line!(), layer.forward(&x).unwrap_err());
            let expected = format!("{expected} (at {}:{line})", file!());
            assert_eq!(error.to_string(), expected);
            assert_eq!(tracked(layer), (vec![0.0; 3], vec![1.0; 3], 0));
            Ok(())
        };
        let name = "BatchNorm2d(3, no bias, momentum 0.5): ";
        let wrong = "expected [n, c, height, width], got shape [5, 3]";
        says(&layer, &[5, 3], &format!("{name}{wrong}"))?;
        let wrong = "input [1, 9, 7, 3] has 9 channels, weight [3] takes 3";
        let remedy = "; channels come second: permute the input";
        says(&layer, &[1, 9, 7, 3], &format!("{name}{wrong}{remedy}"))?;
        let wrong = "the number of values per channel must be more than 1 in training, got 1";
        says(&layer, &[1, 3, 1, 1], &format!("{name}{wrong}"))?;
        let name = "BatchNorm2d(3, no parameters, momentum 1.5): ";
        let wrong = "momentum must be in [0, 1], got 1.5";
        let layer = layer.without_parameters().momentum(1.5);
        says(&layer, &[1, 3, 2, 2], &format!("{name}{wrong}"))
    }

    #[test]
    fn settings_that_are_not_the_default_are_printed() -> Result<()> {
        let layer = BatchNorm1d::new(16)?;
        assert_eq!((layer.kind(), &*layer.describe()), ("BatchNorm1d", "16"));
        let layer = layer.eps(0.1).without_parameters().without_statistics();
        let text = "16, eps 0.1, no parameters, cumulative, no statistics";
        assert_eq!(layer.cumulative().describe(), text);
        Ok(())
    }

    #[test]
    fn f32_trains_too() -> Result<()> {
        let layer = BatchNorm1d::new(4)?;
        let x = Var::constant(Tensor::normal([64, 4, 3], 5.0, 2.0, &mut rng(1))?);
        let y = layer.forward(&x)?;
        let [mean, variance] = [y.mean([0, 2])?, y.var([0, 2], 0.0)?];
        assert!(mean.tensor().allclose(&Tensor::zeros([4])?, 0.0, 1e-5));
        assert!(variance.tensor().allclose(&Tensor::ones([4])?, 1e-4, 0.0));
        Ok(())
    }
}
