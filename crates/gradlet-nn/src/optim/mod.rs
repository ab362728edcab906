//! Optimizers: how gradients change parameters.

mod adam;
mod optimizer;
mod sgd;
mod stepper;

pub use self::adam::Adam;
pub use self::optimizer::Optimizer;
pub use self::sgd::Sgd;
pub use self::stepper::Copies;
