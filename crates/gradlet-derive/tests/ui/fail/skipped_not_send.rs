//! A skipped field must still cross threads, as every model does.

use std::cell::Cell;
use std::rc::Rc;

use gradlet::{Module, Parameter};

#[derive(Module)]
struct Counted {
    weight: Parameter,
    #[module(skip)]
    calls: Rc<Cell<usize>>,
}

fn main() {}
