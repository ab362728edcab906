//! Checks of every optimizer: [`check_refusals`], which the tests of each one call, and those of the step.

use gradlet_autograd::{Gradients, Var};
use gradlet_tensor::{ErrorKind, Result, Tensor, tensor};

use super::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Copies, NAdam, Optimizer, RAdam, RmsProp, Rule, Sgd,
    Stepper, biases_and_norms,
};
use crate::parameter::Parameter;

/// Checks that a step with each of these optimizers is refused for the setting of this name, and changes nothing.
#[track_caller]
pub(super) fn check_refusals<R: Rule, const N: usize>(cases: [(Stepper<R>, &str); N]) {
    for (mut optimizer, setting) in cases {
        let mut weight = Parameter::new(tensor![1.0]);
        let grads = weight.leaf().sum(..).and_then(Var::backward).unwrap();
        let error = optimizer.step(&mut weight, &grads).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::OutOfRange { op, name, .. } if (*op, *name) == (R::NAME, setting)),
            "{setting}: {error}"
        );
        assert_eq!(weight.tensor().to_vec(), [1.0]);
    }
}

/// The number that is trained, after steps with these gradients.
pub(super) fn after<R: Rule>(
    mut optimizer: Stepper<R, f64>,
    start: f64,
    gradients: &[f64],
) -> Result<Vec<f64>> {
    let mut weight = Parameter::new(Tensor::scalar(start));
    let mut seen = Vec::new();
    for &g in gradients {
        let grads = weight.leaf().mul_scalar(g).sum(..)?.backward()?;
        optimizer.step(&mut weight, &grads)?;
        seen.push(weight.tensor().item()?);
    }
    Ok(seen)
}

pub(super) fn weight(values: [f32; 2]) -> Parameter {
    Parameter::new(Tensor::from_slice(values, 2).unwrap())
}

/// Gradients of `factor` for each element of the parameters.
pub(super) fn gradients(parameters: &[&Parameter], factor: f32) -> Gradients {
    let mut all = Gradients::default();
    for parameter in parameters {
        let loss = parameter.leaf().mul_scalar(factor).sum(..).unwrap();
        all.add(&loss.backward().unwrap()).unwrap();
    }
    all
}

fn optimizers() -> [Box<dyn Optimizer>; 12] {
    let decay = 0.1;
    [
        Box::new(Sgd::new(0.5)),
        Box::new(Sgd::new(0.5).momentum(0.5).weight_decay(decay)),
        Box::new(Adam::new(0.5).weight_decay(decay)),
        Box::new(Adam::new(0.5).amsgrad(true)),
        Box::new(AdamW::new(0.5).weight_decay(decay)),
        Box::new(AdamW::new(0.5).group(biases_and_norms, |group| group.rule.weight_decay = 0.0)),
        Box::new(RmsProp::new(0.5).weight_decay(decay)),
        Box::new(Adagrad::new(0.5).weight_decay(decay)),
        Box::new(Adadelta::new(0.5).weight_decay(decay)),
        Box::new(Adamax::new(0.5).weight_decay(decay)),
        Box::new(
            NAdam::new(0.5)
                .weight_decay(decay)
                .decoupled_weight_decay(true),
        ),
        Box::new(
            RAdam::new(0.5)
                .weight_decay(decay)
                .decoupled_weight_decay(true),
        ),
    ]
}

#[test]
fn a_step_without_a_gradient_names_the_parameter_and_the_line_and_changes_nothing() {
    for mut optimizer in optimizers() {
        let mut model = vec![
            (weight([1.0, 2.0]), weight([3.0, 4.0])),
            (weight([5.0, 6.0]), weight([7.0, 8.0])),
        ];
        let grads = gradients(&[&model[0].0, &model[0].1, &model[1].1], 1.0);
        let error = optimizer.step(&mut model, &grads).unwrap_err();
        let (text, line) = (error.to_string(), line!() - 1);
        assert!(
            text.contains(
                ": parameter 1.0 got no gradient, and 3 others did: the loss does not depend on it, or it was frozen, \
                 cloned or replaced between forward and step; freeze it, or allow missing gradients"
            ),
            "{text}"
        );
        assert_eq!(
            (error.location().file(), error.location().line()),
            (file!(), line)
        );
        assert!(matches!(error.kind(), ErrorKind::MissingGradient { path, .. } if path == "1.0"));
        assert_eq!(model[0].0.tensor().to_vec(), [1.0, 2.0]);
        assert_eq!(model[1].1.tensor().to_vec(), [7.0, 8.0]);
    }
}

#[test]
fn missing_gradients_can_be_allowed() -> Result<()> {
    let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
    let grads = gradients(&[&pair.1], 2.0);
    Sgd::new(0.5)
        .allow_missing_gradients()
        .step(&mut pair, &grads)?;
    assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
    assert_eq!(pair.1.tensor().to_vec(), [2.0, 3.0]);
    Ok(())
}

/// No gradient at all: those of the model before it was cloned, or of a loss computed while it was frozen.
#[test]
fn a_step_that_finds_no_gradient_at_all_is_an_error_even_if_missing_ones_are_allowed() {
    for mut optimizer in [Sgd::new(0.5), Sgd::new(0.5).allow_missing_gradients()] {
        let model = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let grads = gradients(&[&model.0, &model.1], 1.0);
        let mut copy = model.clone();
        let error = optimizer.step(&mut copy, &grads).unwrap_err();
        let text = error.to_string();
        let expected = "sgd: no parameter got a gradient, neither 0 nor any other: the gradients are of a different model \
                        or of the one that this was cloned from (a clone has ids of its own), or parameters were frozen \
                        when the loss was computed (at ";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            matches!(error.kind(), ErrorKind::MissingGradient { path, taken: 0, .. } if path == "0")
        );
        assert_eq!(copy.0.tensor().to_vec(), [1.0, 2.0]);
        // With nothing to train there is nothing to miss.
        copy.0.freeze();
        copy.1.freeze();
        optimizer.step(&mut copy, &grads).unwrap();
        optimizer
            .step(&mut Vec::<Parameter>::new(), &grads)
            .unwrap();
    }
}

#[test]
fn a_lone_parameter_is_named_without_a_path() {
    let mut sgd = Sgd::new(0.1);
    // No type is written here: gradients that have a default are those of f32.
    let error = Sgd::new(0.1)
        .step(&mut weight([1.0, 2.0]), &Gradients::default())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("sgd: no parameter got a gradient: "),
        "{text}"
    );

    let mut p = weight([1.0, 2.0]);
    let grads = gradients(&[&p], 1.0);
    *p.tensor_mut() = tensor![1.0];
    let text = sgd.step(&mut p, &grads).unwrap_err().to_string();
    assert!(
        text.starts_with("parameter: sgd: shapes differ: "),
        "{text}"
    );

    let mut wide = Parameter::new(Tensor::scalar(1.0f64));
    let text = sgd.step(&mut wide, &grads).unwrap_err().to_string();
    assert!(
        text.starts_with("sgd: the parameter is not of type f32 (at "),
        "{text}"
    );
}

#[test]
fn gradients_that_no_parameter_took_are_counted() -> Result<()> {
    let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
    let mut sgd: Box<dyn Optimizer> = Box::new(Sgd::new(0.5).allow_missing_gradients());
    let mut grads = gradients(&[&pair.0, &weight([0.0, 0.0]), &weight([0.0, 0.0])], 1.0);
    sgd.step(&mut pair, &grads)?;
    assert_eq!(sgd.untaken(), 2);
    grads.add(&gradients(&[&pair.1], 1.0))?;
    pair.0.freeze();
    sgd.step(&mut pair, &grads)?;
    assert_eq!(sgd.untaken(), 3);
    let grads = gradients(&[&pair.1], 1.0);
    sgd.step(&mut pair, &grads)?;
    assert_eq!(sgd.untaken(), 0);
    Ok(())
}

#[test]
fn frozen_parameters_stay_with_and_without_a_gradient() -> Result<()> {
    for mut optimizer in optimizers() {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let grads = gradients(&[&pair.0, &pair.1], 1.0);
        pair.0.freeze();
        optimizer.step(&mut pair, &grads)?;
        let grads = gradients(&[&pair.1], 1.0);
        optimizer.step(&mut pair, &grads)?;
        assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
        assert!(
            pair.1
                .tensor()
                .iter()
                .zip([3.0, 4.0])
                .all(|(now, before)| now < before)
        );
    }
    Ok(())
}

#[test]
fn a_parameter_of_another_element_type_is_refused_by_name_unless_frozen() -> Result<()> {
    for mut optimizer in optimizers() {
        let mut pair = (weight([1.0, 2.0]), Parameter::new(Tensor::scalar(1.0f64)));
        let grads = gradients(&[&pair.0], 1.0);
        let error = optimizer.step(&mut pair, &grads).unwrap_err();
        let expected = |path: &str, kind| path == "1" && kind == "f32";
        assert!(
            matches!(error.kind(), ErrorKind::ElementType { path, expected: kind, .. } if expected(path, *kind))
        );
        assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
        pair.1.freeze();
        optimizer.step(&mut pair, &grads)?;
        assert_ne!(pair.0.tensor().to_vec(), [1.0, 2.0]);
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() -> Result<()> {
    let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
    let mut sgd = Sgd::new(0.5).momentum(0.5);
    let grads = gradients(&[&pair.0, &pair.1], 1.0);
    sgd.step(&mut pair, &grads)?;
    // A wider tensor under the same id: first its gradient does not fit, then its velocity.
    *pair.1.tensor_mut() = tensor![1.0, 2.0, 3.0];
    for grads in [grads, gradients(&[&pair.0, &pair.1], 1.0)] {
        let text = sgd.step(&mut pair, &grads).unwrap_err().to_string();
        assert!(
            text.starts_with("parameter 1: sgd: shapes differ: expected [3], got [2] (at "),
            "{text}"
        );
    }
    assert_eq!(pair.0.tensor().to_vec(), [0.5, 1.5]);
    Ok(())
}

#[test]
fn velocity_follows_the_parameter_when_the_model_is_rearranged() -> Result<()> {
    let mut model = vec![weight([0.0, 0.0]), weight([0.0, 0.0])];
    let mut sgd = Sgd::new(1.0).momentum(0.5);
    let mut grads = gradients(&[&model[0]], 8.0);
    grads.add(&gradients(&[&model[1]], 2.0))?;
    sgd.step(&mut model, &grads)?;
    // Newer and older ids out of order, a newcomer in front, a copy that starts afresh at the end.
    model.swap(0, 1);
    model.insert(0, weight([0.0, 0.0]));
    model.push(model[2].clone());
    let all: Vec<_> = model.iter().collect();
    let grads = gradients(&all, 0.0);
    sgd.step(&mut model, &grads)?;
    let values: Vec<_> = model.iter().map(|p| p.tensor().to_vec()[0]).collect();
    assert_eq!(values, [0.0, -3.0, -12.0, -8.0]);
    Ok(())
}

#[test]
fn copies_are_counted_and_leave_what_was_held_as_it_was() -> Result<()> {
    let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
    let mut sgd = Sgd::new(0.5).momentum(0.5);
    for _ in 0..3 {
        let grads = gradients(&[&pair.0, &pair.1], 1.0);
        sgd.step(&mut pair, &grads)?;
    }
    assert_eq!(sgd.copies(), Copies::default());

    let (before, kept) = (
        pair.0.tensor().to_vec(),
        &pair.0.leaf() * &Var::constant(tensor![1.0, 1.0]),
    );
    let square = pair.0.leaf().powi(2);
    let grads = gradients(&[&pair.0, &pair.1], 1.0);
    sgd.step(&mut pair, &grads)?;
    assert_eq!(
        sgd.copies(),
        Copies {
            parameters: 1,
            bytes: 8
        }
    );
    // The kept graph still differentiates at the old weights.
    let g = square.sum(..)?.backward()?;
    let twice: Vec<_> = before.iter().map(|x| 2.0 * x).collect();
    assert_eq!(g.get(pair.0.id()).map(Tensor::to_vec), Some(twice));
    drop(kept);
    sgd.step(&mut pair, &grads)?;
    assert_eq!(sgd.copies().parameters, 1);
    Ok(())
}

#[test]
fn debugging_prints_settings_and_no_numbers_of_states() {
    let mut sgd = Sgd::new(0.5).momentum(0.5);
    let mut w = weight([123.0, 2.0]);
    let grads = gradients(&[&w], 1.0);
    sgd.step(&mut w, &grads).unwrap();
    let text = format!("{sgd:?}");
    assert!(
        text.contains("momentum: 0.5") && text.contains("States of 1 parameters"),
        "{text}"
    );
}
