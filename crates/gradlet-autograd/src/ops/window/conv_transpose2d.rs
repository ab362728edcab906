//! The transposed convolution of images, which is also the gradient of a convolution's images.

use gradlet_tensor::{Convolution, Float, PerAxis, Result, Tensor, fused};

use super::conv2d::{Link, each_for_the_other};
use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// y[n, c, p * stride + t * dilation - padding] = the sum of weight[o, c, t] * x[n, o, p] that lead there
#[derive(Debug)]
pub(super) struct ConvTranspose2d {
    pub(super) link: Link,
}

impl<T: Float> Op<T> for ConvTranspose2d {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [x, weight]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        fused::conv_transpose2d(x, weight, None, self.link.images, self.link.options)
    }

    /// dx = g convolved with weight, dweight = g correlated with x
    fn backward(
        &self,
        g: Var<T>,
        ([x, weight], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let dx = weight.map(|weight| self.link.result(&g, &weight));
        let dweight = x.map(|x| self.link.dweight(&g, &x)).transpose()?;
        Ok([dx.transpose()?, dweight])
    }

    fn keeps(&self, wants: &[Want; 2]) -> [bool; 2] {
        each_for_the_other(*wants)
    }
}

/// y[n, c, p] = as without the bias, plus bias[c]
#[derive(Debug)]
struct BiasedConvTranspose2d {
    link: Link,
}

impl<T: Float> Op<T> for BiasedConvTranspose2d {
    type Arity = Fixed<3>;
    type Saves = SomeInputs;

    fn forward(&self, [x, weight, bias]: [&Tensor<T>; 3]) -> Result<Tensor<T>> {
        fused::conv_transpose2d(x, weight, Some(bias), self.link.images, self.link.options)
    }

    /// As without the bias; dbias = sum of g over all axes but the channels
    fn backward(
        &self,
        g: Var<T>,
        ([x, weight, _], [_, _, want_bias]): ([Option<Var<T>>; 3], [Want; 3]),
    ) -> Result<[Option<Var<T>>; 3]> {
        let dbias = want_bias.then(|| g.sum([0, 2, 3]))?;
        let dx = weight.map(|weight| self.link.result(&g, &weight));
        let dweight = x.map(|x| self.link.dweight(&g, &x)).transpose()?;
        Ok([dx.transpose()?, dweight, dbias])
    }

    fn keeps(&self, &[want_x, want_weight, _]: &[Want; 3]) -> [bool; 3] {
        let [x, weight] = each_for_the_other([want_x, want_weight]);
        [x, weight, false]
    }
}

impl<T: Float> Var<T> {
    /// The transposed convolution of images, with a bias for each output channel: each element of the input adds the
    /// kernel, times itself, to the place of the result that a [convolution](Self::conv2d) with these settings reads for
    /// it.
    ///
    /// `y[n, c, p * stride + i * dilation - padding, ..] = bias[c] + the sum of weight[o, c, i, j] * x[n, o, p, q]` that
    /// lead there, for o in the group of c. The output padding, one size for both axes or one for each, lengthens the end
    /// of each axis: with a stride, several sizes of images have a convolution of the input's size.
    ///
    /// # Shape
    ///
    /// `self: [n, o, p, q], weight: [o, c / groups, i, j], bias: [c] -> [n, c, h, w]`,
    /// `h = (p - 1) * stride - 2 * padding + dilation * (i - 1) + output_padding + 1`; one image
    /// `[o, p, q] -> [c, h, w]`
    ///
    /// # Gradient
    ///
    /// The convolution of `g`, the correlation of `g` with the images, and `g` summed over all but the channels; the
    /// images are saved if the weight is tracked, the weight if the images are.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `groups` does not divide the number of input channels, a setting is 0 where that is
    /// meaningless, the output padding is neither below the stride nor below the dilation, the number of outputs is set,
    /// or the result would have no elements along an axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Convolution, Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::ones([8, 16, 7, 7])?);
    /// let weight = Var::leaf(Tensor::ones([16, 3, 4, 4])?);
    /// let y = x.conv_transpose2d(&weight, None, Convolution::default().stride(2).padding(1), 0)?;
    /// assert_eq!(y.shape(), [8, 3, 14, 14]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.conv_transpose2d`
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: Convolution<2>,
        output_padding: impl PerAxis<2>,
    ) -> Result<Self> {
        let more = output_padding.per_axis();
        if self.rank() == 3 {
            let x = self.unsqueeze(0)?;
            return x.conv_transpose2d(weight, bias, options, more)?.squeeze(0);
        }
        let (x, kernel) = (*self.shape(), *weight.shape());
        let (images, options) = fused::transposed("conv_transpose2d", x, kernel, options, more)?;
        let link = Link {
            images,
            weight: kernel,
            options,
        };
        match bias {
            Some(bias) => BiasedConvTranspose2d { link }.apply([self, weight, bias]),
            None => ConvTranspose2d { link }.apply([self, weight]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    /// The shapes of the inputs, and the settings.
    type Case<'a> = ([&'a [usize]; 3], Convolution<2>, [usize; 2]);

    fn make(shapes: [&[usize]; 3]) -> Vec<Tensor<f64>> {
        let mut rng = rng(5);
        let normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, &mut rng);
        let all: Result<_> = shapes.map(normal).into_iter().collect();
        all.unwrap()
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let plain = Convolution::default();
        let cases: [Case<'_>; 7] = [
            ([&[2, 3, 2, 3], &[3, 2, 2, 2], &[2]], plain, [0, 0]),
            (
                [&[1, 2, 2, 3], &[2, 2, 3, 2], &[2]],
                plain.stride([1, 2]).padding([1, 0]),
                [0, 1],
            ),
            // The output padding is above the stride, and below the dilation.
            (
                [&[2, 1, 3, 2], &[1, 2, 2, 1], &[2]],
                plain.dilation([3, 2]).padding([2, 0]),
                [2, 1],
            ),
            (
                [&[1, 4, 2, 2], &[4, 1, 2, 1], &[2]],
                plain.groups(2).stride(2),
                [1, 0],
            ),
            (
                [&[2, 2, 2, 2], &[2, 1, 1, 1], &[2]],
                plain.groups(2),
                [0; 2],
            ),
            ([&[0, 2, 2, 2], &[2, 2, 2, 2], &[2]], plain, [0, 0]),
            ([&[2, 0, 2, 2], &[0, 2, 2, 2], &[2]], plain, [0, 0]),
        ];
        for (shapes, options, more) in cases {
            let inputs = make(shapes);
            let biased = |x: &[Var<f64>]| x[0].conv_transpose2d(&x[1], Some(&x[2]), options, more);
            gradcheck(biased, &inputs)?;
            gradgradcheck(biased, &inputs)?;
            let plain = |x: &[Var<f64>]| x[0].conv_transpose2d(&x[1], None, options, more);
            gradcheck(plain, &inputs[..2])?;
            gradgradcheck(plain, &inputs[..2])?;
        }
        Ok(())
    }

    #[test]
    fn gradients_agree_for_transposed_broadcast_and_single_images() -> Result<()> {
        let inputs = make([&[2, 4, 2, 2], &[2, 2, 2, 3], &[2]]);
        let options = Convolution::default().padding([0, 1]);
        let transposed = |x: &[Var<f64>]| {
            let (x, weight) = (&x[0].transpose(0, 2)?, &x[1].transpose(2, 3)?);
            x.narrow(1, 0, 2)?
                .conv_transpose2d(weight, None, options, 0)
        };
        gradcheck(transposed, &inputs[..2])?;
        gradgradcheck(transposed, &inputs[..2])?;
        let inputs = make([&[1, 3, 1], &[2, 2, 2, 3], &[2]]);
        let broadcast = |x: &[Var<f64>]| {
            x[0].broadcast_to([2, 3, 2])?
                .conv_transpose2d(&x[1], Some(&x[2]), options, 0)
        };
        gradcheck(broadcast, &inputs)?;
        gradgradcheck(broadcast, &inputs)
    }

    #[test]
    fn each_element_adds_the_kernel_at_its_place() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0].reshape([1, 1, 1, 2])?);
        let weight = Var::leaf(tensor![10.0, 20.0, 30.0].reshape([1, 1, 1, 3])?);
        let run = |options, more| x.conv_transpose2d(&weight, None, options, [0, more]);
        let plain = Convolution::default();
        assert_eq!(run(plain, 0)?.to_vec(), [10.0, 40.0, 70.0, 60.0]);
        let stepped = plain.stride([1, 2]);
        assert_eq!(run(stepped, 0)?.to_vec(), [10.0, 20.0, 50.0, 40.0, 60.0]);
        assert_eq!(
            run(stepped.padding([0, 1]), 1)?.to_vec(),
            [20.0, 50.0, 40.0, 60.0]
        );
        let bias = Var::leaf(tensor![0.5]);
        let y = x.conv_transpose2d(&weight, Some(&bias), plain.stride([1, 3]), [0, 2])?;
        assert_eq!(y.to_vec(), [10.5, 20.5, 30.5, 20.5, 40.5, 60.5, 0.5, 0.5]);
        let g = Tensor::arange(0.0, 8.0, 1.0)?.reshape([1, 1, 1, 8])?;
        let grads = y.backward_with(g)?;
        let of = |x: &Var| grads.wrt(x).map(Tensor::to_vec);
        assert_eq!(of(&x), Some(vec![80.0, 260.0]));
        assert_eq!(of(&weight), Some(vec![6.0, 9.0, 12.0]));
        assert_eq!(of(&bias), Some(vec![28.0]));
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([1, 2, 3, 3])?);
        let plain = Convolution::default();
        let error = x.conv_transpose2d(&x, None, plain, 0).unwrap_err();
        let text =
            "conv_transpose2d: input [1, 2, 3, 3] has 2 channels, weight [1, 2, 3, 3] takes 1";
        let here = format!("{text} (at {}:{})", file!(), line!() - 3);
        assert_eq!(error.to_string(), here);
        let weight = Var::constant(Tensor::ones([2, 3, 1, 1])?);
        let bias = Var::constant(Tensor::ones([2])?);
        let error = x.conv_transpose2d(&weight, Some(&bias), plain, 0);
        assert!(matches!(
            error.unwrap_err().kind(),
            ErrorKind::ShapeMismatch {
                op: "conv_transpose2d",
                ..
            }
        ));
        assert!(x.conv_transpose2d(&weight, None, plain, 1).is_err());
        Ok(())
    }
}
