//! The mean over axes.

use gradlet_tensor::{Axes, Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::ops::reduce::reduced_shapes;
use crate::saves::Nothing;
use crate::var::Var;

/// y = sum of x over the reduced axes, divided by their number of elements
#[derive(Debug)]
struct Mean {
    from: Shape,
    kept: Shape,
    to: Shape,
}

impl Mean {
    fn count<T: Float>(&self) -> T {
        // Sizes beside the reduced ones divide out; without elements on them there is nothing to divide.
        T::of((self.from.len() as f64 / self.kept.len() as f64).max(0.0))
    }
}

impl<T: Float> Op<T> for Mean {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.sum_to(self.kept)?
            .div_scalar(self.count())
            .reshape(self.to)
    }

    /// dx = g / count, repeated over the reduced axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        // Of no elements nothing is repeated; a quotient by 0 would still be differentiated.
        let count = if self.from.is_empty() {
            T::of(1.0)
        } else {
            self.count()
        };
        g.div_scalar(count)
            .reshape(self.kept)?
            .broadcast_to(self.from)
    }
}

impl<T: Float> Var<T> {
    /// The mean over the axes, which go away; NaN where there are no elements.
    ///
    /// # Shape
    ///
    /// `mean(1)`: `[a, b, c] -> [a, c]`; `mean(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` divided by the number of elements, repeated over the reduced axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.mean(0)?;
    /// assert_eq!(y.to_vec(), [2.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.5, 0.5], [0.5, 0.5]]));
    /// assert_eq!(x.mean(..)?.item()?, 2.5);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Result<Self> {
        let (kept, to) = reduced_shapes("mean", self.dims(), &axes)?;
        Mean {
            from: self.dims(),
            kept,
            to,
        }
        .apply(self)
    }

    /// As [`mean`](Self::mean), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `mean_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [10.0, 30.0]]);
    /// assert_eq!(x.sub(&x.mean_keepdim(1)?)?.tensor(), &tensor![[-1.0, 1.0], [-10.0, 10.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean_keepdim(&self, axes: impl Axes) -> Result<Self> {
        let (kept, _) = reduced_shapes("mean_keepdim", self.dims(), &axes)?;
        Mean {
            from: self.dims(),
            kept,
            to: kept,
        }
        .apply(self)
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
        for axes in [vec![0], vec![-1], vec![0, 2], vec![], vec![0, 1, 2]] {
            gradcheck(|x| x[0].transpose(0, 1)?.mean(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].mean_keepdim(axes.as_slice()), &x)?;
        }
        let none = [Tensor::zeros_of([0, 3])?];
        gradcheck(|x| x[0].mean(0), &none)?;
        gradgradcheck(|x| x[0].mean(0), &none)?;
        gradcheck(|x| x[0].mean(..), &[Tensor::scalar(2.0)])
    }

    #[test]
    fn the_gradient_is_shared_evenly() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 6.0]]);
        let y = x.mean(0)?;
        assert_eq!(y.to_vec(), [2.0, 4.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![5.0, 10.0, 5.0, 10.0])
        );
        assert!(
            Var::constant(Tensor::zeros([0])?)
                .mean(..)?
                .item()?
                .is_nan()
        );
        assert_eq!(Var::constant(Tensor::zeros([0, 2])?).mean(1)?.len(), 0);
        Ok(())
    }
}
