//! Named, tuple and unit structs; skipped, renamed and raw fields.
#![deny(warnings, private_bounds)]

use gradlet::module::Children;
use gradlet::{Buffer, Mode, Module, Parameter, Tensor};

fn weight() -> Parameter {
    Parameter::new(Tensor::zeros([2, 3]).unwrap())
}

fn paths(module: &dyn Module) -> String {
    let paths: Vec<_> = module.named_parameters().into_iter().map(|(path, _)| path).collect();
    paths.join(" ")
}

#[derive(Module)]
#[module(describe = Named::size)]
struct Named {
    weight: Parameter,
    r#type: Parameter<f64>,
    mean: Buffer,
    #[module(skip)]
    size: usize,
    bias: Option<Box<Parameter>>,
    mode: Mode,
}

impl Named {
    fn size(&self) -> String {
        format!("size={}", self.size)
    }
}

#[derive(Module)]
struct Positional(#[module(skip)] &'static str, Parameter, Vec<Positional>);

#[derive(Module)]
struct Unit;

#[derive(Module)]
#[module(kind = "Nothing", crate = ::gradlet)]
struct Braces {}

#[derive(Module)]
#[module(kind = Self::KIND)]
struct Over<const N: usize>(#[module(skip)] [usize; N]);

impl<const N: usize> Over<N> {
    const KIND: &'static str = ["Over0", "Over1"][N];
}

#[allow(non_camel_case_types)]
#[derive(Module)]
struct r#async;

fn main() {
    let mut named = Named {
        weight: weight(),
        r#type: Parameter::new(Tensor::<f64>::zeros_of([1]).unwrap()),
        mean: Buffer::new(Tensor::zeros([1]).unwrap()),
        size: 7,
        bias: Some(Box::new(weight())),
        mode: Mode::Train,
    };
    assert_eq!(paths(&named), "weight type bias");
    assert_eq!(named.named_buffers()[0].0, "mean");
    assert_eq!((named.kind(), &*named.describe()), ("Named", "size=7"));
    assert_eq!(Over([3]).kind(), "Over1");
    named.eval();
    assert_eq!(named.mode, Mode::Eval);

    let inner = Positional("inner", weight(), Vec::new());
    let outer = Positional("outer", weight(), vec![inner]);
    assert_eq!(paths(&outer), "1 2.0.1");
    assert_eq!(outer.2[0].0.len() + outer.0.len(), 10);

    assert_eq!((paths(&Unit), Unit.kind(), Unit.training()), (String::new(), "Unit", false));
    assert_eq!((Braces {}.kind(), r#async.kind()), ("Nothing", "async"));
}
