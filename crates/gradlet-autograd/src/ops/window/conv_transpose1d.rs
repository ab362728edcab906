//! The transposed convolution of sequences, computed on images that are one element high.

use gradlet_tensor::{Convolution, Float, PerAxis, Result};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The transposed convolution of sequences, with a bias for each output channel: each element of the input adds the
    /// kernel, times itself, to the place of the result that a [convolution](Self::conv1d) with these settings reads for
    /// it.
    ///
    /// `y[n, c, p * stride + i * dilation - padding] = bias[c] + the sum of weight[o, c, i] * x[n, o, p]` that lead
    /// there, for o in the group of c. The output padding lengthens the end: with a stride, several lengths have a
    /// convolution of the input's length.
    ///
    /// # Shape
    ///
    /// `self: [n, o, p], weight: [o, c / groups, i], bias: [c] -> [n, c, l]`,
    /// `l = (p - 1) * stride - 2 * padding + dilation * (i - 1) + output_padding + 1`; one sequence `[o, p] -> [c, l]`
    ///
    /// # Gradient
    ///
    /// The convolution of `g`, the correlation of `g` with the sequences, and `g` summed over all but the channels; the
    /// sequences are saved if the weight is tracked, the weight if the sequences are.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `groups` does not divide the number of input channels, a setting is 0 where that is
    /// meaningless, the output padding is neither below the stride nor below the dilation, the number of outputs is set,
    /// or the result would have no elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Convolution, Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::ones([8, 16, 50])?);
    /// let weight = Var::leaf(Tensor::ones([16, 3, 5])?);
    /// let y = x.conv_transpose1d(&weight, None, Convolution::default().stride(2).padding(2), 1)?;
    /// assert_eq!(y.shape(), [8, 3, 100]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.conv_transpose1d`
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: Convolution<1>,
        output_padding: impl PerAxis<1>,
    ) -> Result<Self> {
        let expected = "a weight [in, out / groups, l]";
        let [more] = output_padding.per_axis();
        self.over_sequences("conv_transpose1d", weight, expected, |x, weight| {
            x.conv_transpose2d(weight, bias, options.into(), [0, more])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let plain = Convolution::default();
        let cases: [([&[usize]; 3], Convolution<1>, usize); 4] = [
            ([&[2, 3, 4], &[3, 2, 2], &[2]], plain, 0),
            (
                [&[1, 4, 3], &[4, 1, 3], &[2]],
                plain.groups(2).stride(3).padding(1),
                2,
            ),
            ([&[2, 3], &[2, 3, 2], &[3]], plain.dilation(3), 2),
            ([&[0, 2, 4], &[2, 2, 2], &[2]], plain, 0),
        ];
        for (shapes, options, more) in cases {
            let mut rng = rng(5);
            let inputs = shapes
                .map(|shape| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng))
                .into_iter()
                .collect::<Result<Vec<_>>>()?;
            let biased = |x: &[Var<f64>]| x[0].conv_transpose1d(&x[1], Some(&x[2]), options, more);
            gradcheck(biased, &inputs)?;
            gradgradcheck(biased, &inputs)?;
        }
        let inputs = [
            Tensor::normal([4, 2], 0.0, 1.0, &mut rng(1))?,
            Tensor::normal([2, 1, 2], 0.0, 1.0, &mut rng(2))?,
        ];
        gradcheck(
            |x| x[0].t()?.conv_transpose1d(&x[1], None, plain, 0),
            &inputs,
        )
    }

    #[test]
    fn each_element_adds_the_kernel_at_its_place() -> Result<()> {
        let x = Var::constant(tensor![[1.0, 2.0]]);
        let weight = Var::constant(tensor![[[10.0, 20.0]]]);
        let options = Convolution::default().stride(3);
        let y = x.conv_transpose1d(&weight, None, options, 1)?;
        assert_eq!(y.tensor(), &tensor![[10.0, 20.0, 0.0, 20.0, 40.0, 0.0]]);
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([1, 2, 3])?);
        let plain = Convolution::default();
        let (line, error) = (line!(), x.conv_transpose1d(&x, None, plain, 0).unwrap_err());
        let text = "conv_transpose1d: input [1, 2, 3] has 2 channels, weight [1, 2, 3] takes 1";
        assert_eq!(error.to_string(), format!("{text} (at {}:{line})", file!()));
        let flat = x.select(0, 0)?;
        let (line, error) = (line!(), x.conv_transpose1d(&flat, None, plain, 0));
        let text = "conv_transpose1d: expected a weight [in, out / groups, l], got shape [2, 3]";
        let error = error.unwrap_err().to_string();
        assert_eq!(error, format!("{text} (at {}:{line})", file!()));
        Ok(())
    }
}
