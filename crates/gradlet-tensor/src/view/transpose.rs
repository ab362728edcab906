//! Changing the order of the axes, without a copy.

use std::mem::replace;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// A view with the axes in a different order: axis i of the result is axis `axes[i]` of this tensor.
    ///
    /// # Shape
    ///
    /// `permute(&[2, 0, 1])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Errors
    ///
    /// If `axes` does not name each axis exactly once.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([2, 3, 4])?;
    /// assert_eq!(x.permute(&[2, 0, 1])?.shape(), [4, 2, 3]);
    /// assert_eq!(x.permute(&[0, -1, 1])?.shape(), [2, 4, 3]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.permute`
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Result<Self> {
        Ok(self.view(self.layout().permute(axes)?))
    }

    /// A view with two axes swapped. For a scalar, axis 0 is accepted too.
    ///
    /// # Shape
    ///
    /// `transpose(0, 2)`: `[a, b, c] -> [c, b, a]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::zeros([2, 3, 4])?;
    /// assert_eq!(x.transpose(0, 2)?.shape(), [4, 3, 2]);
    /// assert_eq!(x.transpose(-1, -2)?.shape(), [2, 4, 3]); // each matrix
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.transpose`
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Result<Self> {
        Ok(self.view(self.layout().transpose(a, b)?))
    }

    /// A view with axes moved: axis `from[i]` is axis `to[i]` of the result, and the other axes keep their order. For a
    /// scalar, axis 0 is accepted too.
    ///
    /// # Shape
    ///
    /// `moveaxis(&[0], &[-1])`: `[a, b, c] -> [b, c, a]`; `moveaxis(&[0, 1], &[1, 2])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Errors
    ///
    /// If an axis or a place is out of range or named twice, or the number of places is not the number of axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Tensor::zeros([8, 3, 4, 5])?;
    /// assert_eq!(images.moveaxis(&[1], &[-1])?.shape(), [8, 4, 5, 3]); // channels last
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.moveaxis`
    #[track_caller]
    pub fn moveaxis(&self, from: &[isize], to: &[isize]) -> Result<Self> {
        self.permute(&self.shape().moved(from, to)?)
    }

    /// A view of the transposed matrix.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [n, m]`
    ///
    /// # Errors
    ///
    /// If the tensor is not a matrix.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.t()?, tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    /// assert!(tensor![1.0, 2.0].t().is_err()); // a vector is not a matrix
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.t`, for matrices alone
    #[track_caller]
    pub fn t(&self) -> Result<Self> {
        if self.rank() != 2 {
            return Err(Error::new(ErrorKind::Rank {
                op: "t",
                expected: "a matrix",
                shape: *self.shape(),
            }));
        }
        self.transpose(0, 1)
    }
}

impl Shape {
    /// The order of axes, as `permute` takes it, that makes axis `from[i]` axis `to[i]`; the other axes keep their order.
    ///
    /// # Errors
    ///
    /// If an axis or a place is out of range or named twice, or the number of places is not the number of axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::from([2, 3, 4]).moved(&[0], &[-1])?, [1, 2, 0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn moved(&self, from: &[isize], to: &[isize]) -> Result<Vec<isize>> {
        let (op, rank) = ("moveaxis", self.rank());
        if from.len() != to.len() {
            let (name, expected) = ("the number of places", "the number of axes");
            let remedy = format!("; axes {from:?}, places {to:?}");
            return Err(out_of_range(op, name, expected, to.len(), remedy));
        }
        // A scalar has one axis here, which is cut off at the end.
        let (mut moved, mut order) = (vec![false; rank.max(1)], vec![None; rank.max(1)]);
        for (&from, &to) in from.iter().zip(to) {
            let axis = self.axis_or_scalar_for(op, from)?;
            let place = self.axis_or_scalar_for(op, to)?;
            let twice = [
                (axis, replace(&mut moved[axis], true)),
                (place, order[place].replace(axis).is_some()),
            ];
            if let Some(&(axis, _)) = twice.iter().find(|(_, twice)| *twice) {
                let shape = *self;
                return Err(Error::new(ErrorKind::AxisRepeated { op, axis, shape }));
            }
        }
        let mut others = (0..rank).filter(|&axis| !moved[axis]);
        let order = order.into_iter().take(rank);
        let order = order.filter_map(|axis| axis.or_else(|| others.next()));
        Ok(order.map(|axis| axis as isize).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_axes_are_where_they_are_sent_and_the_others_in_order() -> Result<()> {
        let shape = Shape::from([2, 3, 4, 5]);
        assert_eq!(shape.moved(&[0], &[2])?, [1, 2, 0, 3]);
        assert_eq!(shape.moved(&[-1], &[0])?, [3, 0, 1, 2]);
        assert_eq!(shape.moved(&[0, 3], &[-1, 0])?, [3, 1, 2, 0]);
        assert_eq!(shape.moved(&[0, 1], &[1, 2])?, [2, 0, 1, 3]);
        assert_eq!(shape.moved(&[], &[])?, [0, 1, 2, 3]);
        assert_eq!(Shape::SCALAR.moved(&[0], &[-1])?, []);
        let x = Tensor::<i64>::from_fn([2, 3], |i| i as i64)?;
        assert_eq!(x.moveaxis(&[1], &[0])?.to_vec(), [0, 3, 1, 4, 2, 5]);
        Ok(())
    }

    #[test]
    fn axes_that_cannot_be_moved_are_named() {
        let shape = Shape::from([2, 3]);
        let message = |from: &[isize], to: &[isize]| shape.moved(from, to).unwrap_err().to_string();
        for (message, start) in [
            (message(&[2], &[0]), "moveaxis: axis 2 is out of range"),
            (message(&[0], &[-3]), "moveaxis: axis -3 is out of range"),
            (
                message(&[1, -1], &[0, 1]),
                "moveaxis: axis 1 is named twice",
            ),
            (message(&[0, 1], &[0, 0]), "moveaxis: axis 0 is named twice"),
            (
                message(&[0, 1], &[0]),
                "moveaxis: the number of places must be the number of axes, got 1; axes [0, 1], places [0]",
            ),
        ] {
            assert!(message.starts_with(start), "{message}");
        }
    }
}
