//! Dense layers, and those that only change shapes.

use gradlet::{Flatten, Float, Linear};

use super::run::{Made, forward};
use crate::conformance::Case;

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "Linear" => {
            let [inputs, outputs] = [(0, "in_features"), (1, "out_features")]
                .map(|(place, name)| settings.int(place, name, 0) as usize);
            let layer = Linear::new_of(inputs, outputs, &mut gradlet::rng(1))?;
            forward(if settings.flag(2, "bias", true) {
                layer
            } else {
                layer.without_bias()
            })
        }
        "Flatten" if settings.float(0, "start_dim", 1.0) == 1.0 => forward(Flatten::new()),
        _ => return Ok(None),
    }))
}
