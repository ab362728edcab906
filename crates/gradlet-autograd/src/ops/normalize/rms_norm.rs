//! Normalization by the root mean square over the last axes.

use gradlet_tensor::fused::Centre;
use gradlet_tensor::{Float, IntoShape, Result};

use super::standardize::check_eps;
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements divided by `sqrt(mean square + eps)` over the last axes, times `weight`.
    ///
    /// Without an `eps`, it is the epsilon of the element type, as in PyTorch.
    ///
    /// # Shape
    ///
    /// `[..., normalized] -> [..., normalized]`, weight `[normalized]`
    ///
    /// # Gradient
    ///
    /// With h the divided input and d = `g * weight`: `(d - h * mean(d * h)) / sqrt(mean square + eps)`, and
    /// `g * h` summed over the leading axes. The input, the weight, and two numbers for each mean are saved.
    ///
    /// # Errors
    ///
    /// If the normalized shape has no axes, the input's shape does not end with it, the weight does not have it, or
    /// eps is negative, NaN or infinite, or becomes infinite or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 7.0], [-10.0, 70.0]]); // roots of mean square: 5 and 50
    /// let y = x.rms_norm([2], None, Some(0.0))?;
    /// assert!(y.tensor().allclose(&tensor![[0.2, 1.4], [-0.2, 1.4]], 1e-6, 0.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", 2019; `torch.nn.functional.rms_norm`
    #[track_caller]
    pub fn rms_norm(
        &self,
        normalized_shape: impl IntoShape,
        weight: Option<&Self>,
        eps: Option<f64>,
    ) -> Result<Self> {
        let op = "rms_norm";
        let eps = eps.unwrap_or_else(|| T::epsilon().to_f64());
        check_eps::<T>(op, eps)?;
        let normalized = normalized_shape.into_shape()?;
        self.normalized_rows(op, normalized, [weight, None], (Centre::Zero, eps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], &[usize]); 4] = [
            (&[2, 4], &[4]),
            (&[2, 3, 2], &[3, 2]),
            (&[3], &[3]),
            (&[0, 2], &[2]),
        ];
        for (shape, normalized) in cases {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
            let inputs = [make(shape)?, make(normalized)?];
            let scaled = |x: &[Var<f64>]| x[0].rms_norm(normalized, Some(&x[1]), Some(0.1));
            gradcheck(scaled, &inputs)?;
            gradgradcheck(scaled, &inputs)?;
            gradcheck(|x| x[0].rms_norm(normalized, None, None), &inputs[..1])?;
        }
        let x = [tensor![f64; [1.0, 2.0], [5.0, -1.0], [0.5, 0.0]]];
        gradcheck(|x| x[0].t()?.rms_norm(3, None, None), &x)
    }

    #[test]
    fn the_mean_is_not_subtracted() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1.0, 7.0]]);
        let weight = Var::leaf(tensor![f64; 10.0, 1.0]);
        // The mean square is 25.
        let y = x.rms_norm([2], Some(&weight), Some(0.0))?;
        assert!(
            y.tensor().allclose(&tensor![f64; [2.0, 1.4]], 1e-15, 0.0),
            "{y}"
        );
        Ok(())
    }

    #[test]
    fn the_default_keeps_zeros_from_being_divided_by_nothing() -> Result<()> {
        let x = Var::leaf(tensor![[0.0, 0.0]]);
        assert_eq!(x.rms_norm([2], None, None)?.to_vec(), [0.0, 0.0]);
        let tiny = Var::leaf(tensor![f32::EPSILON.sqrt()]);
        let y = tiny.rms_norm([1], None, None)?.item()?;
        assert!((y - 0.5f32.sqrt()).abs() < 1e-6, "{y}");
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_name_this_line() {
        let x = Var::leaf(tensor![[1.0, 3.0]]);
        let error = x.rms_norm([3], None, None).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::LastAxes { op: "rms_norm", .. }
        ));
        assert!(x.rms_norm([2], Some(&x), None).is_err());
        assert!(x.rms_norm((), None, None).is_err());
    }
}
