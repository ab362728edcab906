//! The product over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The product over the axes; 1 if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// Halves are multiplied with each other until one element is left, so that the gradient needs no division and is
    /// right where elements are 0.
    ///
    /// # Shape
    ///
    /// `prod(1)`: `[a, b, c] -> [a, c]`; `prod(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `prod(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` times the product of all other elements; the factors of each halving are saved, `2 * (n - 1)` numbers for
    /// each product of n elements.
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
    /// let x = Var::leaf(tensor![2.0, 0.0, 5.0]);
    /// let y = x.prod(0)?;
    /// assert_eq!(y.item()?, 0.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.0, 10.0, 0.0]));
    /// assert_eq!(x.prod(Keep(0))?.tensor(), &tensor![0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.prod`
    #[track_caller]
    pub fn prod(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("prod", *self.shape(), &axes)?;
        let (to, count) = (axes.output(), axes.count());
        if count == 0 {
            return Ok(self.sum(axes)?.add_scalar(T::one()));
        }
        let mut x = self.permute(&axes.order())?.reshape([to.numel(), count])?;
        while x.shape()[1] > 1 {
            let half = x.shape()[1] / 2;
            let y = x.narrow(1, 0, half)?.mul(&x.narrow(1, half, half)?)?;
            x = match x.shape()[1] % 2 {
                0 => y,
                _ => Self::cat(&[&y, &x.narrow(1, 2 * half, 1)?], 1)?,
            };
        }
        x.reshape(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{Keep, Shape, Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.prod(..));
        let x = [Tensor::<f64>::normal([2, 5, 3], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![1], vec![-1], vec![0, 2], vec![]] {
            gradcheck(|x| x[0].prod(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.prod(axes.as_slice()), &x)?;
        }
        let zeros = [tensor![f64; [0.0, 2.0, 3.0], [0.0, 5.0, 0.0]]];
        gradcheck(|x| x[0].prod(1), &zeros)?;
        gradgradcheck(|x| x[0].prod(1), &zeros)
    }

    #[test]
    fn one_zero_gets_the_product_of_the_others() -> Result<()> {
        let wide = Var::constant(Tensor::ones([2, 3])?);
        assert_eq!(wide.prod(Keep(0))?.shape(), [1, 3]);
        let x = Var::leaf(tensor![[0.0, 2.0, 3.0], [0.0, 5.0, 0.0]]);
        let y = x.prod(-1)?;
        assert_eq!(y.to_vec(), [0.0, 0.0]);
        let grads = y.backward_with(tensor![1.0, 1.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![6.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn a_product_of_nothing_is_1_and_keeps_its_history() -> Result<()> {
        let none = Var::leaf(Tensor::zeros([2, 0])?);
        let y = none.prod(1)?;
        assert_eq!(y.to_vec(), [1.0, 1.0]);
        assert_eq!(
            y.sum(..)?.backward()?.wrt(&none).map(Tensor::shape),
            Some(&Shape::from([2, 0]))
        );
        Ok(())
    }
}
