//! `RAdam`: Adam that scales its steps only when it knows enough to do so.

use gradlet_tensor::{Float, Result, math};

use super::Stepper;
use super::rule::{Decay, Pass, Rule, check_betas, lerp, mean_square, setters};
use crate::require::amount;

/// Adam whose first steps are not scaled, until enough gradients have been seen to know their mean square.
///
/// ```text
/// d = g + weight_decay * p                     decoupled: d = g, p = (1 - learning_rate * weight_decay) * p
/// m = beta1 * m + (1 - beta1) * d
/// s = beta2 * s + (1 - beta2) * d^2
/// c = 2 / (1 - beta2) - 1
/// rho = c - 2 t beta2^t / (1 - beta2^t)
/// r = sqrt((rho - 4) (rho - 2) c / ((c - 4) (c - 2) rho))
/// rho > 5:    p = p - learning_rate / (1 - beta1^t) * m * r * sqrt(1 - beta2^t) / (sqrt(s) + eps)
/// otherwise:  p = p - learning_rate / (1 - beta1^t) * m
/// ```
///
/// At first betas are (0.9, 0.999), eps is 1e-8, and `weight_decay` 0 and not decoupled. PyTorch's learning rate is 0.001.
/// `m`, `s` and the number `t` of updates are kept under the parameter's id. A step changes every parameter that is not
/// frozen, each in one pass, or none.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::RAdam};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = RAdam::new(0.25);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// // The first steps are those of gradient descent with momentum.
/// assert!(weight.tensor().allclose(&tensor![0.5, -0.5], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.RAdam`; L. Liu and others, "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
pub type RAdam<T = f32> = Stepper<RAdamRule, T>;

/// The rule of [`RAdam`].
#[derive(Clone, Debug)]
pub struct RAdamRule {
    /// The shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    pub betas: (f64, f64),
    /// The number added to the root that a step is divided by, not negative.
    pub eps: f64,
    /// The factor of weight decay, not negative.
    pub weight_decay: f64,
    /// Whether decay shrinks the parameters themselves, as in [`AdamW`](super::AdamW), and not through their gradients.
    pub decoupled_weight_decay: bool,
}

impl Default for RAdamRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
        }
    }
}

/// The factors of one update by [`RAdamRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    /// `1 - beta1`
    take: T,
    beta2: T,
    /// `1 - beta2`
    take2: T,
    /// `learning_rate / (1 - beta1^t)`
    rate: T,
    /// `r * sqrt(1 - beta2^t)`; `None` if the steps are not scaled yet.
    rectified: Option<T>,
    eps: T,
    decay: Decay<T>,
}

impl Rule for RAdamRule {
    const NAME: &'static str = "radam";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        check_betas::<T>(Self::NAME, self.betas)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        let ((beta1, beta2), t) = (self.betas, t as f64);
        let correction = 1.0 - math::pow(beta2, t);
        let c = 2.0 / (1.0 - beta2) - 1.0;
        let rho = c - 2.0 * t * math::pow(beta2, t) / correction;
        let r = || ((rho - 4.0) * (rho - 2.0) * c / ((c - 4.0) * (c - 2.0) * rho)).sqrt();
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            take2: T::of(1.0 - beta2),
            rate: T::of(learning_rate / (1.0 - math::pow(beta1, t))),
            rectified: (rho > 5.0).then(|| T::of(r() * correction.sqrt())),
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
            let scale = match f.rectified {
                Some(rectified) => rectified / (s.sqrt() + f.eps),
                None => T::of(1.0),
            };
            [p - f.rate * m * scale, m, s]
        })
    }
}

setters! { [] RAdamRule:
    /// Sets the shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    betas(beta1: f64, beta2: f64) = (beta1, beta2);
    /// Sets the number added to the root that a step is divided by, not negative.
    eps(eps: f64) = eps;
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

    /// c is 3 with beta2 = 1/2 and never above 5; it is 199 with beta2 = 0.99, where update 6 is the first one scaled:
    /// of the size of the rate, times r.
    #[test]
    fn steps_are_scaled_once_enough_gradients_were_seen() -> Result<()> {
        let radam = RAdam::new(0.5).betas(0.0, 0.5).eps(0.0);
        assert_eq!(after(radam.clone(), 0.0, &[4.0; 3])?, [-2.0, -4.0, -6.0]);
        let seen = after(radam.betas(0.0, 0.99), 0.0, &[4.0; 7])?;
        assert_eq!(seen[4], -10.0);
        assert!((0.0..0.1).contains(&(-10.0 - seen[5])), "{seen:?}");
        Ok(())
    }

    #[test]
    fn decay_is_decoupled_on_request() -> Result<()> {
        let radam = RAdam::new(0.5).betas(0.0, 0.5).weight_decay(0.5);
        assert_eq!(after(radam.clone(), 4.0, &[1.0])?, [2.5]);
        let seen = after(radam.decoupled_weight_decay(true), 4.0, &[1.0])?;
        assert_eq!(seen, [2.5]);
        let radam = RAdam::new(0.5).betas(0.5, 0.5).weight_decay(0.5);
        assert_eq!(after(radam.clone(), 4.0, &[0.0, 0.0])?[0], 3.0);
        let seen = after(radam.decoupled_weight_decay(true), 4.0, &[0.0, 0.0])?;
        assert_eq!(seen, [3.0, 2.25]);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (RAdam::new(-0.1), "learning_rate"),
            (RAdam::new(0.1).betas(1.0, 0.9), "beta1"),
            (RAdam::new(0.1).betas(0.9, 1.0), "beta2"),
            (RAdam::new(0.1).eps(-1e-8), "eps"),
            (RAdam::new(0.1).weight_decay(-1.0), "weight_decay"),
        ]);
    }
}
