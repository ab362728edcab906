//! Matrices of diagonals, and the diagonal of a matrix.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::for_rows;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::view::{plane_axes, starts};

impl<T: Element> Tensor<T> {
    /// For a vector, a square matrix with it on a diagonal and zeros elsewhere; for a matrix, a diagonal as a vector.
    /// Diagonal 0 is the main one, 1 the one above it, -1 the one below.
    ///
    /// # Shape
    ///
    /// `[n] -> [n + |diagonal|, n + |diagonal|]`; `[m, n] -> [k]`, with k = 0 if there is no such diagonal
    ///
    /// # Errors
    ///
    /// If the tensor is neither a vector nor a matrix, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 2.0].diag(0)?, tensor![[1.0, 0.0], [0.0, 2.0]]);
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].diag(1)?, tensor![2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.diag`
    #[track_caller]
    pub fn diag(&self, diagonal: isize) -> Result<Self> {
        match self.rank() {
            1 => self.diag_embed(diagonal, 0, 1),
            2 => self.diagonal(diagonal, 0, 1),
            _ => Err(Error::new(ErrorKind::Rank {
                op: "diag",
                expected: "a vector or a matrix",
                shape: *self.shape(),
            })),
        }
    }

    /// The elements along the last axis on a diagonal of square matrices, zeros elsewhere. The two axes of the matrices
    /// are given as axes of the result: `y[i, i + offset] = x[i]`, or `y[i - offset, i]` if the offset is negative.
    ///
    /// # Shape
    ///
    /// `diag_embed(0, -2, -1)`: `[..., n] -> [..., n, n]`; `diag_embed(1, 0, 1)`: `[a, n] -> [n + 1, n + 1, a]`
    ///
    /// # Errors
    ///
    /// If there is no axis, an axis of the result is out of range, both are the same, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// let y = x.diag_embed(0, -2, -1)?;
    /// assert_eq!(y, tensor![[[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 4.0]]]);
    /// assert_eq!(y.diagonal(0, -2, -1)?, x);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.diag_embed`
    #[track_caller]
    pub fn diag_embed(&self, offset: isize, axis_a: isize, axis_b: isize) -> Result<Self> {
        let op = "diag_embed";
        let mut shape = *self.shape();
        let Some(&length) = shape.last() else {
            let expected = "at least one axis";
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        };
        let size = length.saturating_add(offset.unsigned_abs());
        shape.push(size)?;
        let last = shape.rank() - 2;
        shape[last] = size;
        let axes = plane_axes(op, &shape, [axis_a, axis_b])?;
        on_diagonal(self, shape, offset, axes)
    }
}

/// The gradient of a tensor of this shape whose diagonal was taken, given the diagonal's gradient: the transpose of
/// [`Tensor::diagonal`].
///
/// # Shape
///
/// `g: [..., k] -> shape`, where k is the length of the diagonal of the two axes
///
/// # Errors
///
/// If [`Tensor::diagonal`] would fail, or the gradient does not have the shape of its result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let dx = fused::diagonal_gradient(&tensor![5.0, 6.0], Shape::from([2, 3]), 1, [0, 1])?;
/// assert_eq!(dx, tensor![[0.0, 5.0, 0.0], [0.0, 0.0, 6.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn diagonal_gradient<T: Element>(
    g: &Tensor<T>,
    shape: Shape,
    offset: isize,
    axes: [isize; 2],
) -> Result<Tensor<T>> {
    let op = "diagonal_gradient";
    let [a, b] = plane_axes(op, &shape, axes)?;
    let [down, right] = starts(offset);
    let (rows, columns) = (shape[a], shape[b]);
    let length = rows.saturating_sub(down).min(columns.saturating_sub(right));
    let mut planes = shape;
    planes.remove(a.max(b));
    planes.remove(a.min(b));
    let mut expected = planes;
    expected.push(length)?;
    g.expect_shape(op, expected)?;
    planes.push(rows)?;
    planes.push(columns)?;
    on_diagonal(g, planes, offset, [a, b])
}

/// Zeros of the shape `planes`, with the rows of `x` on a diagonal of the last two axes, which are then moved to their
/// places `axes`. The diagonal is as long as the rows.
#[track_caller]
fn on_diagonal<T: Element>(
    x: &Tensor<T>,
    planes: Shape,
    offset: isize,
    axes: [usize; 2],
) -> Result<Tensor<T>> {
    let [down, right] = starts(offset);
    let (rows, columns) = (planes[planes.rank() - 2], planes[planes.rank() - 1]);
    let length = x.shape().last().copied().unwrap_or(0);
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    let y = Tensor::build(planes, |y| {
        for_rows(y, y.len() / columns.max(1), y.len(), |first, y| {
            for (i, y) in (first..).zip(y.chunks_exact_mut(columns)) {
                y.fill(T::default());
                let place = (i % rows).checked_sub(down).filter(|&place| place < length);
                if let Some(place) = place {
                    y[place + right] = x[i / rows * length + place];
                }
            }
        });
    })?;
    y.moveaxis(&[-2, -1], &axes.map(|axis| axis as isize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn diagonals_come_out_and_go_in() -> Result<()> {
        let x = tensor![i64; [1, 2, 3], [4, 5, 6]];
        assert_eq!(x.diag(0)?.to_vec(), [1, 5]);
        assert_eq!(x.diag(1)?.to_vec(), [2, 6]);
        assert_eq!(x.diag(-1)?.to_vec(), [4]);
        assert_eq!(x.t()?.diag(1)?.to_vec(), [4]);
        assert_eq!(
            x.diag(3)?.len() + x.diag(isize::MIN)?.len() + x.diag(isize::MAX)?.len(),
            0
        );
        assert_eq!(tensor![i64; 7].diag(-1)?, tensor![i64; [0, 0], [7, 0]]);
        assert_eq!(Tensor::<i64>::zeros_of(0)?.diag(1)?, tensor![i64; [0]]);
        assert!(matches!(
            tensor![i64; 1].diag(isize::MAX).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
        assert!(matches!(
            Tensor::scalar(1).diag(0).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        Ok(())
    }

    #[test]
    fn embedding_a_diagonal_is_the_transpose_of_taking_it() -> Result<()> {
        let x = Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut crate::rng(1))?;
        for (offset, a, b) in [(0, 0, 1), (1, 2, 0), (-1, 1, 2), (2, -1, -2), (9, 0, 2)] {
            let y = x.diagonal(offset, a, b)?;
            let dx = diagonal_gradient(&y, *x.shape(), offset, [a, b])?;
            let kept = x.mul(&diagonal_gradient(
                &y.ones_like(),
                *x.shape(),
                offset,
                [a, b],
            )?)?;
            assert_eq!(dx, kept);
            assert_eq!(dx.diagonal(offset, a, b)?, y);
        }
        let y = tensor![i64; [1, 2], [3, 4], [5, 6]].diag_embed(-1, 2, 0)?;
        assert_eq!(y.shape(), [3, 3, 3]);
        // y[j, k, i] with j - i = -1, so that row i of the matrix is the last axis.
        assert_eq!(y.at(&[0, 2, 1])?, 5);
        assert_eq!(y.at(&[1, 0, 2])?, 2);
        assert_eq!(y.to_vec().iter().filter(|&&y| y != 0).count(), 6);
        assert!(y.diag_embed(0, 1, -3).is_err() && Tensor::scalar(1).diag_embed(0, 0, 1).is_err());
        assert!(diagonal_gradient(&tensor![1.0], Shape::from([2, 2]), 0, [0, 1]).is_err());
        Ok(())
    }
}
