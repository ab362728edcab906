//! Sums back to a shape that was broadcast: the gradient of broadcasting, and of a broadcast factor.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::fold::{self, Rows};
use crate::kernel::parallel;
use crate::kernel::planes::{self, Planes};
use crate::reduce::columns_of_part;
use crate::shape::{ReducedAxes, Shape};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The sum over axes that leaves the given shape, from which these elements were broadcast: the gradient of
    /// broadcasting.
    ///
    /// # Shape
    ///
    /// `[m, n]` to `[n] -> [n]`; to `[m, 1] -> [m, 1]`; to `[] -> []`
    ///
    /// # Errors
    ///
    /// If the shape does not broadcast to this one.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Shape, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let g = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(g.sum_to(Shape::from([2]))?.to_vec(), [4.0, 6.0]);
    /// assert_eq!(g.sum_to(Shape::from([2, 1]))?, tensor![[3.0], [7.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sum_to(&self, shape: Shape) -> Result<Self> {
        if shape == self.dims() {
            return Ok(self.clone());
        }
        self.sum_over(self.reduced_to("sum_to", shape)?)?
            .reshape(shape)
    }

    /// `(self * rhs).sum_to(shape)`, after broadcasting; where whole rows are summed, the product is never in memory.
    ///
    /// It is the gradient of a factor that was broadcast.
    ///
    /// # Shape
    ///
    /// `[m, n], [n]` to `[n] -> [n]`; to `[m, 1] -> [m, 1]`
    ///
    /// # Errors
    ///
    /// If the factors do not broadcast to one shape, or `shape` does not broadcast to theirs.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Shape, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, scale) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![10.0, 100.0]);
    /// assert_eq!(x.mul_sum_to(&scale, Shape::from([2]))?.to_vec(), [40.0, 600.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mul_sum_to(&self, rhs: &Self, shape: Shape) -> Result<Self> {
        let all = Shape::broadcast("mul_sum_to", &self.dims(), &rhs.dims())?;
        if shape == all {
            return self.mul(rhs);
        }
        let (lhs, rhs) = (self.broadcast_to(all)?, rhs.broadcast_to(all)?);
        let axes = lhs.reduced_to("mul_sum_to", shape)?;
        let reduced = axes.marks();
        let lead = reduced.iter().take_while(|reduced| **reduced).count();
        if axes.count() * shape.len() == all.len()
            && reduced[lead..].iter().all(|reduced| !reduced)
            && let Some((lhs, rhs)) = lhs.rows_behind(lead).zip(rhs.rows_behind(lead))
            && shape.len() > 1
        {
            let rows = all.dims()[..lead].iter().product();
            return Self::build(shape, |out| {
                let part =
                    |first: usize, out: &mut [T]| fold::sum_products(lhs, rhs, rows, first, out);
                if parallel::pays(all.len()) {
                    parallel::for_parts_of(out, columns_of_part(out.len()), part);
                } else {
                    part(0, out);
                }
            });
        }
        if let Some((a, b)) = lhs.as_slice().zip(rhs.as_slice())
            && let Some(planes) = Planes::reducing(all.dims(), reduced)
            && planes.inner > 1
        {
            return Self::build(shape, |out| {
                parallel::for_rows(out, planes.groups, a.len(), |first, out| {
                    planes::dots([a, b], planes, first, out);
                });
            });
        }
        lhs.mul(&rhs)?.sum_to(shape)
    }

    /// Rows of all axes behind the first `lead`, where the elements of a row are contiguous or all the same.
    fn rows_behind(&self, lead: usize) -> Option<Rows<'_, T>> {
        let (outer, inner) = self.shape().split_at(lead);
        let sizes = Shape::from([outer.iter().product(), inner.iter().product()]);
        let layout = self.layout().reshape(sizes)?;
        let &[row_step, step] = layout.strides() else {
            return None;
        };
        (step <= 1).then(|| Rows {
            data: &self.storage()[layout.offset..],
            row_step,
            step,
        })
    }

    /// Which axes are summed so that the result has the given shape.
    #[track_caller]
    fn reduced_to(&self, op: &'static str, shape: Shape) -> Result<ReducedAxes> {
        if Shape::broadcast(op, &shape, &self.dims())? != self.dims() {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: shape,
                found: self.dims(),
            }));
        }
        let lead = self.rank() - shape.rank();
        let reduced = std::array::from_fn(|axis| {
            axis < self.rank() && (axis < lead || shape.dims()[axis - lead] != self.shape()[axis])
        });
        Ok(ReducedAxes::marked(self.dims(), reduced))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_products_agree_with_products_summed() -> Result<()> {
        let make = |shape: Shape| {
            Tensor::<f64>::normal(shape, 0.0, 1.0, &mut crate::rng(shape.len() as u64))
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
                let run = || x.mul_sum_to(other, to);
                let sum = crate::threads::with(1, run)?;
                assert!(
                    sum.allclose(&product.sum_to(to)?, 1e-12, 1e-12),
                    "{:?} to {to:?}",
                    other.shape()
                );
                assert_eq!(sum, crate::threads::with(2, run)?);
                assert_eq!(sum.shape(), to.dims());
            }
        }
        assert_eq!(x.mul_sum_to(&others[1], x.dims())?, x.mul(&others[1])?);
        assert!(x.mul_sum_to(&others[1], Shape::from([5])).is_err());
        let none = Tensor::<f64>::zeros_of([0, 3])?;
        assert_eq!(none.mul_sum_to(&none, Shape::from([3]))?.to_vec(), [0.0; 3]);
        Ok(())
    }
}
