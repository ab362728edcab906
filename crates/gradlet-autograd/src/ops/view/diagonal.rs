//! Diagonals of matrices.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::ops::arrange::EmbedDiagonal;
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i] = x[.., i, .., i + offset, ..], or x[.., i - offset, .., i, ..] for a negative offset
#[derive(Debug)]
pub(crate) struct Diagonal {
    pub(crate) shape: Shape,
    pub(crate) offset: isize,
    pub(crate) axes: [isize; 2],
}

impl<T: Float> Op<T> for Diagonal {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.diagonal(self.offset, self.axes[0], self.axes[1])
    }

    /// dx = g on the diagonal, 0 elsewhere
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self {
            shape,
            offset,
            axes,
        } = self;
        EmbedDiagonal {
            shape,
            offset,
            axes,
        }
        .apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// A diagonal of each matrix that two axes make, as a new last axis in place of the two: the elements at
    /// `[i, i + offset]`, or at `[i - offset, i]` if the offset is negative. A view.
    ///
    /// # Shape
    ///
    /// `diagonal(0, 1, 2)`: `[n, a, b] -> [n, min(a, b)]`; a diagonal outside the matrix has no elements
    ///
    /// # Gradient
    ///
    /// `g` on the diagonal, 0 elsewhere; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or both are the same.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.diagonal(1, 0, 1)?;
    /// assert_eq!(y.to_vec(), [2.0, 6.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.diagonal`
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis_a: isize, axis_b: isize) -> Result<Self> {
        let (shape, axes) = (*self.shape(), [axis_a, axis_b]);
        Diagonal {
            shape,
            offset,
            axes,
        }
        .apply(self)
    }

    /// The sum of the main diagonal of each matrix that the last two axes make.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` at each element of the diagonal, 0 elsewhere; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.trace()?.item()?, 5.0);
    /// assert_eq!(x.trace()?.backward()?.wrt(&x), Some(&tensor![[1.0, 0.0], [0.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.trace`, for matrices behind any leading axes
    #[track_caller]
    pub fn trace(&self) -> Result<Self> {
        let diagonal = self.diagonal(0, -2, -1);
        diagonal.map_err(|error| error.of("trace"))?.sum(-1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for (offset, a, b) in [(0, 0, 1), (1, 2, 0), (-2, 1, -1), (isize::MAX, 0, 2)] {
            let f = |x: &[Var<f64>]| Ok(x[0].transpose(0, 1)?.diagonal(offset, a, b)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        gradcheck(|x| x[0].trace(), &x)?;
        gradgradcheck(|x| Ok(x[0].trace()?.powi(2)), &x)?;
        let row = [tensor![f64; [1.0, 2.0, 3.0]]];
        gradcheck(|x| x[0].broadcast_to([3, 3])?.diagonal(1, 1, 0), &row)
    }

    #[test]
    fn what_is_off_the_diagonal_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
        let y = x.diagonal(-1, 1, 2)?;
        assert_eq!(y.tensor(), &tensor![[3.0], [7.0]]);
        let grads = y.backward_with(tensor![[10.0], [20.0]])?;
        let expected = tensor![[[0.0, 0.0], [10.0, 0.0]], [[0.0, 0.0], [20.0, 0.0]]];
        assert_eq!(grads.wrt(&x), Some(&expected));
        assert!(x.diagonal(0, 1, 1).is_err() && x.select(0, 0)?.select(0, 0)?.trace().is_err());
        Ok(())
    }
}
