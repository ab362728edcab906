//! Optimizers: how gradients change parameters.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod average;
mod average_state;
mod groups;
mod handover;
mod kept;
mod lbfgs;
mod max_norm;
mod nadam;
mod optimizer;
mod radam;
mod rms_prop;
mod rule;
mod saved;
mod sgd;
mod state;
mod stepper;
#[cfg(test)]
mod tests;

pub use self::adadelta::{Adadelta, AdadeltaRule};
pub use self::adagrad::{Adagrad, AdagradRule};
pub use self::adam::{Adam, AdamRule, AdamW};
pub use self::adamax::{Adamax, AdamaxRule};
pub use self::average::Average;
pub use self::groups::{Group, biases_and_norms};
pub use self::lbfgs::{Lbfgs, LineSearch};
pub use self::max_norm::MaxNorm;
pub use self::nadam::{NAdam, NAdamRule};
pub use self::optimizer::Optimizer;
pub use self::radam::{RAdam, RAdamRule};
pub use self::rms_prop::{RmsProp, RmsPropRule};
pub use self::rule::{Pass, Rule};
pub use self::sgd::{Sgd, SgdRule};
pub use self::stepper::{Copies, Stepper};
