//! The mean over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = sum of x over the axes, divided by their number of elements
#[derive(Debug)]
struct Mean(ReducedAxes);

impl<T: Float> Op<T> for Mean {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.sum_to(self.0.kept())?
            .div_scalar(T::of(self.0.count() as f64))
            .reshape(self.0.output())
    }

    /// dx = g / count, repeated over the axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        // With a count of 0 no element is repeated, but a quotient by 0 would still be differentiated.
        let count = T::of(self.0.count().max(1) as f64);
        let g = g.div_scalar(count).reshape(self.0.kept())?;
        g.broadcast_to(self.0.input())
    }
}

impl<T: Float> Var<T> {
    /// The mean over the axes; NaN if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `mean(1)`: `[a, b, c] -> [a, c]`; `mean(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `mean(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` divided by the number of elements, repeated over the reduced axes; nothing is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.mean(0)?;
    /// assert_eq!(y.to_vec(), [2.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.5, 0.5], [0.5, 0.5]]));
    /// assert_eq!(x.mean(..)?.item()?, 2.5);
    /// assert_eq!(x.sub(&x.mean(Keep(1))?)?.tensor(), &tensor![[-0.5, 0.5], [-0.5, 0.5]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn mean(&self, axes: impl Axes) -> Result<Self> {
        Mean(ReducedAxes::new("mean", *self.shape(), &axes)?).apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![0], vec![-1], vec![0, 2], vec![], vec![0, 1, 2]] {
            gradcheck(|x| x[0].transpose(0, 1)?.mean(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].mean(Keep(axes.as_slice())), &x)?;
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
