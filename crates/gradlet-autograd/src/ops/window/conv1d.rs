//! The convolution of sequences, computed on images that are one element high.

use std::panic::Location;

use gradlet_tensor::{Convolution, Error, ErrorKind, Float, Result};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The convolution (without flipping the weight) of sequences, with a bias for each output channel.
    ///
    /// `y[n, o, p] = bias[o] + sum_c,i weight[o, c, i] * x[n, c, p * stride + i * dilation - padding]`, for c in
    /// the group of o; x is 0 outside the sequence.
    ///
    /// # Shape
    ///
    /// `self: [n, c, l], weight: [o, c / groups, i], bias: [o] -> [n, o, p]`,
    /// `p = (l + 2 * padding - dilation * (i - 1) - 1) / stride + 1`, rounded down; one sequence `[c, l] -> [o, p]`
    ///
    /// # Gradient
    ///
    /// The transposed convolution of `g`, the correlation of the sequences with `g`, and `g` summed over all
    /// but the channels; the sequences are saved if the weight is tracked, the weight if the sequences are.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, `groups` does not divide the numbers of channels, a setting is 0 where that is
    /// meaningless, or a kernel is longer than the padded sequence.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Convolution, Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::ones([8, 3, 100])?);
    /// let weight = Var::leaf(Tensor::ones([16, 3, 5])?);
    /// let y = x.conv1d(&weight, None, Convolution::default().stride(2).padding(2))?;
    /// assert_eq!(y.shape(), [8, 16, 50]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.conv1d`
    #[track_caller]
    pub fn conv1d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: Convolution<1>,
    ) -> Result<Self> {
        let expected = "a weight [out, in / groups, l]";
        self.over_sequences("conv1d", weight, expected, |x, weight| {
            x.conv2d(weight, bias, options.into())
        })
    }

    /// What `run` makes of the sequences and the weight as images one element high, as sequences again.
    #[track_caller]
    pub(super) fn over_sequences(
        &self,
        op: &'static str,
        weight: &Self,
        expected: &'static str,
        run: impl FnOnce(&Self, &Self) -> Result<Self>,
    ) -> Result<Self> {
        let sequences = "sequences [n, c, l] or one [c, l]";
        for (x, ranks, expected) in [(self, [2, 3], sequences), (weight, [3, 3], expected)] {
            if !ranks.contains(&x.rank()) {
                let shape = *x.shape();
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected,
                    shape,
                }));
            }
        }
        let location = Location::caller();
        run(&self.unsqueeze(-2)?, &weight.unsqueeze(-2)?)
            .map_err(|error| self.in_one_axis(weight, error.at(location)).of(op))?
            .squeeze(-2)
    }

    /// The error of images one element high, for these sequences.
    fn in_one_axis(&self, weight: &Self, error: Error) -> Error {
        let &ErrorKind::Channels {
            op,
            channels,
            expected,
            ..
        } = error.kind()
        else {
            return error;
        };
        let (input, weight) = (*self.shape(), *weight.shape());
        let kind = ErrorKind::Channels {
            op,
            input,
            weight,
            channels,
            expected,
        };
        Error::new(kind).at(error.location())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Shape, Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let plain = Convolution::default();
        let cases: [([&[usize]; 3], Convolution<1>); 5] = [
            ([&[2, 2, 5], &[3, 2, 2], &[3]], plain),
            ([&[1, 2, 6], &[2, 2, 3], &[2]], plain.stride(2).padding(1)),
            (
                [&[2, 4, 5], &[2, 2, 2], &[2]],
                plain.groups(2).dilation(2).padding(2),
            ),
            ([&[3, 4], &[2, 3, 1], &[2]], plain),
            ([&[0, 2, 4], &[2, 2, 2], &[2]], plain),
        ];
        for (shapes, options) in cases {
            let mut rng = rng(5);
            let inputs = shapes
                .map(|shape| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng))
                .into_iter()
                .collect::<Result<Vec<_>>>()?;
            let biased = |x: &[Var<f64>]| x[0].conv1d(&x[1], Some(&x[2]), options);
            gradcheck(biased, &inputs)?;
            gradgradcheck(biased, &inputs)?;
            gradcheck(|x| x[0].conv1d(&x[1], None, options), &inputs[..2])?;
        }
        let inputs = [
            Tensor::normal([4, 2], 0.0, 1.0, &mut rng(1))?,
            Tensor::normal([1, 2, 2], 0.0, 1.0, &mut rng(2))?,
        ];
        gradcheck(|x| x[0].t()?.conv1d(&x[1], None, plain), &inputs)
    }

    #[test]
    fn a_kernel_slides_over_the_sequence() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0]]);
        let weight = Var::leaf(tensor![[[10.0, 20.0]]]);
        let y = x.conv1d(&weight, None, Convolution::default().padding(1))?;
        assert_eq!(
            (y.shape(), y.to_vec()),
            (&Shape::from([1, 4]), vec![20.0, 50.0, 80.0, 30.0])
        );
        let options = Convolution::default().stride(2);
        let y = x.conv1d(&weight, Some(&Var::constant(tensor![0.5])), options)?;
        assert_eq!(y.to_vec(), [50.5]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&weight).map(Tensor::to_vec), Some(vec![1.0, 2.0]));
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let plain = Convolution::default();
        let x = Var::constant(Tensor::ones([1, 2, 3])?);
        let error = x.conv1d(&x.select(0, 0)?, None, plain).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(error.kind(), ErrorKind::Rank { op: "conv1d", .. }));
        let long = Var::constant(Tensor::ones([1, 2, 4])?);
        let error = x.conv1d(&long, None, plain).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange { op: "conv1d", .. }
        ));
        assert!(x.conv1d(&long, None, plain.padding(1).groups(2)).is_err());
        let last = x.transpose(1, 2)?;
        let (line, error) = (line!(), last.conv1d(&long, None, plain).unwrap_err());
        let text = "conv1d: input [1, 3, 2] has 3 channels, weight [1, 2, 4] takes 2; \
                    channels come before the length: permute the input";
        assert_eq!(error.to_string(), format!("{text} (at {}:{line})", file!()));
        assert!(x.unsqueeze(0)?.conv1d(&x, None, plain).is_err());
        Ok(())
    }
}
