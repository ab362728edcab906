//! `Adagrad`: steps scaled by the sum of all earlier squares of the gradient.

use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::{Pass, Rule, decayed, setters};
use crate::require::amount;

/// Gradient descent scaled by the root of the sum of each gradient's squares so far.
///
/// ```text
/// d = g + weight_decay * p
/// s = s + d^2                                  before the first step: s = initial_accumulator_value
/// p = p - learning_rate / (1 + (t - 1) * lr_decay) * d / (sqrt(s) + eps)
/// ```
///
/// At first `lr_decay`, `weight_decay` and `initial_accumulator_value` are 0, and eps is 1e-10. PyTorch's learning rate
/// is 0.01. `s` and the number `t` of updates are kept under the parameter's id. A step changes every parameter that is
/// not frozen, each in one pass, or none.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Adagrad};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Adagrad::new(0.25);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert_eq!(weight.tensor().to_vec(), [0.75, -0.75]);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.Adagrad`; J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and
/// Stochastic Optimization", 2011.
pub type Adagrad<T = f32> = Stepper<AdagradRule, T>;

/// The rule of [`Adagrad`].
#[derive(Clone, Debug)]
pub struct AdagradRule {
    /// How fast the learning rate falls with the number of updates, not negative.
    pub lr_decay: f64,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not negative.
    pub weight_decay: f64,
    /// The sum of squares before the first step, not negative.
    pub initial_accumulator_value: f64,
    /// The number added to the root that a step is divided by, not negative.
    pub eps: f64,
}

impl Default for AdagradRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator_value: 0.0,
            eps: 1e-10,
        }
    }
}

/// The factors of one update by [`AdagradRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    rate: T,
    decay: T,
    eps: T,
    /// The sum before the first update, in place of the zeros that are kept then.
    initial: Option<T>,
}

impl Rule for AdagradRule {
    const NAME: &'static str = "adagrad";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        let (op, initial) = (Self::NAME, self.initial_accumulator_value);
        amount::<T>(op, "lr_decay", self.lr_decay)?;
        amount::<T>(op, "weight_decay", self.weight_decay)?;
        amount::<T>(op, "initial_accumulator_value", initial)?;
        amount::<T>(op, "eps", self.eps)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        Factors {
            rate: T::of(learning_rate / (1.0 + (t as f64 - 1.0) * self.lr_decay)),
            decay: T::of(self.weight_decay),
            eps: T::of(self.eps),
            initial: (t == 1).then(|| T::of(self.initial_accumulator_value)),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        pass.each(|f, [p, s], g| {
            let d = decayed(g, f.decay, p);
            let s = f.initial.unwrap_or(s) + d * d;
            [p - f.rate * d / (s.sqrt() + f.eps), s]
        })
    }
}

setters! { [] AdagradRule:
    /// Sets how fast the learning rate falls with the number of updates, not negative.
    lr_decay(lr_decay: f64) = lr_decay;
    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    weight_decay(weight_decay: f64) = weight_decay;
    /// Sets the sum of squares before the first step, not negative.
    initial_accumulator_value(initial: f64) = initial;
    /// Sets the number added to the root that a step is divided by, not negative.
    eps(eps: f64) = eps;
}

#[cfg(test)]
mod tests {
    use super::super::tests::{after, check_refusals};
    use super::*;

    /// s = 5 + 4 = 9, a step of 1 * 2 / 3; then s = 9 + 16 = 25, a step of 1 / (1 + 1) * 4 / 5.
    #[test]
    fn squares_add_up_from_the_initial_value_while_the_rate_falls() -> Result<()> {
        let adagrad = Adagrad::new(1.0)
            .initial_accumulator_value(5.0)
            .lr_decay(1.0);
        let seen = after(adagrad.eps(0.0), 1.0, &[2.0, 4.0])?;
        assert_eq!(seen, [1.0 - 2.0 / 3.0, 1.0 - 2.0 / 3.0 - 0.4]);
        Ok(())
    }

    /// d = 1 + 0.5 * 2 = 2, s = 4, and the step is 2 / (2 + 2).
    #[test]
    fn eps_is_added_to_the_root_and_decay_to_the_gradient() -> Result<()> {
        let adagrad = Adagrad::new(1.0).eps(2.0).weight_decay(0.5);
        assert_eq!(after(adagrad, 2.0, &[1.0])?, [1.5]);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (Adagrad::new(-0.1), "learning_rate"),
            (Adagrad::new(0.1).lr_decay(-1.0), "lr_decay"),
            (Adagrad::new(0.1).weight_decay(f64::NAN), "weight_decay"),
            (
                Adagrad::new(0.1).initial_accumulator_value(-1.0),
                "initial_accumulator_value",
            ),
            (Adagrad::new(0.1).eps(1e39), "eps"),
        ]);
    }
}
