//! Triangles and diagonals of matrices.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::for_rows;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The elements on and below a diagonal of the last two axes, zeros above: `x[i, j]` where `j - i <= diagonal`.
    /// Diagonal 0 is the main one, 1 the one above it.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [..., m, n]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.tril(0)?, tensor![[1.0, 0.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(-1)?, tensor![[0.0, 0.0], [3.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Result<Self> {
        // The columns up to the diagonal.
        self.rows_within("tril", |row, columns| (0, end(row, diagonal).min(columns)))
    }

    /// The elements on and above a diagonal of the last two axes, zeros below: `x[i, j]` where `j - i >= diagonal`.
    /// Diagonal 0 is the main one, 1 the one above it.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [..., m, n]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.triu(0)?, tensor![[1.0, 2.0], [0.0, 4.0]]);
    /// assert_eq!(x.triu(1)?, tensor![[0.0, 2.0], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Result<Self> {
        let before = diagonal.saturating_sub(1);
        self.rows_within("triu", |row, columns| {
            (end(row, before).min(columns), columns)
        })
    }

    /// The elements that each row keeps, zeros elsewhere; `kept(row, columns)` gives the row's first kept column and
    /// the end.
    #[track_caller]
    fn rows_within(
        &self,
        op: &'static str,
        kept: impl Fn(usize, usize) -> (usize, usize) + Sync,
    ) -> Result<Self> {
        let [.., rows, columns] = self.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "at least two axes",
                shape: *self.shape(),
            }));
        };
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Self::build(*self.shape(), |out| {
            for_rows(out, x.len() / columns.max(1), x.len(), |first, out| {
                let x = x[first * columns..].chunks_exact(columns);
                for (i, (y, x)) in (first..).zip(out.chunks_exact_mut(columns).zip(x)) {
                    let (start, end) = kept(i % rows, columns);
                    y.fill(T::default());
                    y[start..end].copy_from_slice(&x[start..end]);
                }
            });
        })
    }

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
        let (above, below) = (
            diagonal.max(0).unsigned_abs(),
            diagonal.min(0).unsigned_abs(),
        );
        match self.shape()[..] {
            [length] => {
                let size = length.saturating_add(diagonal.unsigned_abs());
                Self::build(Shape::from([size, size]), |out| {
                    out.fill(T::default());
                    for (i, x) in self.iter().enumerate() {
                        out[(i + below) * size + i + above] = x;
                    }
                })
            }
            [rows, columns] => {
                let length = rows
                    .saturating_sub(below)
                    .min(columns.saturating_sub(above));
                let (x, layout) = (self.storage(), self.layout());
                let place = |i: usize| {
                    (i + below) * layout.strides()[0] + (i + above) * layout.strides()[1]
                };
                Self::from_fn(length, |i| x[layout.offset + place(i)])
            }
            _ => Err(Error::new(ErrorKind::Rank {
                op: "diag",
                expected: "a vector or a matrix",
                shape: *self.shape(),
            })),
        }
    }
}

/// The first column after the diagonal in a row: `row + diagonal + 1`, or 0 if that is negative.
fn end(row: usize, diagonal: isize) -> usize {
    let next = row.saturating_add(1);
    if diagonal < 0 {
        next.saturating_sub(diagonal.unsigned_abs())
    } else {
        next.saturating_add(diagonal.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    fn sample() -> Tensor<i64> {
        tensor![i64; [1, 2, 3], [4, 5, 6]]
    }

    #[test]
    fn triangles_keep_their_side_of_the_diagonal() -> Result<()> {
        let x = sample();
        assert_eq!(x.tril(0)?, tensor![i64; [1, 0, 0], [4, 5, 0]]);
        assert_eq!(x.tril(1)?, tensor![i64; [1, 2, 0], [4, 5, 6]]);
        assert_eq!(x.tril(-1)?, tensor![i64; [0, 0, 0], [4, 0, 0]]);
        assert_eq!(x.triu(0)?, tensor![i64; [1, 2, 3], [0, 5, 6]]);
        assert_eq!(x.triu(2)?, tensor![i64; [0, 0, 3], [0, 0, 0]]);
        assert_eq!(x.triu(-1)?, x);
        assert_eq!(x.t()?.triu(1)?, tensor![i64; [0, 4], [0, 0], [0, 0]]);
        for extreme in [isize::MIN, isize::MAX] {
            let (low, high) = (x.tril(extreme)?, x.triu(extreme)?);
            assert_eq!((low.zip_for("add", &high, |a, b| a + b))?, x);
        }
        Ok(())
    }

    #[test]
    fn triangles_of_batches_are_each_matrix_own_and_drop_nan() -> Result<()> {
        let x = tensor![
            [[1.0, f32::NAN], [2.0, 3.0]],
            [[4.0, f32::INFINITY], [5.0, 6.0]]
        ];
        assert_eq!(
            x.tril(0)?.to_vec(),
            [1.0, 0.0, 2.0, 3.0, 4.0, 0.0, 5.0, 6.0]
        );
        assert_eq!(Tensor::zeros([2, 0, 3])?.tril(0)?.shape(), [2, 0, 3]);
        assert_eq!(Tensor::zeros([3, 0])?.triu(0)?.shape(), [3, 0]);
        assert!(matches!(
            tensor![1.0].tril(0).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        assert!(tensor![1.0].triu(0).is_err());
        Ok(())
    }

    #[test]
    fn diagonals_come_out_and_go_in() -> Result<()> {
        let x = sample();
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
}
