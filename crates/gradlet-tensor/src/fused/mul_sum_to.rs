//! Products summed back to a shape that was broadcast: the gradient of a broadcast factor.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::fold::{self, Rows};
use crate::kernel::parallel;
use crate::kernel::planes::{self, Planes};
use crate::reduce::columns_of_part;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The product after broadcasting, summed to a shape, `(lhs * rhs).sum_to(shape)`: the gradient of a factor that was
/// broadcast. Where whole rows are summed, the product is never in memory.
///
/// # Shape
///
/// `[m, n], [n]` to `[n] -> [n]`; to `[m, 1] -> [m, 1]`
///
/// # Errors
///
/// If the factors do not broadcast, or the shape does not broadcast to theirs.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, scale) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![10.0, 100.0]);
/// assert_eq!(fused::mul_sum_to(&x, &scale, Shape::from([2]))?.to_vec(), [40.0, 600.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn mul_sum_to<T: Float>(lhs: &Tensor<T>, rhs: &Tensor<T>, shape: Shape) -> Result<Tensor<T>> {
    let all = Shape::broadcast_for("mul_sum_to", lhs.shape(), rhs.shape())?;
    if shape == all {
        return lhs.mul(rhs);
    }
    let (lhs, rhs) = (lhs.broadcast_to(all)?, rhs.broadcast_to(all)?);
    let axes = lhs.reduced_to("mul_sum_to", shape)?;
    let reduced = axes.marks();
    let lead = reduced.iter().take_while(|reduced| **reduced).count();
    if axes.count() * shape.numel() == all.numel()
        && reduced[lead..].iter().all(|reduced| !reduced)
        && let Some((lhs, rhs)) = rows_behind(&lhs, lead).zip(rows_behind(&rhs, lead))
        && shape.numel() > 1
    {
        let rows = all[..lead].iter().product();
        return Tensor::build(shape, |out| {
            let part = |first: usize, out: &mut [T]| fold::sum_products(lhs, rhs, rows, first, out);
            if parallel::pays(all.numel()) {
                parallel::for_parts_of(out, columns_of_part(out.len()), part);
            } else {
                part(0, out);
            }
        });
    }
    if let Some((a, b)) = lhs.as_slice().zip(rhs.as_slice())
        && let Some(planes) = Planes::reducing(&all, reduced)
        && planes.inner > 1
    {
        return Tensor::build(shape, |out| {
            parallel::for_rows(out, planes.groups, a.len(), |first, out| {
                planes::dots([a, b], planes, first, out);
            });
        });
    }
    lhs.mul(&rhs)?.sum_to(shape)
}

/// Rows over all axes after the first `lead`, if the elements of a row are contiguous or all the same.
fn rows_behind<T: Float>(x: &Tensor<T>, lead: usize) -> Option<Rows<'_, T>> {
    let (outer, inner) = x.shape().split_at(lead);
    let sizes = Shape::from([outer.iter().product(), inner.iter().product()]);
    let layout = x.layout().reshape(sizes)?;
    let &[row_step, step] = layout.strides() else {
        return None;
    };
    (step <= 1).then(|| Rows {
        data: &x.storage()[layout.offset..],
        row_step,
        step,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_products_agree_with_products_summed() -> Result<()> {
        let make = |shape: Shape| {
            Tensor::<f64>::normal(shape, 0.0, 1.0, &mut crate::rng(shape.numel() as u64))
        };
        let x = make(Shape::from([130, 4, 300]))?;
        let others = [
            make(Shape::from([130, 4, 300]))?,
            make(Shape::from([4, 300]))?,
            make(Shape::from([130, 1, 1]))?,
            Tensor::scalar(0.5),
            make(Shape::from([300, 4, 130]))?.transpose(0, 2)?,
        ];
        for other in &others {
            let product = x.mul(other)?;
            for to in [
                Shape::from([4, 300]),
                Shape::from([300]),
                Shape::from([130, 1, 300]),
                Shape::from([4, 1]),
                Shape::from([130, 1, 1]),
                Shape::SCALAR,
            ] {
                let run = || mul_sum_to(&x, other, to);
                let sum = crate::threads::with(1, run)?;
                assert!(
                    sum.allclose(&product.sum_to(to)?, 1e-12, 1e-12),
                    "{:?} to {to:?}",
                    other.shape()
                );
                assert_eq!(sum, crate::threads::with(2, run)?);
                assert_eq!(sum.shape(), &to);
            }
        }
        assert_eq!(mul_sum_to(&x, &others[1], *x.shape())?, x.mul(&others[1])?);
        assert!(mul_sum_to(&x, &others[1], Shape::from([5])).is_err());
        let none = Tensor::<f64>::zeros_of([0, 3])?;
        assert_eq!(
            mul_sum_to(&none, &none, Shape::from([3]))?.to_vec(),
            [0.0; 3]
        );
        Ok(())
    }
}
