//! The properties of every pointwise operation: [`check_pointwise`], which the tests of each one call.

use std::any::TypeId;
use std::fs;
use std::path::Path;

use gradlet_tensor::{Float, Tensor, tensor};

use crate::backward::{CreateGraph, grad};
use crate::pointwise::dual::derivative;
use crate::pointwise::op::Pointwise;
use crate::pointwise::term::Sheet;
use crate::saves::Output;
use crate::var::Var;

/// Where formulas go wrong: zeros, tiny numbers, and large ones, whose squares and cubes overflow in f32 or f64. For
/// f32, some of them are 0 or infinite.
const SPECIAL: [f64; 14] = [
    0.0,
    1e-300,
    1e-30,
    1e-9,
    40.0,
    800.0,
    1e10,
    1.2e13,
    1e14,
    1e38,
    2e38,
    1e103,
    1e300,
    f64::INFINITY,
];

const ORDINARY: [f64; 14] = [
    0.05, -0.05, 0.3, -0.3, 0.52, -0.52, 0.77, -0.77, 1.31, -1.31, 2.7, -2.7, 6.1, -6.1,
];

/// Gradients of ordinary size, and near the ends of f32.
const GRADIENTS: [f32; 4] = [1.0, -2.0, 1e-30, 2e38];

/// The step of a central difference, whose error is then near 1e-10.
const STEP: f64 = 1e-5;

/// Whether two numbers are equal, including the sign of zeros, or are both NaN.
fn same<T: Float>(a: T, b: T) -> bool {
    (a == b && a.is_sign_negative() == b.is_sign_negative()) || (a.is_nan() && b.is_nan())
}

/// Whether two numbers differ by at most `bound`, relative to the larger of them and 1.
fn close(a: f64, b: f64, bound: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= bound * a.abs().max(b.abs()).max(1.0)
}

/// The special points of both signs, and the largest numbers.
fn special<T: Float>() -> Vec<T> {
    let points = SPECIAL.map(T::of).into_iter().chain([T::max_value()]);
    points.flat_map(|x| [x, -x]).collect()
}

/// The number that the slope is given at `x`.
fn saved<T: Float, P: Pointwise<T>>(op: P, x: T) -> T {
    if TypeId::of::<P::Saves>() == TypeId::of::<Output>() {
        op.value(x)
    } else {
        x
    }
}

/// Checks that values, slopes and the slopes' derivatives agree, at ordinary and special points and at the kinks.
/// `narrow` is the same operation on f32. Poles are kinks too.
#[track_caller]
pub(crate) fn check_pointwise(
    wide: impl Pointwise<f64>,
    narrow: impl Pointwise<f32>,
    kinks: &[f64],
) {
    check_numbers(wide, kinks);
    check_numbers(narrow, kinks);
    check_narrow(wide, narrow);
    let bend = |v: f64| derivative(v, |v| wide.slope(v));
    let away = |v: &f64| kinks.iter().all(|kink| (v - kink).abs() > 0.01);
    let ordinary: Vec<f64> = ORDINARY.into_iter().filter(away).collect();
    let (_, turns) = recorded(wide, &ordinary);
    for (&v, turn) in ordinary.iter().zip(turns) {
        let by_differences = |f: &dyn Fn(f64) -> f64| (f(v + STEP) - f(v - STEP)) / (2.0 * STEP);
        let difference = by_differences(&|v| wide.slope(v));
        assert!(
            close(bend(v), difference, 1e-6),
            "{wide:?} at {v:?}: the slope's derivative is {}, by differences {difference}",
            bend(v)
        );
        let difference = by_differences(&bend);
        assert!(
            close(turn, difference, 1e-5),
            "{wide:?} at {v:?}: the slope's second derivative is {turn}, by differences {difference}"
        );
    }
}

/// A slope is finite where the value is and changes by a finite amount, except at kinks and poles. Its derivative is
/// the same on numbers and on `Var`s.
#[track_caller]
fn check_numbers<T: Float, P: Pointwise<T>>(op: P, kinks: &[f64]) {
    let kinks: Vec<T> = kinks.iter().map(|&kink| T::of(kink)).collect();
    for x in special::<T>() {
        // Towards 0, since no number is beyond the largest one.
        let near = if x == T::of(0.0) {
            T::of(1e-9)
        } else {
            x * T::of(0.999)
        };
        let climb = (op.value(x) - op.value(near)) / (x - near);
        let slope = op.slope(saved(op, x));
        assert!(
            slope.is_finite() || !climb.is_finite() || kinks.contains(&x),
            "{op:?} at {x:?} of {}: the slope is {slope}, and the value climbs by {climb}",
            T::NAME
        );
    }
    let special = special().into_iter().chain(kinks).map(|x| saved(op, x));
    let ordinary = ORDINARY.into_iter().chain([f64::NAN]).map(T::of);
    let all: Vec<T> = special.chain(ordinary).collect();
    let (bends, _) = recorded(op, &all);
    for (&v, by_terms) in all.iter().zip(bends) {
        let bend = derivative(v, |v| op.slope(v));
        assert!(
            same(bend, by_terms),
            "{op:?} at {v:?} of {}: the slope's derivative is {bend}, recorded {by_terms}",
            T::NAME
        );
        assert!(
            !P::PIECEWISE_LINEAR || same(bend, T::of(0.0)),
            "{op:?} at {v:?}"
        );
    }
}

/// Gradients in f32 are those in f64, rounded, wherever f32 has the slope and the gradient.
#[track_caller]
fn check_narrow(wide: impl Pointwise<f64>, narrow: impl Pointwise<f32>) {
    let ordinary = ORDINARY.map(|x| x as f32);
    for x in special::<f32>().into_iter().chain(ordinary) {
        let v = saved(narrow, x);
        let slope = wide.slope(f64::from(v));
        for g in GRADIENTS {
            let (expected, found) = (f64::from(g) * slope, f64::from(narrow.gradient(g, v)));
            let fits = (slope as f32).is_finite() && (expected as f32).is_finite();
            let scale = f64::from(g).abs() * slope.abs().max(1.0);
            assert!(
                !fits || (found - expected).abs() <= 1e-5 * scale,
                "{narrow:?} at {v:?} of f32, g = {g:?}: the gradient is {found}, of f64 {expected}"
            );
        }
    }
}

/// Checks a gradient that is written by itself: for 1 it is the slope, and it is linear in `g`, up to the largest.
#[track_caller]
pub(crate) fn check_gradient<P: Pointwise<f64>>(op: P, kinks: &[f64]) {
    let special = special().into_iter().chain(kinks.iter().copied());
    let special = special.map(|x| saved(op, x));
    for v in special.chain(ORDINARY).chain([f64::NAN]) {
        let (gradient, slope) = (op.gradient(1.0, v), op.slope(v));
        // A formula of several terms may have no limit at infinity, while the faster or more exact one has one.
        let no_limit = v.is_infinite() && slope.is_nan();
        assert!(
            no_limit || close(gradient, slope, 1e-15),
            "{op:?} at {v:?}: gradient {gradient}, slope {slope}"
        );
        for g in [-2.0, 2f64.powi(1023)] {
            let (found, expected) = (op.gradient(g, v), g * gradient);
            assert!(
                close(found, expected, 1e-15),
                "{op:?} at {v:?}: gradient {found} for {g:?}, {gradient} for 1"
            );
        }
    }
}

/// Checks values and slopes at points, as `(x, value, slope)`: zeros of either sign are equal, and NaN is.
#[track_caller]
pub(crate) fn check_points(f: impl Fn(&Var<f64>) -> Var<f64>, points: &[(f64, f64, f64)]) {
    for &(x, value, slope) in points {
        let leaf = Var::leaf(Tensor::scalar(x));
        let y = f(&leaf);
        let found = y.tensor().to_vec()[0];
        assert!(close(found, value, 1e-15), "the value at {x:?} is {found}");
        let grads = y.backward().unwrap();
        let found = grads.wrt(&leaf).unwrap().to_vec()[0];
        assert!(close(found, slope, 1e-15), "the slope at {x:?} is {found}");
    }
}

/// The derivative of the slope by the formula on `Var`s, and the derivative of that.
fn recorded<T: Float, P: Pointwise<T>>(op: P, at: &[T]) -> (Vec<T>, Vec<T>) {
    let v = Var::leaf(Tensor::from_slice(at, [at.len()]).unwrap());
    let sheet = Sheet::default();
    let bend = derivative(sheet.put(v.clone()), |v| op.slope(v));
    let bend = bend
        .into_factor_of(&Var::leaf(v.tensor().ones_like()))
        .unwrap();
    let grads = bend.clone().backward_with(v.tensor().ones_like()).unwrap();
    let turn = grads
        .wrt(&v)
        .map_or_else(|| vec![T::of(0.0); at.len()], Tensor::to_vec);
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
                let own = text.contains("fn gradient(").then_some("check_gradient");
                for check in own.into_iter().chain(["check_pointwise"]) {
                    assert!(
                        calls.contains(&format!("{check}({name}")),
                        "{}: no test calls {check} with {name}",
                        path.display()
                    );
                }
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
