//! The cross product of vectors in space.

use crate::element::Float;
use crate::error::{Result, out_of_range};
use crate::kernel::parallel::{PART, for_chunks, for_rows};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The cross products of vectors of three elements along an axis, after broadcasting: `y[0] = a[1] b[2] - a[2] b[1]`,
    /// and so on around. The axis is one of the broadcast shape.
    ///
    /// # Shape
    ///
    /// `cross(&rhs, -1)`: `[m, 1, 3], [n, 3] -> [m, n, 3]`
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, the axis is out of range, or its size is not 3 in both tensors.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (tensor![1.0, 0.0, 0.0], tensor![0.0, 1.0, 0.0]);
    /// assert_eq!(x.cross(&y, 0)?, tensor![0.0, 0.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.cross`
    #[track_caller]
    pub fn cross(&self, rhs: &Self, axis: isize) -> Result<Self> {
        let op = "cross";
        let shape = Shape::broadcast_for(op, self.shape(), rhs.shape())?;
        let axis = shape.axis_for(op, axis)?;
        for x in [self, rhs] {
            let place = (axis + x.rank()).checked_sub(shape.rank());
            let size = place.map_or(1, |place| x.shape()[place]);
            if size != 3 {
                let remedy = format!("; axis {axis} of {} and {}", self.shape(), rhs.shape());
                return Err(out_of_range(op, "the size of the axis", "3", size, remedy));
            }
        }
        let lhs = self.broadcast_to(shape)?.try_contiguous()?;
        let rhs = rhs.broadcast_to(shape)?.try_contiguous()?;
        let [a, b] = [&lhs, &rhs].map(|x| x.as_slice().unwrap_or_default());
        Self::build(shape, |y| {
            if y.is_empty() {
                return;
            }
            let inner: usize = shape[axis + 1..].iter().product();
            if inner > 1 {
                return for_rows(y, y.len() / inner, y.len(), |first, y| {
                    for (row, y) in (first..).zip(y.chunks_exact_mut(inner)) {
                        // The rows of the two next elements around.
                        let next = [1, 2].map(|k| (row - row % 3 + (row + k) % 3) * inner);
                        let ([a1, a2], [b1, b2]) = (
                            next.map(|start| &a[start..start + inner]),
                            next.map(|start| &b[start..start + inner]),
                        );
                        for (i, y) in y.iter_mut().enumerate() {
                            *y = a1[i] * b2[i] - a2[i] * b1[i];
                        }
                    }
                });
            }
            for_chunks(y, PART.next_multiple_of(3), |start, y| {
                let vectors = a[start..].chunks_exact(3).zip(b[start..].chunks_exact(3));
                for (y, (a, b)) in y.chunks_exact_mut(3).zip(vectors) {
                    y[0] = a[1] * b[2] - a[2] * b[1];
                    y[1] = a[2] * b[0] - a[0] * b[2];
                    y[2] = a[0] * b[1] - a[1] * b[0];
                }
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn products_are_the_same_along_any_axis() -> Result<()> {
        let (a, b) = (
            tensor![[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]],
            tensor![4.0, 5.0, 6.0],
        );
        let y = a.cross(&b, -1)?;
        assert_eq!(y, tensor![[-3.0, 6.0, -3.0], [6.0, 0.0, -4.0]]);
        assert_eq!(a.t()?.cross(&b.unsqueeze(1)?, 0)?, y.t()?);
        assert_eq!(b.cross(&a, 1)?.add(&y)?.to_vec(), [0.0; 6]);
        let many = Tensor::<f64>::normal([2, 3, 30_000], 0.0, 1.0, &mut crate::rng(1))?;
        let other = many.flip(..)?;
        let turned = many.transpose(1, 2)?.cross(&other.transpose(1, 2)?, 2)?;
        assert!(many.cross(&other, 1)? == turned.transpose(1, 2)?);
        assert_eq!(Tensor::zeros([0, 3])?.cross(&b, 1)?.shape(), [0, 3]);
        Ok(())
    }

    #[test]
    fn other_sizes_than_three_are_refused() -> Result<()> {
        let (three, two) = (Tensor::zeros([2, 3])?, Tensor::zeros([2, 1])?);
        let message = three.cross(&two, 1).unwrap_err().to_string();
        let start = "cross: the size of the axis must be 3, got 1; axis 1 of [2, 3] and [2, 1]";
        assert!(message.starts_with(start), "{message}");
        assert!(three.cross(&three, 0).is_err() && three.cross(&three, 2).is_err());
        assert!(three.cross(&tensor![1.0, 2.0, 3.0], 0).is_err());
        Ok(())
    }
}
