//! Joining along an axis.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use crate::op::{Many, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = `x_0`, `x_1`, .. one after the other along an axis
#[derive(Debug)]
struct Cat {
    axis: isize,
    sizes: Vec<usize>,
}

impl<T: Float> Op<T> for Cat {
    type Arity = Many;
    type Saves = Nothing;

    fn forward(&self, xs: Vec<&Tensor<T>>) -> Result<Tensor<T>> {
        Tensor::cat(&xs, self.axis)
    }

    /// `dx_k` = the part of g at the place of `x_k`
    fn backward(&self, g: Var<T>, ((), wants): ((), Vec<Want>)) -> Result<Vec<Option<Var<T>>>> {
        let mut start = 0;
        let mut parts = Vec::with_capacity(wants.len());
        for (want, &size) in wants.into_iter().zip(&self.sizes) {
            parts.push(want.then(|| g.narrow(self.axis, start, size))?);
            start += size;
        }
        Ok(parts)
    }
}

impl<T: Float> Var<T> {
    /// Vars joined along an axis; their sizes along all other axes have to agree.
    ///
    /// # Shape
    ///
    /// `[a, n, b], [a, m, b] -> [a, n + m, b]`
    ///
    /// # Gradient
    ///
    /// Each input gets its part of `g`; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are no inputs, the axis is out of range, or the other sizes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![[1.0], [2.0]]), Var::leaf(tensor![[3.0, 4.0], [5.0, 6.0]]));
    /// let z = Var::cat(&[&x, &y], 1)?;
    /// assert_eq!(z.tensor(), &tensor![[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]);
    /// assert!(Var::cat(&[&x, &y], 0).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn cat(vars: &[&Self], axis: isize) -> Result<Self> {
        let Some(first) = vars.first() else {
            return Err(Error::new(ErrorKind::NoTensors { op: "cat" }));
        };
        let at = first.shape().axis(axis).map_err(|error| error.of("cat"))?;
        let sizes = vars
            .iter()
            .map(|var| var.shape().get(at).copied().unwrap_or(0))
            .collect();
        Cat { axis, sizes }.apply(vars.to_vec())
    }

    /// Vars of one shape joined along a new axis.
    ///
    /// # Shape
    ///
    /// `stack(&[x, y, z], 1)`: three times `[a, b] -> [a, 3, b]`
    ///
    /// # Gradient
    ///
    /// Each input gets its part of `g`; nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are no inputs, the axis is outside `-rank - 1..=rank`, or the shapes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0]));
    /// assert_eq!(Var::stack(&[&x, &y], 0)?.tensor(), &tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(Var::stack(&[&x, &y], -1)?.tensor(), &tensor![[1.0, 3.0], [2.0, 4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn stack(vars: &[&Self], axis: isize) -> Result<Self> {
        let mut parts = Vec::with_capacity(vars.len());
        for var in vars {
            var.tensor().expect_shape("stack", vars[0].shape())?;
            parts.push(var.unsqueeze(axis).map_err(|error| error.of("stack"))?);
        }
        Self::cat(&parts.iter().collect::<Vec<_>>(), axis).map_err(|error| error.of("stack"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: [usize; 2]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let xs = [make([2, 3])?, make([2, 0])?, make([1, 2])?];

        let f = |x: &[Var<f64>]| Var::cat(&[&x[0], &x[1], &x[2].broadcast_to([2, 2])?, &x[0]], -1);
        gradcheck(f, &xs)?;
        gradgradcheck(f, &xs)?;
        gradcheck(|x| Var::stack(&[&x[0], &x[0].exp()], 1), &xs[..1])
    }

    #[test]
    fn stacking_counts_axes_of_the_result_and_takes_scalars_and_nothing() -> Result<()> {
        let (x, y) = (
            Var::leaf(Tensor::scalar(1.0f32)),
            Var::leaf(Tensor::scalar(2.0)),
        );
        let z = Var::stack(&[&x, &y, &x], -1)?;
        assert_eq!(z.to_vec(), [1.0, 2.0, 1.0]);
        let grads = z.backward_with(tensor![1.0, 10.0, 100.0])?;
        assert_eq!(grads.wrt(&x), Some(&Tensor::scalar(101.0)));
        let empty = Var::leaf(Tensor::zeros([0, 1, 0])?);
        assert_eq!(Var::stack(&[&empty, &empty], -1)?.shape(), [0, 1, 0, 2]);
        assert_eq!(Var::stack(&[&empty, &empty], -4)?.shape(), [2, 0, 1, 0]);
        assert!(Var::stack(&[&empty], -5).is_err());
        Ok(())
    }

    #[test]
    fn each_input_gets_its_part() -> Result<()> {
        let (x, y) = (Var::leaf(tensor![1.0]), Var::leaf(tensor![2.0, 3.0]));
        let joined = Var::cat(&[&x, &y, &x], 0)?;
        assert_eq!(joined.to_vec(), [1.0, 2.0, 3.0, 1.0]);
        let grads = joined.backward_with(tensor![1.0, 2.0, 3.0, 10.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![11.0]));
        assert_eq!(grads.wrt(&y).map(Tensor::to_vec), Some(vec![2.0, 3.0]));
        assert!(Var::<f32>::cat(&[], 0).is_err() && Var::stack(&[&x, &y], 0).is_err());
        Ok(())
    }
}
