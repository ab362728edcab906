//! `Adadelta`: steps in the parameters' own units, from running means of two squares.

use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::{Pass, Rule, decayed, mean_square, setters};
use crate::require::{amount, share};

/// Gradient descent scaled by the running means of the squares of each step and of each gradient.
///
/// ```text
/// d = g + weight_decay * p
/// s = rho * s + (1 - rho) * d^2
/// u = sqrt(a + eps) / sqrt(s + eps) * d
/// a = rho * a + (1 - rho) * u^2
/// p = p - learning_rate * u
/// ```
///
/// At first rho is 0.9, eps 1e-6 and `weight_decay` 0. PyTorch's learning rate is 1. `s` and `a` are kept under the
/// parameter's id. A step changes every parameter that is not frozen, each in one pass, or none.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Adadelta};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Adadelta::new(1.0).eps(0.5).rho(0.875);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// // s = 4 / 8, so u = sqrt(0.5) / sqrt(1) * 2.
/// assert!(weight.tensor().allclose(&tensor![-0.41421, 0.41421], 1e-4, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.Adadelta`; M. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
pub type Adadelta<T = f32> = Stepper<AdadeltaRule, T>;

/// The rule of [`Adadelta`].
#[derive(Clone, Debug)]
pub struct AdadeltaRule {
    /// The share that a step keeps of the running means, in `[0, 1)`.
    pub rho: f64,
    /// The number added to the means under both roots, not negative.
    pub eps: f64,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not negative.
    pub weight_decay: f64,
}

impl Default for AdadeltaRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            rho: 0.9,
            eps: 1e-6,
            weight_decay: 0.0,
        }
    }
}

/// The factors of one update by [`AdadeltaRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    rate: T,
    rho: T,
    /// `1 - rho`
    take: T,
    eps: T,
    decay: T,
}

impl Rule for AdadeltaRule {
    const NAME: &'static str = "adadelta";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        share::<T>(Self::NAME, "rho", self.rho)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }

    fn factors<T: Float>(&self, learning_rate: f64, _t: u64) -> Factors<T> {
        Factors {
            rate: T::of(learning_rate),
            rho: T::of(self.rho),
            take: T::of(1.0 - self.rho),
            eps: T::of(self.eps),
            decay: T::of(self.weight_decay),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        pass.each(|f, [p, s, a], g| {
            let d = decayed(g, f.decay, p);
            let s = mean_square(s, d, f.rho, f.take);
            let u = (a + f.eps).sqrt() / (s + f.eps).sqrt() * d;
            [p - f.rate * u, s, mean_square(a, u, f.rho, f.take)]
        })
    }
}

setters! { [] AdadeltaRule:
    /// Sets the share that a step keeps of the running means, in `[0, 1)`.
    rho(rho: f64) = rho;
    /// Sets the number added to the means under both roots, not negative.
    eps(eps: f64) = eps;
    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    weight_decay(weight_decay: f64) = weight_decay;
}

#[cfg(test)]
mod tests {
    use super::super::tests::{after, check_refusals};
    use super::*;

    /// rho = 1/2, eps = 1, g = 4: s = 8, u = 1 / 3 * 4, a = 8/9; then g = 0 moves nothing.
    #[test]
    fn a_step_has_the_ratio_of_two_roots() -> Result<()> {
        let adadelta = Adadelta::new(1.0).rho(0.5).eps(1.0);
        let seen = after(adadelta.clone(), 2.0, &[4.0, 0.0])?;
        assert_eq!(seen, [2.0 - 4.0 / 3.0; 2]);
        // The decay of 2 * 2 is the same gradient.
        let seen = after(adadelta.weight_decay(2.0), 2.0, &[0.0])?;
        assert_eq!(seen, [2.0 - 4.0 / 3.0]);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (Adadelta::new(f64::NAN), "learning_rate"),
            (Adadelta::new(0.1).rho(1.0), "rho"),
            (Adadelta::new(0.1).eps(-1.0), "eps"),
            (Adadelta::new(0.1).weight_decay(-1.0), "weight_decay"),
        ]);
    }
}
