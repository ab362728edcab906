//! `NAdam`: Adam that looks ahead along its running mean.

use gradlet_tensor::{Float, Result, math};

use super::Stepper;
use super::rule::{Decay, Pass, Rule, check_betas, lerp, mean_square, setters};
use crate::require::amount;

/// Adam with Nesterov's momentum, which grows towards `beta1`.
///
/// ```text
/// mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2)
/// d = g + weight_decay * p                     decoupled: d = g, p = (1 - learning_rate * weight_decay) * p
/// m = beta1 * m + (1 - beta1) * d
/// s = beta2 * s + (1 - beta2) * d^2
/// n = (1 - mu_t) / (1 - mu_1 * .. * mu_t) * d + mu_(t+1) / (1 - mu_1 * .. * mu_(t+1)) * m
/// p = p - learning_rate * n / (sqrt(s / (1 - beta2^t)) + eps)
/// ```
///
/// At first betas are (0.9, 0.999), eps is 1e-8, `weight_decay` 0 and not decoupled, and `momentum_decay` 0.004. PyTorch's
/// learning rate is 0.002. `m`, `s` and the number `t` of updates are kept under the parameter's id; the product of all
/// `mu` follows from `t`. A step changes every parameter that is not frozen, each in one pass, or none.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::NAdam};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = NAdam::new(0.25).betas(0.0, 0.999);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert!(weight.tensor().allclose(&tensor![0.75, -0.75], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.NAdam`; T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
pub type NAdam<T = f32> = Stepper<NAdamRule, T>;

/// The rule of [`NAdam`].
#[derive(Clone, Debug)]
pub struct NAdamRule {
    /// The shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    pub betas: (f64, f64),
    /// The number added to the root that a step is divided by, not negative.
    pub eps: f64,
    /// How fast the momentum grows towards `beta1`, not negative.
    pub momentum_decay: f64,
    /// The factor of weight decay, not negative.
    pub weight_decay: f64,
    /// Whether decay shrinks the parameters themselves, as in [`AdamW`](super::AdamW), and not through their gradients.
    pub decoupled_weight_decay: bool,
}

impl Default for NAdamRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-8,
            momentum_decay: 4e-3,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
        }
    }
}

impl NAdamRule {
    /// The momentum of update number `t`.
    fn momentum_at(&self, t: u64) -> f64 {
        // PyTorch's and the author's constants.
        self.betas.0 * (1.0 - 0.5 * math::pow(0.96, t as f64 * self.momentum_decay))
    }

    /// The product of the momenta of the updates up to number `t`, or 0 where 1 minus it is 1 anyway: after some fifty
    /// updates with usual settings.
    fn momentum_product(&self, t: u64) -> f64 {
        let mut product = 1.0;
        for t in 1..=t {
            product *= self.momentum_at(t);
            if product < f64::EPSILON / 4.0 {
                return 0.0;
            }
        }
        product
    }
}

/// The factors of one update by [`NAdamRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    /// `1 - beta1`
    take: T,
    beta2: T,
    /// `1 - beta2`
    take2: T,
    /// `1 - beta2^t`
    correction: T,
    /// The rate along `d`.
    rate: T,
    /// The rate along `m`.
    rate_ahead: T,
    eps: T,
    decay: Decay<T>,
}

impl Rule for NAdamRule {
    const NAME: &'static str = "nadam";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        check_betas::<T>(Self::NAME, self.betas)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "momentum_decay", self.momentum_decay)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        let (beta1, beta2) = self.betas;
        let (mu, ahead) = (self.momentum_at(t), self.momentum_at(t + 1));
        let product = self.momentum_product(t);
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            take2: T::of(1.0 - beta2),
            correction: T::of(1.0 - math::pow(beta2, t as f64)),
            rate: T::of(learning_rate * (1.0 - mu) / (1.0 - product)),
            rate_ahead: T::of(learning_rate * ahead / (1.0 - product * ahead)),
            eps: T::of(self.eps),
            decay: Decay::new(
                self.weight_decay,
                self.decoupled_weight_decay,
                learning_rate,
            ),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        pass.each(|f, [p, m, s], g| {
            let (p, d) = f.decay.apply(p, g);
            let m = lerp(m, d, f.take);
            let s = mean_square(s, d, f.beta2, f.take2);
            let scale = (s / f.correction).sqrt() + f.eps;
            [p - f.rate * d / scale - f.rate_ahead * m / scale, m, s]
        })
    }
}

setters! { [] NAdamRule:
    /// Sets the shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    betas(beta1: f64, beta2: f64) = (beta1, beta2);
    /// Sets the number added to the root that a step is divided by, not negative.
    eps(eps: f64) = eps;
    /// Sets how fast the momentum grows towards `beta1`, not negative.
    momentum_decay(momentum_decay: f64) = momentum_decay;
    /// Sets the factor of weight decay, not negative.
    weight_decay(weight_decay: f64) = weight_decay;
    /// Sets whether decay shrinks the parameters themselves, as in [`AdamW`](super::AdamW), and not through their
    /// gradients.
    decoupled_weight_decay(decoupled: bool) = decoupled;
}

#[cfg(test)]
mod tests {
    use super::super::tests::{after, check_refusals};
    use super::*;

    /// With no decay of momentum, mu = beta1 / 2 = 1/4. g = 4 with beta1 = 1/2, beta2 = 0: m = 2, the root is 4;
    /// (3/4) / (3/4) * 4 / 4 + (1/4) / (15/16) * 2 / 4.
    #[test]
    fn a_step_looks_ahead_along_the_mean() -> Result<()> {
        let nadam = NAdam::new(1.0).betas(0.5, 0.0).eps(0.0).momentum_decay(0.0);
        let seen = after(nadam, 0.0, &[4.0])?;
        // A few roundings.
        assert!((seen[0] + 1.0 + 2.0 / 15.0).abs() < 1e-15, "{seen:?}");
        Ok(())
    }

    #[test]
    fn decay_is_decoupled_on_request() -> Result<()> {
        let nadam = NAdam::new(0.5).betas(0.0, 0.0).eps(0.0).weight_decay(0.5);
        // The size of the gradient does not matter, with the penalty's or without.
        assert_eq!(after(nadam.clone(), 4.0, &[1.0])?, [3.5]);
        let seen = after(nadam.decoupled_weight_decay(true), 4.0, &[1.0])?;
        assert_eq!(seen, [2.5]);
        Ok(())
    }

    #[test]
    fn the_product_of_momenta_is_cut_off_where_it_does_not_count() {
        let rule = NAdamRule::default();
        let all = |t| (1..=t).map(|t| rule.momentum_at(t)).product::<f64>();
        for t in [1, 2, 10, 40, 60, 1000, u64::MAX] {
            let expected = if t > 1000 { 0.0 } else { all(t) };
            assert_eq!(1.0 - rule.momentum_product(t), 1.0 - expected);
        }
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (NAdam::new(-0.1), "learning_rate"),
            (NAdam::new(0.1).betas(1.0, 0.9), "beta1"),
            (NAdam::new(0.1).betas(0.9, 1.0), "beta2"),
            (NAdam::new(0.1).eps(-1e-8), "eps"),
            (NAdam::new(0.1).momentum_decay(-1.0), "momentum_decay"),
            (NAdam::new(0.1).weight_decay(-1.0), "weight_decay"),
        ]);
    }
}
