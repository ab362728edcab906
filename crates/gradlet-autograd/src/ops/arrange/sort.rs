//! Elements in order of size along an axis.

use gradlet_tensor::{Float, Order, Result, Tensor};

use crate::op::Op;
use crate::ops::pick::Gather;
use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements in order along an axis, and the index that each had along it. Equal ones keep their order; NaN
    /// counts as largest.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// Each element of `g` goes to where its value came from, also among equal ones; the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Order, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (values, indices) = Var::leaf(tensor![2.0, 3.0, 1.0]).sort(0, Order::Descending)?;
    /// assert_eq!(values.to_vec(), [3.0, 2.0, 1.0]);
    /// assert_eq!(indices.to_vec(), [1, 0, 2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.sort` with `stable=True`
    #[track_caller]
    pub fn sort(&self, axis: isize, order: Order) -> Result<(Self, Tensor<i64>)> {
        Ok(self.sorted(axis, self.tensor().sort(axis, order)?))
    }

    /// The first `k` elements in order along an axis, and the index that each had along it: the largest if the order is
    /// descending, the smallest if it is ascending. Ties go to the element that comes first.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, k, b], [a, k, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// `g` where the value came from, 0 elsewhere; the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or has fewer than `k` elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Order, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![2.0, 5.0, 1.0, 5.0]);
    /// let (values, indices) = x.topk(2, 0, Order::Descending)?;
    /// assert_eq!((values.to_vec(), indices.to_vec()), (vec![5.0, 5.0], vec![1, 3]));
    /// assert_eq!(values.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.topk` with `sorted=True`
    #[track_caller]
    pub fn topk(&self, k: usize, axis: isize, order: Order) -> Result<(Self, Tensor<i64>)> {
        Ok(self.sorted(axis, self.tensor().topk(k, axis, order)?))
    }

    fn sorted(&self, axis: isize, found: (Tensor<T>, Tensor<i64>)) -> (Self, Tensor<i64>) {
        let (values, indices) = found;
        let op = Gather {
            indices: indices.clone(),
            axis,
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
        let x = [Tensor::<f64>::normal([2, 4, 3], 0.0, 1.0, &mut rng(1))?];
        for (axis, order) in [
            (0, Order::Ascending),
            (1, Order::Descending),
            (-1, Order::Ascending),
        ] {
            gradcheck(|x| Ok(x[0].sort(axis, order)?.0), &x)?;
            gradgradcheck(|x| Ok(x[0].transpose(0, 2)?.sort(axis, order)?.0), &x)?;
            gradcheck(|x| Ok(x[0].topk(2, axis, order)?.0), &x)?;
            gradgradcheck(|x| Ok(x[0].topk(1, axis, order)?.0), &x)?;
        }
        let empty = [Tensor::zeros_of([3, 0])?];
        gradcheck(|x| Ok(x[0].sort(0, Order::Ascending)?.0), &empty)?;
        gradcheck_everywhere(|x| x, |x| Ok(x.sort(-1, Order::Descending)?.0));
        Ok(())
    }

    #[test]
    fn each_gradient_goes_where_its_value_came_from() -> Result<()> {
        let x = Var::leaf(tensor![2.0, f32::NAN, 1.0, 2.0]);
        let (y, indices) = x.sort(0, Order::Descending)?;
        assert_eq!(indices.to_vec(), [1, 0, 3, 2]);
        let grads = y.backward_with(tensor![1.0, 2.0, 3.0, 4.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![2.0, 1.0, 4.0, 3.0])
        );
        Ok(())
    }

    #[test]
    fn what_is_not_among_the_first_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![[2.0, 5.0, 1.0], [7.0, 0.0, 7.0]]);
        let (y, indices) = x.topk(2, 1, Order::Descending)?;
        assert_eq!(y.tensor(), &tensor![[5.0, 2.0], [7.0, 7.0]]);
        assert_eq!(indices, tensor![i64; [1, 0], [0, 2]]);
        let grads = y.backward_with(tensor![[1.0, 2.0], [3.0, 4.0]])?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[2.0, 1.0, 0.0], [3.0, 0.0, 4.0]])
        );
        assert!(x.topk(4, 1, Order::Ascending).is_err() && x.sort(2, Order::Ascending).is_err());
        Ok(())
    }
}
