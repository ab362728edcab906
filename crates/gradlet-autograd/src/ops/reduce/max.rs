//! The largest and the smallest element over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// y = largest or smallest x over the axes
#[derive(Debug)]
struct Extreme {
    end: End,
    axes: ReducedAxes,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Max,
    Min,
}

impl End {
    #[track_caller]
    fn of<T: Float>(self, x: &Tensor<T>, axes: ReducedAxes) -> Result<Tensor<T>> {
        match self {
            Self::Max => x.max(axes),
            Self::Min => x.min(axes),
        }
    }
}

impl<T: Float> Op<T> for Extreme {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        self.end.of(x, self.axes)
    }

    /// dx = g where x = y, divided by the number of such elements
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let x = x.tensor();
        let y = self.end.of(x, self.axes.keep())?;
        let ties = x.zip(&y, |x, y| if x == y { T::of(1.0) } else { T::of(0.0) })?;
        let kept = self.axes.kept();
        let share = ties.div(&ties.sum_to(kept)?)?;
        g.reshape(kept)?.mul(&Var::constant(share))
    }
}

impl<T: Float> Var<T> {
    /// The largest element over the axes; NaN if an element is NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `max(1)`: `[a, b, c] -> [a, c]`; `max(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `max(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` at the largest element, shared evenly among equal ones, 0 elsewhere; NaN where y is. The input is saved.
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
    /// let x = Var::leaf(tensor![[1.0, 3.0], [3.0, 2.0]]);
    /// let y = x.max(..)?;
    /// assert_eq!(y.item()?, 3.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![[0.0, 0.5], [0.5, 0.0]]));
    /// assert_eq!(x.div(&x.max(Keep(0))?)?.tensor(), &tensor![[1.0 / 3.0, 1.0], [1.0, 2.0 / 3.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amax`
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("max", *self.shape(), &axes)?;
        Extreme {
            end: End::Max,
            axes,
        }
        .apply(self)
    }

    /// The smallest element over the axes; NaN if an element is NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `min(1)`: `[a, b, c] -> [a, c]`; `min(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `min(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` at the smallest element, shared evenly among equal ones, 0 elsewhere; NaN where y is. The input is saved.
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
    /// let x = Var::leaf(tensor![[4.0, 1.0], [2.0, 2.0]]);
    /// let y = x.min(1)?;
    /// assert_eq!(y.to_vec(), [1.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0], [0.5, 0.5]]));
    /// assert_eq!(x.sub(&x.min(Keep(1))?)?.tensor(), &tensor![[3.0, 0.0], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amin`
    #[track_caller]
    pub fn min(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("min", *self.shape(), &axes)?;
        Extreme {
            end: End::Min,
            axes,
        }
        .apply(self)
    }

    /// The largest element over the axes, and its index: the first of equal ones, or the first NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// Over several axes, elements are numbered in row-major order.
    ///
    /// # Shape
    ///
    /// `max_with_indices(1)`: `[a, b, c] -> [a, c], [a, c]`
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
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[2.0, 5.0, 5.0]]);
    /// let (y, indices) = x.max_with_indices(Keep(1))?;
    /// assert_eq!((y.tensor(), &indices), (&tensor![[5.0]], &tensor![i64; [1]]));
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0, 0.0]])); // max would share it
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.max` with an axis; it takes only one
    #[track_caller]
    pub fn max_with_indices(&self, axes: impl Axes) -> Result<(Self, Tensor<i64>)> {
        let axes = ReducedAxes::new("max_with_indices", *self.shape(), &axes)?;
        let indices = self
            .tensor()
            .argmax(axes)
            .map_err(|error| error.of("max_with_indices"))?;
        Ok((self.taken(axes, &indices)?, indices))
    }

    /// The smallest element over the axes, and its index: the first of equal ones, or the first NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// Over several axes, elements are numbered in row-major order.
    ///
    /// # Shape
    ///
    /// `min_with_indices(1)`: `[a, b, c] -> [a, c], [a, c]`
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
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[2.0, 1.0, 1.0], [2.0, f32::NAN, 1.0]]);
    /// let (y, indices) = x.min_with_indices(1)?;
    /// assert!(y.to_vec()[0] == 1.0 && y.to_vec()[1].is_nan());
    /// assert_eq!(indices.to_vec(), [1, 1]);
    /// assert_eq!(x.min_with_indices(Keep(1))?.1, tensor![i64; [1], [1]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.min` with an axis; it takes only one
    #[track_caller]
    pub fn min_with_indices(&self, axes: impl Axes) -> Result<(Self, Tensor<i64>)> {
        let axes = ReducedAxes::new("min_with_indices", *self.shape(), &axes)?;
        let indices = self
            .tensor()
            .argmin(axes)
            .map_err(|error| error.of("min_with_indices"))?;
        Ok((self.taken(axes, &indices)?, indices))
    }

    /// The elements at these indices over the axes.
    #[track_caller]
    pub(super) fn taken(&self, axes: ReducedAxes, indices: &Tensor<i64>) -> Result<Self> {
        if axes.count() == 1 {
            return self.reshape(axes.output());
        }
        let reduced: Vec<usize> = axes.iter().collect();
        let y = if let [axis] = reduced[..] {
            self.gather(axis as isize, &indices.reshape(axes.kept())?)?
        } else {
            let rows = indices.len();
            self.permute(&axes.order())?
                .reshape([rows, axes.count()])?
                .gather(1, &indices.reshape([rows, 1])?)?
        };
        y.reshape(axes.output())
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
        for axes in [vec![0], vec![-1], vec![0, 2], vec![0, 1, 2], vec![]] {
            gradcheck(|x| x[0].max(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.max(axes.as_slice()), &x)?;
            gradcheck(|x| x[0].min(axes.as_slice()), &x)?;
            gradcheck(|x| Ok(x[0].max_with_indices(1)?.0), &x)?;
            gradgradcheck(|x| Ok(x[0].square().min_with_indices(-1)?.0), &x)?;
            gradgradcheck(
                |x| Ok(x[0].square().max_with_indices(axes.as_slice())?.0),
                &x,
            )?;
            gradgradcheck(|x| x[0].square().min(axes.as_slice()), &x)?;
        }
        gradcheck(|x| x[0].max(0), &[Tensor::zeros_of([3, 0])?])
    }

    #[test]
    fn ties_share_the_gradient_evenly() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 5.0, 5.0], [2.0, 0.0, 1.0]]);
        let y = x.max(1)?;
        assert_eq!(y.to_vec(), [5.0, 2.0]);
        let grads = y.backward_with(tensor![8.0, 3.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 4.0, 4.0, 3.0, 0.0, 0.0])
        );
        let grads = x.min(0)?.backward_with(tensor![1.0, 2.0, 4.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0, 0.0, 0.0, 0.0, 2.0, 4.0])
        );
        let (y, places) = x.max_with_indices(-1)?;
        assert_eq!((y.to_vec(), places.to_vec()), (vec![5.0, 2.0], vec![1, 0]));
        let grads = y.backward_with(tensor![8.0, 3.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 8.0, 0.0, 3.0, 0.0, 0.0])
        );
        let (y, places) = x.min_with_indices(0)?;
        assert_eq!(
            (y.to_vec(), places.to_vec()),
            (vec![1.0, 0.0, 1.0], vec![0, 1, 1])
        );
        let (y, places) = x.max_with_indices(Keep([1, 0]))?;
        assert_eq!((y.tensor(), places), (&tensor![[5.0]], tensor![i64; [1]]));
        let grads = y.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
        );
        let kept = [x.max(Keep(1))?, x.min(Keep(-1))?];
        assert!(kept.iter().all(|y| y.shape() == [2, 1]));
        assert_eq!(kept[1].to_vec(), [1.0, 0.0]);
        let x = Var::leaf(tensor![f32::NAN, 1.0]);
        let grads = x.max(..)?.backward()?;
        assert!(grads.wrt(&x).is_some_and(|dx| dx.iter().all(f32::is_nan)));
        assert!(Var::constant(Tensor::zeros([0])?).max(..).is_err());
        Ok(())
    }
}
