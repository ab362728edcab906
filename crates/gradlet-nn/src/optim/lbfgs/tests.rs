//! Checks of whole steps.

use gradlet_autograd::{Gradients, Var};
use gradlet_tensor::{Error, Result, Tensor, tensor};

use super::{Lbfgs, LineSearch};
use crate::parameter::Parameter;

type Pair = (Parameter<f64>, Parameter<f64>);

/// (x - 3)^2 + 10 (y - x)^2, lowest at 3 and 3.
fn valley(pair: &Pair) -> Result<(f64, Gradients<f64>)> {
    let (x, y) = (pair.0.leaf(), pair.1.leaf());
    let loss = x.add_scalar(-3.0).square() + (y - &x).square().mul_scalar(10.0);
    let loss = loss.sum(..)?;
    Ok((loss.tensor().item()?, loss.backward()?))
}

fn pair() -> Pair {
    (
        Parameter::new(Tensor::scalar(0.0)),
        Parameter::new(tensor![f64; [1.0]]),
    )
}

fn numbers(pair: &Pair) -> [f64; 2] {
    [&pair.0, &pair.1].map(|p| p.tensor().to_vec()[0])
}

#[test]
fn the_lowest_point_is_found_with_a_search_and_without() -> Result<()> {
    for search in [LineSearch::None, LineSearch::StrongWolfe] {
        let (mut model, mut lbfgs) = (pair(), Lbfgs::new(1.0).line_search(search));
        assert_eq!(lbfgs.step(&mut model, valley)?, 19.0);
        lbfgs.step(&mut model, valley)?;
        let seen = numbers(&model);
        // A step ends when the loss changes by less than 1e-9.
        assert!(seen.iter().all(|x| (x - 3.0).abs() < 1e-4), "{seen:?}");
        // At the lowest point, a step computes the loss once and changes nothing.
        let (evaluations, iterations) = (lbfgs.func_evals(), lbfgs.n_iter());
        let mut lbfgs = lbfgs.tolerance_grad(1e-3);
        lbfgs.step(&mut model, valley)?;
        assert_eq!(
            (lbfgs.func_evals(), lbfgs.n_iter()),
            (evaluations + 1, iterations)
        );
        assert_eq!(numbers(&model), seen);
    }
    Ok(())
}

#[test]
fn the_negative_is_maximized_by_the_same_steps() -> Result<()> {
    let negative = |pair: &Pair| {
        let (loss, mut grads) = valley(pair)?;
        grads.scale(-1.0);
        Ok((-loss, grads))
    };
    let (mut down, mut up) = (pair(), pair());
    Lbfgs::new(0.1).step(&mut down, valley)?;
    let before = Lbfgs::new(0.1).maximize(true).step(&mut up, negative)?;
    assert_eq!((before, numbers(&up)), (-19.0, numbers(&down)));
    Ok(())
}

#[test]
fn frozen_parameters_stay() -> Result<()> {
    let (mut model, mut lbfgs) = (pair(), Lbfgs::new(1.0));
    model.1.freeze();
    for _ in 0..2 {
        lbfgs.step(&mut model, valley)?;
    }
    // The lowest point with y = 1: x = (3 + 10) / 11.
    let [x, y] = numbers(&model);
    assert!((x - 13.0 / 11.0).abs() < 1e-9 && y == 1.0, "{x} {y}");
    model.0.freeze();
    Lbfgs::new(1.0).step(&mut model, |_| Ok((1.0, Gradients::new_of())))?;
    assert_eq!(numbers(&model), [x, y]);
    Ok(())
}

#[test]
fn an_error_of_the_loss_leaves_everything_as_it_was() -> Result<()> {
    for fails_at in 1..5 {
        let search = LineSearch::StrongWolfe;
        let (mut model, mut lbfgs) = (pair(), Lbfgs::new(0.01).line_search(search));
        lbfgs.step(&mut model, valley)?;
        let (before, evaluations) = (numbers(&model), lbfgs.func_evals());
        let mut copy = (model.clone(), lbfgs.clone());
        let mut calls = 0;
        let error = lbfgs.step(&mut model, |pair| {
            calls += 1;
            if calls == fails_at {
                Tensor::<f64>::from_slice(vec![1.0], 2)?;
            }
            valley(&(pair.0.clone(), pair.1.clone())).and_then(|_| valley(pair))
        });
        assert!(error.is_err());
        assert_eq!((numbers(&model), lbfgs.func_evals()), (before, evaluations));
        // The next step is as if nothing had happened.
        lbfgs.step(&mut model, valley)?;
        copy.1.step(&mut copy.0, valley)?;
        assert_eq!(numbers(&model), numbers(&copy.0));
    }
    Ok(())
}

#[test]
fn senseless_settings_and_models_are_refused_at_the_callers_line() -> Result<()> {
    let refused = |error: Error, expected: &str, line| {
        let text = error.to_string();
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(error.location().line(), line);
    };
    let mut model = pair();
    for (mut lbfgs, setting) in [
        (Lbfgs::new(-1.0), "learning_rate"),
        (Lbfgs::new(1.0).tolerance_grad(f64::NAN), "tolerance_grad"),
        (Lbfgs::new(1.0).tolerance_change(-1.0), "tolerance_change"),
        (Lbfgs::new(1.0).history_size(0), "history_size"),
    ] {
        let (line, error) = (line!(), lbfgs.step(&mut model, valley).unwrap_err());
        refused(error, &format!("lbfgs: {setting} must be "), line);
    }
    let mut lbfgs = Lbfgs::new(1.0);
    let nothing = |_: &Pair| Ok((1.0, Gradients::new_of()));
    let text = lbfgs.step(&mut model, nothing).unwrap_err().to_string();
    assert!(
        text.starts_with("lbfgs: no parameter got a gradient"),
        "{text}"
    );
    lbfgs.step(&mut model, valley)?;
    let mut wider = Parameter::new(Tensor::<f64>::zeros_of([5])?);
    let squares = |p: &Parameter<f64>| Ok((0.0, p.leaf().square().sum(..)?.backward()?));
    let (line, error) = (line!(), lbfgs.step(&mut wider, squares).unwrap_err());
    refused(error, "lbfgs: shapes differ: expected [2], got [5]", line);
    let mut single = (
        Parameter::new(tensor![1.0]),
        Parameter::new(tensor![f64; 1.0]),
    );
    let constant = |_: &_| Ok((1.0, Gradients::new_of()));
    let (line, error) = (line!(), lbfgs.step(&mut single, constant).unwrap_err());
    refused(error, "lbfgs: parameter 0 is not of type f64", line);
    assert_eq!(numbers(&model).len(), 2);
    Ok(())
}

#[test]
fn plain_code_means_f32() -> Result<()> {
    let mut p = Parameter::new(tensor![4.0]);
    let mut lbfgs = Lbfgs::new(1.0).line_search(LineSearch::StrongWolfe);
    let loss = |p: &Parameter| -> Result<(f32, Gradients)> {
        let loss: Var = p.leaf().square().sum(..)?;
        Ok((loss.tensor().item()?, loss.backward()?))
    };
    lbfgs.step(&mut p, loss)?;
    assert!(p.tensor().item()?.abs() < 1e-3);
    Ok(())
}
