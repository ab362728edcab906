//! The triangles of matrices.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, j] = x[.., i, j] on the triangle's side of the diagonal, 0 on the other
#[derive(Debug)]
struct Triangle {
    side: Side,
    diagonal: isize,
}

/// The side of the diagonal that is kept, with the diagonal itself.
#[derive(Debug)]
enum Side {
    Lower,
    Upper,
}

impl<T: Float> Op<T> for Triangle {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        match self.side {
            Side::Lower => x.tril(self.diagonal),
            Side::Upper => x.triu(self.diagonal),
        }
    }

    /// dx = the same triangle of g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(match self.side {
            Side::Lower => g.tril(self.diagonal)?,
            Side::Upper => g.triu(self.diagonal)?,
        })
    }
}

impl<T: Float> Var<T> {
    /// The elements on and below a diagonal of the last two axes, zeros above: `x[i, j]` where `j - i <= diagonal`.
    /// Diagonal 0 is the main one, 1 the one above it.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [..., m, n]`
    ///
    /// # Gradient
    ///
    /// The same triangle of `g`, also where `x` is NaN or infinite; nothing is saved.
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
    /// assert_eq!(x.tril(0)?.tensor(), &tensor![[1.0, 0.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(-1)?.tensor(), &tensor![[0.0, 0.0], [3.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.tril`
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Result<Self> {
        let side = Side::Lower;
        Triangle { side, diagonal }.apply(self)
    }

    /// The elements on and above a diagonal of the last two axes, zeros below: `x[i, j]` where `j - i >= diagonal`.
    ///
    /// Diagonal 0 is the main one, 1 the one above it.
    ///
    /// # Shape
    ///
    /// `[..., m, n] -> [..., m, n]`
    ///
    /// # Gradient
    ///
    /// The same triangle of `g`, also where `x` is NaN or infinite; nothing is saved.
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
    /// assert_eq!(x.triu(0)?.tensor(), &tensor![[1.0, 2.0], [0.0, 4.0]]);
    /// assert_eq!(x.triu(1)?.tensor(), &tensor![[0.0, 2.0], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.triu`
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Result<Self> {
        let side = Side::Upper;
        Triangle { side, diagonal }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [[1, 3, 3], [2, 2, 4], [2, 4, 2], [0, 2, 2], [2, 0, 3]] {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            for diagonal in [0, 1, -1, 9] {
                gradcheck(|x| x[0].tril(diagonal), &x)?;
                gradgradcheck(|x| x[0].tril(diagonal), &x)?;
                gradcheck(|x| x[0].transpose(1, 2)?.triu(diagonal), &x)?;
                gradgradcheck(|x| x[0].triu(diagonal), &x)?;
            }
        }
        let row = [tensor![f64; 1.0, 2.0]];
        gradcheck(|x| x[0].broadcast_to([2, 2])?.tril(0), &row)
    }

    #[test]
    fn the_gradient_is_the_same_triangle() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, f32::NAN], [3.0, 4.0]]);
        let y = x.tril(0)?;
        assert_eq!(y.to_vec(), [1.0, 0.0, 3.0, 4.0]);
        let g = tensor![[10.0, f32::NAN], [30.0, 40.0]];
        assert_eq!(
            y.backward_with(g.clone())?.wrt(&x),
            Some(&tensor![[10.0, 0.0], [30.0, 40.0]])
        );
        let grads = x
            .triu(1)?
            .backward_with(tensor![[10.0, 20.0], [30.0, 40.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 20.0], [0.0, 0.0]]));
        assert!(Var::leaf(tensor![1.0]).tril(0).is_err());
        Ok(())
    }
}
