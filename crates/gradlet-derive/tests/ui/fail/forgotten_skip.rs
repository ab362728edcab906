//! A field that is no module: the message points at its type and names the fix.

use gradlet::{Mode, Module, Parameter};

#[derive(Module)]
struct Named {
    weight: Parameter,
    label: String,
    mode: Mode,
    sizes: Vec<usize>,
    counts: std::collections::BTreeMap<String, usize>,
}

#[derive(Module)]
struct Positional(Parameter, f64);

#[derive(Module)]
enum Either {
    Left(Parameter),
    Right { threshold: f32 },
    Middle(u8),
}

fn main() {}
