//! An enum has the children of its present variant; a variant of one unnamed field is seen through.
#![deny(warnings)]

use gradlet::{Mode, Module, Parameter, Tensor};

#[derive(Module)]
struct Linear {
    weight: Parameter,
    mode: Mode,
}

#[derive(Module)]
enum Layer<M> {
    Linear(Linear),
    Boxed(Box<M>),
    Pair(Parameter, #[module(skip)] usize, Parameter),
    Named { scale: Parameter },
    Fixed(#[module(skip)] f64),
    Tanh,
}

fn weight() -> Parameter {
    Parameter::new(Tensor::zeros([2]).unwrap())
}

fn shown(module: &dyn Module) -> (String, &'static str, String) {
    let paths: Vec<_> = module.named_parameters().into_iter().map(|(path, _)| path).collect();
    (paths.join(" "), module.kind(), module.describe())
}

fn main() {
    let mut layers: Vec<Layer<Parameter>> = vec![
        Layer::Linear(Linear { weight: weight(), mode: Mode::Train }),
        Layer::Boxed(Box::new(weight())),
        Layer::Pair(weight(), 3, weight()),
        Layer::Named { scale: weight() },
        Layer::Fixed(0.5),
        Layer::Tanh,
    ];
    let is = |paths: &str, kind, describe: &str| (paths.into(), kind, describe.into());
    assert_eq!(shown(&layers[0]), is("weight", "Linear", ""));
    assert_eq!(shown(&layers[1]), is("", "Parameter", ""));
    assert_eq!(shown(&layers[2]), is("0 2", "Layer", "Pair"));
    assert_eq!(shown(&layers[3]), is("scale", "Layer", "Named"));
    assert_eq!(shown(&layers[4]), is("", "Layer", "Fixed"));
    assert_eq!(shown(&layers[5]), is("", "Layer", "Tanh"));
    assert_eq!(shown(&layers).0, "0.weight 1 2.0 2.2 3.scale");
    assert!(layers.training());
    layers.eval();
    assert!(!layers.training());
    let mut count = 0;
    layers
        .visit_parameters_mut(&mut |_, _| {
            count += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(count, 5);
    let Layer::Pair(_, 3, _) = layers[2] else { panic!() };
    let Layer::Fixed(0.5) = layers[4] else { panic!() };
}
