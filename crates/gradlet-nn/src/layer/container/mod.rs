//! Layers that hold layers or closures.

mod lambda;
mod sequential;

pub use lambda::{Lambda, LambdaOutput};
pub use sequential::Sequential;
