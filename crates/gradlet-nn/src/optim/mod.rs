//! Optimizers: how gradients change parameters.

mod adam;
mod handover;
mod max_norm;
mod optimizer;
mod rms_prop;
mod rule;
mod sgd;
mod state;
mod stepper;
#[cfg(test)]
mod tests;

pub use self::adam::{Adam, AdamRule};
pub use self::max_norm::MaxNorm;
pub use self::optimizer::Optimizer;
pub use self::rms_prop::{RmsProp, RmsPropRule};
pub use self::rule::{Pass, Rule};
pub use self::sgd::{Sgd, SgdRule};
pub use self::state::State;
pub use self::stepper::{Copies, Stepper};
