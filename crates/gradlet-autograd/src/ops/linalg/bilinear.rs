//! A form that is linear in each of two inputs, as in a bilinear layer.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// `y_o = sum_ij self_i * weight_oij * other_j + bias_o`, for each place of the leading axes.
    ///
    /// # Shape
    ///
    /// `self: [..., i], other: [..., j], weight: [o, i, j], bias: [o] -> [..., o]`
    ///
    /// # Gradient
    ///
    /// Those of the matrix product of `self` and the weight, `[..., o, j]`, and of the product with `other`, summed over
    /// j; the inputs, the weight and the matrix product are saved.
    ///
    /// # Errors
    ///
    /// If the weight does not have three axes, or the sizes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![[1.0, 2.0]]), Var::leaf(tensor![[10.0]]));
    /// let weight = Var::leaf(tensor![[[3.0], [4.0]], [[0.0], [1.0]]]);
    /// assert_eq!(x.bilinear(&y, &weight, None)?.tensor(), &tensor![[110.0, 20.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.bilinear`
    #[track_caller]
    pub fn bilinear(&self, other: &Self, weight: &Self, bias: Option<&Self>) -> Result<Self> {
        let op = "bilinear";
        let name = |error: Error| error.of(op);
        let [outputs, left, right] = weight.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "a weight [o, i, j]",
                shape: *weight.shape(),
            }));
        };
        if self.shape().last() != Some(&left) {
            return Err(Error::new(ErrorKind::LastAxes {
                op,
                input: *self.shape(),
                expected: Shape::from(left),
            }));
        }
        let last = self.rank() - 1;
        let with_last = |size| {
            let mut shape = *self.shape();
            shape[last] = size;
            shape
        };
        other.tensor().expect_shape(op, with_last(right))?;
        let rows = with_last(1).numel();
        let matrix = weight.permute(&[1, 0, 2])?;
        let matrix = matrix.reshape([left, outputs.saturating_mul(right)])?;
        let products = self.reshape([rows, left])?.matmul(&matrix).map_err(name)?;
        let y = products
            .reshape([rows, outputs, right])?
            .mul_sum_to(&other.reshape([rows, 1, right])?, [rows, outputs, 1].into())?
            .reshape(with_last(outputs))?;
        match bias {
            Some(bias) => {
                bias.tensor().expect_shape(op, outputs)?;
                y.add_owned(bias)
            }
            None => Ok(y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for leading in [&[3][..], &[], &[2, 2], &[0]] {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let (left, right) = ([leading, &[3]].concat(), [leading, &[2]].concat());
            let inputs = [make(&left)?, make(&right)?, make(&[2, 3, 2])?, make(&[2])?];
            let f = |x: &[Var<f64>]| x[0].bilinear(&x[1], &x[2], Some(&x[3]));
            gradcheck(f, &inputs)?;
            gradgradcheck(f, &inputs)?;
        }
        let inputs = [
            tensor![f64; [1.0, -2.0], [0.5, 3.0]],
            tensor![f64; [[1.0, 2.0], [0.5, -1.0]]],
        ];
        let twice = |x: &[Var<f64>]| x[0].t()?.bilinear(&x[0], &x[1], None);
        gradcheck(twice, &inputs)?;
        gradgradcheck(twice, &inputs)
    }

    #[test]
    fn shapes_that_do_not_fit_are_shown() -> Result<()> {
        let ones = |shape: &[usize]| Tensor::ones(shape).map(Var::leaf);
        let weight = ones(&[2, 3, 4])?;
        let error = |x: &[usize], y: &[usize]| -> Result<String> {
            let error = ones(x)?.bilinear(&ones(y)?, &weight, None).unwrap_err();
            Ok(error.to_string())
        };
        let found = error(&[5, 2], &[5, 4])?;
        let expected = "bilinear: expected an input whose shape ends with [3], got [5, 2] (at ";
        assert!(found.starts_with(expected), "{found}");
        let found = error(&[5, 3], &[6, 4])?;
        let expected = "bilinear: shapes differ: expected [5, 4], got [6, 4] (at ";
        assert!(found.starts_with(expected), "{found}");
        assert!(error(&[], &[4])?.starts_with("bilinear: "));
        let x = ones(&[5, 3])?;
        assert!(x.bilinear(&ones(&[5, 4])?, &x, None).is_err());
        assert!(x.bilinear(&ones(&[5, 4])?, &weight, Some(&x)).is_err());
        Ok(())
    }
}
