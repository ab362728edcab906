//! Elements in reverse order.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, ..] = x[.., n - 1 - i, ..] along each of the axes
#[derive(Debug)]
struct Flip {
    axes: ReducedAxes,
}

impl<T: Float> Op<T> for Flip {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.flip(self.axes)
    }

    /// dx = g, reversed along the same axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.flip(self.axes)
    }
}

impl<T: Float> Var<T> {
    /// The elements in reverse order along the given axes.
    ///
    /// # Shape
    ///
    /// `flip([0, -1])`: `[a, b, c] -> [a, b, c]`
    ///
    /// # Gradient
    ///
    /// `g`, reversed along the same axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.flip(1)?.tensor(), &tensor![[2.0, 1.0], [4.0, 3.0]]);
    /// assert_eq!(x.flip(..)?.tensor(), &tensor![[4.0, 3.0], [2.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.flip`
    #[track_caller]
    pub fn flip(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("flip", *self.shape(), &axes)?;
        Flip { axes }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.flip(-1));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [&[][..], &[1], &[0, -1]] {
            gradcheck(|x| x[0].flip(axes), &x)?;
            gradgradcheck(|x| x[0].flip(axes), &x)?;
        }
        Ok(())
    }

    #[test]
    fn the_gradient_is_reversed_too() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0]]);
        let y = x.flip(1)?;
        assert_eq!(y.to_vec(), [3.0, 2.0, 1.0]);
        let grads = y.backward_with(tensor![[10.0, 20.0, 30.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[30.0, 20.0, 10.0]]));
        assert!(x.flip(2).is_err() && x.flip([1, 1]).is_err());
        Ok(())
    }
}
