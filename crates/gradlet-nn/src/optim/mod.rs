//! Optimizers: how gradients change parameters.

mod adam;
mod max_norm;
mod optimizer;
mod sgd;
mod stepper;

pub use self::adam::Adam;
pub use self::max_norm::MaxNorm;
pub use self::optimizer::Optimizer;
pub use self::sgd::Sgd;
pub use self::stepper::Copies;
