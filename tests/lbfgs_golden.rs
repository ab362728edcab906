//! Steps of L-BFGS on three kinds of problems, as PyTorch took them: losses, parameters, and how often it asked.

use std::error::Error;
use std::path::Path;

use gradlet::optim::{Lbfgs, LineSearch};
use gradlet::prelude::*;
use gradlet_tests::conformance::{Bound, agree};
use gradlet_tests::golden::{FOLDER, Golden, number};
use serde_json::Value;

type Outcome<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// How many times as far from PyTorch's as PyTorch is from itself if the start changes in the thirteenth digit. Parameters
/// are compared by the largest of them.
const PARAMETERS: f64 = 100.0;

/// A loss changes by its slope times as much.
const LOSSES: f64 = 1000.0;

/// What is minimized, and the tensors that it needs.
enum Problem {
    Rosenbrock,
    Quadratic { a: Var<f64>, b: Var<f64> },
    Mlp { x: Var<f64>, y: Var<f64> },
}

impl Problem {
    fn new(golden: &Golden, case: &Value) -> Outcome<Self> {
        let data = |name: &str| golden.tensor(&case["data"][name]).map(Var::constant);
        Ok(match case["problem"].as_str() {
            Some("rosenbrock") => Self::Rosenbrock,
            Some("quadratic") => Self::Quadratic {
                a: data("A")?,
                b: data("b")?,
            },
            Some("mlp") => Self::Mlp {
                x: data("x")?,
                y: data("y")?,
            },
            other => return Err(format!("no problem {other:?}").into()),
        })
    }

    fn loss(&self, model: &[Parameter<f64>]) -> Result<Var<f64>> {
        let p = model[0].leaf();
        match self {
            Self::Rosenbrock => {
                let (p0, p1) = (p.select(0, 0)?, p.select(0, 1)?);
                let valley = (p1 - p0.square()).square().mul_scalar(100.0);
                Ok(valley + p0.neg().add_scalar(1.0).square())
            }
            Self::Quadratic { a, b } => {
                let curve = ((a * &p).sum(1)? * &p).sum(..)?;
                Ok(curve.mul_scalar(0.5) - (b * &p).sum(..)?)
            }
            Self::Mlp { x, y } => {
                let [w, b, last, last_bias] = [0, 1, 2, 3].map(|i| model[i].leaf());
                let h = x.linear(&w, Some(&b))?.tanh();
                mse_loss(&h.linear(&last, Some(&last_bias))?, y, Reduction::Mean)
            }
        }
    }
}

fn optimizer(options: &Value) -> Outcome<Lbfgs<f64>> {
    let mut lbfgs = Lbfgs::new(1.0);
    for (name, value) in options.as_object().ok_or("no options")? {
        let float = || number(value).ok_or("no number");
        let count = || usize::try_from(value.as_u64().unwrap_or(0));
        match name.as_str() {
            "lr" => lbfgs.set_learning_rate(float()?),
            "max_iter" => lbfgs = lbfgs.max_iter(count()?),
            "max_eval" => lbfgs = lbfgs.max_eval(count()?),
            "history_size" => lbfgs = lbfgs.history_size(count()?),
            "tolerance_grad" => lbfgs = lbfgs.tolerance_grad(float()?),
            "tolerance_change" => lbfgs = lbfgs.tolerance_change(float()?),
            "line_search_fn" if value.is_null() => {}
            "line_search_fn" => lbfgs = lbfgs.line_search(LineSearch::StrongWolfe),
            _ => return Err(format!("no option {name}").into()),
        }
    }
    Ok(lbfgs)
}

fn follow(golden: &Golden, case: &Value) -> Outcome<usize> {
    let list = |name: &str| case[name].as_array().ok_or(format!("no {name}"));
    let names: Vec<_> = list("param_names")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let stored = |prefix: &Value, name: &str| {
        let prefix = prefix.as_str().ok_or("no prefix")?;
        golden.tensor(&Value::from(format!("{prefix}{name}")))
    };
    let start = |name: &&str| stored(&case["init"], name).map(Parameter::new);
    let mut model = names.iter().map(start).collect::<Outcome<Vec<_>>>()?;
    let (problem, mut lbfgs) = (Problem::new(golden, case)?, optimizer(&case["options"])?);
    let stable = usize::try_from(case["stable_steps"].as_u64().ok_or("no stable_steps")?)?;
    for i in 0..stable {
        let number = |name: &str| number(&case[name][i]).ok_or(format!("no {name}"));
        let sensitivity = number("sensitivity")?;
        let mut calls = 0;
        let before = lbfgs.step(&mut model, |model| {
            calls += 1;
            let loss = problem.loss(model)?;
            Ok((loss.tensor().item()?, loss.backward()?))
        })?;
        for (name, ours) in [
            ("closure_calls", calls),
            ("func_evals", lbfgs.func_evals()),
            ("n_iter", lbfgs.n_iter()),
        ] {
            if case[name][i].as_u64() != Some(ours) {
                return Err(format!("{name} of step {i}: {ours}, not {}", case[name][i]).into());
            }
        }
        let after = problem.loss(&model)?.tensor().item()?;
        for (name, ours) in [("returned", before), ("losses", after)] {
            let theirs = number(name)?;
            let bound = Bound {
                absolute: LOSSES * sensitivity * (1.0 + theirs.abs()),
                relative: 0.0,
            };
            let (ours, theirs) = (Tensor::scalar(ours), Tensor::scalar(theirs));
            agree(&format!("{name} of step {i}"), &ours, &theirs, bound)?;
        }
        for (name, parameter) in names.iter().zip(&model) {
            let theirs = stored(&case["steps"][i], name)?;
            let bound = Bound {
                absolute: PARAMETERS * sensitivity * theirs.norm(f64::INFINITY, ..)?.item()?,
                relative: 0.0,
            };
            let what = format!("{name} after step {i}");
            agree(&what, parameter.tensor(), &theirs, bound)?;
        }
    }
    Ok(stable)
}

#[test]
fn steps_and_counts_are_pytorchs() -> Outcome {
    let golden = Golden::open(&Path::new(FOLDER).join("layers"), "lbfgs")?;
    let (mut failures, mut steps) = (Vec::new(), 0);
    for case in golden.cases() {
        match follow(&golden, case) {
            Ok(stable) => steps += stable,
            Err(failure) => {
                let (id, problem) = (&case["id"], &case["problem"]);
                failures.push(format!("{id} {problem}: {failure}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(steps > 100, "only {steps} steps");
    Ok(())
}
