//! Medians over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// y = the element in the middle over the axes
#[derive(Debug)]
struct Median<T: Float> {
    axes: ReducedAxes,
    /// The value, which takes long to find again.
    y: Tensor<T>,
}

impl<T: Float> Op<T> for Median<T> {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, _: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(self.y.clone())
    }

    /// dx = g where x = y, divided by the number of such elements; NaN counts as equal to NaN
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let kept = self.axes.kept();
        let is_equal = |x: T, y: T| x == y || (x != x && y != y);
        let ties = x.tensor().zip(&self.y.reshape(kept)?, |x, y| {
            if is_equal(x, y) { T::one() } else { T::zero() }
        })?;
        let share = ties.div(&ties.sum_to(kept)?)?;
        g.reshape(kept)?.mul(&Var::constant(share))
    }

    fn attribute_bytes(&self) -> usize {
        self.y.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The median over the axes: the element in the middle, the lower one of two; NaN if any element is.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `median(1)`: `[a, b, c] -> [a, c]`; `median(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `median(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` at the median, shared evenly among elements that are equal to it, or among NaNs; 0 elsewhere. The input and
    /// the output are saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[4.0, 1.0, 3.0], [2.0, 2.0, 7.0]]);
    /// let y = x.median(1)?;
    /// assert_eq!(y.to_vec(), [3.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]));
    /// assert_eq!(x.median(Keep(..))?.tensor(), &tensor![[2.0]]); // the lower one of 2 and 3
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.median` without an axis; with an axis it is [`median_with_indices`](Self::median_with_indices)
    #[track_caller]
    pub fn median(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("median", *self.shape(), &axes)?;
        let y = self.tensor().median(axes)?;
        let op = Median { axes, y: y.clone() };
        Ok(op.record(self, y))
    }

    /// The median over the axes, as [`median`](Self::median), and its index: of equal elements, the index of the one
    /// that is in the middle after a stable sort; that of the first NaN if there is one. The axes go away, or stay at
    /// size 1 with [`Keep`](crate::Keep).
    ///
    /// Over several axes, elements are numbered in row-major order.
    ///
    /// # Shape
    ///
    /// `median_with_indices(1)`: `[a, b, c] -> [a, c], [a, c]`
    ///
    /// # Gradient
    ///
    /// `g` at the element whose index is returned, 0 elsewhere; the indices are saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![4.0, 3.0, 1.0, 3.0]);
    /// let (y, index) = x.median_with_indices(0)?;
    /// assert_eq!((y.item()?, index.item()?), (3.0, 1));
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0, 0.0])); // median would share it
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.median` with an axis; it takes only one
    #[track_caller]
    pub fn median_with_indices(&self, axes: impl Axes) -> Result<(Self, Tensor<i64>)> {
        let axes = ReducedAxes::new("median_with_indices", *self.shape(), &axes)?;
        let (_, indices) = self.tensor().median_with_indices(axes)?;
        Ok((self.taken(axes, &indices)?, indices))
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
        for axes in [vec![0], vec![-1], vec![0, 2], vec![0, 1, 2], vec![]] {
            let axes = axes.as_slice();
            gradcheck(|x| x[0].median(axes), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.square().median(axes), &x)?;
            gradgradcheck(|x| Ok(x[0].square().median_with_indices(axes)?.0), &x)?;
        }
        gradcheck(|x| x[0].median(0), &[Tensor::zeros_of([3, 0])?])
    }

    #[test]
    fn nan_takes_the_gradient_from_all_others() -> Result<()> {
        let nan = f32::NAN;
        let x = Var::leaf(tensor![[nan, 1.0, nan], [2.0, 1.0, 2.0]]);
        let grads = x.median(1)?.backward_with(tensor![4.0, 8.0])?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[2.0, 0.0, 2.0], [4.0, 0.0, 4.0]])
        );
        let (y, indices) = x.median_with_indices(1)?;
        assert_eq!(indices.to_vec(), [0, 0]);
        let grads = y.backward_with(tensor![4.0, 8.0])?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[4.0, 0.0, 0.0], [8.0, 0.0, 0.0]])
        );
        assert!(Var::leaf(Tensor::zeros([0])?).median(..).is_err());
        Ok(())
    }
}
