//! The Jacobian and Hessian matrices of functions.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use super::products::{gradients, leaves, pull};
use crate::backward::CreateGraph;
use crate::no_grad::set_recording;
use crate::var::Var;

/// The Jacobian of `f` for each input: `j[i..., j...] = dy[i...]/dx[j...]`.
///
/// This takes one backward pass for each element of the value.
///
/// # Shape
///
/// `f: [n...], ... -> [m...]`; returns `[m..., n...]` for each input.
///
/// # Errors
///
/// If `f` returns one, or the result would have more axes than a tensor can have.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::jacobian;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let j = jacobian(|x| x[0].mul(&x[0].sum(..)?), &[tensor![1.0, 2.0]])?;
/// assert_eq!(j[0].shape(), [2, 2]);
/// assert_eq!(j[0].to_vec(), [4.0, 1.0, 2.0, 5.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.autograd.functional.jacobian`
#[track_caller]
pub fn jacobian<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    inputs: &[Tensor<T>],
) -> Result<Vec<Tensor<T>>> {
    let _recording = set_recording(true);
    let xs = leaves(inputs);
    rows(&f(&xs)?, &xs)
}

/// The Hessian of a scalar `f`, for each pair of inputs: `h[a][b][i..., j...] = d2y/(dx_a[i...] dx_b[j...])`.
///
/// This takes one backward pass for each element of the inputs, besides the first.
///
/// # Shape
///
/// `f: [n...], [k...], ... -> one element`; returns `h[0][1]: [n..., k...]` and so on.
///
/// # Errors
///
/// If `f` returns one, its value does not have exactly one element, or the result would have more axes than a tensor
/// can have.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::hessian;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let h = hessian(|x| x[0].powi(3).sum(..), &[tensor![1.0, 2.0]])?;
/// assert_eq!(h[0][0].to_vec(), [6.0, 0.0, 0.0, 12.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.autograd.functional.hessian`
#[track_caller]
pub fn hessian<T: Float>(
    f: impl Fn(&[Var<T>]) -> Result<Var<T>>,
    inputs: &[Tensor<T>],
) -> Result<Vec<Vec<Tensor<T>>>> {
    let _recording = set_recording(true);
    let xs = leaves(inputs);
    let (_, dxs) = gradients("hessian", &f, &xs)?;
    let mut blocks = Vec::with_capacity(xs.len());
    for dx in &dxs {
        blocks.push(rows(dx, &xs)?);
    }
    Ok(blocks)
}

/// The Jacobian of `y` for each `x`, by one backward pass for each row.
#[track_caller]
fn rows<T: Float>(y: &Var<T>, xs: &[Var<T>]) -> Result<Vec<Tensor<T>>> {
    let mut shapes = Vec::with_capacity(xs.len());
    for x in xs {
        shapes.push(Shape::new(&[&y.shape()[..], x.shape()].concat())?);
    }
    if !y.is_tracked() || y.is_empty() {
        let mut zeros = Vec::with_capacity(xs.len());
        for shape in shapes {
            zeros.push(Tensor::zeros_of(shape)?);
        }
        return Ok(zeros);
    }
    let mut rows: Vec<Vec<Tensor<T>>> = vec![Vec::new(); xs.len()];
    for i in 0..y.len() {
        let mut g = Tensor::zeros_of(y.shape())?;
        g.make_mut_slice()[i] = T::of(1.0);
        let dxs = pull(y, Var::constant(g), xs, CreateGraph::No)?;
        for (rows, dx) in rows.iter_mut().zip(dxs) {
            rows.push(dx.tensor().flatten(..)?);
        }
    }
    // A stack has one axis more than the result if y is a scalar.
    let joined = |(rows, shape): (Vec<Tensor<T>>, Shape)| {
        Tensor::stack(&rows.iter().collect::<Vec<_>>(), 0)?.reshape(shape)
    };
    rows.into_iter().zip(shapes).map(joined).collect()
}
