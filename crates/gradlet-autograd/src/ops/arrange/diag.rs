//! Matrices of diagonals, and the diagonal of a matrix.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor, fused};

use crate::op::{One, Op};
use crate::ops::view::Diagonal;
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, .., i + offset, ..] = x[.., i], or y[.., i - offset, .., i, ..] for a negative offset; 0 elsewhere
#[derive(Debug)]
pub(crate) struct EmbedDiagonal {
    pub(crate) shape: Shape,
    pub(crate) offset: isize,
    pub(crate) axes: [isize; 2],
}

impl<T: Float> Op<T> for EmbedDiagonal {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::diagonal_gradient(x, self.shape, self.offset, self.axes)
    }

    /// dx = the diagonal of g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self {
            shape,
            offset,
            axes,
        } = self;
        Diagonal {
            shape,
            offset,
            axes,
        }
        .apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// A square matrix with this vector on a diagonal and zeros elsewhere, or a diagonal of this matrix as a vector.
    /// Diagonal 0 is the main one, 1 the one above it, -1 the one below.
    ///
    /// # Shape
    ///
    /// `[n] -> [n + |diagonal|, n + |diagonal|]`; `[m, n] -> [k]`, where k is 0 if the matrix has no such diagonal
    ///
    /// # Gradient
    ///
    /// The diagonal of `g` for a vector; `g` on the diagonal, 0 elsewhere, for a matrix. Nothing is saved.
    ///
    /// # Errors
    ///
    /// If this is neither a vector nor a matrix, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0]);
    /// assert_eq!(x.diag(0)?.tensor(), &tensor![[1.0, 0.0], [0.0, 2.0]]);
    /// assert_eq!(x.diag(1)?.tensor(), &tensor![[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]);
    /// assert_eq!(x.diag(1)?.diag(1)?.to_vec(), [1.0, 2.0]);
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
    /// # Gradient
    ///
    /// The diagonal of `g`; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there is no axis, an axis of the result is out of range, both are the same, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.diag_embed(0, -2, -1)?;
    /// assert_eq!(y.tensor(), &tensor![[[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 4.0]]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.0, 1.0], [1.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.diag_embed`
    #[track_caller]
    pub fn diag_embed(&self, offset: isize, axis_a: isize, axis_b: isize) -> Result<Self> {
        let y = self.tensor().diag_embed(offset, axis_a, axis_b)?;
        let (shape, axes) = (*y.shape(), [axis_a, axis_b]);
        Ok(EmbedDiagonal {
            shape,
            offset,
            axes,
        }
        .record(self, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [&[3][..], &[0], &[3, 3], &[2, 4], &[4, 2], &[0, 2], &[1, 1]] {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            for diagonal in [0, 1, -1, 3, -3] {
                gradcheck(|x| x[0].diag(diagonal), &x)?;
                gradgradcheck(|x| x[0].diag(diagonal), &x)?;
            }
        }
        let x = [Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?];
        for (offset, a, b) in [(0, 0, 1), (2, -1, 0), (-1, 2, -2)] {
            let f = |x: &[Var<f64>]| Ok(x[0].t()?.diag_embed(offset, a, b)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        gradcheck(|x| x[0].t()?.diag(-1), &x)?;
        gradcheck(|x| x[0].narrow(0, 0, 1)?.broadcast_to([3, 3])?.diag(1), &x)
    }

    #[test]
    fn what_is_off_the_diagonal_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let y = x.diag(1)?;
        assert_eq!(y.to_vec(), [2.0, 6.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[0.0, 10.0, 0.0], [0.0, 0.0, 20.0]])
        );
        for far in [isize::MIN, isize::MAX] {
            let grads = x.diag(far)?.sum(..)?.backward()?;
            assert_eq!(grads.wrt(&x), Some(&Tensor::zeros([2, 3])?));
        }
        assert!(Var::leaf(Tensor::scalar(1.0f32)).diag(0).is_err());
        Ok(())
    }
}
