//! `RmsProp`: steps scaled by a running mean of the gradient's square.

use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::{Pass, Rule, decayed, lerp, mean_square, setters};
use crate::require::{amount, require, share};

/// Gradient descent scaled by a running mean of each gradient's square, centered on request, with momentum.
///
/// ```text
/// d = g + weight_decay * p
/// s = alpha * s + (1 - alpha) * d^2
/// m = alpha * m + (1 - alpha) * d             centered; else m = 0
/// v = momentum * v + d / (sqrt(s - m^2) + eps)
/// p = p - learning_rate * v
/// ```
///
/// At first `alpha` is 0.99, `eps` 1e-8, `weight_decay` and `momentum` 0, and steps are not centered. `s`, and `m` and
/// `v` where they are used, are kept under the parameter's id. A step changes every parameter that is not frozen, each
/// in one pass, or none. Parameters that are still held elsewhere are copied first: see [`copies`](Stepper::copies).
///
/// Under gradients that stay the same, `s - m^2` approaches 0, and rounding may make it negative: a centered step is
/// NaN then, as in PyTorch.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::RmsProp};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = RmsProp::new(0.25).alpha(0.75);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// // However large a gradient is, the first step has the size learning_rate / sqrt(1 - alpha).
/// assert!(weight.tensor().allclose(&tensor![0.5, -0.5], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.RMSprop`; G. Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012; centered: A. Graves,
/// "Generating Sequences With Recurrent Neural Networks", 2013, equations 38 to 45.
pub type RmsProp<T = f32> = Stepper<RmsPropRule, T>;

/// The rule of [`RmsProp`].
#[derive(Clone, Debug)]
pub struct RmsPropRule {
    /// The share that a step keeps of the running means, in `[0, 1)`.
    pub alpha: f64,
    /// The number added to the root that a step is divided by, not negative.
    pub eps: f64,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not negative.
    pub weight_decay: f64,
    /// The share of the velocity that a step keeps, in `[0, 1)`.
    pub momentum: f64,
    /// Whether a step is scaled by the gradient's standard deviation and not by its root mean square.
    pub centered: bool,
    /// Whether `centered` was changed after steps. Tensors are kept by position, and `v` comes after `m` if that is
    /// kept: one would be taken for the other.
    late: bool,
}

impl Default for RmsPropRule {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            alpha: 0.99,
            eps: 1e-8,
            weight_decay: 0.0,
            momentum: 0.0,
            centered: false,
            late: false,
        }
    }
}

/// The factors of one update by [`RmsPropRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
    rate: T,
    alpha: T,
    /// `1 - alpha`
    take: T,
    eps: T,
    decay: T,
    momentum: T,
}

impl Rule for RmsPropRule {
    const NAME: &'static str = "rms_prop";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        let late = "chosen before the first step";
        require(
            !self.late,
            Self::NAME,
            "centered",
            late,
            self.centered.into(),
        )?;
        share::<T>(Self::NAME, "alpha", self.alpha)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)?;
        share::<T>(Self::NAME, "momentum", self.momentum)
    }

    fn kept(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.momentum)
    }

    fn factors<T: Float>(&self, learning_rate: f64, _t: u64) -> Factors<T> {
        Factors {
            rate: T::of(learning_rate),
            alpha: T::of(self.alpha),
            take: T::of(1.0 - self.alpha),
            eps: T::of(self.eps),
            decay: T::of(self.weight_decay),
            momentum: T::of(self.momentum),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => pass.each(|f, [p, s], g| {
                let d = decayed(g, f.decay, p);
                let s = mean_square(s, d, f.alpha, f.take);
                [p - f.rate * d / (s.sqrt() + f.eps), s]
            }),
            (false, true) => pass.each(|f, [p, s, v], g| {
                let d = decayed(g, f.decay, p);
                let s = mean_square(s, d, f.alpha, f.take);
                let v = f.momentum * v + d / (s.sqrt() + f.eps);
                [p - f.rate * v, s, v]
            }),
            (true, false) => pass.each(|f, [p, s, m], g| {
                let d = decayed(g, f.decay, p);
                let (s, m) = (mean_square(s, d, f.alpha, f.take), lerp(m, d, f.take));
                [p - f.rate * d / ((s - m * m).sqrt() + f.eps), s, m]
            }),
            (true, true) => pass.each(|f, [p, s, m, v], g| {
                let d = decayed(g, f.decay, p);
                let (s, m) = (mean_square(s, d, f.alpha, f.take), lerp(m, d, f.take));
                let v = f.momentum * v + d / ((s - m * m).sqrt() + f.eps);
                [p - f.rate * v, s, m, v]
            }),
        }
    }
}

impl<T: Float> RmsProp<T> {
    /// Sets whether a step is scaled by the gradient's standard deviation and not by its root mean square. After the
    /// first step, a change makes the next one return an error.
    pub fn centered(mut self, centered: bool) -> Self {
        self.rule.late ^= centered != self.rule.centered && !self.states.is_empty();
        self.rule.centered = centered;
        self
    }
}

setters! { [] RmsPropRule:
    /// Sets the share that a step keeps of the running means, in `[0, 1)`.
    alpha(alpha: f64) = alpha;
    /// Sets the number added to the root that a step is divided by, not negative.
    eps(eps: f64) = eps;
    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    weight_decay(weight_decay: f64) = weight_decay;
    /// Sets the share of the velocity `v` that a step keeps, in `[0, 1)`.
    momentum(momentum: f64) = momentum;
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::super::tests::{after, check_refusals};
    use super::*;
    use crate::parameter::Parameter;

    /// s = 4/4 = 1, then 3/4 + 13/4 = 4.
    #[test]
    fn a_step_is_divided_by_the_root_of_the_mean_square() -> Result<()> {
        let rms_prop = RmsProp::new(0.5).alpha(0.75).eps(0.0);
        let seen = after(rms_prop, 1.0, &[2.0, -13f64.sqrt()])?;
        assert_eq!(seen[0], 0.0);
        // A rounding of the square of the root.
        assert!((seen[1] - 13f64.sqrt() / 4.0).abs() < 1e-15, "{seen:?}");
        Ok(())
    }

    /// d = 1 + 0.5 * 2 = 2, so s = 1, and the step is 0.5 * 2 / (1 + 1).
    #[test]
    fn eps_is_added_to_the_root_and_decay_to_the_gradient() -> Result<()> {
        let rms_prop = RmsProp::new(0.5).alpha(0.75).eps(1.0).weight_decay(0.5);
        assert_eq!(after(rms_prop, 2.0, &[1.0])?, [1.5]);
        Ok(())
    }

    /// s = 1, then 3/4 + 1/4 = 1, then 3/4; v = 2 / 1 = 2, then 0.5 * 2 + 1 / 1 = 2, then 0.5 * 2 = 1.
    #[test]
    fn momentum_keeps_a_share_of_the_scaled_steps() -> Result<()> {
        let rms_prop = RmsProp::new(0.5).alpha(0.75).eps(0.0).momentum(0.5);
        assert_eq!(after(rms_prop, 1.0, &[2.0, 1.0, 0.0])?, [0.0, -1.0, -1.5]);
        Ok(())
    }

    /// alpha = 1/2, g = 4: s = 8, m = 2, s - m^2 = 4; then g = 0: s = 4, m = 1, and nothing moves but by momentum.
    #[test]
    fn centered_steps_are_divided_by_the_standard_deviation() -> Result<()> {
        let centered = RmsProp::new(0.5).alpha(0.5).eps(0.0).centered(true);
        assert_eq!(after(centered.clone(), 1.0, &[4.0, 0.0])?, [0.0, 0.0]);
        let seen = after(centered.momentum(0.5), 1.0, &[4.0, 0.0])?;
        assert_eq!(seen, [0.0, -0.5]);
        Ok(())
    }

    /// With momentum `[s, v]` is kept; centered steps would take `v` for `m`.
    #[test]
    fn centering_is_chosen_before_the_first_step() -> Result<()> {
        let (mut weight, mut rms_prop) = (
            Parameter::new(tensor![1.0]),
            RmsProp::new(0.1).momentum(0.5),
        );
        let grads = weight.leaf().sum(..)?.backward()?;
        rms_prop.step(&mut weight, &grads)?;
        let before = weight.tensor().to_vec();
        rms_prop = rms_prop.centered(true);
        let text = rms_prop.step(&mut weight, &grads).unwrap_err().to_string();
        let expected = "rms_prop: centered must be chosen before the first step, got 1 (at ";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(weight.tensor().to_vec(), before);
        rms_prop.centered(false).step(&mut weight, &grads)
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        check_refusals([
            (RmsProp::new(-0.1), "learning_rate"),
            (RmsProp::new(0.1).alpha(1.0), "alpha"),
            (RmsProp::new(0.1).eps(f64::NAN), "eps"),
            (RmsProp::new(0.1).weight_decay(-1.0), "weight_decay"),
            (RmsProp::new(0.1).momentum(1.0), "momentum"),
            (RmsProp::new(0.1).eps(1e39), "eps"),
        ]);
    }
}
