//! `Sgd`: gradient descent with momentum.

use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::{Pass, Rule, decayed, setters};
use crate::require::{amount, setting, share};

/// Gradient descent with momentum, dampening, Nesterov's variant and weight decay; all of them are off at first.
///
/// ```text
/// d = g + weight_decay * p
/// v = momentum * v + (1 - dampening) * d      the first time: v = d
/// p = p - learning_rate * v                   Nesterov: d + momentum * v in place of v;  without momentum: d
/// ```
///
/// The velocity `v` is kept under the parameter's id, and only with momentum. A step changes every parameter that is
/// not frozen, each in one pass, or none. Parameters that are still held elsewhere are copied first: see
/// [`copies`](Stepper::copies).
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Sgd};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, 2.0]);
/// let mut optimizer = Sgd::new(0.25).momentum(0.9);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert_eq!(weight.tensor().to_vec(), [0.5, 1.0]);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.SGD`; I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
pub type Sgd<T = f32> = Stepper<SgdRule, T>;

/// The rule of [`Sgd`].
#[derive(Clone, Debug, Default)]
pub struct SgdRule {
    /// The share of the velocity that a step keeps, in `[0, 1)`.
    pub momentum: f64,
    /// The share of a gradient that the velocity does not take up, from the second step on.
    pub dampening: f64,
    /// Whether a step looks ahead along the velocity; needs momentum and no dampening.
    pub nesterov: bool,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not negative.
    pub weight_decay: f64,
}

/// The factors of one update by [`SgdRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    rate: T,
    momentum: T,
    /// `1 - dampening`
    take: T,
    decay: T,
    nesterov: bool,
    first: bool,
}

impl Rule for SgdRule {
    const NAME: &'static str = "sgd";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        let (op, momentum, dampening) = (Self::NAME, self.momentum, self.dampening);
        share::<T>(op, "momentum", momentum)?;
        setting::<T>(op, "dampening", "finite", dampening, f64::is_finite)?;
        amount::<T>(op, "weight_decay", self.weight_decay)?;
        if self.nesterov {
            let positive = "positive with nesterov";
            setting::<T>(op, "momentum", positive, momentum, |x| x > 0.0)?;
            setting::<T>(op, "dampening", "0 with nesterov", dampening, |x| x == 0.0)?;
        }
        Ok(())
    }

    fn kept(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 {
            &[]
        } else {
            &["momentum_buffer"]
        }
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.momentum)
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        Factors {
            rate: T::of(learning_rate),
            momentum: T::of(self.momentum),
            take: T::of(1.0 - self.dampening),
            decay: T::of(self.weight_decay),
            nesterov: self.nesterov,
            first: t == 1,
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        if self.momentum == 0.0 {
            return pass.each(|f, [p], g| [p - f.rate * decayed(g, f.decay, p)]);
        }
        pass.each(|f, [p, v], g| {
            let d = decayed(g, f.decay, p);
            let v = if f.first {
                d
            } else {
                f.momentum * v + f.take * d
            };
            let direction = if f.nesterov { d + f.momentum * v } else { v };
            [p - f.rate * direction, v]
        })
    }
}

setters! { [] SgdRule:
    /// Sets the share of the velocity that a step keeps, in `[0, 1)`.
    momentum(momentum: f64) = momentum;
    /// Sets the share of a gradient that the velocity does not take up, from the second step on.
    dampening(dampening: f64) = dampening;
    /// Sets whether a step looks ahead along the velocity; needs momentum and no dampening.
    nesterov(nesterov: bool) = nesterov;
    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    weight_decay(weight_decay: f64) = weight_decay;
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{Tensor, tensor};

    use super::super::tests::check_refusals;
    use super::*;
    use crate::parameter::Parameter;

    /// The weight after steps with these gradients. Numbers are sums of powers of two: exact.
    fn after(mut sgd: Sgd, start: f32, gradients: &[f32]) -> Result<Vec<f32>> {
        let mut weight = Parameter::new(tensor![start]);
        let mut seen = Vec::new();
        for &g in gradients {
            let grads = weight.leaf().mul_scalar(g).sum(..)?.backward()?;
            sgd.step(&mut weight, &grads)?;
            seen.push(weight.tensor().item()?);
        }
        Ok(seen)
    }

    #[test]
    fn plain_descent_goes_against_the_gradient() -> Result<()> {
        assert_eq!(after(Sgd::new(0.5), 1.0, &[2.0, -4.0])?, [0.0, 2.0]);
        assert_eq!(after(Sgd::new(0.0), 1.0, &[2.0])?, [1.0]);
        Ok(())
    }

    /// v = 2, then 0.5 * 2 - 4 = -3, then 0.5 * -3 = -1.5.
    #[test]
    fn momentum_keeps_a_share_of_the_velocity() -> Result<()> {
        let seen = after(Sgd::new(0.5).momentum(0.5), 1.0, &[2.0, -4.0, 0.0])?;
        assert_eq!(seen, [0.0, 1.5, 2.25]);
        Ok(())
    }

    /// v = 2 without dampening, then 0.5 * 2 + 0.25 * -4 = 0, then 0.25 * 8 = 2.
    #[test]
    fn dampening_spares_the_first_gradient() -> Result<()> {
        let sgd = Sgd::new(0.5).momentum(0.5).dampening(0.75);
        assert_eq!(after(sgd, 1.0, &[2.0, -4.0, 8.0])?, [0.0, 0.0, -1.0]);
        Ok(())
    }

    /// v = 2, then -3; directions 2 + 0.5 * 2 = 3 and -4 + 0.5 * -3 = -5.5.
    #[test]
    fn nesterov_looks_ahead_along_the_velocity() -> Result<()> {
        let sgd = Sgd::new(0.5).momentum(0.5).nesterov(true);
        assert_eq!(after(sgd, 1.0, &[2.0, -4.0])?, [-0.5, 2.25]);
        Ok(())
    }

    /// d = 2 + 0.5 * 1 = 2.5, p = -0.25; d = 0 + 0.5 * -0.25 = -0.125, and v = 0.5 * 2.5 - 0.125 = 1.125.
    #[test]
    fn weight_decay_is_part_of_the_gradient_and_enters_the_velocity() -> Result<()> {
        let sgd = Sgd::new(0.5).weight_decay(0.5);
        assert_eq!(after(sgd, 1.0, &[2.0, 0.0])?, [-0.25, -0.1875]);
        let sgd = Sgd::new(0.5).weight_decay(0.5).momentum(0.5);
        assert_eq!(after(sgd, 1.0, &[2.0, 0.0])?, [-0.25, -0.8125]);
        Ok(())
    }

    #[test]
    fn a_new_learning_rate_holds_from_the_next_step_on() -> Result<()> {
        let mut weight = Parameter::new(tensor![0.0]);
        let mut sgd = Sgd::new(1.0);
        let grads = weight.leaf().sum(..)?.backward()?;
        sgd.step(&mut weight, &grads)?;
        sgd.set_learning_rate(0.25);
        sgd.step(&mut weight, &grads)?;
        assert_eq!(
            (sgd.learning_rate(), weight.tensor().item()?),
            (0.25, -1.25)
        );
        Ok(())
    }

    #[test]
    fn f64_follows_from_the_gradients() -> Result<()> {
        let mut weight = Parameter::new(Tensor::scalar(1.0f64));
        let grads = weight.leaf().sum(..)?.backward()?;
        Sgd::new(0.1).step(&mut weight, &grads)?;
        assert_eq!(weight.tensor().item()?, 0.9f64);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (Sgd::new(-0.1), "learning_rate"),
            (Sgd::new(f64::NAN), "learning_rate"),
            (Sgd::new(0.1).momentum(1.0), "momentum"),
            (Sgd::new(0.1).momentum(-0.5), "momentum"),
            (Sgd::new(0.1).momentum(0.5).dampening(f64::NAN), "dampening"),
            (Sgd::new(0.1).weight_decay(-1.0), "weight_decay"),
            (Sgd::new(0.1).nesterov(true), "momentum"),
            (
                Sgd::new(0.1).momentum(0.5).dampening(0.5).nesterov(true),
                "dampening",
            ),
            (Sgd::new(1e39), "learning_rate"),
            (Sgd::new(0.1).momentum(1.0 - 1e-9), "momentum"),
            (Sgd::new(0.1).dampening(1e39), "dampening"),
            (Sgd::new(0.1).momentum(1e-50).nesterov(true), "momentum"),
        ]);
    }
}
