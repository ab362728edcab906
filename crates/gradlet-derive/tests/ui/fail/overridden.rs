//! What a module does with its parts cannot be overridden: in a `Box` or a parent, it would be skipped.

use gradlet::module::{Children, Name};
use gradlet::{Mode, Module};

#[derive(Module)]
struct Derived {
    mode: Mode,
}

impl Module for Derived {
    fn train(&mut self) {}
}

struct Written;

impl Children for Written {
    fn children<'a>(&'a self, _: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}
    fn children_mut<'a>(&'a mut self, _: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}
    fn eval(&mut self) {}
}

struct Old;

impl Module for Old {
    fn children<'a>(&'a self, _: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}
    fn children_mut<'a>(&'a mut self, _: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}
}

fn main() {}
