//! Tests of whole models, and the small layers that the tests of this folder share.

use gradlet_autograd::{Result, Var};
use gradlet_tensor::Tensor;

use super::{Children, Module, Name, walk};
use crate::forward::Forward;
use crate::mode::Mode;
use crate::parameter::Parameter;

pub(crate) fn zeros<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::zeros(shape).unwrap()
}

/// A layer with a weight and perhaps a bias, both zero.
#[derive(Module)]
#[module(describe = Self::sizes)]
#[derive(Clone)]
pub(crate) struct Affine {
    pub(crate) weight: Parameter,
    pub(crate) bias: Option<Parameter>,
    pub(crate) mode: Mode,
}

impl Affine {
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        let bias = Some(Parameter::new(zeros([outputs])));
        Self {
            bias,
            ..Self::without_bias(inputs, outputs)
        }
    }

    pub(crate) fn without_bias(inputs: usize, outputs: usize) -> Self {
        let weight = Parameter::new(zeros([outputs, inputs]));
        Self {
            weight,
            bias: None,
            mode: Mode::Train,
        }
    }

    fn sizes(&self) -> String {
        format!("{} -> {}", self.weight.shape()[1], self.weight.shape()[0])
    }
}

impl Forward for Affine {
    fn forward(&self, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }
}

/// A layer whose description names its mode.
#[derive(Default, Module)]
#[module(describe = Self::rate, kind = "Dropout")]
pub(crate) struct Drop {
    pub(crate) mode: Mode,
}

impl Drop {
    fn rate(&self) -> String {
        format!("p=0.5, {}", self.mode)
    }
}

fn paths(module: &(impl Module + ?Sized)) -> Vec<String> {
    module
        .named_parameters()
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn paths_follow_fields_and_positions_and_see_through_box_and_option() {
    #[derive(Module)]
    struct Net {
        hidden: Affine,
        layers: Vec<Box<dyn Module>>,
        last: Option<Box<Affine>>,
    }
    let net = Net {
        hidden: Affine::new(2, 3),
        layers: vec![
            Box::new(Drop::default()),
            Box::new(Affine::without_bias(3, 3)),
        ],
        last: Some(Box::new(Affine::new(3, 1))),
    };
    let expected = [
        "hidden.weight",
        "hidden.bias",
        "layers.1.weight",
        "last.weight",
        "last.bias",
    ];
    assert_eq!(paths(&net), expected);
    assert_eq!(net.parameter_count(), 9 + 9 + 4);
    let net: Box<dyn Module> = Box::new(net);
    assert_eq!(paths(&net), expected);
    assert_eq!(paths(&*net), expected);
    assert_eq!(net.kind(), "Net");
}

#[test]
fn a_mode_reaches_every_depth() {
    type Deep = (Vec<Option<Box<dyn Module>>>, [(Drop, Affine); 2]);
    let mut deep: Deep = (
        vec![None, Some(Box::new(vec![Drop::default()]))],
        [0, 1].map(|_| (Drop::default(), Affine::new(1, 1))),
    );
    let mut modes = Vec::new();
    walk::each_mode(&mut deep, |mode| modes.push(*mode));
    assert_eq!(modes, [Mode::Train; 5]);
    deep.eval();
    modes.clear();
    walk::each_mode(&mut deep, |mode| modes.push(*mode));
    assert_eq!(modes, [Mode::Eval; 5]);
    deep.train();
    assert!(deep.training() && deep.1[1].1.training());
}

#[test]
fn training_is_true_while_any_layer_trains() {
    #[derive(Module)]
    struct One {
        linear: Affine,
    }
    #[derive(Module)]
    struct Bare {
        weight: Parameter,
        mode: Mode,
    }
    let weight = || Parameter::new(zeros([2]));
    let mut one = One {
        linear: Affine::new(1, 1),
    };
    let mut bare = Bare {
        weight: weight(),
        mode: Mode::Train,
    };
    assert!(one.training() && bare.training());
    one.eval();
    bare.eval();
    assert!(!one.training() && !bare.training());

    let mut mixed = (one, bare);
    mixed.1.train();
    assert!(mixed.training());
    assert!(!weight().training());
    assert!(!Vec::<Affine>::new().training());
}

#[test]
fn provided_methods_work_on_trait_objects() {
    let mut layer: Box<dyn Forward> = Box::new(Affine::new(2, 2));
    layer.eval();
    assert!(!layer.training());
    assert!(layer.evaluating(|m| m.named_parameters().len()) == 2);
    let object: &mut dyn Module = &mut layer;
    object.train();
    assert_eq!(
        (object.training(), object.parameter_count(), object.kind()),
        (true, 6, "Affine")
    );
    object.freeze();
    assert!(
        object
            .named_parameters()
            .iter()
            .all(|(_, parameter)| parameter.is_frozen())
    );
    object.unfreeze();
    assert!(
        object
            .named_parameters()
            .iter()
            .all(|(_, parameter)| !parameter.is_frozen())
    );
}

#[test]
fn the_default_kind_is_the_types_short_name() {
    struct Generic<T>(std::marker::PhantomData<T>);
    impl<T: Send + Sync> Children for Generic<T> {
        fn children<'a>(&'a self, _visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {}
        fn children_mut<'a>(&'a mut self, _visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {}
    }
    assert_eq!(
        Generic::<Vec<Mode>>(std::marker::PhantomData).kind(),
        "Generic"
    );
}
