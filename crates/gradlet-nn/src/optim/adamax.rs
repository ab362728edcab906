//! `Adamax`: Adam with the largest recent gradient in place of the mean square.

use gradlet_tensor::{Float, Result, math};

use super::Stepper;
use super::rule::{Pass, Rule, check_betas, decayed, larger, lerp, setters};
use crate::require::amount;

/// Gradient descent along a running mean of the gradients, scaled by the largest of them, of which older ones fade.
///
/// ```text
/// d = g + weight_decay * p
/// m = beta1 * m + (1 - beta1) * d
/// u = max(beta2 * u, |d| + eps)
/// p = p - learning_rate / (1 - beta1^t) * m / u
/// ```
///
/// At first betas are (0.9, 0.999), eps is 1e-8 and `weight_decay` 0. PyTorch's learning rate is 0.002. `m`, `u` and the
/// number `t` of updates are kept under the parameter's id. A step changes every parameter that is not frozen, each in
/// one pass, or none.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Adamax};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Adamax::new(0.25);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert!(weight.tensor().allclose(&tensor![0.75, -0.75], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.Adamax`; D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.
pub type Adamax<T = f32> = Stepper<AdamaxRule, T>;

/// The rule of [`Adamax`].
#[derive(Clone, Debug)]
pub struct AdamaxRule {
    /// The shares that a step keeps of the running mean of the gradient and of the largest one, each in `[0, 1)`.
    pub betas: (f64, f64),
    /// The number added to the size of a gradient, not negative.
    pub eps: f64,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not negative.
    pub weight_decay: f64,
}

impl Default for AdamaxRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// The factors of one update by [`AdamaxRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    /// `1 - beta1`
    take: T,
    beta2: T,
    /// `learning_rate / (1 - beta1^t)`
    rate: T,
    eps: T,
    decay: T,
}

impl Rule for AdamaxRule {
    const NAME: &'static str = "adamax";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        check_betas::<T>(Self::NAME, self.betas)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        let (beta1, beta2) = self.betas;
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            rate: T::of(learning_rate / (1.0 - math::pow(beta1, t as f64))),
            eps: T::of(self.eps),
            decay: T::of(self.weight_decay),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        pass.each(|f, [p, m, u], g| {
            let d = decayed(g, f.decay, p);
            let m = lerp(m, d, f.take);
            let u = larger(f.beta2 * u, d.abs() + f.eps);
            [p - f.rate * m / u, m, u]
        })
    }
}

setters! { [] AdamaxRule:
    /// Sets the shares that a step keeps of the running mean of the gradient and of the largest one, each in `[0, 1)`.
    betas(beta1: f64, beta2: f64) = (beta1, beta2);
    /// Sets the number added to the size of a gradient, not negative.
    eps(eps: f64) = eps;
    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    weight_decay(weight_decay: f64) = weight_decay;
}

#[cfg(test)]
mod tests {
    use super::super::tests::{after, check_refusals};
    use super::*;

    /// m = 2, u = 4, a step of 0.5 / 0.5 * 2 / 4; then m = 1.5, u = max(2, 1), a step of 0.5 / 0.75 * 1.5 / 2.
    #[test]
    fn a_large_gradient_fades() -> Result<()> {
        let adamax = Adamax::new(0.5).betas(0.5, 0.5).eps(0.0);
        assert_eq!(after(adamax, 1.0, &[4.0, 1.0])?, [0.5, 0.0]);
        Ok(())
    }

    /// d = 1 + 0.5 * 2 = 2, u = 2 + 2.
    #[test]
    fn eps_is_added_to_the_size_and_decay_to_the_gradient() -> Result<()> {
        let adamax = Adamax::new(1.0).betas(0.0, 0.0).eps(2.0).weight_decay(0.5);
        assert_eq!(after(adamax, 2.0, &[1.0])?, [1.5]);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (Adamax::new(-0.1), "learning_rate"),
            (Adamax::new(0.1).betas(1.0, 0.9), "beta1"),
            (Adamax::new(0.1).betas(0.9, -0.1), "beta2"),
            (Adamax::new(0.1).eps(-1e-8), "eps"),
            (Adamax::new(0.1).weight_decay(-1.0), "weight_decay"),
        ]);
    }
}
