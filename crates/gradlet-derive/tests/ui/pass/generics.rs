//! Type, const and lifetime parameters, with and without bounds of their own.
#![deny(warnings, private_bounds)]

use std::marker::PhantomData;

use gradlet::module::Children;
use gradlet::{Element, Float, Forward, Mode, Module, Parameter, Tensor};

#[derive(Module)]
struct Net<M> {
    body: M,
    mode: Mode,
}

#[derive(Module)]
pub struct Scale<T: Float = f32> {
    inner: Hidden<T>,
    weight: Parameter<T>,
}

#[derive(Module)]
struct Hidden<T>
where
    T: Float,
{
    weight: Parameter<T>,
}

#[derive(Module)]
struct Stack<M, F, T: Element, const N: usize>
where
    F: Fn(usize) -> usize,
{
    layers: [Box<M>; N],
    pair: (Option<M>, Vec<M>),
    #[module(skip)]
    pick: F,
    #[module(skip)]
    element: PhantomData<T>,
}

#[derive(Module)]
struct Tree<M> {
    node: M,
    branches: Vec<Tree<M>>,
    twin: Option<Box<Self>>,
}

#[derive(Module)]
struct Named<'n> {
    #[module(skip)]
    name: &'n str,
    mode: Mode,
    layers: Vec<Box<dyn Module + 'n>>,
}

trait Design {
    type Layer: Module;
}

struct Plain;

impl Design for Plain {
    type Layer = Parameter;
}

#[derive(Module)]
struct Designed<D: Design> {
    layer: D::Layer,
}

#[derive(Module)]
struct Ping {
    pong: Option<Box<Pong>>,
}

#[derive(Module)]
struct Pong {
    pings: Vec<Ping>,
}

macro_rules! net {
    ($name:ident, $($field:ident: $ty:ty),*) => {
        #[derive(Module)]
        struct $name { $($field: $ty),* }
    };
}

net!(Generated, weight: Parameter, layers: Vec<Parameter>);

fn paths(module: &dyn Module) -> String {
    let paths: Vec<_> = module.named_parameters().into_iter().map(|(path, _)| path).collect();
    paths.join(" ")
}

fn weight() -> Parameter {
    Parameter::new(Tensor::zeros([2]).unwrap())
}

fn wide() -> Parameter<f64> {
    Parameter::new(Tensor::<f64>::zeros_of([2]).unwrap())
}

fn main() {
    let net = Net { body: Net { body: weight(), mode: Mode::Eval }, mode: Mode::Eval };
    assert_eq!((paths(&net), net.kind(), net.training()), ("body.body".into(), "Net", false));
    let net: Net<Option<Box<dyn Forward>>> = Net { body: None, mode: Mode::Train };
    assert!(net.training());
    let scale = Scale { inner: Hidden { weight: wide() }, weight: wide() };
    assert_eq!(paths(&scale), "inner.weight weight");
    let stack = Stack::<_, _, u8, 1> {
        layers: [Box::new(weight())],
        pair: (None, vec![weight()]),
        pick: |index| index + 1,
        element: PhantomData,
    };
    assert_eq!((paths(&stack), (stack.pick)(1)), ("layers.0 pair.1.0".into(), 2));
    let leaf = || Tree { node: weight(), branches: Vec::new(), twin: None };
    let tree = Tree { node: weight(), branches: vec![leaf()], twin: Some(Box::new(leaf())) };
    assert_eq!(paths(&tree), "node branches.0.node twin.node");
    let name = String::from("n");
    let mut named = Named { name: &name, mode: Mode::Train, layers: vec![Box::new(weight())] };
    named.eval();
    assert_eq!((paths(&named), named.mode, named.name), ("layers.0".into(), Mode::Eval, "n"));
    assert_eq!(paths(&Designed::<Plain> { layer: weight() }), "layer");
    let ping = Ping { pong: Some(Box::new(Pong { pings: vec![Ping { pong: None }] })) };
    assert_eq!(paths(&ping), "");
    assert_eq!(paths(&Generated { weight: weight(), layers: vec![weight()] }), "weight layers.0");
}
