//! A mistake in an attribute is reported alone, not with every use of the type.

use gradlet::{Mode, Module, Parameter};

#[derive(Module)]
struct Inner<M> {
    #[module(skipp)]
    body: M,
    mode: Mode,
}

#[derive(Module)]
struct Outer {
    inner: Inner<Parameter>,
}

fn main() {
    let weight = Parameter::new(gradlet::Tensor::zeros([2]).unwrap());
    let mut net = Outer { inner: Inner { body: weight, mode: Mode::Train } };
    net.eval();
}
