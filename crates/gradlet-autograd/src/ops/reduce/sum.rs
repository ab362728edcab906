//! The sum over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = sum of x over the axes
#[derive(Debug)]
struct Sum(ReducedAxes);

impl<T: Float> Op<T> for Sum {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.sum(self.0)
    }

    /// dx = g, repeated over the axes
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let dx = g.reshape(self.0.kept())?.broadcast_to(self.0.input())?;
        Ok(dx)
    }
}

impl<T: Float> Var<T> {
    /// The sum over the axes; 0 if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `sum(1)`: `[a, b, c] -> [a, c]`; `sum(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `sum(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g`, repeated over the reduced axes; nothing is saved.
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
    /// assert_eq!(x.sum(0)?.tensor(), &tensor![4.0, 6.0]);
    /// assert_eq!(x.sum(Keep(-1))?.tensor(), &tensor![[3.0], [7.0]]);
    /// assert_eq!(x.sum([0, 1])?.item()?, 10.0); // as x.sum(..)
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn sum(&self, axes: impl Axes) -> Result<Self> {
        Sum(ReducedAxes::new("sum", *self.shape(), &axes)?).apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.sum(..));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![0], vec![-1], vec![0, 2], vec![]] {
            gradcheck(|x| x[0].sum(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].sum(Keep(axes.as_slice())), &x)?;
        }
        Ok(())
    }

    #[test]
    fn every_summand_gets_the_gradient_of_its_sum() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let y = x.sum(1)?;
        assert_eq!(y.to_vec(), [3.0, 7.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![10.0, 10.0, 20.0, 20.0])
        );
        assert!(x.sum(2).is_err() && x.sum([0, 0]).is_err());
        Ok(())
    }
}
