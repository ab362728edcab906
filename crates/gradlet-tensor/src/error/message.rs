//! The parts of messages that depend on the values in them.

use crate::shape::Shape;

/// The number of elements. A function of its own, since every program contains the messages.
#[cold]
pub(super) fn elements(shape: &Shape) -> usize {
    shape.numel()
}

/// The sizes of both shapes along `axis`, which is counted in the longer shape; the shorter one may not have it.
pub(super) fn sizes(lhs: &Shape, rhs: &Shape, axis: usize) -> String {
    let rank = lhs.rank().max(rhs.rank());
    let size = |shape: &Shape| {
        let place = (axis + shape.rank()).checked_sub(rank);
        let size = place.and_then(|place| shape.get(place));
        size.map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    format!("the left has sizes {} and {}", size(lhs), size(rhs))
}

/// What to do if the last axis of the input is that of the channels.
pub(super) fn last_axis(input: &Shape, weight: &Shape, channels: usize) -> &'static str {
    match weight.rank() {
        _ if input.last() != Some(&channels) => "",
        1 => "; channels come second: permute the input",
        3 => "; channels come before the length: permute the input",
        _ => "; channels come before height and width: permute the input",
    }
}

pub(super) fn excess(shape: &Shape, size_bytes: usize) -> String {
    if elements(shape) == 0 {
        "is too large: its other sizes multiply to more than can be counted".to_owned()
    } else {
        format!("has too many elements of {size_bytes} bytes for memory")
    }
}

/// What to do about an index that would count from the end: only in a tensor it cannot.
pub(super) fn in_a_tensor(index: i64, size: usize) -> &'static str {
    if index < 0 && index.unsigned_abs() <= size as u64 {
        "; indices in a tensor count from 0: for the last one use size - 1"
    } else {
        ""
    }
}

pub(super) fn axis_range(shape: &Shape) -> String {
    match shape.rank() {
        0 => "; a scalar has no axes".to_owned(),
        rank => format!("; expected -{rank}..={}", rank - 1),
    }
}

/// A setting as people write it: without dozens of zeros.
pub(super) fn number(value: f64) -> String {
    let plain = value == 0.0 || (1e-6..1e16).contains(&value.abs()) || !value.is_finite();
    if plain {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// The name of a parameter in a sentence; a model that is a parameter itself has no path.
pub(super) fn parameter(path: &str) -> String {
    if path.is_empty() {
        "the parameter".to_owned()
    } else {
        format!("parameter {path}")
    }
}

/// All that a state lacks, has too much, or has in a different form.
pub(super) fn unfit(missing: &[String], unexpected: &[String], different: &[String]) -> String {
    let lists = [
        ("it lacks", missing),
        ("it should not have", unexpected),
        ("different are", different),
    ];
    let named = lists.iter().filter(|(_, names)| !names.is_empty());
    named.fold(String::new(), |text, (what, names)| {
        let before = if text.is_empty() { ": " } else { "; " };
        text + before + what + " " + &names.join(", ")
    })
}

/// The likely causes of a missing gradient, if this number of parameters got one.
pub(super) fn no_gradient(path: &str, taken: usize) -> String {
    if taken > 0 {
        return format!(
            "{} got no gradient, and {taken} {} did: the loss does not depend on it, or it was frozen, cloned or replaced \
             between forward and step; freeze it, or allow missing gradients if that is intended",
            parameter(path),
            if taken == 1 { "other" } else { "others" },
        );
    }
    let which = if path.is_empty() {
        String::new()
    } else {
        format!(", neither {path} nor any other")
    };
    format!(
        "no parameter got a gradient{which}: the gradients are of a different model or of the one that this was cloned \
         from (a clone has ids of its own), or parameters were frozen when the loss was computed"
    )
}

/// Whether `op` is all that the innermost of `layers` does, as `linear` is for `Linear(2 -> 3)`: it is not named twice.
pub(super) fn is_layer(op: &str, layers: &str) -> bool {
    let innermost = layers.rsplit(": ").nth(1).unwrap_or_default();
    let kind = innermost.split('(').next().unwrap_or_default();
    let kind = kind.rsplit(' ').next().unwrap_or_default();
    !kind.is_empty() && op.replace('_', "").eq_ignore_ascii_case(kind)
}
