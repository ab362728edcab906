//! Runs the layers' cases that PyTorch computed through gradlet's own layers. Each wing makes a layer of the settings
//! that PyTorch's class was given.

mod activation;
mod attention;
mod dense;
mod loss;
mod normalize;
mod recurrent;
mod run;
mod window;

pub use run::{Built, run_f32, run_f64};

use gradlet::Float;
use serde_json::Value;

use crate::conformance::{Case, Failure};
use run::Made;

/// The layer of PyTorch's `class` and `args` in f64, whose numbers are drawn from the generator of seed 1.
///
/// # Errors
/// What the layer returns.
pub fn new(json: &Value) -> Result<Option<Box<dyn Built<f64>>>, Failure> {
    make(&Case::without_tensors(json))
}

/// The layer of a case's settings: `settings.op()` is PyTorch's class. `None` where gradlet has no such layer.
fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    let wings = [
        activation::make,
        attention::make,
        dense::make,
        loss::make,
        normalize::make,
        recurrent::make,
        window::make,
    ];
    for wing in wings {
        if let Some(layer) = wing(settings)? {
            return Ok(Some(layer));
        }
    }
    Ok(None)
}
