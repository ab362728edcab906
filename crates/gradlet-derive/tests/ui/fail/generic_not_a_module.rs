//! A parameter that a field uses must be a module itself.

use gradlet::{Mode, Module};

#[derive(Module)]
struct Net<M> {
    body: M,
    mode: Mode,
}

struct Plain;

fn is_module<M: Module>() {}

fn main() {
    is_module::<Net<Mode>>();
    is_module::<Net<Plain>>();
}
