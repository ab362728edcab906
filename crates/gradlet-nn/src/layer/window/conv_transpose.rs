//! [`ConvTranspose`]: the transposed convolution of sequences or images with a weight, and a bias.

use gradlet_autograd::{Convolution, Error, ErrorKind, Float, Result, Var};
use gradlet_tensor::{PerAxis, sliding_settings};
use rand::Rng;

use super::describe;
use super::weights::weights;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// A transposed convolution over images: each element adds the kernel, times itself, to the result; with a stride, the
/// result is larger than the input.
///
/// [`ConvTranspose`] lists its methods.
///
/// # Shape
///
/// `x: [n, in_channels, p, q] -> [n, out_channels, h, w]` or without n,
/// `h = (p - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`;
/// `weight: [in_channels, out_channels / groups, kernel height, kernel width]`, `bias: [out_channels]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{ConvTranspose2d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = ConvTranspose2d::new(16, 1, 4, &mut rng(42))?.stride(2).padding(1);
/// let y = layer.forward(&Var::constant(Tensor::zeros([8, 16, 14, 14])?))?;
/// assert_eq!(y.shape(), [8, 1, 28, 28]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.ConvTranspose2d`
pub type ConvTranspose2d<T = f32> = ConvTranspose<2, T>;

/// A transposed convolution over sequences: each element adds the kernel, times itself, to the result; with a stride,
/// the result is longer than the input.
///
/// [`ConvTranspose`] lists its methods.
///
/// # Shape
///
/// `x: [n, in_channels, p] -> [n, out_channels, l]` or without n,
/// `l = (p - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`;
/// `weight: [in_channels, out_channels / groups, kernel]`, `bias: [out_channels]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{ConvTranspose1d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = ConvTranspose1d::new(16, 3, 5, &mut rng(42))?.stride(2).padding(2);
/// let x = Var::constant(Tensor::zeros([8, 16, 50])?);
/// assert_eq!(layer.forward(&x)?.shape(), [8, 3, 99]);
/// assert_eq!(layer.forward_to_size(&x, 100)?.shape(), [8, 3, 100]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.ConvTranspose1d`
pub type ConvTranspose1d<T = f32> = ConvTranspose<1, T>;

/// A transposed convolution over N axes: [`ConvTranspose1d`] and [`ConvTranspose2d`].
///
/// Stride 1, no padding, no output padding, dilation 1 and one group, unless set. The padding is taken from both ends of
/// the result; the output padding, smaller than the stride or the dilation, lengthens its second end. Weight and bias
/// start uniform in `[-1/sqrt(fan), 1/sqrt(fan))`, `fan = out_channels / groups * the kernel's size`, as in PyTorch.
#[derive(Clone, Debug, Module)]
#[module(kind = Self::KIND, describe = Self::sizes)]
pub struct ConvTranspose<const N: usize, T: Float = f32> {
    /// `[in_channels, out_channels / groups, ...]`, with the kernel's sizes last
    pub weight: Parameter<T>,
    /// `[out_channels]`
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    options: Convolution<N>,
    #[module(skip)]
    output_padding: [usize; N],
    mode: Mode,
}

impl<const N: usize> ConvTranspose<N> {
    /// A layer with a bias; the kernel's size is one number or one for each axis, such as `[height, width]`.
    ///
    /// # Errors
    ///
    /// If there are no output channels, the kernel has a size of 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<N>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in_channels, out_channels, kernel, 1, rng)
    }

    /// A layer whose channels are cut into groups: each input adds to the outputs of its own group.
    ///
    /// # Errors
    ///
    /// As for `new`, or if `groups` does not divide the numbers of channels.
    #[track_caller]
    pub fn grouped(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<N>,
        groups: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in_channels, out_channels, kernel, groups, rng)
    }
}

impl<const N: usize, T: Float> ConvTranspose<N, T> {
    const KIND: &'static str = describe::kind(N, ["ConvTranspose1d", "ConvTranspose2d"]);

    /// As `grouped`, for any element type: `ConvTranspose2d::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `grouped`.
    #[track_caller]
    pub fn new_of(
        in_channels: usize,
        out_channels: usize,
        kernel: impl PerAxis<N>,
        groups: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let (channels, kernel) = ([in_channels, out_channels], kernel.per_axis());
        let [weight, bias] = weights(Self::KIND, channels, out_channels, &kernel, groups, rng)?;
        Ok(Self {
            weight,
            bias: Some(bias),
            options: Convolution::default().groups(groups),
            output_padding: [0; N],
            mode: Mode::Train,
        })
    }

    sliding_settings!(N, [options]: stride, padding, dilation);

    /// With this length added to the second end of each axis, one for all axes or one for each.
    pub fn output_padding(mut self, output_padding: impl PerAxis<N>) -> Self {
        self.output_padding = output_padding.per_axis();
        self
    }

    /// The same layer without its bias.
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    fn sizes(&self) -> String {
        let weight = self.weight.shape();
        let channels = [weight[0], weight[1] * self.options.groups];
        let mut text = describe::convolution(channels, &weight[2..], self.options);
        if self.output_padding != [0; N] {
            text += ", output padding ";
            text += &describe::setting(&self.output_padding);
        }
        if self.bias.is_none() {
            text += ", no bias";
        }
        text
    }

    /// The output padding with which the result of x has these sizes.
    #[track_caller]
    fn padding_to(&self, x: &[usize], sizes: [usize; N]) -> Result<[usize; N]> {
        let (is, mut more) = (self.options.sliding, [0; N]);
        // An input with too few axes is refused later.
        let Some(first) = x.len().checked_sub(N) else {
            return Ok(more);
        };
        let reach = |steps: usize, step: usize| (steps as i128).saturating_mul(step as i128);
        for (i, &size) in sizes.iter().enumerate() {
            let kernel = self.weight.shape()[i + 2];
            let whole = reach(x[first + i].saturating_sub(1), is.stride[i])
                .saturating_add(reach(kernel - 1, is.dilation[i]) + 1);
            let least = whole - reach(2, is.padding[i]);
            more[i] = match usize::try_from(size as i128 - least) {
                Ok(more) if more < is.stride[i] => more,
                _ => {
                    let axis = first + i;
                    let most = least + is.stride[i] as i128 - 1;
                    return Err(Error::new(ErrorKind::OutOfRange {
                        op: "forward_to_size",
                        name: "size",
                        expected: "that of a result",
                        value: size as f64,
                        remedy: format!("; along axis {axis} it is from {least} to {most}"),
                    }));
                }
            };
        }
        Ok(more)
    }
}

macro_rules! forward {
    ($n:literal, $operation:ident) => {
        impl<T: Float> ConvTranspose<$n, T> {
            /// As `forward`, with the output padding that gives the result these sizes: one size for all axes or one
            /// for each. With a stride, it may have that many sizes. This is the argument `output_size` in PyTorch.
            ///
            /// # Errors
            ///
            /// If `forward` would fail, or no output padding below the stride gives these sizes.
            #[track_caller]
            pub fn forward_to_size(&self, x: &Var<T>, sizes: impl PerAxis<$n>) -> Result<Var<T>> {
                self.padding_to(x.shape(), sizes.per_axis())
                    .map_err(|error| self.name_in(error))
                    .and_then(|more| self.with_output_padding(x, more))
            }

            #[track_caller]
            fn with_output_padding(&self, x: &Var<T>, more: [usize; $n]) -> Result<Var<T>> {
                let bias = self.bias.as_ref().map(Parameter::leaf);
                x.$operation(&self.weight.leaf(), bias.as_ref(), self.options, more)
                    .map_err(|error| self.name_in(error))
            }
        }

        impl<T: Float> Forward<T> for ConvTranspose<$n, T> {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                self.with_output_padding(x, self.output_padding)
            }
        }
    };
}
forward!(1, conv_transpose1d);
forward!(2, conv_transpose2d);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Shape, Tensor, rng, tensor};

    #[test]
    fn it_convolves_with_its_settings() -> Result<()> {
        let mut layer = ConvTranspose1d::new(1, 1, 2, &mut rng(1))?
            .stride(3)
            .padding(1)
            .output_padding(2);
        *layer.weight.tensor_mut() = tensor![[[10.0, 1.0]]];
        layer.bias = Some(tensor![0.5].into());
        let x = Var::constant(tensor![[1.0, 2.0]]);
        assert_eq!(layer.forward(&x)?.to_vec(), [1.5, 0.5, 20.5, 2.5, 0.5]);
        let text = "1 -> 1, 2, stride 3, padding 1, output padding 2";
        assert_eq!(
            (layer.kind(), layer.describe().as_str()),
            ("ConvTranspose1d", text)
        );
        let layer = layer.without_bias().dilation(2).output_padding(0);
        assert_eq!(layer.forward(&x)?.to_vec(), [0.0, 1.0, 20.0, 0.0]);
        Ok(())
    }

    #[test]
    fn weights_start_inside_the_bound_of_their_fan_and_fill_it() -> Result<()> {
        // 50 / 2 channels of 2x2 elements: 1 / sqrt(100).
        let layer = ConvTranspose2d::<f64>::new_of(200, 50, 2, 2, &mut rng(1))?;
        assert_eq!(layer.weight.shape(), &Shape::from([200, 25, 2, 2]));
        assert_eq!(layer.describe(), "200 -> 50, 2x2, 2 groups");
        let weight = layer.weight.tensor();
        assert!(weight.iter().all(|w| (-0.1..0.1).contains(&w)));
        assert!(weight.max(..)?.item()? > 0.0999 && weight.min(..)?.item()? < -0.0999);
        let bias = layer.bias.as_ref().map(Parameter::tensor);
        assert!(bias.is_some_and(|bias| bias.len() == 50 && bias.iter().all(|b| b.abs() < 0.1)));
        let message = ConvTranspose2d::grouped(4, 6, 3, 4, &mut rng(1)).unwrap_err();
        let start = "ConvTranspose2d: groups must be a divisor of in_channels and out_channels";
        assert!(message.to_string().starts_with(start), "{message}");
        assert!(ConvTranspose1d::new(4, 0, 3, &mut rng(1)).is_err());
        Ok(())
    }

    #[test]
    fn a_size_chooses_the_output_padding() -> Result<()> {
        let layer = ConvTranspose2d::new(2, 3, 3, &mut rng(1))?.stride([2, 3]);
        let x = Var::constant(Tensor::zeros([0, 2, 4, 4])?);
        for sizes in [[9, 12], [10, 14]] {
            let y = layer.forward_to_size(&x, sizes)?;
            assert_eq!(y.shape(), [0, 3, sizes[0], sizes[1]]);
        }
        let error = layer.forward_to_size(&x, [9, 15]).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        let text = "ConvTranspose2d(2 -> 3, 3x3, stride 2x3): forward_to_size: size must be that of a result, got 15; \
                    along axis 3 it is from 12 to 14";
        assert_eq!(error.to_string(), format!("{text} {here}"));
        assert!(layer.forward_to_size(&x, [8, 12]).is_err());
        let flat = Var::constant(Tensor::zeros([4])?);
        assert!(layer.forward_to_size(&flat, 9).is_err());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_the_layer_and_the_input() -> Result<()> {
        let layer = ConvTranspose1d::new(2, 3, 3, &mut rng(1))?.output_padding(1);
        let run = |shape: &[usize]| -> Result<_> {
            let x = Var::constant(Tensor::zeros(shape)?);
            Ok(layer.forward(&x).unwrap_err().to_string())
        };
        let message = run(&[1, 5, 4])?;
        let start = "ConvTranspose1d(2 -> 3, 3, output padding 1): input [1, 5, 4] has 5 channels";
        assert!(message.starts_with(start), "{message}");
        let message = run(&[2, 4])?;
        assert!(
            message.contains("output_padding must be smaller than"),
            "{message}"
        );
        assert!(run(&[4])?.contains("got shape [4]"));
        Ok(())
    }
}
