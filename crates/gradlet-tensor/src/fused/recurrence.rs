//! Linear recurrences along an axis: the gradient of running products.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::{parallel, scan};
use crate::tensor::Tensor;

/// The numbers `y_i = a_i + b_i y_(i-1)` along an axis, with `y_0 = a_0`, computed in f64. From the end, `y_i = a_i +
/// b_(i+1) y_(i+1)`, with `y_(n-1) = a_(n-1)`.
///
/// # Shape
///
/// `a: [c, n, d], b: [c, n, d] -> [c, n, d]`; a scalar has an axis 0
///
/// # Errors
///
/// If the axis is out of range, or the shapes differ.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (a, b) = (tensor![1.0, 2.0, 3.0], tensor![9.0, 10.0, 100.0]);
/// assert_eq!(fused::recurrence(&a, &b, 0)?.to_vec(), [1.0, 12.0, 1203.0]);
/// assert_eq!(fused::recurrence_reversed(&a, &b, 0)?.to_vec(), [3021.0, 302.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn recurrence<T: Float>(a: &Tensor<T>, b: &Tensor<T>, axis: isize) -> Result<Tensor<T>> {
    run("recurrence", [a, b], axis, scan::recurrence)
}

/// [`recurrence`] from the end: `y_i = a_i + b_(i+1) y_(i+1)`.
///
/// # Errors
///
/// If the axis is out of range, or the shapes differ.
#[track_caller]
pub fn recurrence_reversed<T: Float>(
    a: &Tensor<T>,
    b: &Tensor<T>,
    axis: isize,
) -> Result<Tensor<T>> {
    run(
        "recurrence_reversed",
        [a, b],
        axis,
        scan::recurrence_reversed,
    )
}

#[track_caller]
fn run<T: Float>(
    op: &'static str,
    [a, b]: [&Tensor<T>; 2],
    axis: isize,
    steps: impl Fn([&[T]; 2], usize, &mut [T]) + Sync,
) -> Result<Tensor<T>> {
    let (block, inner) = a.blocks_along(op, axis)?;
    b.expect_shape(op, a.shape())?;
    let (a, b) = (a.try_contiguous()?, b.try_contiguous()?);
    let x = [&a, &b].map(|x| x.as_slice().unwrap_or_default());
    Tensor::build(*a.shape(), |out| {
        parallel::for_rows(out, a.len() / block.max(1), 4 * a.len(), |first, out| {
            for (i, y) in (first..).zip(out.chunks_exact_mut(block)) {
                steps(x.map(|x| &x[i * block..][..block]), inner, y);
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn each_number_is_made_of_the_one_before_along_any_axis() -> Result<()> {
        let [a, b] =
            [1, 2].map(|seed| Tensor::<f64>::normal([3, 4, 5], 0.0, 1.0, &mut crate::rng(seed)));
        let (a, b) = (a?, b?);
        for axis in 0..3 {
            let n = a.size(axis)?;
            let (there, back) = (
                recurrence(&a, &b, axis)?,
                recurrence_reversed(&a, &b, axis)?,
            );
            for i in 0..n {
                let at = |x: &Tensor<f64>, i: usize| x.select(axis, i);
                let (mut forward, mut backward) = (at(&a, i)?, at(&a, i)?);
                if i > 0 {
                    forward = forward + at(&b, i)? * at(&there, i - 1)?;
                }
                if i + 1 < n {
                    backward = backward + at(&b, i + 1)? * at(&back, i + 1)?;
                }
                assert_eq!((at(&there, i)?, at(&back, i)?), (forward, backward));
            }
            // The same through transposed inputs.
            let turned = recurrence(&a.transpose(0, 2)?, &b.transpose(0, 2)?, 2 - axis)?;
            assert_eq!(turned.transpose(0, 2)?, there);
        }
        assert_eq!(
            recurrence(&Tensor::scalar(2.0f32), &Tensor::scalar(f32::NAN), 0)?.item()?,
            2.0
        );
        assert!(recurrence(&a, &b, 3).is_err());
        assert!(recurrence_reversed(&tensor![1.0], &tensor![1.0, 2.0], 0).is_err());
        Ok(())
    }
}
