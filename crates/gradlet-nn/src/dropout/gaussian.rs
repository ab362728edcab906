//! [`Gaussian`]: dropout that multiplies each element by a normal number of mean 1.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{DrawKey, Tensor};

use super::form::Form;

/// Multiplies each element by its own normal number of mean 1 and standard deviation sqrt(p / (1 - p)), which inverted
/// dropout's factors have too: the form of [`GaussianDropout`](super::GaussianDropout).
///
/// Nothing is zeroed, and an infinity stays infinite. The gradient needs the numbers: one element is saved for each
/// input element.
#[derive(Clone, Debug, Default)]
pub struct Gaussian;

impl Form for Gaussian {
    const NAME: &'static str = "GaussianDropout";
    const BELOW_ONE: bool = true;

    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>> {
        let noise = Tensor::normal(x.shape(), 1.0, (p / (1.0 - p)).sqrt(), &mut key.rng())?;
        x.mul(&Var::constant(noise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_have_the_mean_and_variance_of_inverted_dropout() -> Result<()> {
        let x = Var::leaf(Tensor::<f64>::ones_of([1_000_000])?);
        let y = Gaussian.perturb(x.clone(), 0.2, DrawKey { seed: 1, call: 0 })?;
        let mean = y.tensor().mean(..)?.item()?;
        let variance = (y.tensor() - 1.0).powi(2).mean(..)?.item()?;
        // Seven standard deviations: 0.0005 of the mean, 0.00035 of the variance.
        assert!((mean - 1.0).abs() < 0.0035 && (variance - 0.25).abs() < 0.0025);
        let factors = y.tensor().clone();
        assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&factors));
        Ok(())
    }

    #[test]
    fn it_is_finite_at_every_legal_rate() -> Result<()> {
        let x = Var::constant(Tensor::<f32>::ones([1000])?);
        for p in [5e-324, 1e-6, 0.999_999, 1.0f64.next_down()] {
            let y = Gaussian.perturb(x.clone(), p, DrawKey { seed: 1, call: 0 })?;
            assert!(y.to_vec().iter().all(|y| y.is_finite()), "{p}");
        }
        Ok(())
    }
}
