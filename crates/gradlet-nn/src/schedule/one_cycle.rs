//! [`OneCycle`]: a rise and a fall, with the momentum the other way round.

use std::f64::consts::PI;

use gradlet_tensor::{Result, math};

use super::definition::{Schedule, setters};
use crate::require::require;

/// The curve between two rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Half a wave.
    Cos,
    /// A straight line.
    Linear,
}

impl Anneal {
    fn between(self, start: f64, end: f64, share: f64) -> f64 {
        match self {
            Self::Cos => end + (start - end) / 2.0 * (math::cos(PI * share) + 1.0),
            Self::Linear => (end - start) * share + start,
        }
    }
}

/// Rises from a small rate to the base rate and falls to nearly 0, once, while the momentum falls and rises.
///
/// ```text
/// from base / div_factor    to base                                     in the first pct_start of the steps
/// from base                 to base / div_factor / final_div_factor     in the rest
/// ```
///
/// In three phases, the rate falls to `base / div_factor` as long as it rose, and to the end in the rest. The momentum
/// goes from `max_momentum` to `base_momentum` and back. From step `total_steps - 1` on all stay as they are there.
///
/// At first `pct_start` is 0.3, the curve [`Anneal::Cos`], the momentum between 0.85 and 0.95, `div_factor` 25,
/// `final_div_factor` 1e4, and there are two phases. The base rate is PyTorch's `max_lr`.
///
/// # Example
///
/// ```
/// use gradlet_nn::optim::Adam;
/// use gradlet_nn::schedule::{OneCycle, Schedule};
///
/// let (schedule, mut optimizer) = (OneCycle::new(100)?, Adam::<f32>::new(1e-3));
/// for step in 0..100 {
///     schedule.apply(1e-3, step, &mut optimizer)?; // sets the learning rate and beta1
///     // optimizer.step(..)
/// }
/// assert_eq!(optimizer.rule().betas, (0.95, 0.999));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.lr_scheduler.OneCycleLR`; L. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks
/// Using Large Learning Rates", 2018.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    total_steps: usize,
    pct_start: f64,
    anneal_strategy: Anneal,
    momentum: Option<(f64, f64)>,
    div_factor: f64,
    final_div_factor: f64,
    three_phase: bool,
}

impl OneCycle {
    /// One cycle of `total_steps` steps.
    ///
    /// # Errors
    ///
    /// If `total_steps` is 0.
    #[track_caller]
    pub fn new(total_steps: usize) -> Result<Self> {
        let (op, holds) = ("one_cycle", total_steps > 0);
        require(holds, op, "total_steps", "at least 1", total_steps as f64)?;
        Ok(Self {
            total_steps,
            pct_start: 0.3,
            anneal_strategy: Anneal::Cos,
            momentum: Some((0.85, 0.95)),
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        })
    }

    /// Sets the lowest and the highest momentum.
    pub fn momenta(mut self, base_momentum: f64, max_momentum: f64) -> Self {
        self.momentum = Some((base_momentum, max_momentum));
        self
    }

    /// Leaves the momentum of the optimizer as it is.
    pub fn without_momentum(mut self) -> Self {
        self.momentum = None;
        self
    }

    /// The number that goes between these at the ends of the phases.
    fn at(&self, step: usize, [initial, top, middle, end]: [f64; 4]) -> f64 {
        let (total, step) = (self.total_steps as f64, step.min(self.total_steps - 1));
        let (step, rise, last) = (step as f64, self.pct_start * total - 1.0, total - 1.0);
        let phases: &[_] = if self.three_phase {
            let fall = 2.0 * self.pct_start * total - 2.0;
            &[
                (rise, initial, top),
                (fall, top, middle),
                (last, middle, end),
            ]
        } else {
            &[(rise, initial, top), (last, top, end)]
        };
        let mut start_step = 0.0;
        for &(end_step, start, end) in phases {
            if step <= end_step {
                let steps = end_step - start_step;
                let share = if steps == 0.0 {
                    1.0
                } else {
                    (step - start_step) / steps
                };
                return self.anneal_strategy.between(start, end, share);
            }
            start_step = end_step;
        }
        end
    }
}

setters! { OneCycle:
    /// Sets the share of the steps in which the rate rises, in [0, 1].
    pct_start: f64;
    /// Sets the curve between two rates.
    anneal_strategy: Anneal;
    /// Sets the ratio of the base rate and the one at the beginning.
    div_factor: f64;
    /// Sets the ratio of the rate at the beginning and the one at the end.
    final_div_factor: f64;
    /// Sets whether the rate falls as it rose, before it falls to the end.
    three_phase: bool;
}

impl Schedule for OneCycle {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let initial = base / self.div_factor;
        self.at(
            step,
            [initial, base, initial, initial / self.final_div_factor],
        )
    }

    fn momentum(&self, step: usize) -> Option<f64> {
        let (low, high) = self.momentum?;
        Some(self.at(step, [high, low, high, high]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls_while_the_momentum_falls_and_rises() -> Result<()> {
        let cycle = OneCycle::new(5)?
            .pct_start(0.6)
            .anneal_strategy(Anneal::Linear);
        let cycle = cycle
            .div_factor(4.0)
            .final_div_factor(2.0)
            .momenta(0.5, 1.0);
        let rates: Vec<_> = (0..7).map(|step| cycle.rate(8.0, step)).collect();
        assert_eq!(rates, [2.0, 5.0, 8.0, 4.5, 1.0, 1.0, 1.0]);
        let momenta: Vec<_> = (0..6).filter_map(|step| cycle.momentum(step)).collect();
        assert_eq!(momenta, [1.0, 0.75, 0.5, 0.75, 1.0, 1.0]);
        assert_eq!(cycle.without_momentum().momentum(0), None);
        Ok(())
    }

    /// Phases end at 0.4 * 10 - 1 = 3, 2 * 0.4 * 10 - 2 = 6 and 9.
    #[test]
    fn in_three_phases_the_rate_falls_as_it_rose() -> Result<()> {
        let cycle = OneCycle::new(10)?
            .pct_start(0.4)
            .anneal_strategy(Anneal::Linear);
        let cycle = cycle
            .div_factor(4.0)
            .final_div_factor(4.0)
            .three_phase(true);
        let rates: Vec<_> = (0..10).map(|step| cycle.rate(8.0, step)).collect();
        let expected = [2.0, 4.0, 6.0, 8.0, 6.0, 4.0, 2.0, 1.5, 1.0, 0.5];
        assert_eq!(rates, expected);
        Ok(())
    }

    #[test]
    fn short_cycles_have_no_rate_that_is_not_finite() -> Result<()> {
        assert!(OneCycle::new(0).is_err());
        for total in 1..12 {
            for pct in [0.0, 0.1, 0.25, 0.5, 1.0] {
                for three in [false, true] {
                    let cycle = OneCycle::new(total)?.pct_start(pct).three_phase(three);
                    for step in 0..total + 2 {
                        let rate = cycle.rate(1.0, step);
                        assert!(
                            (0.0..=1.0).contains(&rate),
                            "{total} {pct} {three} {step}: {rate}"
                        );
                    }
                }
            }
        }
        Ok(())
    }
}
