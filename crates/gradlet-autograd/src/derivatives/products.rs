//! Products with the Jacobian and Hessian matrices of functions.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::backward::{CreateGraph, grad_with};
use crate::no_grad::set_recording;
use crate::var::Var;

/// The value of `f` and, for each input, the vector-Jacobian product with `g`: `dx[j] = sum_i g[i] dy[i]/dx[j]`.
///
/// Like all functions here it records `f` even inside [`no_grad`](crate::no_grad), and returns tensors without a history;
/// an input that the value does not depend on gets zeros. Values that `f` captured count as constants.
///
/// # Shape
///
/// `f: [n...], ... -> [m...]`, `g: [m...]`; returns `[m...]` and `[n...]` for each input.
///
/// # Errors
///
/// If `f` returns one, or `g` does not have the shape of its value.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::vjp;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (y, dx) = vjp(|x| Ok(x[0].powi(2)), &[tensor![1.0, 2.0]], &tensor![10.0, 100.0])?;
/// assert_eq!((y.to_vec(), dx[0].to_vec()), (vec![1.0, 4.0], vec![20.0, 400.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.autograd.functional.vjp`
#[track_caller]
pub fn vjp<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    inputs: &[Tensor<T>],
    g: &Tensor<T>,
) -> Result<(Tensor<T>, Vec<Tensor<T>>)> {
    let _recording = set_recording(true);
    let xs = leaves(inputs);
    let y = f(&xs)?;
    g.expect_shape("vjp", y.shape())?;
    let dxs = pull(&y, Var::constant(g.clone()), &xs, CreateGraph::No)?;
    Ok((y.into_tensor(), tensors(dxs)))
}

/// The value of `f` and the Jacobian-vector product with the tangents: `dy[i] = sum_j dy[i]/dx[j] v[j]`, the derivative
/// along `v`.
///
/// It differentiates the vector-Jacobian product with respect to its vector, which takes two backward passes.
///
/// # Shape
///
/// `f: [n...], ... -> [m...]`, a tangent `[n...]` for each input; returns `[m...]` twice.
///
/// # Errors
///
/// If `f` returns one, or the inputs and the tangents differ in number or in shape.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::jvp;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (_, dy) = jvp(|x| x[0].mul(&x[1]), &[tensor![2.0], tensor![3.0]], &[tensor![1.0], tensor![10.0]])?;
/// assert_eq!(dy.to_vec(), [23.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.autograd.functional.jvp`
#[track_caller]
pub fn jvp<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    inputs: &[Tensor<T>],
    tangents: &[Tensor<T>],
) -> Result<(Tensor<T>, Tensor<T>)> {
    expect_like("jvp", "the number of tangents", inputs, tangents)?;
    let _recording = set_recording(true);
    let xs = leaves(inputs);
    let y = f(&xs)?;
    // The result is linear in this, so that any value will do.
    let u = Var::leaf(y.tensor().zeros_like());
    let dxs = pull(&y, u.clone(), &xs, CreateGraph::Yes)?;
    let product = inner(&dxs, tangents)?;
    let one = Var::constant(product.tensor().ones_like());
    let dy = pull(&product, one, &[u], CreateGraph::No)?;
    let zeros = || y.tensor().zeros_like();
    let dy = dy.into_iter().next().map_or_else(zeros, Var::into_tensor);
    Ok((y.into_tensor(), dy))
}

/// The value of a scalar `f` and, for each input, the product of its Hessian with `v`, without the Hessian itself:
/// `hv_a[i] = sum_bj d2y/(dx_a[i] dx_b[j]) v_b[j]`.
///
/// This takes two backward passes, whatever the size.
///
/// # Shape
///
/// `f: [n...], ... -> one element`, a `v: [n...]` for each input; returns the value and `[n...]` for each input.
///
/// # Errors
///
/// If `f` returns one, its value does not have exactly one element, or the inputs and the vectors differ in number or
/// in shape.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::hvp;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (_, hv) = hvp(|x| x[0].powi(3).sum(..), &[tensor![1.0, 2.0]], &[tensor![1.0, 10.0]])?;
/// assert_eq!(hv[0].to_vec(), [6.0, 120.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.autograd.functional.vhp`, which is the same since the Hessian is symmetric, and cheaper than PyTorch's `hvp`
#[track_caller]
pub fn hvp<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    inputs: &[Tensor<T>],
    v: &[Tensor<T>],
) -> Result<(Tensor<T>, Vec<Tensor<T>>)> {
    expect_like("hvp", "the number of vectors", inputs, v)?;
    let _recording = set_recording(true);
    let xs = leaves(inputs);
    let (y, dxs) = gradients("hvp", &f, &xs)?;
    let product = inner(&dxs, v)?;
    let one = Var::constant(product.tensor().ones_like());
    let hv = pull(&product, one, &xs, CreateGraph::No)?;
    Ok((y.into_tensor(), tensors(hv)))
}

pub(super) fn leaves<T: Float>(inputs: &[Tensor<T>]) -> Vec<Var<T>> {
    inputs.iter().cloned().map(Var::leaf).collect()
}

fn tensors<T: Float>(vars: Vec<Var<T>>) -> Vec<Tensor<T>> {
    vars.into_iter().map(Var::into_tensor).collect()
}

/// The gradient of each `x` for the gradient `g` of `y`; zeros if `y` is not tracked.
#[track_caller]
pub(super) fn pull<T: Float>(
    y: &Var<T>,
    g: Var<T>,
    xs: &[Var<T>],
    create_graph: CreateGraph,
) -> Result<Vec<Var<T>>> {
    if !y.is_tracked() {
        let zeros = |x: &Var<T>| Var::constant(x.tensor().zeros_like());
        return Ok(xs.iter().map(zeros).collect());
    }
    grad_with(y, g, &xs.iter().collect::<Vec<_>>(), create_graph)
}

/// The value of a scalar function, and its tracked gradients.
#[track_caller]
pub(super) fn gradients<T: Float>(
    op: &'static str,
    f: &impl Fn(&[Var<T>]) -> Result<Var<T>>,
    xs: &[Var<T>],
) -> Result<(Var<T>, Vec<Var<T>>)> {
    let y = f(xs)?;
    if y.len() != 1 {
        return Err(Error::new(ErrorKind::NotOneElement {
            op,
            shape: *y.shape(),
            remedy: "; reduce it first, for example with .sum(..)",
        }));
    }
    let one = Var::constant(y.tensor().ones_like());
    let dxs = pull(&y, one, xs, CreateGraph::Yes)?;
    Ok((y, dxs))
}

/// sum over all `xs` and elements of x v
#[track_caller]
fn inner<T: Float>(xs: &[Var<T>], vs: &[Tensor<T>]) -> Result<Var<T>> {
    let mut sum = Var::constant(Tensor::zeros_of([])?);
    for (x, v) in xs.iter().zip(vs) {
        sum = sum.add(&x.mul(&Var::constant(v.clone()))?.sum(..)?)?;
    }
    Ok(sum)
}

/// An error unless there is one vector for each input, of its shape.
#[track_caller]
fn expect_like<T: Float>(
    op: &'static str,
    name: &'static str,
    inputs: &[Tensor<T>],
    vectors: &[Tensor<T>],
) -> Result<()> {
    if inputs.len() != vectors.len() {
        return Err(Error::new(ErrorKind::OutOfRange {
            op,
            name,
            expected: "the number of inputs",
            value: vectors.len() as f64,
            remedy: format!(" for {} inputs", inputs.len()),
        }));
    }
    for (x, v) in inputs.iter().zip(vectors) {
        v.expect_shape(op, x.shape())?;
    }
    Ok(())
}
