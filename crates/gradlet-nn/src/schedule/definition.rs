//! [`Schedule`]: the learning rate as a function of the step.

use std::fmt;
use std::sync::Arc;

use gradlet_tensor::{Float, Result};

use crate::optim::Optimizer;

/// A learning rate, and for some a momentum, that follows from the number of the step alone.
///
/// A schedule is the shape of the curve; the base rate is given when it is asked. So it has no state to save, and steps
/// may be skipped or repeated. Whether a step is one of the optimizer or an epoch is the caller's choice.
///
/// # Example
///
/// ```
/// use gradlet_nn::optim::Sgd;
/// use gradlet_nn::schedule::{CosineAnnealing, Linear, Schedule, Sequential};
///
/// // Five steps of warm-up, then a cosine.
/// let schedule = Sequential::new(Linear::new(5)).then(5, CosineAnnealing::new(45)?);
/// let mut optimizer = Sgd::<f32>::new(0.1);
/// for step in 0..50 {
///     optimizer.set_learning_rate(schedule.rate(0.1, step)); // or schedule.apply(0.1, step, &mut optimizer)?
///     // optimizer.step(..)
/// }
/// assert!(schedule.rate(0.1, 0) < 0.04 && schedule.rate(0.1, 49) < 1e-3);
/// assert_eq!(schedule.rate(0.1, 5), 0.1);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
pub trait Schedule: fmt::Debug + Send + Sync {
    /// The learning rate at a step, counted from 0.
    fn rate(&self, base: f64, step: usize) -> f64;

    /// The momentum at a step, if the schedule says one.
    fn momentum(&self, _step: usize) -> Option<f64> {
        None
    }

    /// Sets the learning rate of `optimizer`, and its momentum if the schedule says one: `momentum`, or `beta1`.
    ///
    /// # Errors
    ///
    /// If the schedule says a momentum and the optimizer has none. The learning rate is set then.
    #[track_caller]
    fn apply<T: Float>(
        &self,
        base: f64,
        step: usize,
        optimizer: &mut dyn Optimizer<T>,
    ) -> Result<()>
    where
        Self: Sized,
    {
        optimizer.set_learning_rate(self.rate(base, step));
        match self.momentum(step) {
            Some(momentum) => optimizer.set_momentum(momentum),
            None => Ok(()),
        }
    }
}

impl<S: Schedule + ?Sized> Schedule for Arc<S> {
    fn rate(&self, base: f64, step: usize) -> f64 {
        (**self).rate(base, step)
    }

    fn momentum(&self, step: usize) -> Option<f64> {
        (**self).momentum(step)
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn rate(&self, base: f64, step: usize) -> f64 {
        (**self).rate(base, step)
    }

    fn momentum(&self, step: usize) -> Option<f64> {
        (**self).momentum(step)
    }
}

/// Writes the methods of a schedule that set the fields of these names.
macro_rules! setters {
    ($schedule:ty: $($(#[$doc:meta])* $field:ident: $kind:ty;)+) => {
        impl $schedule {
            $(
                $(#[$doc])*
                pub fn $field(mut self, $field: $kind) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}
pub(super) use setters;

/// How far along a step is: `step / steps`, at most 1.
pub(super) fn share(step: usize, steps: usize) -> f64 {
    if step >= steps {
        1.0
    } else {
        step as f64 / steps as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::{Adagrad, Adam, Sgd};
    use crate::schedule::{Exponential, OneCycle};

    #[test]
    fn a_schedule_sets_the_rate_and_a_momentum_if_it_has_one() -> Result<()> {
        let mut sgd = Sgd::<f32>::new(0.1).momentum(0.5);
        Exponential::new(0.5).apply(1.0, 2, &mut sgd)?;
        assert_eq!((sgd.learning_rate(), sgd.rule().momentum), (0.25, 0.5));
        let cycle: Box<dyn Schedule> = Box::new(OneCycle::new(10)?);
        cycle.apply(1.0, 0, &mut sgd)?;
        assert_eq!(
            (sgd.learning_rate(), sgd.rule().momentum),
            (cycle.rate(1.0, 0), 0.95)
        );
        let mut adam = Adam::<f64>::new(0.1).betas(0.5, 0.75);
        cycle.apply(1.0, 9, &mut adam)?;
        assert_eq!(adam.rule().betas, (0.95, 0.75));
        let mut adagrad = Adagrad::<f32>::new(0.1);
        let (line, error) = (line!(), cycle.apply(1.0, 0, &mut adagrad).unwrap_err());
        let expected = format!(
            "adagrad: momentum must be a setting of the optimizer, got 0.95 (at {}:{line})",
            file!()
        );
        assert_eq!(error.to_string(), expected);
        let cycle = OneCycle::new(10)?.without_momentum();
        cycle.apply(1.0, 0, &mut adagrad)
    }
}
