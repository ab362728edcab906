//! Axes in a different order.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[`i_axes`[0], `i_axes`[1], ..] = x[`i_0`, `i_1`, ..]
#[derive(Debug)]
struct Permute {
    axes: Vec<isize>,
}

impl<T: Float> Op<T> for Permute {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.permute(&self.axes)
    }

    /// dx = g, permuted back
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let rank = self.axes.len() as isize;
        let mut back = vec![0; self.axes.len()];
        for (to, from) in self.axes.iter().enumerate() {
            back[from.rem_euclid(rank) as usize] = to as isize;
        }
        g.permute(&back)
    }
}

/// y[.., i, .., j, ..] = x[.., j, .., i, ..]
#[derive(Debug)]
struct Transpose {
    a: isize,
    b: isize,
}

impl<T: Float> Op<T> for Transpose {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.transpose(self.a, self.b)
    }

    /// dx = g, with the same axes swapped
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.transpose(self.a, self.b)
    }
}

impl<T: Float> Var<T> {
    /// The axes in a different order: axis i of the result is axis `axes[i]` of this one. A view.
    ///
    /// # Shape
    ///
    /// `permute(&[2, 0, 1])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Gradient
    ///
    /// `g`, permuted back; nothing is saved.
    ///
    /// # Errors
    ///
    /// If `axes` does not name each axis once.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(Tensor::ones([2, 3, 4])?);
    /// assert_eq!(x.permute(&[2, 0, 1])?.shape(), [4, 2, 3]);
    /// assert_eq!(x.permute(&[2, 0, 1])?.permute(&[1, 2, 0])?.shape(), [2, 3, 4]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Result<Self> {
        Permute {
            axes: axes.to_vec(),
        }
        .apply(self)
    }

    /// Axes moved: axis `from[i]` is axis `to[i]` of the result, and the other axes keep their order; a scalar has an
    /// axis 0 here. A view.
    ///
    /// # Shape
    ///
    /// `moveaxis(&[0], &[-1])`: `[a, b, c] -> [b, c, a]`; `moveaxis(&[0, 1], &[1, 2])`: `[a, b, c] -> [c, a, b]`
    ///
    /// # Gradient
    ///
    /// `g`, with the axes moved back; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis or a place is out of range or named twice, or the number of places is not the number of axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let images = Var::leaf(Tensor::ones([8, 3, 4, 5])?);
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

    /// Two axes swapped; a scalar has an axis 0 here. A view.
    ///
    /// # Shape
    ///
    /// `transpose(0, -1)`: `[a, b, c] -> [c, b, a]`
    ///
    /// # Gradient
    ///
    /// `g`, with the same axes swapped; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let batch = Var::leaf(Tensor::ones([8, 3, 5])?);
    /// assert_eq!(batch.transpose(-1, -2)?.shape(), [8, 5, 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Result<Self> {
        Transpose { a, b }.apply(self)
    }

    /// The transposed matrix. A view.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [n, m]`
    ///
    /// # Gradient
    ///
    /// `g`, transposed; nothing is saved.
    ///
    /// # Errors
    ///
    /// If this is not a matrix.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.t()?.tensor(), &tensor![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    /// # Ok(())
    /// # }
    /// ```
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::rng;

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        gradcheck(|x| x[0].permute(&[-1, 0, 1]), &x)?;
        gradgradcheck(|x| x[0].permute(&[2, 0, 1]), &x)?;
        gradcheck_everywhere(
            |x| x,
            |x| {
                if x.rank() > 1 {
                    x.transpose(0, -1)
                } else {
                    x.permute(&vec![0; x.rank()])
                }
            },
        );
        Ok(())
    }

    #[test]
    fn a_scalar_transposes_to_itself() -> Result<()> {
        let x = [Tensor::scalar(1.5f64)];
        gradcheck(|x| x[0].transpose(0, -1), &x)?;
        gradgradcheck(|x| x[0].transpose(0, 0), &x)?;
        assert!(
            Var::constant(Tensor::scalar(1.0f32))
                .transpose(0, 1)
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn the_gradient_is_permuted_back() -> Result<()> {
        let x = Var::leaf(Tensor::zeros([2, 3, 4])?);
        let g = Tensor::arange(0.0, 24.0, 1.0)?.reshape([4, 2, 3])?;
        let grads = x.permute(&[2, 0, 1])?.backward_with(g.clone())?;
        assert_eq!(grads.wrt(&x), Some(&g.permute(&[1, 2, 0])?));
        assert!(x.permute(&[0, 1]).is_err() && x.t().is_err());
        Ok(())
    }
}
