//! Variables whose observations are in rows, and how often these were made.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::fused::require::require;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The shape of variables as rows, and that of a result for each pair of them: a vector is one variable.
///
/// # Errors
///
/// If there are more than two axes; the message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::variables("test", [2, 5].into())?, ([2, 5].into(), [2, 2].into()));
/// assert_eq!(fused::variables("test", [5].into())?, ([1, 5].into(), Shape::SCALAR));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn variables(op: &'static str, shape: Shape) -> Result<(Shape, Shape)> {
    match shape[..] {
        [m, n] => Ok(([m, n].into(), [m, m].into())),
        [] | [_] => Ok(([1, shape.numel()].into(), Shape::SCALAR)),
        _ => {
            shape.expect_rank(op, 2, "a matrix or a vector")?;
            Ok((shape, shape))
        }
    }
}

/// How often each of `count` observations was made, 1 if not given, after a check of both kinds of weights.
///
/// # Errors
///
/// If weights are given, but not one for each observation, or one is below 0 or NaN, or their products sum to 0; the
/// message begins with `op`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let weights = tensor![0.5, 0.25];
/// assert_eq!(fused::observations("test", 2, None, Some(&weights))?, tensor![1.0, 1.0]);
/// assert_eq!(fused::observations::<f32>("test", 2, Some(&tensor![i64; 3, 0]), None)?, tensor![3.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn observations<T: Float>(
    op: &'static str,
    count: usize,
    fweights: Option<&Tensor<i64>>,
    aweights: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let mut times = Tensor::ones_of(count)?;
    if let Some(fweights) = fweights {
        expect_weights(op, "fweights", count, fweights)?;
        times = fweights.cast();
    }
    let mut weights = times.clone();
    if let Some(aweights) = aweights {
        expect_weights(op, "aweights", count, aweights)?;
        weights = weights.mul(aweights)?;
    }
    let total = weights.sum(..)?.item()?.to_f64();
    let given = fweights.is_some() || aweights.is_some();
    require(
        !given || total != 0.0,
        op,
        "the sum of weights",
        "above 0",
        total,
    )?;
    Ok(times)
}

#[track_caller]
fn expect_weights<T: Element>(
    op: &'static str,
    name: &'static str,
    count: usize,
    weights: &Tensor<T>,
) -> Result<()> {
    weights.expect_shape(op, [count])?;
    let wrong = |x: &f64| x.is_nan() || *x < 0.0;
    match weights.iter().map(Element::to_f64).find(wrong) {
        Some(x) => require(false, op, name, "at least 0", x),
        None => Ok(()),
    }
}
