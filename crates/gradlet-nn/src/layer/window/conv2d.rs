//! [`Conv2d`]: the convolution of images with a weight, and a bias.

use gradlet_autograd::{Convolution, Float, Result, Var};
use gradlet_tensor::{PerAxis, sliding_settings};
use rand::Rng;

use super::describe;
use crate::forward::Forward;
use crate::init::fan_in_uniform;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;
use crate::require::require;

/// A convolution over images: each output sees the inputs under a small kernel that slides over height and width.
///
/// Stride 1, no padding, dilation 1 and one group, unless set. Weight and bias start uniform in
/// `[-1/sqrt(fan_in), 1/sqrt(fan_in))`, `fan_in = in_channels / groups * kernel height * kernel width`, as in PyTorch
/// (Kaiming with a leak of the root of five).
///
/// # Shape
///
/// `x: [n, in_channels, h, w] -> [n, out_channels, p, q]` or without n,
/// `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded down;
/// `weight: [out_channels, in_channels / groups, kernel height, kernel width]`, `bias: [out_channels]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Conv2d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = Conv2d::new(1, 16, 3, &mut rng(42))?.padding(1);
/// let y = layer.forward(&Var::constant(Tensor::zeros([8, 1, 28, 28])?))?;
/// assert_eq!(y.shape(), [8, 16, 28, 28]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Conv2d`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Conv2d<T: Float = f32> {
    /// `[out_channels, in_channels / groups, kernel height, kernel width]`
    pub weight: Parameter<T>,
    /// `[out_channels]`
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    options: Convolution<2>,
    mode: Mode,
}

impl Conv2d {
    /// A layer with a bias; the kernel's size is one number or `[height, width]`.
    ///
    /// # Errors
    ///
    /// If there are no input channels, the kernel has a size of 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<2>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in_channels, out_channels, kernel, 1, rng)
    }

    /// A layer whose channels are cut into groups: each output sees the inputs of its own group. It is depthwise if
    /// there are as many groups as input channels.
    ///
    /// # Errors
    ///
    /// As for `new`, or if `groups` does not divide the numbers of channels.
    #[track_caller]
    pub fn grouped(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<2>,
        groups: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in_channels, out_channels, kernel, groups, rng)
    }
}

impl<T: Float> Conv2d<T> {
    /// As `grouped`, for any element type: `Conv2d::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `grouped`.
    #[track_caller]
    pub fn new_of(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<2>,
        groups: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let divides =
            groups > 0 && in_channels.is_multiple_of(groups) && out_channels.is_multiple_of(groups);
        let expected = "a divisor of in_channels and out_channels";
        require(divides, "Conv2d", "groups", expected, groups as f64)?;
        let ([height, width], inputs) = (kernel.per_axis(), in_channels / groups);
        let fan_in = inputs.saturating_mul(height).saturating_mul(width);
        let weight = fan_in_uniform([out_channels, inputs, height, width], fan_in, rng)?;
        let bias = fan_in_uniform(out_channels, fan_in, rng)?;
        Ok(Self {
            weight: weight.into(),
            bias: Some(bias.into()),
            options: Convolution::default().groups(groups),
            mode: Mode::Train,
        })
    }

    sliding_settings!(2, [options]: stride, padding, dilation);

    /// The same layer without its bias.
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    fn sizes(&self) -> String {
        let mut text = describe::convolution(self.weight.shape(), self.options);
        if self.bias.is_none() {
            text += ", no bias";
        }
        text
    }
}

impl<T: Float> Forward<T> for Conv2d<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let bias = self.bias.as_ref().map(Parameter::leaf);
        x.conv2d(&self.weight.leaf(), bias.as_ref(), self.options)
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Shape, Tensor, rng, tensor};

    #[test]
    fn it_convolves_with_its_settings() -> Result<()> {
        let mut layer = Conv2d::new(1, 1, [1, 2], &mut rng(1))?
            .stride([1, 2])
            .padding([0, 1]);
        *layer.weight.tensor_mut() = tensor![10.0, 1.0].reshape([1, 1, 1, 2])?;
        layer.bias = Some(tensor![0.5].into());
        let x = Var::constant(tensor![[1.0, 2.0, 3.0, 4.0]].reshape([1, 1, 1, 4])?);
        assert_eq!(layer.forward(&x)?.to_vec(), [1.5, 23.5, 40.5]);
        assert_eq!(layer.describe(), "1 -> 1, 1x2, stride 1x2, padding 0x1");
        let layer = layer.without_bias().dilation(3);
        assert_eq!(layer.forward(&x)?.to_vec(), [3.0, 20.0]);
        assert_eq!(
            layer.describe(),
            "1 -> 1, 1x2, stride 1x2, padding 0x1, dilation 3, no bias"
        );
        Ok(())
    }

    #[test]
    fn weights_start_inside_the_bound_of_their_fan_in_and_fill_it() -> Result<()> {
        // 50 / 2 channels of 2x2 elements: 1 / sqrt(100).
        let layer = Conv2d::grouped(50, 200, 2, 2, &mut rng(1))?;
        assert_eq!(
            (layer.weight.shape(), layer.describe()),
            (
                &Shape::from([200, 25, 2, 2]),
                "50 -> 200, 2x2, 2 groups".to_owned()
            )
        );
        let weight = layer.weight.tensor();
        assert!(weight.iter().all(|w| (-0.1..0.1).contains(&w)));
        assert!(weight.max(..)?.item()? > 0.0999 && weight.min(..)?.item()? < -0.0999);
        let bias = layer.bias.as_ref().map(Parameter::tensor);
        assert!(bias.is_some_and(|bias| bias.iter().all(|b| b.abs() < 0.1)));
        let x = Var::constant(Tensor::zeros([3, 50, 4, 4])?);
        assert_eq!(layer.forward(&x)?.shape(), [3, 200, 3, 3]);
        Ok(())
    }

    #[test]
    fn sizes_that_make_no_layer_are_errors() {
        let rng = &mut rng(1);
        assert!(Conv2d::new(0, 3, 3, rng).is_err() && Conv2d::new(3, 3, [3, 0], rng).is_err());
        let message = Conv2d::grouped(4, 6, 3, 4, rng).unwrap_err().to_string();
        let start = "Conv2d: groups must be a divisor of in_channels and out_channels, got 4 (at ";
        assert!(message.starts_with(start), "{message}");
        assert!(Conv2d::grouped(4, 6, 3, 0, rng).is_err());
        assert!(Conv2d::new(usize::MAX, 2, 3, rng).is_err());
    }

    #[test]
    fn gradients_arrive_under_the_parameters_names() -> Result<()> {
        let layer = Conv2d::new(1, 1, 2, &mut rng(1))?;
        let x = Var::constant(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].reshape([1, 2, 3])?);
        let grads = layer.forward(&x)?.sum(..)?.backward()?;
        let dweight = grads.get(layer.weight.id()).map(Tensor::to_vec);
        assert_eq!(dweight, Some(vec![3.0, 5.0, 9.0, 11.0]));
        let bias = layer.bias.as_ref().and_then(|bias| grads.get(bias.id()));
        assert_eq!(bias.map(Tensor::to_vec), Some(vec![2.0]));
        Ok(())
    }
}
