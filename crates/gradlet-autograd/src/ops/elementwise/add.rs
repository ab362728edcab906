//! Addition, element by element.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = lhs + rhs
#[derive(Debug)]
struct Add;

impl<T: Float> Op<T> for Add {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [lhs, rhs]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.add(rhs)
    }

    fn forward_owned(&self, [mut lhs, rhs]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        lhs.add_assign(&rhs)?;
        Ok(lhs)
    }

    /// dlhs = drhs = g
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_lhs, want_rhs]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let left = want_lhs.then(|| Ok(g.clone()))?;
        Ok([left, want_rhs.then(|| Ok(g))?])
    }
}

impl<T: Float> Var<T> {
    /// `self + rhs`, after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` for both; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (column, row) = (Var::leaf(tensor![[1.0], [2.0]]), Var::leaf(tensor![10.0, 20.0, 30.0]));
    /// let y = column.add(&row)?;
    /// assert_eq!(y.tensor(), &tensor![[11.0, 21.0, 31.0], [12.0, 22.0, 32.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&column), Some(&tensor![[3.0], [3.0]]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn add(&self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("add"))?;
        Add.apply([
            &*self.broadcast_if_needed(shape)?,
            &*rhs.broadcast_if_needed(shape)?,
        ])
    }

    #[track_caller]
    pub(crate) fn add_owned(self, rhs: &Self) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape()).map_err(|error| error.of("add"))?;
        if *self.shape() != shape {
            return self.add(rhs);
        }
        Add.apply_owned([self, rhs.broadcast_if_needed(shape)?.into_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(|x| x, |x, y| x.add(y));
    }

    #[test]
    fn both_inputs_get_the_whole_gradient() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![10.0]));
        let sum = x.add(&y)?;
        assert_eq!(sum.to_vec(), [11.0, 12.0]);
        let grads = sum.backward_with(tensor![1.0, 5.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 5.0]));
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![6.0]));
        Ok(())
    }
}
