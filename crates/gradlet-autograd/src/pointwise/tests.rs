//! What holds of every pointwise operation: [`check_pointwise`], which the tests of each call.

use std::any::TypeId;
use std::fs;
use std::path::Path;

use gradlet_tensor::{Tensor, tensor};

use crate::backward::{CreateGraph, grad};
use crate::pointwise::dual::derivative;
use crate::pointwise::op::Pointwise;
use crate::pointwise::term::Sheet;
use crate::saves::Output;
use crate::var::Var;

/// Where formulas go wrong: zeros, tiny, large, infinite, no number.
const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1e-300,
    -1e-300,
    1e-9,
    -1e-9,
    40.0,
    -40.0,
    800.0,
    -800.0,
    1e10,
    -1e10,
    1e300,
    -1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

const ORDINARY: [f64; 14] = [
    0.05, -0.05, 0.3, -0.3, 0.52, -0.52, 0.77, -0.77, 1.31, -1.31, 2.7, -2.7, 6.1, -6.1,
];

/// The step of a central difference, whose error is then near 1e-10.
const STEP: f64 = 1e-5;

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// Within `bound` of each other, beside the larger of them and 1.
fn close(a: f64, b: f64, bound: f64) -> bool {
    same(a, b) || (a - b).abs() <= bound * a.abs().max(b.abs()).max(1.0)
}

/// Checks that gradient, slope and the slope's derivatives agree, at ordinary and special points and at the kinks.
#[track_caller]
pub(crate) fn check_pointwise<P: Pointwise<f64>>(op: P, kinks: &[f64]) {
    let saves_output = TypeId::of::<P::Saves>() == TypeId::of::<Output>();
    let saved = |x: &f64| if saves_output { op.value(*x) } else { *x };
    let special: Vec<f64> = SPECIAL.iter().chain(kinks).map(saved).collect();
    for v in special.iter().copied().chain(ORDINARY).chain([f64::NAN]) {
        check_gradient(op, v);
    }
    let bend = |v: f64| derivative(v, |v| op.slope(v));
    let away = |v: &f64| kinks.iter().all(|kink| (v - kink).abs() > 0.01);
    let ordinary: Vec<f64> = ORDINARY.into_iter().filter(away).collect();
    for &v in &ordinary {
        let difference = (op.slope(v + STEP) - op.slope(v - STEP)) / (2.0 * STEP);
        assert!(
            close(bend(v), difference, 1e-6),
            "{op:?} at {v}: the slope's derivative is {}, by differences {difference}",
            bend(v)
        );
    }
    let all = [special, ordinary.clone(), vec![f64::NAN]].concat();
    let (bends, _) = recorded(op, &all);
    for (&v, by_terms) in all.iter().zip(bends) {
        assert!(
            same(bend(v), by_terms),
            "{op:?} at {v}: the slope's derivative is {}, recorded {by_terms}",
            bend(v)
        );
    }
    let (_, turns) = recorded(op, &ordinary);
    for (&v, turn) in ordinary.iter().zip(turns) {
        let difference = (bend(v + STEP) - bend(v - STEP)) / (2.0 * STEP);
        assert!(
            close(turn, difference, 1e-5),
            "{op:?} at {v}: the slope's second derivative is {turn}, by differences {difference}"
        );
    }
}

/// The gradient is linear in `g`, and for 1 it is the slope.
#[track_caller]
fn check_gradient<P: Pointwise<f64>>(op: P, v: f64) {
    let (gradient, slope) = (op.gradient(1.0, v), op.slope(v));
    // A formula of several terms may have no limit at infinity, where the faster or more exact one has it.
    let no_limit = v.is_infinite() && slope.is_nan();
    assert!(
        no_limit || close(gradient, slope, 1e-15),
        "{op:?} at {v}: gradient {gradient}, slope {slope}"
    );
    let twice = op.gradient(-2.0, v);
    assert!(
        same(twice, -2.0 * gradient),
        "{op:?} at {v}: {twice} for -2, {gradient} for 1"
    );
    if P::PIECEWISE_LINEAR {
        assert!(same(derivative(v, |v| op.slope(v)), 0.0), "{op:?} at {v}");
    }
}

/// The derivative of the slope by the formula on `Var`s, and the derivative of that.
fn recorded<P: Pointwise<f64>>(op: P, at: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let v = Var::leaf(Tensor::from_slice(at, [at.len()]).unwrap());
    let sheet = Sheet::default();
    let bend = derivative(sheet.put(v.clone()), |v| op.slope(v));
    let bend = bend
        .into_factor_of(&Var::leaf(v.tensor().ones_like()))
        .unwrap();
    let grads = bend.clone().backward_with(v.tensor().ones_like()).unwrap();
    let turn = grads
        .wrt(&v)
        .map_or_else(|| vec![0.0; at.len()], Tensor::to_vec);
    (bend.to_vec(), turn)
}

#[test]
fn every_pointwise_operation_is_checked() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let calls: String = text.split_whitespace().collect();
            for rest in text.split("Pointwise<T> for ").skip(1) {
                let name = rest.split(['<', ' ']).next().unwrap();
                assert!(
                    calls.contains(&format!("check_pointwise({name}")),
                    "{}: no test calls check_pointwise with {name}",
                    path.display()
                );
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} operations");
}

#[test]
fn derivatives_of_every_order_follow_from_one_formula() {
    let x = Var::leaf(tensor![f64; 0.3, -1.2]);
    let mut y = x.tanh();
    // tanh and its first three derivatives in t = tanh x.
    let expected: [fn(f64) -> f64; 4] = [
        |t| t,
        |t| 1.0 - t * t,
        |t| -2.0 * t * (1.0 - t * t),
        |t| (6.0 * t * t - 2.0) * (1.0 - t * t),
    ];
    for expected in expected {
        let expected = x.tensor().map(|x| expected(x.tanh()));
        assert!(y.tensor().allclose(&expected, 1e-13, 0.0), "{y} {expected}");
        let sum = y.sum(..).unwrap();
        y = grad(&sum, &[&x], CreateGraph::Yes).unwrap().remove(0);
    }
}
