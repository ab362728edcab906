//! [`CosineAnnealing`] and [`CosineAnnealingWarmRestarts`]: falls that are slow at both ends.

use std::f64::consts::PI;

use gradlet_tensor::{Result, math};

use super::definition::{Schedule, setters};
use crate::require::require;

/// Falls along half a wave: `eta_min + (base - eta_min) * (1 + cos(pi * step / t_max)) / 2`. After `t_max` steps it rises
/// again, as the wave does. At first `eta_min` is 0.
///
/// # Source
///
/// `torch.optim.lr_scheduler.CosineAnnealingLR`; I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm
/// Restarts", 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineAnnealing {
    t_max: usize,
    eta_min: f64,
}

impl CosineAnnealing {
    /// Falls for `t_max` steps.
    ///
    /// # Errors
    ///
    /// If `t_max` is 0.
    #[track_caller]
    pub fn new(t_max: usize) -> Result<Self> {
        let (op, holds) = ("cosine_annealing", t_max > 0);
        require(holds, op, "t_max", "at least 1", t_max as f64)?;
        Ok(Self {
            t_max,
            eta_min: 0.0,
        })
    }
}

setters! { CosineAnnealing:
    /// Sets the lowest rate.
    eta_min: f64;
}

impl Schedule for CosineAnnealing {
    fn rate(&self, base: f64, step: usize) -> f64 {
        // A whole wave less has the same cosine, with more digits.
        let step = step % (2 * self.t_max);
        wave(base, self.eta_min, step as f64 / self.t_max as f64)
    }
}

/// Falls along half a wave and starts again from the base rate, after `t_0` steps, then `t_0 * t_mult`, and so on. At
/// first `t_mult` is 1 and `eta_min` 0.
///
/// # Source
///
/// `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`; the paper of [`CosineAnnealing`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineAnnealingWarmRestarts {
    t_0: usize,
    t_mult: usize,
    eta_min: f64,
}

impl CosineAnnealingWarmRestarts {
    /// Starts again for the first time after `t_0` steps.
    ///
    /// # Errors
    ///
    /// If `t_0` is 0.
    #[track_caller]
    pub fn new(t_0: usize) -> Result<Self> {
        let (op, holds) = ("cosine_annealing_warm_restarts", t_0 > 0);
        require(holds, op, "t_0", "at least 1", t_0 as f64)?;
        Ok(Self {
            t_0,
            t_mult: 1,
            eta_min: 0.0,
        })
    }
}

setters! { CosineAnnealingWarmRestarts:
    /// Sets how many times as long as the one before it each fall is. 0 counts as 1.
    t_mult: usize;
    /// Sets the lowest rate.
    eta_min: f64;
}

impl Schedule for CosineAnnealingWarmRestarts {
    fn rate(&self, base: f64, step: usize) -> f64 {
        let (mut step, mut period) = (step, self.t_0);
        if self.t_mult < 2 {
            step %= period;
        }
        while step >= period {
            step -= period;
            period = period.saturating_mul(self.t_mult);
        }
        wave(base, self.eta_min, step as f64 / period as f64)
    }
}

/// From `start` to `end` along half a wave, at a share of the way in [0, 1].
fn wave(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) * (1.0 + math::cos(PI * share)) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_falls_rises_and_starts_again() -> Result<()> {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
        let cosine = CosineAnnealing::new(4)?.eta_min(0.5);
        for (step, rate) in [
            (0, 2.5),
            (2, 1.5),
            (4, 0.5),
            (6, 1.5),
            (8, 2.5),
            (8_000_002, 1.5),
        ] {
            assert!(near(cosine.rate(2.5, step), rate), "{step}");
        }
        let restarts = CosineAnnealingWarmRestarts::new(2)?.eta_min(0.5);
        for (step, rate) in [(0, 2.5), (1, 1.5), (2, 2.5), (1_000_001, 1.5)] {
            assert!(near(restarts.rate(2.5, step), rate), "{step}");
        }
        let longer = restarts.t_mult(3);
        for (step, rate) in [(0, 2.5), (1, 1.5), (2, 2.5), (5, 1.5), (8, 2.5), (17, 1.5)] {
            assert!(near(longer.rate(2.5, step), rate), "{step}");
        }
        assert!(longer.rate(2.5, usize::MAX).is_finite());
        assert!(CosineAnnealing::new(0).is_err() && CosineAnnealingWarmRestarts::new(0).is_err());
        Ok(())
    }
}
