//! [`Schedule`]: a dropout probability that changes during training.

use gradlet_autograd::Result;
use gradlet_tensor::{Mask, math};

use crate::module::Module;

/// A probability that goes from a first value to a last one over a number of steps, and stays there.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, dropout::Schedule, sequential, Module};
/// # use gradlet_tensor::rng;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut model = sequential![Dropout::new(0.0, &mut rng(1))?];
/// let schedule = Schedule::linear(0.0, 0.5, 10)?;
/// for epoch in 0..20 {
///     schedule.apply(&mut model, epoch)?;
/// }
/// assert_eq!(model.named_sources()[0].1.p(), 0.5);
/// assert_eq!(schedule.at(5), 0.25);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    from: f64,
    to: f64,
    steps: usize,
    cosine: bool,
}

impl Schedule {
    /// A schedule that follows a straight line: `from + (to - from) * step / steps`.
    ///
    /// # Errors
    ///
    /// If `from` or `to` is outside [0, 1].
    #[track_caller]
    pub fn linear(from: f64, to: f64, steps: usize) -> Result<Self> {
        Self::new(from, to, steps, false)
    }

    /// A schedule that is slow at both ends: `from + (to - from) * (1 - cos(pi * step / steps)) / 2`.
    ///
    /// # Errors
    ///
    /// If `from` or `to` is outside [0, 1].
    #[track_caller]
    pub fn cosine(from: f64, to: f64, steps: usize) -> Result<Self> {
        Self::new(from, to, steps, true)
    }

    #[track_caller]
    fn new(from: f64, to: f64, steps: usize, cosine: bool) -> Result<Self> {
        Mask::check_probability("schedule", from)?;
        Mask::check_probability("schedule", to)?;
        Ok(Self {
            from,
            to,
            steps,
            cosine,
        })
    }

    /// The probability at a step, counted from 0; from step `steps` on it is `to`.
    pub fn at(&self, step: usize) -> f64 {
        if step >= self.steps {
            return self.to;
        }
        let share = step as f64 / self.steps as f64;
        let share = if self.cosine {
            (1.0 - math::cos(std::f64::consts::PI * share)) / 2.0
        } else {
            share
        };
        // Written this way, the value stays between the ends and is exactly `from` at step 0.
        self.from * (1.0 - share) + self.to * share
    }

    /// Gives every dropout of `model` the probability at this step.
    ///
    /// # Errors
    ///
    /// If the probability is 1 and the model has a `GaussianDropout`; then nothing is changed.
    #[track_caller]
    pub fn apply(&self, model: &mut (impl Module + ?Sized), step: usize) -> Result<()> {
        let p = self.at(step);
        for (_, source) in model.named_sources() {
            source.check(p)?;
        }
        model.visit_sources_mut(&mut |_, source| source.set_p(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dropout, GaussianDropout, Linear, Relu, sequential};
    use gradlet_tensor::rng;

    #[test]
    fn both_curves_go_from_end_to_end() -> Result<()> {
        let (line, wave) = (
            Schedule::linear(0.1, 0.5, 4)?,
            Schedule::cosine(0.1, 0.5, 4)?,
        );
        let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
        for (step, p) in [0.1, 0.2, 0.3, 0.4, 0.5, 0.5].into_iter().enumerate() {
            assert!(near(line.at(step), p), "{step}");
        }
        let eighth = (2.0 - 2f64.sqrt()) / 4.0;
        for (step, share) in [0.0, eighth, 0.5, 1.0 - eighth, 1.0]
            .into_iter()
            .enumerate()
        {
            assert!(near(wave.at(step), 0.1 + 0.4 * share), "{step}");
        }
        assert_eq!((line.at(0), line.at(9)), (0.1, 0.5));
        assert_eq!(Schedule::linear(0.2, 0.7, 0)?.at(0), 0.7);
        assert!(Schedule::cosine(0.0, 1.5, 3).is_err());
        Ok(())
    }

    #[test]
    fn it_reaches_every_dropout_of_a_model() -> Result<()> {
        let mut rng = rng(1);
        let mut model = sequential![
            Dropout::new(0.5, &mut rng)?,
            sequential![Relu::new(), GaussianDropout::new(0.5, &mut rng)?],
            Linear::new(2, 2, &mut rng)?,
        ];
        let schedule = Schedule::linear(0.1, 1.0, 10)?;
        schedule.apply(&mut model, 0)?;
        let named = model.named_sources();
        let paths: Vec<_> = named
            .iter()
            .map(|(path, source)| (&**path, source.p()))
            .collect();
        assert_eq!(paths, [("0.source", 0.1), ("1.1.source", 0.1)]);
        let error = schedule.apply(&mut model, 10).unwrap_err().to_string();
        assert!(
            error.starts_with("GaussianDropout: p must be in [0, 1), got 1"),
            "{error}"
        );
        let named = model.named_sources();
        assert!(named.iter().all(|(_, source)| source.p() == 0.1));
        Ok(())
    }
}
