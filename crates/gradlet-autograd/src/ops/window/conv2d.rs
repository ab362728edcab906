//! The convolution of images, and the product that is its weight's gradient.

use gradlet_tensor::{Convolution, Float, Result, Shape, Tensor, fused};

use super::conv_transpose2d::ConvTranspose2d;
use crate::op::{Fixed, Op, Want};
use crate::saves::SomeInputs;
use crate::var::Var;

/// How images, weight and result are linked: any two of the three give a product in the shape of the third, and the
/// gradient of each product consists of the other two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) images: Shape,
    pub(super) weight: Shape,
    pub(super) options: Convolution<2>,
}

impl Link {
    /// x convolved with the weight.
    pub(super) fn result<T: Float>(self, x: &Var<T>, weight: &Var<T>) -> Result<Var<T>> {
        Conv2d { link: self }.apply([x, weight])
    }

    fn dx<T: Float>(self, g: &Var<T>, weight: &Var<T>) -> Result<Var<T>> {
        ConvTranspose2d { link: self }.apply([g, weight])
    }

    pub(super) fn dweight<T: Float>(self, x: &Var<T>, g: &Var<T>) -> Result<Var<T>> {
        WeightGradient { link: self }.apply([x, g])
    }
}

/// Whether each of two inputs is kept: it is if the other one's gradient is wanted.
pub(super) fn each_for_the_other([want_a, want_b]: [Want; 2]) -> [bool; 2] {
    [want_b.is_wanted(), want_a.is_wanted()]
}

/// y[n, o, p] = `sum_c,t` weight[o, c, t] * x[n, c, p * stride + t * dilation - padding]
#[derive(Debug)]
struct Conv2d {
    link: Link,
}

impl<T: Float> Op<T> for Conv2d {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [x, weight]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.conv2d(weight, None, self.link.options)
    }

    /// dx = weight applied to g transposed, dweight = x correlated with g
    fn backward(
        &self,
        g: Var<T>,
        ([x, weight], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let dweight = x.map(|x| self.link.dweight(&x, &g)).transpose()?;
        Ok([
            weight.map(|weight| self.link.dx(&g, &weight)).transpose()?,
            dweight,
        ])
    }

    fn keeps(&self, wants: &[Want; 2]) -> [bool; 2] {
        each_for_the_other(*wants)
    }
}

/// y[n, o, p] = as without the bias, plus bias[o]
#[derive(Debug)]
struct BiasedConv2d {
    link: Link,
}

impl<T: Float> Op<T> for BiasedConv2d {
    type Arity = Fixed<3>;
    type Saves = SomeInputs;

    fn forward(&self, [x, weight, bias]: [&Tensor<T>; 3]) -> Result<Tensor<T>> {
        x.conv2d(weight, Some(bias), self.link.options)
    }

    /// As without the bias; dbias = sum of g over all axes but the channels
    fn backward(
        &self,
        g: Var<T>,
        ([x, weight, _], [_, _, want_bias]): ([Option<Var<T>>; 3], [Want; 3]),
    ) -> Result<[Option<Var<T>>; 3]> {
        let dbias = want_bias.then(|| g.sum([0, 2, 3]))?;
        let dweight = x.map(|x| self.link.dweight(&x, &g)).transpose()?;
        Ok([
            weight.map(|weight| self.link.dx(&g, &weight)).transpose()?,
            dweight,
            dbias,
        ])
    }

    fn keeps(&self, &[want_x, want_weight, _]: &[Want; 3]) -> [bool; 3] {
        let [x, weight] = each_for_the_other([want_x, want_weight]);
        [x, weight, false]
    }
}

/// y[o, c, t] = `sum_n,p` h[n, o, p] * x[n, c, p * stride + t * dilation - padding]
#[derive(Debug)]
struct WeightGradient {
    link: Link,
}

impl<T: Float> Op<T> for WeightGradient {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [x, h]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        fused::conv2d_weight_gradient(x, h, self.link.weight, self.link.options)
    }

    /// dx = g applied to h transposed, dh = x convolved with g
    fn backward(
        &self,
        g: Var<T>,
        ([x, h], _): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let link = self.link;
        let dh = x.map(|x| link.result(&x, &g)).transpose()?;
        Ok([h.map(|h| link.dx(&h, &g)).transpose()?, dh])
    }

    fn keeps(&self, wants: &[Want; 2]) -> [bool; 2] {
        each_for_the_other(*wants)
    }
}

impl<T: Float> Var<T> {
    /// The convolution (without flipping the weight) of images, with a bias for each output channel.
    ///
    /// `y[n, o, p, q] = bias[o] + sum_c,i,j weight[o, c, i, j] * x[n, c, p * stride + i * dilation - padding, ..]`, for
    /// c in the group of o; x is 0 outside the image.
    ///
    /// # Shape
    ///
    /// `self: [n, c, h, w], weight: [o, c / groups, i, j], bias: [o] -> [n, o, p, q]`,
    /// `p = (h + 2 * padding - dilation * (i - 1) - 1) / stride + 1`, rounded down; one image `[c, h, w] -> [o, p, q]`
    ///
    /// # Gradient
    ///
    /// The transposed convolution of `g`, the correlation of the images with `g`, and `g` summed over all but the
    /// channels; the images are saved if the weight is tracked, the weight if the images are.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `groups` does not divide the numbers of channels, a setting is 0 where that is
    /// meaningless, or a kernel is larger than the padded image.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Convolution, Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::ones([8, 3, 32, 32])?);
    /// let weight = Var::leaf(Tensor::ones([16, 3, 5, 5])?);
    /// let y = x.conv2d(&weight, None, Convolution::default().stride(2).padding(2))?;
    /// assert_eq!(y.shape(), [8, 16, 16, 16]);
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
        if self.rank() == 3 {
            return self.unsqueeze(0)?.conv2d(weight, bias, options)?.squeeze(0);
        }
        let link = Link {
            images: *self.shape(),
            weight: *weight.shape(),
            options,
        };
        match bias {
            Some(bias) => BiasedConv2d { link }.apply([self, weight, bias]),
            None => Conv2d { link }.apply([self, weight]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    fn make(shapes: [&[usize]; 3]) -> Vec<Tensor<f64>> {
        let mut rng = rng(5);
        let normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, &mut rng);
        shapes
            .map(normal)
            .into_iter()
            .collect::<Result<_>>()
            .unwrap()
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let plain = Convolution::default();
        let cases: [([&[usize]; 3], Convolution<2>); 7] = [
            ([&[2, 2, 4, 3], &[3, 2, 2, 2], &[3]], plain),
            (
                [&[1, 2, 3, 5], &[2, 2, 3, 2], &[2]],
                plain.stride([1, 2]).padding([1, 0]),
            ),
            (
                [&[2, 1, 5, 4], &[2, 1, 2, 2], &[2]],
                plain.stride(2).dilation([2, 1]),
            ),
            (
                [&[1, 4, 3, 3], &[2, 2, 2, 1], &[2]],
                plain.groups(2).padding(1).dilation(2),
            ),
            ([&[2, 2, 3, 3], &[2, 1, 1, 1], &[2]], plain.groups(2)),
            ([&[2, 3, 2, 2], &[1, 3, 1, 1], &[1]], plain),
            ([&[0, 2, 3, 3], &[2, 2, 2, 2], &[2]], plain),
        ];
        for (shapes, options) in cases {
            let inputs = make(shapes);
            let biased = |x: &[Var<f64>]| x[0].conv2d(&x[1], Some(&x[2]), options);
            gradcheck(biased, &inputs)?;
            gradgradcheck(biased, &inputs)?;
            let plain = |x: &[Var<f64>]| x[0].conv2d(&x[1], None, options);
            gradcheck(plain, &inputs[..2])?;
            gradgradcheck(plain, &inputs[..2])?;
        }
        Ok(())
    }

    #[test]
    fn gradients_agree_for_transposed_broadcast_and_single_images() -> Result<()> {
        let inputs = make([&[3, 4, 2, 2], &[2, 2, 2, 3], &[2]]);
        let options = Convolution::default().padding([0, 1]);
        let transposed = |x: &[Var<f64>]| {
            x[0].transpose(1, 2)?
                .conv2d(&x[1].transpose(2, 3)?, Some(&x[2]), options)
        };
        gradcheck(transposed, &inputs)?;
        gradgradcheck(transposed, &inputs)?;
        let inputs = make([&[1, 3, 1], &[2, 2, 2, 3], &[2]]);
        let broadcast = |x: &[Var<f64>]| x[0].broadcast_to([2, 3, 3])?.conv2d(&x[1], None, options);
        gradcheck(broadcast, &inputs[..2])?;
        gradgradcheck(broadcast, &inputs[..2])
    }

    #[test]
    fn each_gradient_is_the_product_of_the_other_two() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0]].reshape([1, 1, 1, 3])?);
        let weight = Var::leaf(tensor![10.0, 20.0].reshape([1, 1, 1, 2])?);
        let bias = Var::leaf(tensor![0.5]);
        let y = x.conv2d(&weight, Some(&bias), Convolution::default())?;
        assert_eq!(y.to_vec(), [50.5, 80.5]);
        let grads = y.backward_with(tensor![1.0, 100.0].reshape([1, 1, 1, 2])?)?;
        let of = |x: &Var| grads.wrt(x).map(Tensor::to_vec);
        assert_eq!(of(&x), Some(vec![10.0, 1020.0, 2000.0]));
        assert_eq!(of(&weight), Some(vec![201.0, 302.0]));
        assert_eq!(of(&bias), Some(vec![101.0]));
        Ok(())
    }

    #[test]
    fn a_constant_image_gets_no_gradient_and_the_weight_is_not_kept() -> Result<()> {
        let x = Var::constant(Tensor::ones([1, 1, 3, 3])?);
        let w = Var::leaf(Tensor::ones([1, 1, 2, 2])?);
        let weight = w.tensor().clone();
        let y = x.conv2d(&w, None, Convolution::default())?;
        drop(w);
        assert!(weight.is_unshared() && !x.tensor().is_unshared());
        drop(y);
        assert!(x.tensor().is_unshared());
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([1, 2, 3, 3])?);
        let error = x.conv2d(&x, Some(&x), Convolution::default()).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::ShapeMismatch { op: "conv2d", .. }
        ));
        assert!(
            x.select(0, 0)?
                .select(0, 0)?
                .conv2d(&x, None, Convolution::default())
                .is_err()
        );
        Ok(())
    }
}
