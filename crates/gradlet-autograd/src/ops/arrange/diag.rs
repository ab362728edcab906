//! Diagonals of matrices, and matrices of diagonals.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[i] = x[i, i + diagonal], or y[i, i + diagonal] = x[i] and 0 elsewhere; at [i - diagonal, i] if the diagonal is
/// negative
#[derive(Debug)]
struct Diag {
    diagonal: isize,
    from: Shape,
}

impl<T: Float> Op<T> for Diag {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.diag(self.diagonal)
    }

    /// dx = the diagonal of g; or g on the diagonal, in the shape of the matrix
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let dx = g.diag(self.diagonal)?;
        let [rows, columns] = self.from[..] else {
            return Ok(dx);
        };
        let [square, _] = dx.shape()[..] else {
            return Ok(dx);
        };
        let missing = |size: usize| (0, size as isize - square as isize);
        dx.pad(&[missing(columns), missing(rows)], T::of(0.0))
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
        let from = *self.shape();
        // Diagonals outside a matrix are all empty; the nearest one needs the smallest matrix on the way back.
        let diagonal = match from[..] {
            [rows, columns] => diagonal.clamp(-(rows as isize), columns as isize),
            _ => diagonal,
        };
        Diag { diagonal, from }.apply(self)
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
