//! The convolution of images, and the two other products of its three tensors.

use crate::element::Float;
use crate::error::Result;
use crate::fused::settings::Convolution;
use crate::kernel::conv as kernel;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The convolution (without flipping the weight) of images, with a bias for each output channel.
    ///
    /// `y[n, o, p, q] = bias[o] + sum_c,i,j weight[o, c, i, j] * x[n, c, p * stride + i * dilation - padding, ..]`, for
    /// c in the group of o; x is 0 outside the image.
    ///
    /// # Shape
    ///
    /// `self: [n, c, h, w], weight: [o, c / groups, i, j], bias: [o] -> [n, o, p, q]`,
    /// `p = (h + 2 * padding - dilation * (i - 1) - 1) / stride + 1`, rounded down
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `groups` does not divide the numbers of channels, a setting is 0 where that is
    /// meaningless, or a kernel is larger than the padded image.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Convolution, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[[[1.0, 2.0, 4.0], [4.0, 5.0, 7.0], [0.0, 0.0, 0.0]]]];
    /// let weight = tensor![[[[-1.0, 1.0]]]]; // each pixel minus its left neighbour
    /// let y = x.conv2d(&weight, Some(&tensor![10.0]), Convolution::default().stride([2, 1]))?;
    /// assert_eq!(y, tensor![[[[11.0, 12.0], [10.0, 10.0]]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.conv2d`
    #[track_caller]
    pub fn conv2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: Convolution<2>,
    ) -> Result<Self> {
        let (sizes, shape) = options.sizes("conv2d", *self.shape(), *weight.shape())?;
        if let Some(bias) = bias {
            bias.expect_shape("conv2d", shape[1])?;
        }
        let bias = bias.map(Tensor::try_contiguous).transpose()?;
        if sizes.inputs == 0 {
            return biased_zeros(shape, bias.as_ref());
        }
        let (x, weight) = (self.try_contiguous()?, weight.try_contiguous()?);
        Self::build(shape, |y| {
            if !y.is_empty() {
                let bias = bias.as_ref().map(elements);
                kernel::convolve(&sizes, elements(&x), elements(&weight), bias, y);
            }
        })
    }
}

/// The transposed convolution: the images, of shape `images`, to which each element of `x` adds the kernel times itself
/// at the place that the convolution reads for it, and a bias for each of their channels. Without a bias it is the
/// gradient of the convolution's images, given its result's gradient `x`.
///
/// # Shape
///
/// `x: [n, o, p, q], weight: [o, c / groups, i, j], bias: [c] -> images`, that is `[n, c, h, w]`
///
/// # Errors
///
/// If [`Tensor::conv2d`] of the images would fail, `x` does not have the shape of its result, or there is not one bias
/// for each channel.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Convolution, Shape, Tensor, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (g, weight) = (Tensor::ones([1, 1, 2, 2])?, Tensor::ones([1, 1, 2, 2])?);
/// let images = Shape::from([1, 1, 3, 3]);
/// let dx = fused::conv_transpose2d(&g, &weight, None, images, Convolution::default())?;
/// assert_eq!(dx, tensor![[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]); // windows over each pixel
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.grad.conv2d_input`, `torch.nn.functional.conv_transpose2d`
#[track_caller]
pub fn conv_transpose2d<T: Float>(
    x: &Tensor<T>,
    weight: &Tensor<T>,
    bias: Option<&Tensor<T>>,
    images: Shape,
    options: Convolution<2>,
) -> Result<Tensor<T>> {
    let op = "conv_transpose2d";
    let (sizes, shape) = options.sizes(op, images, *weight.shape())?;
    x.expect_shape(op, shape)?;
    if let Some(bias) = bias {
        bias.expect_shape(op, images[1])?;
    }
    let bias = bias.map(Tensor::try_contiguous).transpose()?;
    if sizes.outputs == 0 {
        return biased_zeros(images, bias.as_ref());
    }
    let (x, weight) = (x.try_contiguous()?, weight.try_contiguous()?);
    Tensor::build(images, |y| {
        if !y.is_empty() {
            let bias = bias.as_ref().map(elements);
            kernel::input_gradient(&sizes, elements(&weight), bias, elements(&x), y);
        }
    })
}

/// The gradient of a convolution's weight, of shape `weight`, given its images `x` and the gradient `g` of its result:
/// the correlation of the two.
///
/// # Shape
///
/// `x: [n, c, h, w], g: [n, o, p, q] -> weight`, that is `[o, c / groups, i, j]`
///
/// # Errors
///
/// If [`Tensor::conv2d`] would fail, or the gradient does not have the shape of its result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Convolution, Shape, Tensor, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]];
/// let (g, weight) = (Tensor::ones([1, 1, 2, 2])?, Shape::from([1, 1, 2, 2]));
/// let dw = fused::conv2d_weight_gradient(&x, &g, weight, Convolution::default())?;
/// assert_eq!(dw, tensor![[[[12.0, 16.0], [24.0, 28.0]]]]); // sums of the pixels that each weight meets
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.grad.conv2d_weight`
#[track_caller]
pub fn conv2d_weight_gradient<T: Float>(
    x: &Tensor<T>,
    g: &Tensor<T>,
    weight: Shape,
    options: Convolution<2>,
) -> Result<Tensor<T>> {
    let op = "conv2d_weight_gradient";
    let (sizes, shape) = options.sizes(op, *x.shape(), weight)?;
    g.expect_shape(op, shape)?;
    if sizes.images == 0 {
        return Tensor::zeros_of(weight);
    }
    let (x, g) = (x.try_contiguous()?, g.try_contiguous()?);
    Tensor::build(weight, |dweight| {
        if !dweight.is_empty() {
            kernel::weight_gradient(&sizes, elements(&x), elements(&g), dweight);
        }
    })
}

/// The result where nothing is added to the bias of each channel.
#[track_caller]
fn biased_zeros<T: Float>(shape: Shape, bias: Option<&Tensor<T>>) -> Result<Tensor<T>> {
    let y = Tensor::zeros_of(shape)?;
    match bias {
        Some(bias) => y.add(&bias.reshape([shape[1], 1, 1])?),
        None => Ok(y),
    }
}

/// The elements of a contiguous tensor.
fn elements<T: Float>(x: &Tensor<T>) -> &[T] {
    x.as_slice().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::settings::Sliding;
    use crate::{rng, tensor, threads};
    use proptest::prelude::*;

    fn integers(shape: &[usize], seed: usize) -> Result<Tensor<f64>> {
        Tensor::from_fn(shape, |i| ((i * 31 + seed * 17) % 13) as f64 - 6.0)
    }

    /// Seven loops.
    fn naive(
        x: &Tensor<f64>,
        weight: &Tensor<f64>,
        shape: Shape,
        with: Convolution<2>,
    ) -> Tensor<f64> {
        let [n, o, p, q] = shape[..] else {
            unreachable!()
        };
        let [outputs, c, kh, kw] = weight.shape()[..] else {
            unreachable!()
        };
        let Sliding {
            stride,
            padding,
            dilation,
        } = with.sliding;
        let mut y = Tensor::zeros_of(shape).unwrap();
        let mut out = y.make_mut_slice().iter_mut();
        for at in 0..n * o * p * q {
            let (n, o, p, q) = (at / (o * p * q), at / (p * q) % o, at / q % p, at % q);
            let mut sum = 0.0;
            for k in 0..c * kh * kw {
                let (ci, i, j) = (k / (kh * kw), k / kw % kh, k % kw);
                let h = p * stride[0] + i * dilation[0];
                let w = q * stride[1] + j * dilation[1];
                let channel = o / (outputs / with.groups) * c + ci;
                let (h, w) = (h.wrapping_sub(padding[0]), w.wrapping_sub(padding[1]));
                if let Ok(x) = x.at(&[n, channel, h, w]) {
                    sum += x * weight.at(&[o, ci, i, j]).unwrap();
                }
            }
            *out.next().unwrap() = sum;
        }
        y
    }

    /// All three products against the loops; integers, so that every order of sums gives the same.
    fn agree(x: [usize; 4], weight: [usize; 4], with: Convolution<2>) -> Result<()> {
        let (x, weight) = (integers(&x, 1)?, integers(&weight, 2)?);
        let y = x.conv2d(&weight, None, with)?;
        assert_eq!(y, naive(&x, &weight, *y.shape(), with));
        let bias = integers(&[weight.shape()[0]], 5)?;
        let column = bias.reshape([bias.len(), 1, 1])?;
        assert_eq!(x.conv2d(&weight, Some(&bias), with)?, y.add(&column)?);
        // <g, conv(x, w)> = <dx, x> = <dw, w>, for two values of x and w each.
        let g = integers(y.shape(), 3)?;
        let dot = |a: &Tensor<f64>, b: &Tensor<f64>| {
            a.iter().zip(b.iter()).map(|(a, b)| a * b).sum::<f64>()
        };
        let dx = conv_transpose2d(&g, &weight, None, *x.shape(), with)?;
        let dweight = conv2d_weight_gradient(&x, &g, *weight.shape(), with)?;
        for seed in 4..9 {
            let (u, v) = (integers(x.shape(), seed)?, integers(weight.shape(), seed)?);
            assert_eq!(dot(&dx, &u), dot(&g, &naive(&u, &weight, *y.shape(), with)));
            assert_eq!(dot(&dweight, &v), dot(&g, &naive(&x, &v, *y.shape(), with)));
        }
        Ok(())
    }

    #[test]
    fn products_agree_with_loops_where_blocks_are_cut() -> Result<()> {
        let plain = Convolution::default();
        // Several images a block, the last block smaller; positions cut in blocks; several parts of a weight gradient.
        agree([23, 3, 5, 5], [4, 3, 3, 3], plain)?;
        agree([19, 4, 3, 3], [6, 2, 3, 3], plain.groups(2))?;
        agree([2, 150, 9, 12], [2, 150, 3, 3], plain.padding(1))?;
        agree([37, 2, 8, 8], [3, 2, 3, 3], plain.padding(1))?;
        agree([3, 4, 7, 8], [6, 4, 1, 1], plain)?;
        agree([60, 4, 2, 2], [6, 4, 1, 1], plain)
    }

    proptest! {
        #[test]
        fn products_agree_with_loops(
            (n, groups, c, o) in (0..4usize, 1..3usize, 0..3usize, 0..3usize),
            (h, w, kh, kw) in (1..7usize, 1..7usize, 1..4usize, 1..4usize),
            stride in [1..4usize, 1..4usize],
            padding in [0..3usize, 0..3usize],
            dilation in [1..3usize, 1..3usize],
        ) {
            let sliding = Sliding { stride, padding, dilation };
            let with = Convolution { sliding, groups, ..Convolution::default() };
            let (x, weight) = ([n, c * groups, h, w], [o * groups, c, kh, kw]);
            let fits = |size, k: usize, i: usize| size + 2 * padding[i] > dilation[i] * (k - 1);
            if fits(h, kh, 0) && fits(w, kw, 1) {
                agree(x, weight, with)?;
            } else {
                let (x, weight) = (Tensor::<f64>::zeros_of(x)?, Tensor::zeros_of(weight)?);
                prop_assert!(x.conv2d(&weight, None, with).is_err());
            }
        }
    }

    #[test]
    fn a_kernel_sees_its_neighbourhood() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].reshape([1, 1, 2, 3])?;
        let weight = tensor![[1.0, 10.0], [100.0, 1000.0]].reshape([1, 1, 2, 2])?;
        let y = x.conv2d(&weight, Some(&tensor![0.5]), Convolution::default())?;
        assert_eq!(y, tensor![[[[5421.5, 6532.5]]]]);
        let x = x.transpose(2, 3)?;
        let y = x.conv2d(&weight, None, Convolution::default())?;
        assert_eq!(y.to_vec(), [5241.0, 6352.0]);
        Ok(())
    }

    #[test]
    fn all_products_have_the_same_bits_on_any_number_of_threads() -> Result<()> {
        let with = Convolution::default().padding(1);
        let make = |shape: [usize; 4], seed| Tensor::<f32>::normal(shape, 0.0, 1.0, &mut rng(seed));
        for n in [1, 40] {
            let (x, weight) = (make([n, 16, 14, 14], 1)?, make([32, 16, 3, 3], 2)?);
            let run = || -> Result<_> {
                let y = x.conv2d(&weight, None, with)?;
                let dx = conv_transpose2d(&y, &weight, None, *x.shape(), with)?;
                Ok((
                    conv2d_weight_gradient(&x, &y, *weight.shape(), with)?,
                    dx,
                    y,
                ))
            };
            let one = threads::with(1, run)?;
            assert!(one == threads::with(2, run)? && one == threads::with(3, run)?);
        }
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named() -> Result<()> {
        let x = Tensor::zeros([2, 4, 5, 5])?;
        let run = |weight: &[usize], with: Convolution<2>| -> Result<_> {
            x.conv2d(&Tensor::zeros(weight)?, None, with)
        };
        let message = |weight: &[usize], with| run(weight, with).unwrap_err().to_string();
        let plain = Convolution::default();
        let starts = |text: String, start: &str| assert!(text.starts_with(start), "{text}");
        starts(
            message(&[3, 2, 3, 3], plain),
            "conv2d: input [2, 4, 5, 5] has 4 channels, weight [3, 2, 3, 3] takes 2 (at ",
        );
        starts(
            message(&[3, 2, 3, 3], plain.groups(2)),
            "conv2d: groups must be a divisor of both numbers of channels, got 2; there are 4 in and 3 out",
        );
        starts(
            message(&[3, 4, 6, 3], plain),
            "conv2d: kernel size must be at most the padded input's size, got 6; axis 2 of [2, 4, 5, 5]",
        );
        starts(
            message(&[3, 4, 3, 3], plain.stride(0)),
            "conv2d: stride must be at least 1, got 0",
        );
        starts(
            message(&[3, 4, 3], plain),
            "conv2d: expected a weight [out, in / groups, h, w]",
        );
        assert!(run(&[3, 4, 0, 3], plain).is_err() && run(&[3, 4, 3, 3], plain.groups(0)).is_err());
        assert!(run(&[3, 4, 3, 3], plain.padding(usize::MAX / 4)).is_err());
        let (weight, bias) = (Tensor::zeros([3, 4, 3, 3])?, Tensor::zeros(4)?);
        assert!(x.conv2d(&weight, Some(&bias), plain).is_err());
        assert!(conv_transpose2d(&x, &weight, None, *x.shape(), plain).is_err());
        assert!(conv2d_weight_gradient(&x, &x, *weight.shape(), plain).is_err());
        Ok(())
    }
}
