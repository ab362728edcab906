//! Sums back to the shape that was broadcast: the gradient of broadcasting.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::reduce::sum::sum_rows;
use crate::shape::{ReducedAxes, Shape};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The sum over the axes along which the given shape was broadcast to this one: the gradient of broadcasting.
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
        if shape == *self.shape() {
            return Ok(self.clone());
        }
        if let Some(x) = self.as_slice()
            && shape.numel() > 1
            && self.shape().ends_with(&shape)
        {
            // The gradient of a bias: the same sums as below.
            return Self::build(shape, |out| sum_rows(x, out));
        }
        self.sum_over(self.reduced_to("sum_to", shape)?)?
            .reshape(shape)
    }

    /// The axes whose sum has the given shape.
    #[track_caller]
    pub(crate) fn reduced_to(&self, op: &'static str, shape: Shape) -> Result<ReducedAxes> {
        if Shape::broadcast_for(op, &shape, self.shape())? != *self.shape() {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: shape,
                found: *self.shape(),
            }));
        }
        let lead = self.rank() - shape.rank();
        let reduced = std::array::from_fn(|axis| {
            axis < self.rank() && (axis < lead || shape[axis - lead] != self.shape()[axis])
        });
        Ok(ReducedAxes::marked(*self.shape(), reduced))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Shape, Tensor, tensor};

    /// A shape of the last axes takes a short way, which one of the first axes must not.
    #[test]
    fn sums_go_to_shapes_that_broadcast_and_to_no_others() {
        let x: Tensor = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(x.sum_to(Shape::from([3])).unwrap(), tensor![5.0, 7.0, 9.0]);
        let error = x.sum_to(Shape::from([2])).unwrap_err().to_string();
        assert!(error.starts_with("sum_to: "), "{error}");
        let turned = x.t().unwrap();
        assert_eq!(turned.sum_to(Shape::from([2])).unwrap(), tensor![6.0, 15.0]);
        assert!(turned.sum_to(Shape::from([3])).is_err());
    }
}
