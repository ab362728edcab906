//! Checking gradients against finite differences.

use gradlet_tensor::{Error, ErrorKind, Result, Tensor, rng};

use crate::backward::{CreateGraph, grad_with};
use crate::no_grad::{no_grad, set_recording};
use crate::var::Var;

/// Half the distance between the two points of a central difference, relative to the larger of 1 and the input: the
/// cube root of the f64 epsilon balances rounding (epsilon / h) against curvature (h^2).
const STEP: f64 = 6e-6;
/// How far numeric and analytic gradients may differ, relative to the larger: a hundred times the error that the step
/// leaves, and a fiftieth of the error of a gradient that is wrong by 0.1 %.
const RELATIVE: f64 = 2e-5;
/// How far they may differ in absolute terms, for gradients near 0.
const ABSOLUTE: f64 = 1e-7;

/// An error unless the gradient of `f` agrees with central finite differences at these inputs.
///
/// The output may have any shape; its gradient is random, from a fixed seed. `f` is called once and then twice for each
/// input element, and has to compute the same function every time.
///
/// # Errors
///
/// If the gradients differ ([`ErrorKind::GradientMismatch`] with the input, the element and both values), or there are
/// no inputs, or `f` returns an error.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::gradcheck;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// gradcheck(|x| x[0].mul(&x[1].exp()), &[tensor![f64; 1.0, 2.0], tensor![f64; 0.5, -1.0]])
/// # }
/// ```
#[track_caller]
pub fn gradcheck(
    f: impl Fn(&[Var<f64>]) -> Result<Var<f64>>,
    inputs: &[Tensor<f64>],
) -> Result<()> {
    expect_inputs("gradcheck", inputs)?;
    check("gradcheck", &f, inputs)
}

/// An error if there are no inputs: every gradient would pass.
#[track_caller]
fn expect_inputs(op: &'static str, inputs: &[Tensor<f64>]) -> Result<()> {
    if inputs.is_empty() {
        return Err(Error::new(ErrorKind::NoTensors { op }));
    }
    Ok(())
}

/// An error unless the gradient of `f`'s gradient agrees with finite differences of `f`'s gradient, with respect to the
/// inputs and to the incoming gradient.
///
/// # Errors
///
/// If [`gradcheck`] would return one for the gradient of `f`.
#[track_caller]
pub fn gradgradcheck(
    f: impl Fn(&[Var<f64>]) -> Result<Var<f64>>,
    inputs: &[Tensor<f64>],
) -> Result<()> {
    expect_inputs("gradgradcheck", inputs)?;
    check_second(&f, inputs)
}

/// The function to check. It is `dyn` so that each check is compiled once: a copy for each function would take minutes.
type Function<'a> = &'a dyn Fn(&[Var<f64>]) -> Result<Var<f64>>;

#[inline]
#[track_caller]
fn check_second(f: Function<'_>, inputs: &[Tensor<f64>]) -> Result<()> {
    let y = no_grad(|| f(&constants(inputs)))?;
    let mut extended = inputs.to_vec();
    extended.push(upstream(y.tensor(), 2)?);
    let gradients = |vars: &[Var<f64>]| {
        let (xs, g) = vars.split_at(vars.len() - 1);
        // If this is evaluated without recording, the first gradient still needs its graph.
        let _recording = set_recording(true);
        let leaf = |x: &Var<f64>| {
            if x.is_tracked() {
                x.clone()
            } else {
                Var::leaf(x.tensor().clone())
            }
        };
        let xs: Vec<_> = xs.iter().map(leaf).collect();
        let y = f(&xs)?;
        let dxs = if y.is_tracked() {
            grad_with(
                &y,
                g[0].clone(),
                &xs.iter().collect::<Vec<_>>(),
                CreateGraph::Yes,
            )?
        } else {
            xs.iter()
                .map(|x| Var::constant(x.tensor().zeros_like()))
                .collect()
        };
        let flat: Vec<_> = dxs.iter().map(|dx| dx.flatten(..)).collect::<Result<_>>()?;
        Var::cat(&flat.iter().collect::<Vec<_>>(), 0)
    };
    check("gradgradcheck", &gradients, &extended)
}

fn constants(inputs: &[Tensor<f64>]) -> Vec<Var<f64>> {
    inputs.iter().cloned().map(Var::constant).collect()
}

/// A random gradient for an output, in [-1, 1] and away from 0.
fn upstream(y: &Tensor<f64>, seed: u64) -> Result<Tensor<f64>> {
    let g = Tensor::<f64>::uniform(y.shape(), -0.8, 0.8, &mut rng(seed))?;
    Ok(g.map(|g| g + 0.2f64.copysign(g)))
}

#[inline]
#[track_caller]
fn check(check: &'static str, f: Function<'_>, inputs: &[Tensor<f64>]) -> Result<()> {
    let leaves: Vec<_> = inputs.iter().cloned().map(Var::leaf).collect();
    let y = f(&leaves)?;
    let g = upstream(y.tensor(), 1)?;
    let analytic = if y.is_tracked() {
        grad_with(
            &y,
            Var::constant(g.clone()),
            &leaves.iter().collect::<Vec<_>>(),
            CreateGraph::No,
        )?
    } else {
        leaves
            .iter()
            .map(|x| Var::constant(x.tensor().zeros_like()))
            .collect()
    };
    let value = |input: usize, element: usize, h: f64| -> Result<Tensor<f64>> {
        let mut moved = inputs.to_vec();
        moved[input].make_mut_slice()[element] += h;
        no_grad(|| f(&constants(&moved))).map(Var::into_tensor)
    };
    for (input, x) in inputs.iter().enumerate() {
        analytic[input].tensor().expect_shape(check, x.shape())?;
        for (element, (x, analytic)) in x.iter().zip(analytic[input].tensor().iter()).enumerate() {
            let h = STEP * x.abs().max(1.0);
            let difference = value(input, element, h)?.sub(&value(input, element, -h)?)?;
            // Summed in f64 after subtracting, so that large outputs that do not move cost no digits.
            let numeric = difference.mul(&g)?.iter().sum::<f64>() / (2.0 * h);
            let bound = ABSOLUTE + RELATIVE * numeric.abs().max(analytic.abs());
            if (numeric - analytic).abs() <= bound {
                continue;
            }
            return Err(Error::new(ErrorKind::GradientMismatch {
                check,
                input,
                element,
                analytic,
                numeric,
            }));
        }
    }
    Ok(())
}

/// Runs both checks on an operation of one input: on vectors, matrices, scalars, one element, none, transposed and
/// broadcast inputs, with values that `values` makes from normal random numbers.
#[cfg(test)]
#[track_caller]
pub(crate) fn gradcheck_everywhere(
    values: impl Fn(f64) -> f64 + Sync,
    f: impl Fn(&Var<f64>) -> Result<Var<f64>>,
) {
    check_everywhere(&values, &f);
}

/// The function that makes test inputs from normal random numbers.
#[cfg(test)]
type Values<'a> = &'a (dyn Fn(f64) -> f64 + Sync);

#[cfg(test)]
#[track_caller]
fn check_everywhere(values: Values<'_>, f: &dyn Fn(&Var<f64>) -> Result<Var<f64>>) {
    let make = |shape: &[usize]| {
        Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(7))
            .map(|x| x.map(values))
            .unwrap()
    };
    for shape in [
        vec![],
        vec![1],
        vec![5],
        vec![2, 3],
        vec![0, 2],
        vec![2, 1, 2],
    ] {
        let f = |x: &[Var<f64>]| f(&x[0]);
        gradcheck(f, &[make(&shape)]).unwrap_or_else(|error| panic!("shape {shape:?}: {error}"));
        gradgradcheck(f, &[make(&shape)])
            .unwrap_or_else(|error| panic!("shape {shape:?}: {error}"));
    }
    for f in [
        &(|x: &[Var<f64>]| f(&x[0].t()?)) as Function<'_>,
        &|x: &[Var<f64>]| f(&x[0].narrow(1, 1, 2)?),
        &|x: &[Var<f64>]| f(&x[0].unsqueeze(0)?.broadcast_to([2, 2, 3])?),
    ] {
        gradcheck(f, &[make(&[2, 3])]).unwrap();
        gradgradcheck(f, &[make(&[2, 3])]).unwrap();
    }
}

/// Runs both checks on an operation of two inputs, over shapes that agree, broadcast, are transposed or empty.
#[cfg(test)]
#[track_caller]
pub(crate) fn gradcheck_pairs(
    values: impl Fn(f64) -> f64 + Sync,
    f: impl Fn(&Var<f64>, &Var<f64>) -> Result<Var<f64>>,
) {
    check_pairs(&values, &f);
}

#[cfg(test)]
type Binary<'a> = &'a dyn Fn(&Var<f64>, &Var<f64>) -> Result<Var<f64>>;

#[cfg(test)]
#[track_caller]
fn check_pairs(values: Values<'_>, f: Binary<'_>) {
    let make = |shape: &[usize], seed| {
        Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(seed))
            .map(|x| x.map(values))
            .unwrap()
    };
    let shapes: [(&[usize], &[usize]); 7] = [
        (&[], &[]),
        (&[3], &[3]),
        (&[2, 3], &[3]),
        (&[3], &[2, 1]),
        (&[2, 1], &[1, 3]),
        (&[0, 3], &[3]),
        (&[1], &[]),
    ];
    for (left, right) in shapes {
        let inputs = [make(left, 7), make(right, 8)];
        let f = |x: &[Var<f64>]| f(&x[0], &x[1]);
        gradcheck(f, &inputs).unwrap_or_else(|error| panic!("{left:?}, {right:?}: {error}"));
        gradgradcheck(f, &inputs).unwrap_or_else(|error| panic!("{left:?}, {right:?}: {error}"));
    }
    let transposed = |x: &[Var<f64>]| f(&x[0].t()?, &x[1]);
    let inputs = [make(&[2, 3], 7), make(&[3, 2], 8)];
    gradcheck(transposed, &inputs).unwrap();
    gradgradcheck(transposed, &inputs).unwrap();
    let same = |x: &[Var<f64>]| f(&x[0], &x[0]);
    gradcheck(same, &inputs[..1]).unwrap();
    gradgradcheck(same, &inputs[..1]).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{One, Op};
    use crate::saves::Inputs;
    use gradlet_tensor::tensor;

    /// y = x^3, with a gradient that is off by a factor or forgets the power.
    #[derive(Debug)]
    struct Cube {
        factor: f64,
        forgets: bool,
    }

    impl Op<f64> for Cube {
        type Arity = One;
        type Saves = Inputs;

        fn forward(&self, x: &Tensor<f64>) -> Result<Tensor<f64>> {
            Ok(x.powi(3))
        }

        fn backward(&self, g: Var<f64>, x: Var<f64>) -> Result<Var<f64>> {
            let slope = if self.forgets { x } else { x.powi(2) };
            Ok(g.mul(&slope)?.mul_scalar(3.0 * self.factor))
        }
    }

    fn cube(factor: f64, forgets: bool) -> (Result<()>, Result<()>) {
        let f = move |x: &[Var<f64>]| Cube { factor, forgets }.apply(&x[0]);
        let x = [tensor![f64; 0.7, -1.3, 2.0]];
        (gradcheck(f, &x), gradgradcheck(f, &x))
    }

    #[test]
    fn a_right_gradient_passes_both_checks() {
        let (first, second) = cube(1.0, false);
        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    }

    #[test]
    fn a_gradient_wrong_by_a_thousandth_is_rejected() {
        for factor in [1.001, 0.999] {
            let mismatch = cube(factor, false).0.unwrap_err();
            assert!(
                matches!(
                    mismatch.kind(),
                    ErrorKind::GradientMismatch {
                        input: 0,
                        element: 0,
                        ..
                    }
                ),
                "{mismatch}"
            );
        }
    }

    #[test]
    fn a_forgotten_term_is_rejected() {
        assert!(cube(1.0, true).0.is_err());
    }

    /// y = x^2 with the right gradient, which cuts the graph, so that its own gradient is wrong.
    #[derive(Debug)]
    struct Detached;

    impl Op<f64> for Detached {
        type Arity = One;
        type Saves = Inputs;

        fn forward(&self, x: &Tensor<f64>) -> Result<Tensor<f64>> {
            Ok(x.powi(2))
        }

        fn backward(&self, g: Var<f64>, x: Var<f64>) -> Result<Var<f64>> {
            Ok(g.mul(&x.detach())?.mul_scalar(2.0))
        }
    }

    #[test]
    fn a_wrong_second_derivative_is_rejected_by_the_second_check_alone() {
        let x = [tensor![f64; 0.7, -1.3]];
        assert!(gradcheck(|x| Detached.apply(&x[0]), &x).is_ok());
        assert!(gradgradcheck(|x| Detached.apply(&x[0]), &x).is_err());
    }

    #[test]
    fn a_gradient_that_is_cut_off_is_rejected() {
        let x = [tensor![f64; 0.7, -1.3]];
        assert!(gradcheck(|x| Ok(x[0].detach().powi(2)), &x).is_err());
        assert!(gradcheck(|x| Ok(x[0].powi(0)), &x).is_ok());
    }

    #[test]
    fn a_check_of_no_inputs_is_refused() {
        let constant = |_: &[Var<f64>]| Ok(Var::constant(tensor![f64; 1.0]));
        for error in [gradcheck(constant, &[]), gradgradcheck(constant, &[])] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::NoTensors { .. }),
                "{error}"
            );
            assert!(error.location().line() > 200, "{error}");
        }
    }
}
