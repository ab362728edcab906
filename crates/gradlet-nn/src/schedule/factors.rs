//! Schedules that multiply the base rate: [`Step`], [`MultiStep`], [`Exponential`], [`Polynomial`], [`Linear`] and
//! [`Constant`].

use gradlet_tensor::{Result, math};

use super::definition::{Schedule, setters, share};
use crate::require::require;

/// PyTorch's factor at each fall.
const GAMMA: f64 = 0.1;

/// Falls by a factor every `step_size` steps: `base * gamma^floor(step / step_size)`. At first gamma is 0.1.
///
/// # Source
///
/// `torch.optim.lr_scheduler.StepLR`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    step_size: usize,
    gamma: f64,
}

impl Step {
    /// Falls every `step_size` steps.
    ///
    /// # Errors
    ///
    /// If `step_size` is 0.
    #[track_caller]
    pub fn new(step_size: usize) -> Result<Self> {
        let name = "step_size";
        require(step_size > 0, "step", name, "at least 1", step_size as f64)?;
        Ok(Self {
            step_size,
            gamma: GAMMA,
        })
    }
}

setters! { Step:
    /// Sets the factor of each fall.
    gamma: f64;
}

impl Schedule for Step {
    fn rate(&self, base: f64, step: usize) -> f64 {
        base * math::pow(self.gamma, (step / self.step_size) as f64)
    }
}

/// Falls by a factor at each of some steps: `base * gamma^k` once `k` of the milestones are reached. At first gamma is
/// 0.1. A milestone that is given twice counts twice.
///
/// # Source
///
/// `torch.optim.lr_scheduler.MultiStepLR`
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    milestones: Vec<usize>,
    gamma: f64,
}

impl MultiStep {
    /// Falls at these steps, in any order.
    pub fn new(milestones: impl Into<Vec<usize>>) -> Self {
        Self {
            milestones: milestones.into(),
            gamma: GAMMA,
        }
    }
}

setters! { MultiStep:
    /// Sets the factor of each fall.
    gamma: f64;
}

impl Schedule for MultiStep {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let reached = self.milestones.iter().filter(|&&m| m <= step).count();
        base * math::pow(self.gamma, reached as f64)
    }
}

/// Falls by a factor at each step: `base * gamma^step`.
///
/// # Source
///
/// `torch.optim.lr_scheduler.ExponentialLR`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    gamma: f64,
}

impl Exponential {
    /// Multiplies by `gamma` at each step.
    pub fn new(gamma: f64) -> Self {
        Self { gamma }
    }
}

impl Schedule for Exponential {
    fn rate(&self, base: f64, step: usize) -> f64 {
        base * math::pow(self.gamma, step as f64)
    }
}

/// Falls to 0 along a power: `base * (1 - step / total_iters)^power`, and 0 afterwards. At first the power is 1.
///
/// # Source
///
/// `torch.optim.lr_scheduler.PolynomialLR`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    total_iters: usize,
    power: f64,
}

impl Polynomial {
    /// Falls for `total_iters` steps.
    pub fn new(total_iters: usize) -> Self {
        Self {
            total_iters,
            power: 1.0,
        }
    }
}

setters! { Polynomial:
    /// Sets the power.
    power: f64;
}

impl Schedule for Polynomial {
    fn rate(&self, base: f64, step: usize) -> f64 {
        base * math::pow(1.0 - share(step, self.total_iters), self.power)
    }
}

/// Goes along a straight line from one factor of the base rate to a different one, as a warm-up does:
/// `base * (start_factor + (end_factor - start_factor) * min(step / total_iters, 1))`. At first from 1/3 to 1.
///
/// # Source
///
/// `torch.optim.lr_scheduler.LinearLR`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    total_iters: usize,
    start_factor: f64,
    end_factor: f64,
}

impl Linear {
    /// Changes for `total_iters` steps.
    pub fn new(total_iters: usize) -> Self {
        Self {
            total_iters,
            start_factor: 1.0 / 3.0,
            end_factor: 1.0,
        }
    }
}

setters! { Linear:
    /// Sets the factor of the base rate at step 0.
    start_factor: f64;
    /// Sets the factor of the base rate from step `total_iters` on.
    end_factor: f64;
}

impl Schedule for Linear {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let (start, end) = (self.start_factor, self.end_factor);
        base * (start + (end - start) * share(step, self.total_iters))
    }
}

/// Has a fixed factor of the base rate for `total_iters` steps, and then the base rate itself. At first the factor is 1/3.
///
/// # Source
///
/// `torch.optim.lr_scheduler.ConstantLR`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    total_iters: usize,
    factor: f64,
}

impl Constant {
    /// Has a factor for `total_iters` steps.
    pub fn new(total_iters: usize) -> Self {
        Self {
            total_iters,
            factor: 1.0 / 3.0,
        }
    }
}

setters! { Constant:
    /// Sets the factor of the base rate.
    factor: f64;
}

impl Schedule for Constant {
    fn rate(&self, base: f64, step: usize) -> f64 {
        if step < self.total_iters {
            base * self.factor
        } else {
            base
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: &dyn Schedule, steps: usize) -> Vec<f64> {
        (0..steps).map(|step| schedule.rate(8.0, step)).collect()
    }

    #[test]
    fn rates_are_factors_of_the_base_at_each_step() -> Result<()> {
        let step = Step::new(2)?.gamma(0.5);
        assert_eq!(rates(&step, 5), [8.0, 8.0, 4.0, 4.0, 2.0]);
        let milestones = MultiStep::new([4, 1, 1]).gamma(0.5);
        assert_eq!(rates(&milestones, 5), [8.0, 2.0, 2.0, 2.0, 1.0]);
        assert_eq!(rates(&Exponential::new(0.5), 3), [8.0, 4.0, 2.0]);
        let polynomial = Polynomial::new(2).power(3.0);
        assert_eq!(rates(&polynomial, 4), [8.0, 1.0, 0.0, 0.0]);
        let linear = Linear::new(2).start_factor(0.5).end_factor(0.25);
        assert_eq!(rates(&linear, 4), [4.0, 3.0, 2.0, 2.0]);
        let constant = Constant::new(2).factor(0.5);
        assert_eq!(rates(&constant, 3), [4.0, 4.0, 8.0]);
        Ok(())
    }

    #[test]
    fn schedules_of_no_steps_are_at_their_end() {
        assert_eq!(rates(&Polynomial::new(0), 1), [0.0]);
        assert_eq!(rates(&Linear::new(0).end_factor(2.0), 1), [16.0]);
        assert_eq!(rates(&Constant::new(0), 1), [8.0]);
        let text = Step::new(0).unwrap_err().to_string();
        let expected = "step: step_size must be at least 1, got 0 (at ";
        assert!(text.starts_with(expected), "{text}");
    }
}
