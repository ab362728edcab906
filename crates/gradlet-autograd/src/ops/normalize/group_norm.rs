//! Group normalization: over groups of channels, and all places.

use gradlet_tensor::fused::{Centre, Normalization, Over};
use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape};

use super::normalize_channels::normalize_channels;
use super::standardize::{check_eps, single_value};
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements standardized over each group of channels of each sample: minus the mean, divided by
    /// `sqrt(variance + eps)`, times the channel's `weight`, plus its `bias`.
    ///
    /// The variance is the mean of the squared deviations. PyTorch's eps is 1e-5. As many groups as channels
    /// give instance normalization.
    ///
    /// # Shape
    ///
    /// `[n, c, ...] -> [n, c, ...]`, weight and bias `[c]`
    ///
    /// # Gradient
    ///
    /// With h the standardized input and d = `g * weight`:
    /// `(d - mean(d) - h * mean(d * h)) / sqrt(variance + eps)`, `g * h` and `g`, the last two summed over
    /// all axes but the channels. The input, the weight, and two numbers for each mean are saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, `groups` does not divide the number of channels, the weight or bias has a
    /// different shape, the batch is one sample with a single value per group, or eps is negative, NaN or infinite, or
    /// becomes infinite or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 3.0, 10.0, 30.0]]);
    /// assert_eq!(x.group_norm(2, None, None, 0.0)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// Y. Wu, K. He, "Group Normalization", 2018; `torch.nn.functional.group_norm`
    #[track_caller]
    pub fn group_norm(
        &self,
        groups: usize,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        let op = "group_norm";
        check_eps::<T>(op, eps)?;
        let flat = self.channels(op, [weight, bias])?;
        let [samples, channels, places] = [0, 1, 2].map(|axis| flat.shape()[axis]);
        if groups == 0 || groups > channels.max(1) || !channels.is_multiple_of(groups) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op,
                name: "groups",
                expected: "a divisor of the number of channels",
                value: groups as f64,
                remedy: format!("; there are {channels} channels"),
            }));
        }
        // If an axis has no elements, the product of the other sizes may overflow.
        let values = (channels / groups).saturating_mul(places);
        // As in PyTorch: groups of one value pass if the batch has several samples.
        if (samples, values) == (1, 1) {
            return Err(single_value(op));
        }
        let (over, centre) = (Over::Groups(groups), Centre::Mean);
        let (y, _) =
            normalize_channels(Normalization { over, centre, eps }, &flat, [weight, bias])?;
        y.reshape(self.shape())
    }

    /// This `[n, c, ...]` as `[n, c, places]`; an error unless the parameters are `[c]`.
    #[track_caller]
    pub(crate) fn channels(
        &self,
        op: &'static str,
        parameters: [Option<&Self>; 2],
    ) -> Result<Self> {
        let [samples, channels, ref places @ ..] = self.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "channels [n, c, ...]",
                shape: *self.shape(),
            }));
        };
        for parameter in parameters.into_iter().flatten() {
            parameter.tensor().expect_shape(op, channels)?;
        }
        self.reshape([samples, channels, Shape::new(places)?.numel()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], usize); 5] = [
            (&[2, 4], 2),
            (&[2, 4, 3], 1),
            (&[1, 3, 2, 2], 3),
            (&[0, 2], 1),
            (&[2, 2], 2),
        ];
        for (shape, groups) in cases {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
            let inputs = [make(shape)?, make(&shape[1..2])?, make(&shape[1..2])?];
            let affine = |x: &[Var<f64>]| x[0].group_norm(groups, Some(&x[1]), Some(&x[2]), 0.1);
            gradcheck(affine, &inputs)?;
            gradgradcheck(affine, &inputs)?;
            gradcheck(|x| x[0].group_norm(groups, None, None, 0.1), &inputs[..1])?;
        }
        let x = [tensor![f64; [1.0, 2.0], [5.0, -1.0], [0.5, 0.0], [1.0, 1.5]]];
        gradcheck(|x| x[0].t()?.group_norm(2, None, None, 0.1), &x)
    }

    #[test]
    fn each_group_of_each_sample_has_its_own_mean() -> Result<()> {
        let x = Var::leaf(tensor![f64; [[1.0], [3.0], [5.0], [9.0]]]);
        let weight = Var::leaf(tensor![f64; 1.0, 2.0, 3.0, 4.0]);
        let bias = Var::leaf(tensor![f64; 0.5, 0.0, 0.0, 0.0]);
        let y = x.group_norm(2, Some(&weight), Some(&bias), 0.0)?;
        assert_eq!(y.to_vec(), [-0.5, 2.0, -3.0, 4.0]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_this_line() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 3.0]]);
        let error = x.group_norm(3, None, None, 1e-5).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange { name: "groups", .. }
        ));
        assert!(x.group_norm(0, None, None, 1e-5).is_err());
        assert!(x.group_norm(1, Some(&x), None, 1e-5).is_err());
        assert!(x.flatten(..)?.group_norm(1, None, None, 1e-5).is_err());
        assert!(x.group_norm(2, None, None, 1e-5).is_err());
        assert!(
            Var::constant(Tensor::zeros([2, 2])?)
                .group_norm(2, None, None, 1e-5)
                .is_ok()
        );
        Ok(())
    }
}
