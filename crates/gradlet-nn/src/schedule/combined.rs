//! Schedules made of others: [`Sequential`], [`Chained`] and [`Lambda`].

use std::fmt;
use std::sync::Arc;

use super::definition::Schedule;

/// One schedule after the other. Each counts its steps from the milestone at which it begins.
///
/// # Example
///
/// ```
/// use gradlet_nn::schedule::{Exponential, Linear, Schedule, Sequential};
///
/// let schedule = Sequential::new(Linear::new(4).start_factor(0.5)).then(4, Exponential::new(0.5));
/// let rates = [0, 2, 4, 5].map(|step| schedule.rate(8.0, step));
/// assert_eq!(rates, [4.0, 6.0, 8.0, 4.0]);
/// ```
///
/// # Source
///
/// `torch.optim.lr_scheduler.SequentialLR`
#[derive(Clone, Debug)]
pub struct Sequential {
    parts: Vec<(usize, Arc<dyn Schedule>)>,
}

impl Sequential {
    /// Begins with this schedule, at step 0.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Self {
            parts: vec![(0, Arc::new(first))],
        }
    }

    /// Goes on with this schedule from step `milestone` on. Of several that have begun, the one with the latest milestone
    /// counts.
    pub fn then(mut self, milestone: usize, next: impl Schedule + 'static) -> Self {
        let after = self.parts.partition_point(|(begin, _)| *begin <= milestone);
        self.parts.insert(after, (milestone, Arc::new(next)));
        self
    }

    /// The schedule at this step, and the number of its own step.
    fn at(&self, step: usize) -> Option<(&dyn Schedule, usize)> {
        let begun = self.parts.iter().rev().find(|(begin, _)| *begin <= step);
        begun.map(|(begin, schedule)| (&**schedule, step - begin))
    }
}

impl Schedule for Sequential {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let at = self.at(step);
        at.map_or(base, |(schedule, step)| schedule.rate(base, step))
    }

    fn momentum(&self, step: usize) -> Option<f64> {
        self.at(step)
            .and_then(|(schedule, step)| schedule.momentum(step))
    }
}

/// Several schedules at once: the rate of each is the base rate of the next, so that factors multiply. The momentum is
/// that of the last schedule that says one.
///
/// # Example
///
/// ```
/// use gradlet_nn::schedule::{Chained, Constant, Exponential, Schedule};
///
/// let schedule = Chained::new(Constant::new(2).factor(0.5)).and(Exponential::new(0.5));
/// let rates = [0, 1, 2].map(|step| schedule.rate(8.0, step));
/// assert_eq!(rates, [4.0, 2.0, 2.0]);
/// ```
///
/// # Source
///
/// `torch.optim.lr_scheduler.ChainedScheduler`, for schedules whose rates are factors of the base rate.
#[derive(Clone, Debug)]
pub struct Chained {
    parts: Vec<Arc<dyn Schedule>>,
}

impl Chained {
    /// Begins with this schedule.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Self {
            parts: vec![Arc::new(first)],
        }
    }

    /// Applies this schedule to the rate of those before it.
    pub fn and(mut self, next: impl Schedule + 'static) -> Self {
        self.parts.push(Arc::new(next));
        self
    }
}

impl Schedule for Chained {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let parts = self.parts.iter();
        parts.fold(base, |rate, part| part.rate(rate, step))
    }

    fn momentum(&self, step: usize) -> Option<f64> {
        let mut parts = self.parts.iter().rev();
        parts.find_map(|part| part.momentum(step))
    }
}

/// The base rate times a function of the step.
///
/// # Example
///
/// ```
/// use gradlet_nn::schedule::{Lambda, Schedule};
///
/// let schedule = Lambda::new(|step| 1.0 / (1.0 + step as f64));
/// assert_eq!(schedule.rate(0.5, 4), 0.1);
/// ```
///
/// # Source
///
/// `torch.optim.lr_scheduler.LambdaLR`
#[derive(Clone)]
pub struct Lambda<F> {
    factor: F,
}

impl<F: Fn(usize) -> f64 + Send + Sync> Lambda<F> {
    /// Multiplies by `factor(step)`.
    pub fn new(factor: F) -> Self {
        Self { factor }
    }
}

/// A function has no text.
impl<F> fmt::Debug for Lambda<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda").finish_non_exhaustive()
    }
}

impl<F: Fn(usize) -> f64 + Send + Sync> Schedule for Lambda<F> {
    fn rate(&self, base: f64, step: usize) -> f64 {
        base * (self.factor)(step)
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::Result;

    use super::*;
    use crate::schedule::{Exponential, OneCycle};

    #[test]
    fn parts_take_turns_by_their_milestones_in_any_order() {
        let steps = |by: f64| Lambda::new(move |step| by + step as f64);
        let schedule = Sequential::new(steps(10.0))
            .then(5, steps(30.0))
            .then(2, steps(20.0));
        let rates: Vec<_> = (0..7).map(|step| schedule.rate(1.0, step)).collect();
        assert_eq!(rates, [10.0, 11.0, 20.0, 21.0, 22.0, 30.0, 31.0]);
        let schedule = schedule.then(0, steps(40.0));
        assert_eq!((schedule.rate(1.0, 1), schedule.rate(1.0, 2)), (41.0, 20.0));
    }

    #[test]
    fn momenta_come_from_the_part_whose_turn_it_is() -> Result<()> {
        let cycle = OneCycle::new(10)?;
        let turns = Sequential::new(Exponential::new(0.5)).then(3, cycle);
        assert_eq!(
            (turns.momentum(2), turns.momentum(3)),
            (None, cycle.momentum(0))
        );
        let chained = Chained::new(cycle.momenta(0.0, 0.5))
            .and(cycle)
            .and(Exponential::new(0.5));
        assert_eq!(chained.momentum(0), Some(0.95));
        assert_eq!(
            chained.rate(1.0, 1),
            cycle.rate(cycle.rate(1.0, 1), 1) / 2.0
        );
        Ok(())
    }
}
