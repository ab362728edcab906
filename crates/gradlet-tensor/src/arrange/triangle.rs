//! Triangles of matrices.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::for_rows;
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
}
