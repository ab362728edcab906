//! Keys given twice, in one list and in two.

use gradlet::{Module, Parameter};

#[derive(Module)]
#[module(kind = "A", kind = "B")]
#[module(crate = gradlet)]
#[module(crate = gradlet)]
struct Net {
    weight: Parameter,
    #[module(skip, skip)]
    inputs: usize,
    #[module(skip)]
    #[module(skip)]
    outputs: usize,
}

fn main() {}
