//! The function for `describe` must return a `String`.

use gradlet::{Module, Parameter};

#[derive(Module)]
#[module(describe = Self::size)]
struct Net {
    weight: Parameter,
}

impl Net {
    fn size(&self) -> usize {
        self.weight.shape()[0]
    }
}

fn main() {}
