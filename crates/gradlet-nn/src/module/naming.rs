//! The names of layers in errors.

use gradlet_autograd::Error;

use super::text::in_parentheses;
use super::{Module, Name};

/// The error with this name of a layer in front of those that it has.
#[cold]
pub(super) fn named(error: Error, kind: &str, description: &str) -> Error {
    let name = in_parentheses(kind, description);
    error.within(|inner| format!("{name}: {inner}"))
}

/// The error of the layer with this name, most often its index, in a `Sequential`. It is not the layer's path, for which
/// all of the model around it would have to be known, and the text says so.
#[cold]
pub(crate) fn in_chain(error: Error, place: Name<'_>, layer: &dyn Module) -> Error {
    error.within(|inner| match inner.strip_prefix("layer ") {
        // A chain in a chain: `layer 1.0 of a Sequential`.
        Some(rest) if layer.kind() == "Sequential" => format!("layer {place}.{rest}"),
        _ => {
            let rest = inner.strip_prefix(layer.kind()).unwrap_or_default();
            // A layer that named itself is not named again.
            let name = if rest.starts_with(['(', ':']) {
                String::new()
            } else {
                in_parentheses(layer.kind(), &layer.describe()) + ": "
            };
            format!("layer {place} of a Sequential, {name}{inner}")
        }
    })
}
