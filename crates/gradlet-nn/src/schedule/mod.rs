//! Learning rates that change during training.

mod combined;
mod cosine;
mod definition;
mod factors;
mod one_cycle;
mod plateau;

pub use self::combined::{Chained, Lambda, Sequential};
pub use self::cosine::{CosineAnnealing, CosineAnnealingWarmRestarts};
pub use self::definition::Schedule;
pub use self::factors::{Constant, Exponential, Linear, MultiStep, Polynomial, Step};
pub use self::one_cycle::{Anneal, OneCycle};
pub use self::plateau::{Goal, ReduceOnPlateau, Threshold};
