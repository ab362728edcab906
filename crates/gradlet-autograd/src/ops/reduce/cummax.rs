//! Running extremes.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::Op;
use crate::ops::pick::Gather;
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The largest element so far along an axis, and its index: the last of equal ones. From the first NaN on it is
    /// NaN, at the last NaN so far.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// Each element of `g` is added to the element whose index is returned; the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 3.0, 2.0]);
    /// let (y, indices) = x.cummax(0)?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![1.0, 3.0, 3.0], vec![0, 1, 1]));
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 2.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cummax`
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        Ok(self.picked(axis, self.tensor().cummax(axis)?))
    }

    /// The smallest element so far along an axis, and its index: the last of equal ones. From the first NaN on it is
    /// NaN, at the last NaN so far.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// Each element of `g` is added to the element whose index is returned; the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![2.0, 1.0, 3.0]);
    /// let (y, indices) = x.cummin(0)?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![2.0, 1.0, 1.0], vec![0, 1, 1]));
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 2.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cummin`
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        Ok(self.picked(axis, self.tensor().cummin(axis)?))
    }

    /// These elements, found at these indices along the axis, with their history.
    fn picked(&self, axis: isize, found: (Tensor<T>, Tensor<i64>)) -> (Self, Tensor<i64>) {
        let (values, indices) = found;
        let op = Gather {
            axis,
            indices: indices.clone(),
            shape: *self.shape(),
        };
        (op.record(self, values), indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| Ok(x.cummax(-1)?.0));
        let x = [Tensor::<f64>::normal([2, 4, 3], 0.0, 1.0, &mut rng(1))?];
        for axis in [0, 1, -1] {
            gradcheck(|x| Ok(x[0].transpose(0, 2)?.cummin(axis)?.0), &x)?;
            gradgradcheck(|x| Ok(x[0].square().cummax(axis)?.0), &x)?;
        }
        Ok(())
    }

    #[test]
    fn the_last_of_equal_ones_gets_the_gradient_from_there_on() -> Result<()> {
        let x = Var::leaf(tensor![[2.0, 2.0, 1.0], [1.0, f32::NAN, 3.0]]);
        let g = tensor![[1.0, 10.0, 100.0], [1.0, 10.0, 100.0]];
        let (y, indices) = x.cummax(1)?;
        assert_eq!(indices, tensor![i64; [0, 1, 1], [0, 1, 1]]);
        let grads = y.backward_with(g.clone())?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[1.0, 110.0, 0.0], [1.0, 110.0, 0.0]])
        );
        let grads = x.cummin(1)?.0.backward_with(g)?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[1.0, 10.0, 100.0], [1.0, 110.0, 0.0]])
        );
        assert!(x.cummax(2).is_err() && x.cummin(-3).is_err());
        Ok(())
    }
}
