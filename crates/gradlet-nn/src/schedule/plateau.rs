//! [`ReduceOnPlateau`]: a rate that falls when a metric no longer gets better.

use gradlet_tensor::{Float, Result};

use super::definition::setters;
use crate::optim::Optimizer;
use crate::require::require;
use crate::state::{Misfit, State, Stateful};

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Small ones, as of a loss.
    Min,
    /// Large ones, as of an accuracy.
    Max,
}

/// By how much a value must be better than the best one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// By this share of the best one.
    Relative(f64),
    /// By this amount.
    Absolute(f64),
}

/// Multiplies the learning rate by a factor when a metric has not become better for more than `patience` steps.
///
/// It is a value: all of it, settings and counts, are fields to read, write and save. At first the goal is
/// [`Goal::Min`], the factor 0.1, the patience 10, the threshold `Relative(1e-4)`, `cooldown` and `min_lr` 0, and eps
/// 1e-8.
///
/// # Example
///
/// ```
/// use gradlet_nn::{optim::Sgd, schedule::ReduceOnPlateau};
///
/// let mut optimizer = Sgd::<f32>::new(0.5);
/// let mut plateau = ReduceOnPlateau::new().patience(1).factor(0.5);
/// for loss in [3.0, 2.0, 2.5, 2.5, 2.5] {
///     plateau.apply(loss, &mut optimizer)?;
/// }
/// assert_eq!(optimizer.learning_rate(), 0.25);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.lr_scheduler.ReduceLROnPlateau`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// Which values are better.
    pub goal: Goal,
    /// The factor of the rate, in [0, 1).
    pub factor: f64,
    /// The number of steps without a better value that are waited for.
    pub patience: usize,
    /// By how much a value must be better.
    pub threshold: Threshold,
    /// The number of steps after a fall in which values that are not better do not count.
    pub cooldown: usize,
    /// The lowest rate.
    pub min_lr: f64,
    /// A rate that would fall by no more than this stays.
    pub eps: f64,
    /// The best value so far; infinitely bad at first.
    pub best: f64,
    /// The number of steps since the best value, or since the latest fall.
    pub num_bad_epochs: usize,
    /// The number of steps that are left of the cooldown.
    pub cooldown_counter: usize,
}

impl Default for ReduceOnPlateau {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            goal: Goal::Min,
            factor: 0.1,
            patience: 10,
            threshold: Threshold::Relative(1e-4),
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
            best: f64::INFINITY,
            num_bad_epochs: 0,
            cooldown_counter: 0,
        }
    }
}

setters! { ReduceOnPlateau:
    /// Sets the factor of the rate, in [0, 1).
    factor: f64;
    /// Sets the number of steps without a better value that are waited for.
    patience: usize;
    /// Sets by how much a value must be better.
    threshold: Threshold;
    /// Sets the number of steps after a fall in which values that are not better do not count.
    cooldown: usize;
    /// Sets the lowest rate.
    min_lr: f64;
    /// Sets the smallest fall.
    eps: f64;
}

impl ReduceOnPlateau {
    /// PyTorch's settings, before the first step.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets which values are better, and forgets the best one.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self.best = match goal {
            Goal::Min => f64::INFINITY,
            Goal::Max => f64::NEG_INFINITY,
        };
        self
    }

    /// Takes a value of the metric and the rate, and returns the next rate.
    ///
    /// # Errors
    ///
    /// If the factor is not in [0, 1). Nothing is changed then.
    #[track_caller]
    pub fn rate(&mut self, metric: f64, rate: f64) -> Result<f64> {
        let (op, holds) = ("reduce_on_plateau", (0.0..1.0).contains(&self.factor));
        require(holds, op, "factor", "in [0, 1)", self.factor)?;
        if self.is_better(metric) {
            self.best = metric;
            self.num_bad_epochs = 0;
        } else {
            self.num_bad_epochs += 1;
        }
        if self.cooldown_counter > 0 {
            self.cooldown_counter -= 1;
            self.num_bad_epochs = 0;
        }
        if self.num_bad_epochs <= self.patience {
            return Ok(rate);
        }
        self.cooldown_counter = self.cooldown;
        self.num_bad_epochs = 0;
        let lower = (rate * self.factor).max(self.min_lr);
        Ok(if rate - lower > self.eps { lower } else { rate })
    }

    /// Takes a value of the metric, and sets the learning rate of `optimizer`.
    ///
    /// # Errors
    ///
    /// If the factor is not in [0, 1). Nothing is changed then.
    #[track_caller]
    pub fn apply<T: Float>(&mut self, metric: f64, optimizer: &mut dyn Optimizer<T>) -> Result<()> {
        let rate = self.rate(metric, optimizer.learning_rate())?;
        optimizer.set_learning_rate(rate);
        Ok(())
    }

    fn is_better(&self, metric: f64) -> bool {
        match (self.goal, self.threshold) {
            (Goal::Min, Threshold::Relative(share)) => metric < self.best * (1.0 - share),
            (Goal::Min, Threshold::Absolute(amount)) => metric < self.best - amount,
            (Goal::Max, Threshold::Relative(share)) => metric > self.best * (1.0 + share),
            (Goal::Max, Threshold::Absolute(amount)) => metric > self.best + amount,
        }
    }
}

impl Stateful for ReduceOnPlateau {
    /// `best`, `num_bad_epochs` and `cooldown_counter`; the settings are those of the program.
    fn state(&self) -> State {
        let mut state = State::new();
        state.insert_number("best", self.best);
        state.insert_number("num_bad_epochs", self.num_bad_epochs as i64);
        state.insert_number("cooldown_counter", self.cooldown_counter as i64);
        state
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        let mut misfit = Misfit::of(&self.state(), state);
        let mut count = |path| state.count(path, &mut misfit) as usize;
        let (bad, cooldown) = (count("num_bad_epochs"), count("cooldown_counter"));
        misfit.refuse("reduce_on_plateau")?;
        self.best = state.number("best").unwrap_or(self.best);
        (self.num_bad_epochs, self.cooldown_counter) = (bad, cooldown);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates<const N: usize>(mut plateau: ReduceOnPlateau, metrics: [f64; N]) -> Result<Vec<f64>> {
        let mut rate = 8.0;
        let mut step = |metric| {
            rate = plateau.rate(metric, rate)?;
            Ok(rate)
        };
        metrics.into_iter().map(&mut step).collect()
    }

    #[test]
    fn the_rate_falls_after_the_patience_and_waits_for_the_cooldown() -> Result<()> {
        let plateau = ReduceOnPlateau::new().factor(0.5).patience(1).cooldown(2);
        let seen = rates(plateau, [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0])?;
        assert_eq!(seen, [8.0, 8.0, 4.0, 4.0, 4.0, 4.0, 2.0]);
        let seen = rates(plateau, [3.0, f64::NAN, 2.0, 2.0, 2.0])?;
        assert_eq!(seen, [8.0, 8.0, 8.0, 8.0, 4.0]);
        let plateau = plateau.cooldown(0).patience(0).min_lr(3.0).eps(0.5);
        assert_eq!(rates(plateau, [1.0; 4])?, [8.0, 4.0, 3.0, 3.0]);
        // A fall by 1 is too small.
        assert_eq!(rates(plateau.eps(1.0), [1.0; 4])?, [8.0, 4.0, 4.0, 4.0]);
        Ok(())
    }

    #[test]
    fn a_value_must_be_better_by_the_threshold() -> Result<()> {
        let plateau = ReduceOnPlateau::new().factor(0.5).patience(0);
        let best_after = |goal, threshold, metrics: [f64; 3]| -> Result<f64> {
            let mut plateau = plateau.goal(goal).threshold(threshold);
            for metric in metrics {
                plateau.rate(metric, 1.0)?;
            }
            Ok(plateau.best)
        };
        let (relative, absolute) = (Threshold::Relative(0.25), Threshold::Absolute(0.25));
        assert_eq!(best_after(Goal::Min, relative, [4.0, 3.0, 2.5])?, 2.5);
        assert_eq!(best_after(Goal::Min, absolute, [4.0, 3.75, 3.5])?, 3.5);
        assert_eq!(best_after(Goal::Max, relative, [4.0, 5.0, 5.5])?, 5.5);
        assert_eq!(best_after(Goal::Max, absolute, [4.0, 4.25, 4.0])?, 4.0);
        Ok(())
    }

    #[test]
    fn a_factor_that_does_not_lower_the_rate_is_refused() {
        let (line, error) = (line!(), ReduceOnPlateau::new().factor(1.0).rate(1.0, 1.0));
        let text = error.unwrap_err().to_string();
        let expected = "reduce_on_plateau: factor must be in [0, 1), got 1 (at ";
        assert!(
            text.starts_with(expected) && text.contains(&format!(":{line})")),
            "{text}"
        );
    }

    #[test]
    fn a_state_goes_on_as_before() -> Result<()> {
        let fresh = ReduceOnPlateau::new().patience(1).cooldown(2);
        let (mut first, mut second, losses) =
            (fresh, fresh, [1.0, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]);
        for loss in &losses[..3] {
            first.rate(*loss, 1.0)?;
        }
        second.load_state(&first.state())?;
        assert_eq!((first, second.cooldown_counter), (second, 2));
        let mut fell = false;
        for loss in &losses[3..] {
            let rates = (first.rate(*loss, 1.0)?, second.rate(*loss, 1.0)?);
            assert_eq!(rates.0, rates.1);
            fell |= rates.0 < 1.0;
        }
        assert!(fell);
        let mut negative = first.state();
        negative.insert_number("num_bad_epochs", -1i64);
        let error = second.load_state(&negative).unwrap_err().to_string();
        let expected = "reduce_on_plateau: the state does not fit: different are num_bad_epochs (is negative) (at ";
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(first, second);
        Ok(())
    }
}
