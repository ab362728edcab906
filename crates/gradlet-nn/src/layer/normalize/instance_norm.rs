//! [`InstanceNorm1d`] and [`InstanceNorm2d`]: channels standardized over each sample.

use std::ops::RangeInclusive;

use gradlet_autograd::{Float, Result, Statistics, Var};

use super::channel_norm::{ChannelNorm, NormOver};

/// Standardizes each channel of each sample: `y = (x - mean) / sqrt(variance + eps)`, in all modes.
///
/// A new layer has no parameters and no running statistics, as in PyTorch;
/// [`with_parameters`](ChannelNorm::with_parameters) and [`with_statistics`](ChannelNorm::with_statistics) add them.
/// Running statistics move toward the means over the samples, and eval mode uses them. [`ChannelNorm`] lists all
/// settings. A channel of a single place is an error, unless running statistics are used.
///
/// # Shape
///
/// `[n, num_features, length]` or `[num_features, length]`, to the same; without parameters and running statistics any
/// number of channels
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, InstanceNorm1d};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = InstanceNorm1d::new(2)?.eps(0.0);
/// let x = Var::constant(tensor![[1.0, 3.0], [10.0, 30.0]]);
/// assert_eq!(layer.forward(&x)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// D. Ulyanov and others, "Instance Normalization", 2016; `torch.nn.InstanceNorm1d`
pub type InstanceNorm1d<T = f32> = ChannelNorm<OverSample<1>, T>;

/// As [`InstanceNorm1d`], for images.
///
/// # Shape
///
/// `[n, num_features, height, width]` or `[num_features, height, width]`, to the same
///
/// # Source
///
/// `torch.nn.InstanceNorm2d`
pub type InstanceNorm2d<T = f32> = ChannelNorm<OverSample<2>, T>;

/// The mean over `N` axes of places behind the channels, for each sample.
#[derive(Clone, Debug)]
pub struct OverSample<const N: usize>;

impl<const N: usize> NormOver for OverSample<N> {
    const NAME: &'static str = ["InstanceNorm1d", "InstanceNorm2d"][N - 1];
    const PER_SAMPLE: bool = true;
    const RANKS: RangeInclusive<usize> = N + 1..=N + 2;
    const EXPECTED: &'static str = [
        "[n, c, length] or [c, length]",
        "[n, c, height, width] or [c, height, width]",
    ][N - 1];

    fn norm<T: Float>(
        x: &Var<T>,
        statistics: Statistics<'_, T>,
        weight: Option<&Var<T>>,
        bias: Option<&Var<T>>,
        eps: f64,
    ) -> Result<Var<T>> {
        x.instance_norm(statistics, weight, bias, eps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Forward;
    use crate::module::{Children, Module};
    use gradlet_tensor::{Tensor, tensor};

    #[test]
    fn a_sample_is_standardized_as_in_a_batch_and_moves_the_statistics() -> Result<()> {
        let mut layer = InstanceNorm1d::<f64>::new_of(1)?.eps(0.0).momentum(0.5);
        assert!(layer.named_parameters().is_empty() && layer.named_buffers().is_empty());
        layer = layer.with_parameters()?.with_statistics()?;
        *layer.weight.as_mut().unwrap().tensor_mut() = tensor![f64; 2.0];
        let one = Var::constant(tensor![f64; [4.0, 10.0]]);
        let y = layer.forward(&one)?;
        assert_eq!((y.shape(), y.to_vec()), (one.shape(), vec![-2.0, 2.0]));
        // Mean 7, unbiased variance 18.
        let buffers = layer.named_buffers();
        let values = buffers
            .iter()
            .map(|(_, buffer)| match buffer.downcast_ref::<f64>() {
                Some(floats) => floats.tensor().to_vec()[0],
                None => buffer.downcast_ref::<i64>().unwrap().tensor().to_vec()[0] as f64,
            });
        assert_eq!(values.collect::<Vec<_>>(), [3.5, 9.5, 0.0]);
        let batch = layer.forward(&one.unsqueeze(0)?)?;
        assert_eq!(batch.to_vec(), [-2.0, 2.0]);
        Ok(())
    }

    #[test]
    fn errors_show_the_layer_and_the_input() -> Result<()> {
        let layer = InstanceNorm2d::new(3)?;
        let error = |layer: &InstanceNorm2d, shape: &[usize]| -> Result<String> {
            let x = Var::constant(Tensor::ones(shape)?);
            Ok(layer.forward(&x).unwrap_err().to_string())
        };
        let found = error(&layer, &[5, 3])?;
        let expected = "InstanceNorm2d(3): expected [n, c, height, width] or [c, height, width], got shape [5, 3] (at";
        assert!(found.starts_with(expected), "{found}");
        let found = error(&layer, &[2, 3, 1, 1])?;
        assert!(found.contains("more than 1 in training"), "{found}");
        // Nothing depends on the number of channels.
        layer.forward(&Var::constant(Tensor::ones([2, 5, 2, 2])?))?;
        let layer = layer.with_parameters()?.without_bias();
        let found = error(&layer, &[2, 5, 2, 2])?;
        let expected =
            "InstanceNorm2d(3, no bias): input [2, 5, 2, 2] has 5 channels, weight [3] takes 3 (at";
        assert!(found.starts_with(expected), "{found}");
        assert_eq!(layer.without_parameters().describe(), "3");
        Ok(())
    }
}
