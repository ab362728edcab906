//! Layer normalization: over the last axes.

use gradlet_tensor::fused::{Centre, Normalization, Over};
use gradlet_tensor::{Error, ErrorKind, Float, IntoShape, Result, Shape};

use super::normalize_channels::normalize_channels;
use super::standardize::check_eps;
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements standardized over the last axes: minus the mean, divided by `sqrt(variance + eps)`, times `weight`,
    /// plus `bias`.
    ///
    /// The variance is the mean of the squared deviations. PyTorch's eps is 1e-5.
    ///
    /// # Shape
    ///
    /// `[..., normalized] -> [..., normalized]`, weight and bias `[normalized]`
    ///
    /// # Gradient
    ///
    /// With h the standardized input and d = `g * weight`:
    /// `(d - mean(d) - h * mean(d * h)) / sqrt(variance + eps)`, `g * h` and `g`, the last two summed over
    /// the leading axes. The input, the weight, and two numbers for each mean are saved.
    ///
    /// # Errors
    ///
    /// If the normalized shape has no axes, the input's shape does not end with it, the weight or bias does not have
    /// it, or eps is negative, NaN or infinite, or becomes infinite or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 3.0], [10.0, 30.0]]);
    /// assert_eq!(x.layer_norm([2], None, None, 0.0)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016; `torch.nn.functional.layer_norm`
    #[track_caller]
    pub fn layer_norm(
        &self,
        normalized_shape: impl IntoShape,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Result<Self> {
        let op = "layer_norm";
        check_eps::<T>(op, eps)?;
        let normalized = normalized_shape.into_shape()?;
        self.normalized_rows(op, normalized, [weight, bias], (Centre::Mean, eps))
    }

    /// Each row of the last axes normalized; an error unless these and the parameters have the shape `normalized`.
    #[track_caller]
    pub(super) fn normalized_rows(
        &self,
        op: &'static str,
        normalized: Shape,
        parameters: [Option<&Self>; 2],
        (centre, eps): (Centre, f64),
    ) -> Result<Self> {
        if normalized.rank() == 0 {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "a normalized shape of at least one axis",
                shape: normalized,
            }));
        }
        let lead = self.rank().saturating_sub(normalized.rank());
        let (outer, inner) = self.shape().split_at(lead);
        if *inner != *normalized {
            return Err(Error::new(ErrorKind::LastAxes {
                op,
                input: *self.shape(),
                expected: normalized,
            }));
        }
        let mut flat = [const { None }; 2];
        for (flat, parameter) in flat.iter_mut().zip(parameters) {
            if let Some(parameter) = parameter {
                parameter.tensor().expect_shape(op, normalized)?;
                *flat = Some(parameter.reshape(normalized.numel())?);
            }
        }
        let rows = self.reshape([Shape::new(outer)?.numel(), normalized.numel(), 1])?;
        let over = Over::Groups(1);
        let (y, _) = normalize_channels(
            Normalization { over, centre, eps },
            &rows,
            flat.each_ref().map(Option::as_ref),
        )?;
        y.reshape(self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::{RunningStatistics, Statistics};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], &[usize]); 5] = [
            (&[2, 4], &[4]),
            (&[2, 3, 2], &[3, 2]),
            (&[3], &[3]),
            (&[0, 2], &[2]),
            (&[2, 1], &[1]),
        ];
        for (shape, normalized) in cases {
            let mut rng = rng(1);
            let mut make = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.5, 1.0, &mut rng);
            let inputs = [make(shape)?, make(normalized)?, make(normalized)?];
            let affine =
                |x: &[Var<f64>]| x[0].layer_norm(normalized, Some(&x[1]), Some(&x[2]), 0.1);
            gradcheck(affine, &inputs)?;
            gradgradcheck(affine, &inputs)?;
            let plain = |x: &[Var<f64>]| x[0].layer_norm(normalized, None, None, 0.1);
            gradcheck(plain, &inputs[..1])?;
        }
        let x = [tensor![f64; [1.0, 2.0], [5.0, -1.0], [0.5, 0.0]]];
        gradcheck(|x| x[0].t()?.layer_norm(3, None, None, 0.1), &x)
    }

    #[test]
    fn rows_are_scaled_and_shifted_after_they_are_standardized() -> Result<()> {
        let x = Var::leaf(tensor![f64; [1.0, 3.0]]);
        let weight = Var::leaf(tensor![f64; 10.0, 20.0]);
        let bias = Var::leaf(tensor![f64; 0.5, 0.25]);
        let y = x.layer_norm([2], Some(&weight), Some(&bias), 0.0)?;
        assert_eq!(y.to_vec(), [-9.5, 20.25]);
        // The variance is 1, 3 more give a root of 2.
        let y = x.layer_norm([2], None, None, 3.0)?;
        assert_eq!(y.to_vec(), [-0.5, 0.5]);
        let grads = y.backward_with(tensor![f64; [1.0, 0.0]])?;
        // (g - mean(g) - h * mean(g h)) / 2 = ([1, 0] - 1/2 - [-1/2, 1/2] * (-1/4)) / 2
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.1875, -0.1875])
        );
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_name_this_line() {
        let x = Var::leaf(tensor![[1.0, 3.0]]);
        let error = x.layer_norm([3], None, None, 1e-5).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::LastAxes {
                op: "layer_norm",
                ..
            }
        ));
        assert!(x.layer_norm((), None, None, 1e-5).is_err());
        assert!(x.layer_norm([1, 1, 2], None, None, 1e-5).is_err());
        assert!(x.layer_norm([2], Some(&x), None, 1e-5).is_err());
        assert!(x.layer_norm([2], None, Some(&x), 1e-5).is_err());
    }

    #[test]
    fn what_is_no_amount_is_refused_as_eps() -> Result<()> {
        fn refused<T: Float>(eps: f64) -> Result<Vec<bool>> {
            let x = Var::constant(Tensor::<T>::arange_of(0.0, 8.0, 1.0)?.reshape([2, 2, 2])?);
            let mut running = RunningStatistics::new(2)?;
            let all = [
                x.layer_norm(2, None, None, eps).is_err(),
                x.rms_norm(2, None, Some(eps)).is_err(),
                x.group_norm(1, None, None, eps).is_err(),
                x.batch_norm(Statistics::Running(&running), None, None, eps)
                    .is_err(),
            ];
            let moved = Statistics::Batch {
                running: Some(&mut running),
                momentum: 0.5,
            };
            let batch = x.batch_norm(moved, None, None, eps).is_err();
            let mean = running.mean.iter().all(|mean| mean == T::zero());
            let unmoved = mean && running.variance.iter().all(|variance| variance == T::one());
            assert_eq!(batch, unmoved, "{eps}");
            Ok([all.to_vec(), vec![batch]].concat())
        }
        for eps in [-1e-5, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(refused::<f32>(eps)?, [true; 5], "{eps}");
            assert_eq!(refused::<f64>(eps)?, [true; 5], "{eps}");
        }
        // These are infinity and 0 in f32.
        for eps in [1e39, 1e-50] {
            assert_eq!(refused::<f32>(eps)?, [true; 5], "{eps}");
            assert_eq!(refused::<f64>(eps)?, [false; 5], "{eps}");
        }
        for eps in [0.0, 1e-40, 1e38] {
            assert_eq!(refused::<f32>(eps)?, [false; 5], "{eps}");
        }
        let x = Var::constant(tensor![[1.0, 3.0]]);
        let text = x.layer_norm(2, None, None, 1e-50).unwrap_err().to_string();
        let expected = "layer_norm: eps must be 0, or positive and finite in the element type, got 1e-50, which is 0 as \
                        f32 (at ";
        assert!(text.starts_with(expected), "{text}");
        Ok(())
    }
}
