//! A choice between two by a condition.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// out = x where the condition holds, else y; all of one shape
#[derive(Debug)]
struct WhereCond {
    condition: Tensor<bool>,
}

impl<T: Float> Op<T> for WhereCond {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, y]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        Tensor::where_cond(&self.condition, x, y)
    }

    /// dx = g where the condition holds, dy = g where it does not, else 0
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_x, want_y]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let zero = Var::constant(Tensor::scalar(T::of(0.0)));
        Ok([
            want_x.then(|| Var::where_cond(&self.condition, &g, &zero))?,
            want_y.then(|| Var::where_cond(&self.condition, &zero, &g))?,
        ])
    }

    fn attribute_bytes(&self) -> usize {
        self.condition.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// `x` where the condition holds, `y` elsewhere, after broadcasting.
    ///
    /// # Shape
    ///
    /// condition `[..., n]`, `x: [..., n], y: [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` to the one that was taken, 0 to the other; the condition is saved.
    ///
    /// The gradient is NaN where the one that was not taken has an infinite derivative, as `sqrt` and `ln` have at 0:
    /// 0 times infinity is NaN. So choose the input before the function, and not only the output after it. Any input
    /// with a finite derivative will do:
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 4.0]);
    /// let positive = x.tensor().gt(&tensor![0.0])?;
    /// let (zero, one) = (Var::constant(tensor![0.0]), Var::constant(tensor![1.0]));
    /// let y = Var::where_cond(&positive, &x.sqrt(), &zero)?;
    /// assert!(y.sum(..)?.backward()?.wrt(&x).is_some_and(|dx| dx.to_vec()[0].is_nan()));
    /// let input = Var::where_cond(&positive, &x, &one)?;
    /// let y = Var::where_cond(&positive, &input.sqrt(), &zero)?;
    /// assert_eq!(y.to_vec(), [0.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.25]));
    /// # Ok(())
    /// # }
    /// ```
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
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![-1.0, -2.0]));
    /// let z = Var::where_cond(&tensor![bool; true, false], &x, &y)?;
    /// assert_eq!(z.to_vec(), [1.0, -2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.where`
    #[track_caller]
    pub fn where_cond(condition: &Tensor<bool>, x: &Self, y: &Self) -> Result<Self> {
        let shape =
            Shape::broadcast(x.shape(), y.shape()).map_err(|error| error.of("where_cond"))?;
        let shape =
            Shape::broadcast(condition.shape(), &shape).map_err(|error| error.of("where_cond"))?;
        let op = WhereCond {
            condition: condition.broadcast_to(shape)?,
        };
        op.apply([
            &*x.broadcast_if_needed(shape)?,
            &*y.broadcast_if_needed(shape)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_pairs;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_pairs(
            |x| x,
            |x, y| {
                let condition = x.tensor().lt(y.tensor())?;
                Var::where_cond(&condition, &x.square(), &y.powi(3))
            },
        );
    }

    #[test]
    fn each_gets_the_gradient_where_it_was_taken() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(Tensor::scalar(5.0)));
        let z = Var::where_cond(&tensor![bool; [true, false], [false, false]], &x, &y)?;
        assert_eq!(z.to_vec(), [1.0, 5.0, 5.0, 5.0]);
        let grads = z.backward_with(tensor![[1.0, 2.0], [4.0, 8.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 0.0]));
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![14.0]));
        Ok(())
    }
}
