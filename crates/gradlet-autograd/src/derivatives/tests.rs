//! Derivatives against numbers by hand, finite differences and each other.

use super::products::leaves;
use super::{hessian, hvp, jacobian, jvp, vjp};
use crate::{Error, ErrorKind, Result, Tensor, Var, no_grad};
use gradlet_tensor::{rng, tensor};

fn random(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(seed)).unwrap()
}

/// [2, 3], [3] -> [2, 3], not linear in either.
fn f(x: &[Var<f64>]) -> Result<Var<f64>> {
    Ok(x[0].mul(&x[1])?.tanh().mul(&x[0].exp())? + &x[1].powi(2))
}

fn scalar(x: &[Var<f64>]) -> Result<Var<f64>> {
    f(x)?.powi(2).sum(..)
}

fn inputs() -> [Tensor<f64>; 2] {
    [random(&[2, 3], 1), random(&[3], 2)]
}

/// The central difference of `g` as element `j` of input `input` moves.
fn difference(g: impl Fn(&[Tensor<f64>]) -> Tensor<f64>, input: usize, j: usize) -> Tensor<f64> {
    const STEP: f64 = 6e-6;
    let at = |h: f64| {
        let mut inputs = inputs();
        inputs[input].make_mut_slice()[j] += h;
        g(&inputs)
    };
    at(STEP).sub(&at(-STEP)).unwrap().map(|d| d / (2.0 * STEP))
}

/// Equal within the error that curvature and rounding leave at a step of 6e-6.
fn close(a: &Tensor<f64>, b: &Tensor<f64>) {
    assert!(a.allclose(b, 1e-7, 1e-7), "{a} {b}");
}

/// Column `j` of a matrix with the axes of the input last.
fn column(matrix: &Tensor<f64>, rows: &[usize], j: usize) -> Tensor<f64> {
    let flat = matrix.reshape([
        rows.iter().product(),
        matrix.len() / rows.iter().product::<usize>(),
    ]);
    flat.unwrap().select(1, j).unwrap().reshape(rows).unwrap()
}

#[test]
fn the_jacobian_of_a_linear_map_is_its_matrix() -> Result<()> {
    let a = tensor![f64; [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let matrix = Var::constant(a.clone());
    let map = |x: &[Var<f64>]| matrix.matmul(&x[0].unsqueeze(1)?)?.squeeze(1);
    let x = [tensor![f64; 1.0, 0.0, -1.0]];
    assert_eq!(jacobian(map, &x)?, [a]);
    let (y, dx) = vjp(map, &x, &tensor![f64; 1.0, 10.0])?;
    assert_eq!(
        (y.to_vec(), dx[0].to_vec()),
        (vec![-2.0, -2.0], vec![41.0, 52.0, 63.0])
    );
    let (y, dy) = jvp(map, &x, &[tensor![f64; 1.0, 10.0, 100.0]])?;
    assert_eq!(
        (y.to_vec(), dy.to_vec()),
        (vec![-2.0, -2.0], vec![321.0, 654.0])
    );
    Ok(())
}

#[test]
fn the_hessian_of_two_inputs_has_mixed_blocks() -> Result<()> {
    // y = a^2 b + b^3: aa 2b, ab 2a, bb 6b
    let y = |x: &[Var<f64>]| x[0].powi(2).mul(&x[1])?.add(&x[1].powi(3))?.sum(..);
    let at = [tensor![f64; 3.0], Tensor::scalar(5.0)];
    let h = hessian(y, &at)?;
    let shapes: Vec<_> = h.iter().flatten().map(Tensor::shape).collect();
    assert_eq!(shapes, [&[1, 1][..], &[1], &[1], &[]]);
    let values: Vec<_> = h.iter().flatten().map(|h| h.item().unwrap()).collect();
    assert_eq!(values, [10.0, 6.0, 6.0, 30.0]);
    let (value, hv) = hvp(y, &at, &[tensor![f64; 1.0], Tensor::scalar(100.0)])?;
    assert_eq!(
        (value.item()?, hv[0].item()?, hv[1].item()?),
        (170.0, 610.0, 3006.0)
    );
    Ok(())
}

#[test]
fn jacobians_agree_with_finite_differences() -> Result<()> {
    let value = |x: &[Tensor<f64>]| no_grad(|| f(&leaves(x))).unwrap().into_tensor();
    let jacobians = jacobian(f, &inputs())?;
    assert_eq!(jacobians[0].shape(), [2, 3, 2, 3]);
    assert_eq!(jacobians[1].shape(), [2, 3, 3]);
    for (input, x) in inputs().iter().enumerate() {
        for j in 0..x.len() {
            close(
                &column(&jacobians[input], &[2, 3], j),
                &difference(value, input, j),
            );
        }
    }
    Ok(())
}

#[test]
fn hessians_agree_with_finite_differences_of_the_gradient() -> Result<()> {
    let h = hessian(scalar, &inputs())?;
    for (a, row) in inputs().iter().enumerate() {
        let gradient = |x: &[Tensor<f64>]| {
            let one = Tensor::scalar(1.0);
            vjp(scalar, x, &one).unwrap().1.swap_remove(a)
        };
        for (b, x) in inputs().iter().enumerate() {
            for j in 0..x.len() {
                let expected = difference(gradient, b, j);
                let found = column(&h[a][b], row.shape(), j);
                assert!(found.allclose(&expected, 1e-6, 1e-6), "{found} {expected}");
            }
        }
    }
    Ok(())
}

#[test]
fn products_agree_with_the_matrices() -> Result<()> {
    let (x, v, g) = (
        inputs(),
        [random(&[2, 3], 3), random(&[3], 4)],
        random(&[2, 3], 5),
    );
    let exact = |a: &Tensor<f64>, b: &Tensor<f64>| assert!(a.allclose(b, 1e-12, 1e-12), "{a} {b}");
    // Rows and columns of a matrix, times vectors, by broadcasting.
    let times = |m: &Tensor<f64>, v: &Tensor<f64>, rows: usize| -> Result<Tensor<f64>> {
        m.reshape([rows, v.len()])?.mul(&v.flatten(..)?)?.sum(1)
    };
    let j = jacobian(f, &x)?;
    let (_, dy) = jvp(f, &x, &v)?;
    exact(
        &dy.flatten(..)?,
        &times(&j[0], &v[0], 6)?.add(&times(&j[1], &v[1], 6)?)?,
    );
    let (_, dx) = vjp(f, &x, &g)?;
    for (dx, j) in dx.iter().zip(&j) {
        exact(
            &dx.flatten(..)?,
            &times(&j.reshape([6, dx.len()])?.t()?, &g, dx.len())?,
        );
    }
    let h = hessian(scalar, &x)?;
    let (_, hv) = hvp(scalar, &x, &v)?;
    for (hv, h) in hv.iter().zip(&h) {
        let n = hv.len();
        exact(
            &hv.flatten(..)?,
            &times(&h[0], &v[0], n)?.add(&times(&h[1], &v[1], n)?)?,
        );
    }
    Ok(())
}

#[test]
fn what_does_not_depend_on_an_input_has_zeros() -> Result<()> {
    let x = [tensor![f64; 1.0, 2.0], tensor![f64; 3.0]];
    let constant = |_: &[Var<f64>]| Ok(Var::constant(tensor![f64; 7.0]));
    assert_eq!(jacobian(constant, &x)?[0].to_vec(), [0.0; 2]);
    assert_eq!(jvp(constant, &x, &x)?.1.to_vec(), [0.0]);
    assert_eq!(vjp(constant, &x, &tensor![f64; 1.0])?.1[1].to_vec(), [0.0]);
    let linear = |x: &[Var<f64>]| x[0].sum(..);
    assert_eq!(hessian(linear, &x)?[0][1].to_vec(), [0.0; 2]);
    assert_eq!(hvp(linear, &x, &x)?.1[0].to_vec(), [0.0; 2]);
    assert_eq!(jacobian(linear, &x)?[1].to_vec(), [0.0]);
    Ok(())
}

#[test]
fn empty_and_identical_values() -> Result<()> {
    let empty = Tensor::<f64>::zeros_of([0, 2])?;
    let same = |x: &[Var<f64>]| Ok(x[0].clone());
    let from_ref = std::slice::from_ref;
    assert_eq!(jacobian(same, from_ref(&empty))?[0].shape(), [0, 2, 0, 2]);
    assert_eq!(
        jvp(same, from_ref(&empty), from_ref(&empty))?.1.shape(),
        [0, 2]
    );
    let x = [tensor![f64; 1.0, 2.0]];
    assert_eq!(jacobian(same, &x)?[0].to_vec(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(jvp(same, &x, &x)?.1, x[0]);
    let h = hessian(|x: &[Var<f64>]| x[0].sum(..), from_ref(&empty))?;
    assert_eq!(h[0][0].shape(), [0, 2, 0, 2]);
    Ok(())
}

#[test]
fn recording_is_on_inside_whatever_it_was() -> Result<()> {
    let h = no_grad(|| hessian(|x: &[Var]| x[0].powi(2).sum(..), &[tensor![1.0]]))?;
    assert_eq!(h[0][0].item()?, 2.0);
    Ok(())
}

#[test]
fn mistakes_are_told_apart() {
    let same = |x: &[Var]| Ok(x[0].clone());
    let x = [tensor![1.0, 2.0]];
    let kind = |error: Error| error.to_string();
    let error = kind(jvp(same, &x, &[]).unwrap_err());
    assert!(
        error.starts_with("jvp: the number of tangents must be the number of inputs, got 0 for 1"),
        "{error}"
    );
    let other = [tensor![1.0]];
    let shapes = |error: Error| matches!(error.kind(), ErrorKind::ShapeMismatch { .. });
    assert!(shapes(jvp(same, &x, &other).unwrap_err()));
    assert!(shapes(hvp(same, &x, &other).unwrap_err()));
    assert!(shapes(vjp(same, &x, &other[0]).unwrap_err()));
    let one = |error: Error| matches!(error.kind(), ErrorKind::NotOneElement { .. });
    assert!(one(hessian(same, &x).unwrap_err()) && one(hvp(same, &x, &x).unwrap_err()));
    let deep = [Tensor::ones([1; 5]).unwrap()];
    let error = jacobian(same, &deep).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::TooManyAxes { .. }),
        "{error}"
    );
    assert!(error.to_string().contains(file!()), "{error}");
}
