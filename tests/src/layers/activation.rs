//! Activations.

use gradlet::{Float, Glu, Hardsigmoid, Hardswish, Hardtanh, LogSigmoid, Prelu, Relu6, Softsign};

use super::run::{Made, forward};
use crate::conformance::Case;

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "GLU" => forward(Glu::new(settings.int(0, "dim", -1) as isize)),
        "Hardsigmoid" => forward(Hardsigmoid::new()),
        "Hardswish" => forward(Hardswish::new()),
        "Hardtanh" => {
            let [low, high] = [(0, "min_val", -1.0), (1, "max_val", 1.0)]
                .map(|(place, name, default)| settings.float(place, name, default));
            forward(Hardtanh::new().low(low).high(high))
        }
        "LogSigmoid" => forward(LogSigmoid::new()),
        "PReLU" => {
            let layer = Prelu::new_of(settings.int(0, "num_parameters", 1) as usize)?;
            forward(match settings.value(1, "init") {
                Some(_) => layer.init(settings.float(1, "init", 0.0))?,
                None => layer,
            })
        }
        "ReLU6" => forward(Relu6::new()),
        "Softsign" => forward(Softsign::new()),
        _ => return Ok(None),
    }))
}
