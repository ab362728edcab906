//! Lists and values that cannot be read.

use gradlet::{Module, Parameter};

#[derive(Module)]
#[module(kind = Net)]
#[module(crate = "gradlet", describe)]
struct Net {
    #[module]
    a: Parameter,
    #[module()]
    b: Parameter,
    #[module = "skip"]
    c: Parameter,
    #[module(skip = true)]
    d: Parameter,
    #[module(skip(always))]
    e: Parameter,
    #[module("skip")]
    f: Parameter,
}

#[derive(Module)]
#[module]
#[module(kind = "")]
struct Empty;

fn main() {}
