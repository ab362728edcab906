//! [`Alpha`]: dropout for SELU nets, which keeps mean and variance.

use gradlet_autograd::{Float, Result, Var, dropout_owned};
use gradlet_tensor::{DrawKey, Error, ErrorKind, Mask, Shape};

use super::elements::{first_axes, zeros};
use super::form::Form;

/// -SELU(-infinity), that is scale * alpha, with the digits in Klambauer and others, "Self-Normalizing Neural
/// Networks", 2017, and in PyTorch.
const ALPHA: f64 = 1.758_099_340_847_376_6;

/// Sets dropped elements to the value that SELU has at minus infinity, then scales and shifts all elements to keep mean
/// 0 and variance 1: the form of [`AlphaDropout`](super::AlphaDropout).
#[derive(Clone, Debug, Default)]
pub struct Alpha;

/// Does the same to whole channels: the form of [`FeatureAlphaDropout`](super::FeatureAlphaDropout).
#[derive(Clone, Debug, Default)]
pub struct AlphaChannels;

impl Form for Alpha {
    const NAME: &'static str = "AlphaDropout";

    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>> {
        let mask = Mask::draw(x.shape(), p, key)?;
        alpha_dropout_with(x, mask, p)
    }
}

impl Form for AlphaChannels {
    const NAME: &'static str = "FeatureAlphaDropout";

    fn noise_shape(&self, x: Shape) -> Result<Shape> {
        if x.rank() < 2 {
            let (op, expected) = (Self::NAME, "[batch, channels, ...]");
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape: x,
            }));
        }
        first_axes(x, 2)
    }

    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>> {
        let mask = Mask::draw(self.noise_shape(*x.shape())?, p, key)?.broadcast_to(x.shape())?;
        alpha_dropout_with(x, mask, p)
    }
}

/// The result of alpha dropout with a given mask.
///
/// ```text
/// a = 1 / sqrt((1 + p alpha^2) (1 - p)),  alpha = 1.758...
/// y[i] = a (x[i] + alpha p) where kept, -a alpha (1 - p) elsewhere;  p = 1: 0
/// ```
///
/// # Shape
///
/// `x: [...]`, a mask of the same shape `-> [...]`
///
/// # Gradient
///
/// `dx[i] = a g[i]` where kept, +0 elsewhere; the mask is saved.
///
/// # Errors
///
/// If the shape of the mask is not that of `x`, or `p` is outside [0, 1].
///
/// # Example
///
/// ```
/// # use gradlet_nn::dropout::alpha_dropout_with;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Mask, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mask = Mask::from_kept(&tensor![bool; true, false])?;
/// let y = alpha_dropout_with(Var::leaf(tensor![1.0, 1.0]), mask, 0.5)?;
/// assert!(y.tensor().allclose(&tensor![1.6655988, -0.7791939], 1e-6, 0.0));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.alpha_dropout`
#[track_caller]
pub fn alpha_dropout_with<T: Float>(x: Var<T>, mask: Mask, p: f64) -> Result<Var<T>> {
    Mask::check_probability("alpha_dropout", p)?;
    if p == 1.0 {
        return zeros(x);
    }
    let a = 1.0 / ((1.0 + p * ALPHA * ALPHA) * (1.0 - p)).sqrt();
    let (kept, dropped) = (T::of(ALPHA * a * p), T::of(-ALPHA * a * (1.0 - p)));
    let offset = mask
        .to_tensor()?
        .map(|keep| if keep { kept } else { dropped });
    dropout_owned(x, mask, T::of(a))?.add(&Var::constant(offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn mean_and_variance_stay() -> Result<()> {
        let x = Tensor::<f64>::normal([200_000], 0.0, 1.0, &mut rng(1))?;
        for p in [0.1, 0.5, 0.9] {
            let key = DrawKey { seed: 1, call: 2 };
            let y = Alpha.perturb(Var::constant(x.clone()), p, key)?;
            let y = y.tensor();
            let mean = y.mean(..)?.item()?;
            let variance = (y - mean).powi(2).mean(..)?.item()?;
            // Standard deviations of both are below 0.01.
            assert!(
                mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05,
                "{p}: {mean} {variance}"
            );
        }
        Ok(())
    }

    #[test]
    fn values_follow_the_constants() -> Result<()> {
        let mask = Mask::from_kept(&tensor![bool; true, false, false])?;
        let x = Var::leaf(tensor![f64; 1.0, f64::NAN, f64::INFINITY]);
        let y = alpha_dropout_with(x.clone(), mask, 0.5)?;
        // PyTorch's numbers for p = 0.5: the factor a and the offset b; dropped elements become -b.
        let (a, b) = (0.886_404_894_665_931_9, 0.779_193_930_518_031_5);
        for (y, expected) in y.to_vec().into_iter().zip([a + b, -b, -b]) {
            assert!((y - expected).abs() < 1e-15, "{y} {expected}");
        }
        let grads = y.sum(..)?.backward()?;
        let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
        assert!((dx[0] - a).abs() < 1e-15 && dx[1..] == [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn it_is_finite_up_to_p_one() -> Result<()> {
        let x = Var::constant(Tensor::<f32>::ones([1000])?);
        for p in [1e-300, 0.999_999, 1.0f64.next_down()] {
            let y = Alpha.perturb(x.clone(), p, DrawKey { seed: 1, call: 2 })?;
            assert!(y.to_vec().iter().all(|y| y.is_finite()), "{p}");
        }
        let mask = Mask::draw([1000], 1.0, DrawKey { seed: 1, call: 2 })?;
        assert_eq!(alpha_dropout_with(x, mask, 1.0)?.to_vec(), [0.0; 1000]);
        Ok(())
    }
}
