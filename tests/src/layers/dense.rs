//! Dense layers, and those that only change shapes.

use gradlet::{Bilinear, Embedding, Flatten, Float, Identity, Linear, Unflatten};

use super::run::{Made, built, forward};
use crate::conformance::{Case, NAMED, Out};

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
        "Bilinear" => {
            let [left, right, outputs] = [
                (0, "in1_features"),
                (1, "in2_features"),
                (2, "out_features"),
            ]
            .map(|(place, name)| settings.int(place, name, 0) as usize);
            let layer = Bilinear::new_of(left, right, outputs, &mut gradlet::rng(1))?;
            let layer = if settings.flag(3, "bias", true) {
                layer
            } else {
                layer.without_bias()
            };
            built(layer, |layer, case| {
                let [left, right] = [case.var(0, "input1")?, case.var(1, "input2")?];
                Ok(vec![Out::Var(layer.forward(&left, &right)?)])
            })
        }
        "Embedding" => {
            let [count, size] = [(0, "num_embeddings"), (1, "embedding_dim")]
                .map(|(place, name)| settings.int(place, name, 0) as usize);
            let mut layer = Embedding::new_of(count, size, &mut gradlet::rng(1))?;
            if let Some(row) = settings.maybe_int(2, "padding_idx") {
                layer = layer.padding(row as isize)?;
            }
            built(layer, |layer, case| {
                Ok(vec![Out::Var(layer.forward(&case.ints(0, "input")?)?)])
            })
        }
        "Flatten" => {
            let [start, end] = [(0, "start_dim", 1), (1, "end_dim", -1)]
                .map(|(place, name, default)| settings.int(place, name, default) as isize);
            forward(Flatten::new().start(start).end(end))
        }
        "Identity" => {
            let _ignored = (settings.value(0, "args"), settings.value(NAMED, "unused"));
            forward(Identity::new())
        }
        "Unflatten" => {
            let sizes = settings.list(1, "unflattened_size").unwrap_or_default();
            forward(Unflatten::new(settings.int(0, "dim", 0) as isize, &sizes)?)
        }
        _ => return Ok(None),
    }))
}
