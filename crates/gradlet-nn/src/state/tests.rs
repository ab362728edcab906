//! States of models: what is in them, what fits, what is refused.

use gradlet_autograd::Var;
use gradlet_tensor::{ErrorKind, Result, Tensor, rng, tensor};

use super::{AnyTensor, State, Unmatched};
use crate::{BatchNorm1d, Forward, Linear, Module, Parameter, Sequential, Sgd, sequential};

fn net(seed: u64) -> Result<Sequential> {
    let rng = &mut rng(seed);
    Ok(sequential![
        Linear::new(3, 4, rng)?,
        BatchNorm1d::new(4)?,
        |x: &Var| x.relu(),
        Linear::new(4, 2, rng)?
    ])
}

#[test]
fn a_state_has_everything_in_pytorchs_order_and_shares_memory() -> Result<()> {
    let model = net(1)?;
    let state = model.state();
    let paths: Vec<_> = state.paths().collect();
    assert_eq!(
        paths,
        [
            "0.weight",
            "0.bias",
            "1.weight",
            "1.bias",
            "1.running_mean",
            "1.running_var",
            "1.num_batches_tracked",
            "3.weight",
            "3.bias"
        ]
    );
    assert_eq!(
        state.any("1.num_batches_tracked").map(AnyTensor::element),
        Some("i64")
    );
    let place = |model: &Sequential| {
        let state = model.state();
        state
            .get::<f32>("0.weight")
            .map(|x| x.as_slice().map(<[f32]>::as_ptr))
    };
    assert_eq!(
        place(&model)?,
        state
            .get::<f32>("0.weight")?
            .as_slice()
            .map(<[f32]>::as_ptr)
    );
    Ok(())
}

#[test]
fn a_loaded_model_computes_the_same_and_keeps_its_optimizer_and_frozen_parts() -> Result<()> {
    let (mut model, mut other, x) = (net(1)?, net(2)?, Var::constant(Tensor::ones([5, 3])?));
    let mut optimizer = Sgd::new(0.1).momentum(0.9);
    let mut step = |model: &mut Sequential| -> Result<()> {
        let grads = model.forward(&x)?.square().sum(..)?.backward()?;
        optimizer.step(model, &grads)
    };
    step(&mut model)?;
    let (early, ids) = (model.state(), |model: &Sequential| -> Vec<_> {
        model
            .named_parameters()
            .iter()
            .map(|(_, p)| p.id())
            .collect()
    });
    let before = ids(&model);
    step(&mut model)?;
    assert_ne!(model.state(), early, "a state changes with the model");
    model.freeze();
    model.load_state(&early)?;
    assert_eq!((model.state(), ids(&model)), (early.clone(), before));
    assert!(
        model
            .named_parameters()
            .iter()
            .all(|(_, parameter)| parameter.is_frozen())
    );
    model.unfreeze();
    step(&mut model)?;
    other.load_state(&model.state())?;
    model.eval();
    other.eval();
    assert_eq!(other.forward(&x)?.tensor(), model.forward(&x)?.tensor());
    Ok(())
}

#[test]
fn what_does_not_fit_is_named_at_once_and_changes_nothing() -> Result<()> {
    let mut model = net(1)?;
    let before = model.state();
    let mut state = before.renamed(|path| (path != "1.running_var").then(|| path.to_owned()))?;
    state.insert("9.weight", tensor![1.0]);
    state.insert("head", tensor![1.0]);
    state.insert("3.bias", tensor![f64; 1.0, 2.0]);
    state.insert("0.weight", Tensor::zeros([3, 4])?);
    let error = model.load_state(&state).unwrap_err();
    let text = error.to_string();
    let expected = "load_state: the state does not fit: it lacks 1.running_var; it should not have 9.weight, head; \
                    different are 0.weight (expected f32 [4, 3], got f32 [3, 4]), 3.bias (expected f32 [2], got f64 \
                    [2])";
    assert!(
        text.starts_with(expected) && text.contains("tests.rs"),
        "{text}"
    );
    assert_eq!(model.state(), before);
    let error = model.load_state_partly(&state).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::StateMismatch { different, .. } if different.len() == 2)
    );
    assert_eq!(model.state(), before);
    state.insert("3.bias", tensor![7.0, 8.0]);
    state.insert("0.weight", Tensor::zeros([4, 3])?);
    let unmatched = model.load_state_partly(&state)?;
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let expected = Unmatched {
        missing: names(&["1.running_var"]),
        unexpected: names(&["9.weight", "head"]),
    };
    assert_eq!(unmatched, expected);
    assert_eq!(*model.state().get("3.bias")?, tensor![7.0, 8.0]);
    assert_eq!(
        model.state().any("1.running_var"),
        before.any("1.running_var")
    );
    Ok(())
}

#[test]
fn a_state_is_an_ordered_map() -> Result<()> {
    let mut state = State::new();
    assert!(state.is_empty() && state.insert("b", tensor![bool; true]).is_none());
    assert!(state.insert("a", tensor![u8; 1]).is_none());
    assert_eq!(
        state.insert("b", tensor![u64; 2]),
        Some(AnyTensor::Bool(tensor![bool; true]))
    );
    let all: Vec<_> = state
        .iter()
        .map(|(path, tensor)| (path, tensor.element()))
        .collect();
    assert_eq!((all, state.len()), (vec![("b", "u64"), ("a", "u8")], 2));
    assert_eq!(*state.get::<u8>("a")?, tensor![u8; 1]);
    for (path, reason) in [
        ("b", "a tensor of a different element type"),
        ("c", "no tensor in the state"),
    ] {
        let text = state.get::<u8>(path).unwrap_err().to_string();
        assert!(
            text.starts_with(&format!("State::get: the name {path:?} is of {reason}")),
            "{text}"
        );
    }
    let text = state
        .renamed(|_| Some("x".to_owned()))
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("State::renamed: the name \"x\" would be that of two tensors"),
        "{text}"
    );
    Ok(())
}

#[test]
fn floats_are_cast_and_a_lone_parameter_has_no_path() -> Result<()> {
    let mut lone = Parameter::new(tensor![f64; 1.5, 2.5]);
    let state = lone.state().cast::<f32>();
    assert_eq!(
        state.iter().collect::<Vec<_>>(),
        [("", &AnyTensor::F32(tensor![1.5, 2.5]))]
    );
    assert!(lone.load_state(&state).is_err());
    lone.tensor_mut().map_in_place(|_| 0.0);
    lone.load_state(&state.cast::<f64>())?;
    assert_eq!(*lone.tensor(), tensor![f64; 1.5, 2.5]);
    let mut counts = State::new();
    counts.insert("steps", tensor![i64; 3]);
    assert_eq!(counts.cast::<f64>(), counts);
    Ok(())
}

#[test]
fn a_tied_weight_fits_by_either_of_its_paths() -> Result<()> {
    let mut model = Linear::new(1, 1, &mut rng(1))?;
    let mut state = State::new();
    state.insert("decoder", tensor![[2.0]]);
    state.insert("bias", tensor![3.0]);
    assert!(model.load_state(&state).is_err());
    state.alias("weight", "decoder");
    state.alias("bias", "decoder");
    state.alias("second", "absent");
    assert_eq!(state.aliases().collect::<Vec<_>>(), [("weight", "decoder")]);
    model.load_state(&state)?;
    assert_eq!(model.weight.tensor(), &tensor![[2.0]]);
    assert_eq!(
        model.bias.as_ref().map(Parameter::tensor),
        Some(&tensor![3.0])
    );

    let mut all = State::new();
    all.put("model", &state);
    assert_eq!(all.part("model"), state);
    assert!(all.part("mod").is_empty() && all.part("model.decoder").is_empty());
    let renamed = state.renamed(|path| Some(path.replace("decoder", "encoder")))?;
    model.load_state(&renamed)?;
    state.insert("weight", tensor![[4.0]]);
    assert_eq!((state.aliases().count(), state.len()), (0, 3));
    Ok(())
}
