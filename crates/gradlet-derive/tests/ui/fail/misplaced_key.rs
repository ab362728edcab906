//! Keys that exist but belong elsewhere.

use gradlet::{Mode, Module, Parameter};

#[derive(Module)]
#[module(skip)]
struct Net {
    #[module(kind = "Weight")]
    weight: Parameter,
    #[module(crate = gradlet)]
    mode: Mode,
}

#[derive(Module)]
enum Either {
    #[module(skip)]
    Left(Parameter),
    Right(Parameter),
}

fn main() {}
