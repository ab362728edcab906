//! Elements picked by index along an axis.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use super::scatter_add::ScatterAdd;
use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[i, j, k] = x[i, indices[i, j, k], k], for axis 1
#[derive(Debug)]
pub(crate) struct Gather {
    pub(crate) axis: isize,
    pub(crate) indices: Tensor<i64>,
    pub(crate) shape: Shape,
}

impl<T: Float> Op<T> for Gather {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.gather(self.axis, &self.indices)
    }

    /// dx[i, indices[i, j, k], k] += g[i, j, k]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        // A view, whose copy is made where `g` is added.
        let zeros = Tensor::scalar(T::of(0.0)).broadcast_to(self.shape)?;
        let add = ScatterAdd {
            axis: self.axis,
            indices: self.indices.clone(),
        };
        add.apply_owned([Var::constant(zeros), g])
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The elements that the indices name along one axis: `y[i, j, k] = x[i, indices[i, j, k], k]` for axis 1.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]` -> `[c, m, d]`, with c <= a and d <= b; a scalar counts as `[1]`
    ///
    /// # Gradient
    ///
    /// Each element of `g` is added to the element that it came from, as by
    /// [`Tensor::scatter_add`](gradlet_tensor::Tensor::scatter_add); the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or there are more
    /// indices than elements along one of the other axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.gather(1, &tensor![i64; [0, 0], [1, 0]])?;
    /// assert_eq!(y.to_vec(), [1.0, 1.0, 4.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[2.0, 0.0], [1.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.gather`
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        Gather {
            axis,
            indices: indices.clone(),
            shape: *self.shape(),
        }
        .apply(self)
    }

    /// As [`gather`](Self::gather), with all axes but the given one broadcast first.
    ///
    /// # Shape
    ///
    /// `x: [a, n, 1]`, indices `[1, m, b]` -> `[a, m, b]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or the sizes do not
    /// broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.take_along(1, &tensor![i64; [1, 1, 0]])?; // the same for each row
    /// assert_eq!(y.tensor(), &tensor![[2.0, 2.0, 1.0], [4.0, 4.0, 3.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.0, 2.0], [1.0, 2.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.take_along_axis`, without its negative indices
    #[track_caller]
    pub fn take_along(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        let [x, all] = self.shape().along(axis, *indices.shape())?;
        self.broadcast_if_needed(x)?
            .gather(axis, &indices.broadcast_to(all)?)
            .map_err(|error| error.of("take_along"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?];
        for indices in [
            tensor![i64; [2, 2, 0, 1], [1, 1, 1, 1]],
            tensor![i64; [2, 0]],
            Tensor::zeros_of([0, 3])?,
        ] {
            gradcheck(|x| x[0].gather(1, &indices), &x)?;
            gradgradcheck(|x| x[0].gather(-1, &indices), &x)?;
            gradcheck(|x| x[0].t()?.gather(0, &indices.t()?), &x)?;
        }
        for indices in [Tensor::scalar(0), tensor![i64; 0, 0]] {
            gradcheck(|x| x[0].gather(0, &indices), &[Tensor::scalar(1.5)])?;
            gradgradcheck(|x| x[0].gather(0, &indices), &[Tensor::scalar(1.5)])?;
        }
        gradcheck(
            |x| x[0].gather(0, &Tensor::zeros_of([4, 0])?),
            &[Tensor::zeros_of([2, 0])?],
        )
    }

    #[test]
    fn taking_along_an_axis_sums_over_what_was_broadcast() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 1], 0.0, 1.0, &mut rng(1))?];
        let indices = tensor![i64; [[2, 0], [1, 1]]];
        gradcheck(|x| x[0].take_along(1, &indices), &x)?;
        gradgradcheck(|x| x[0].take_along(1, &indices), &x)?;
        let x = Var::leaf(tensor![[1.0, 2.0]]);
        let y = x.take_along(-1, &tensor![i64; [1], [0], [1]])?;
        assert_eq!(y.tensor(), &tensor![[2.0], [1.0], [2.0]]);
        let grads = y.backward_with(tensor![[1.0], [10.0], [100.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[10.0, 101.0]]));
        assert!(x.take_along(0, &tensor![i64; [0, 0, 0]]).is_err());
        Ok(())
    }

    #[test]
    fn repeated_indices_add_up() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let y = x.gather(1, &tensor![i64; [1, 1, 0]])?;
        assert_eq!(y.to_vec(), [2.0, 2.0, 1.0]);
        let grads = y.backward_with(tensor![[1.0, 10.0, 100.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[100.0, 11.0], [0.0, 0.0]]));
        assert!(x.gather(1, &tensor![i64; [2]]).is_err() && x.gather(1, &tensor![i64; 0]).is_err());
        Ok(())
    }
}
