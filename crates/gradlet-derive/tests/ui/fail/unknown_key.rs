//! Keys that do not exist, on the type and on fields.

use gradlet::{Mode, Module, Parameter};

#[derive(Module)]
#[module(rename = "x", describe = Self::sizes)]
struct Net {
    weight: Parameter,
    #[module(skp)]
    size: usize,
    #[module(skip, name = "m")]
    mode: Mode,
}

impl Net {
    fn sizes(&self) -> String {
        String::new()
    }
}

fn main() {}
