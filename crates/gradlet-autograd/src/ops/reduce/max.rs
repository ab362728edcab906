//! The largest and the smallest element over axes.

use gradlet_tensor::{Axes, Float, Result, Shape, Tensor};

use crate::op::{Fixed, Inputs, Op, Want};
use crate::ops::reduce::reduced_shapes;
use crate::var::Var;

/// y = largest or smallest x over the reduced axes, which stay with size 1 in `kept`
#[derive(Debug)]
struct Extreme {
    end: End,
    reduced: Vec<isize>,
    kept: Shape,
    to: Shape,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Max,
    Min,
}

impl Extreme {
    #[track_caller]
    fn new(op: &'static str, end: End, shape: Shape, axes: &impl Axes) -> Result<Self> {
        let (kept, to) = reduced_shapes(op, shape, axes)?;
        let selected = axes.select(op, &shape)?;
        let reduced = (0..shape.rank()).filter(|&axis| selected[axis]);
        Ok(Self {
            end,
            reduced: reduced.map(|axis| axis as isize).collect(),
            kept,
            to,
        })
    }
}

impl<T: Float> Op<T> for Extreme {
    type Arity = Fixed<1>;
    type Saves = Inputs;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        let axes = self.reduced.as_slice();
        match self.end {
            End::Max => x.max(axes),
            End::Min => x.min(axes),
        }?
        .reshape(self.to)
    }

    /// dx = g where x = y, divided by how many are
    fn backward(&self, g: Var<T>, [x]: [Var<T>; 1], _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        let x = x.tensor();
        let axes = self.reduced.as_slice();
        let y = match self.end {
            End::Max => x.max_keepdim(axes)?,
            End::Min => x.min_keepdim(axes)?,
        };
        let ties = x.zip(&y, |x, y| if x == y { T::of(1.0) } else { T::of(0.0) })?;
        let share = ties.div(&ties.sum_to(self.kept)?)?;
        Ok([Some(g.reshape(self.kept)?.mul(&Var::constant(share))?)])
    }
}

impl<T: Float> Var<T> {
    /// The largest element over the axes, which go away; NaN where there is one.
    ///
    /// # Shape
    ///
    /// `max(1)`: `[a, b, c] -> [a, c]`; `max(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` at the largest element, shared evenly among equal ones, 0 elsewhere; NaN where y is. The input is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [3.0, 2.0]]);
    /// let y = x.max(..)?;
    /// assert_eq!(y.item()?, 3.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![[0.0, 0.5], [0.5, 0.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amax`
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Result<Self> {
        Extreme::new("max", End::Max, self.dims(), &axes)?.apply([self])
    }

    /// The smallest element over the axes, which go away; NaN where there is one.
    ///
    /// # Shape
    ///
    /// `min(1)`: `[a, b, c] -> [a, c]`; `min(..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g` at the smallest element, shared evenly among equal ones, 0 elsewhere; NaN where y is. The input is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[4.0, 1.0], [2.0, 2.0]]);
    /// let y = x.min(1)?;
    /// assert_eq!(y.to_vec(), [1.0, 2.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0, 1.0], [0.5, 0.5]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amin`
    #[track_caller]
    pub fn min(&self, axes: impl Axes) -> Result<Self> {
        Extreme::new("min", End::Min, self.dims(), &axes)?.apply([self])
    }

    /// The largest element along an axis, which goes away, and its index: the first of equal ones, or of the NaNs.
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
    /// An axis out of range, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![2.0, 5.0, 5.0]);
    /// let (y, index) = x.max_with_indices(0)?;
    /// assert_eq!((y.item()?, index.item()?), (5.0, 1));
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0])); // not shared, as by max
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.max` with an axis
    #[track_caller]
    pub fn max_with_indices(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        let indices = self
            .tensor()
            .argmax(axis)
            .map_err(|error| error.of("max_with_indices"))?;
        Ok((self.taken(axis, &indices)?, indices))
    }

    /// The smallest element along an axis, which goes away, and its index: the first of equal ones, or of the NaNs.
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
    /// An axis out of range, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[2.0, 1.0, 1.0], [2.0, f32::NAN, 1.0]]);
    /// let (y, indices) = x.min_with_indices(1)?;
    /// assert!(y.to_vec()[0] == 1.0 && y.to_vec()[1].is_nan());
    /// assert_eq!(indices.to_vec(), [1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.min` with an axis
    #[track_caller]
    pub fn min_with_indices(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        let indices = self
            .tensor()
            .argmin(axis)
            .map_err(|error| error.of("min_with_indices"))?;
        Ok((self.taken(axis, &indices)?, indices))
    }

    /// The elements at indices along an axis, which goes away.
    #[track_caller]
    fn taken(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        if self.rank() == 0 {
            return Ok(self.clone());
        }
        let at = self.dims().axis(axis).map_err(|error| error.of("gather"))? as isize;
        self.gather(at, &indices.unsqueeze(at)?)?.squeeze(at)
    }

    /// As [`max`](Self::max), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `max_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `max`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [6.0, 4.0]]);
    /// assert_eq!(x.div(&x.max_keepdim(0)?)?.tensor(), &tensor![[1.0 / 6.0, 0.75], [1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn max_keepdim(&self, axes: impl Axes) -> Result<Self> {
        let (kept, _) = reduced_shapes("max_keepdim", self.dims(), &axes)?;
        self.max(axes)?.reshape(kept)
    }

    /// As [`min`](Self::min), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `min_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `min`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [6.0, 4.0]]);
    /// assert_eq!(x.sub(&x.min_keepdim(1)?)?.tensor(), &tensor![[0.0, 2.0], [2.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn min_keepdim(&self, axes: impl Axes) -> Result<Self> {
        let (kept, _) = reduced_shapes("min_keepdim", self.dims(), &axes)?;
        self.min(axes)?.reshape(kept)
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
            gradcheck(|x| x[0].max(axes.as_slice()), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 2)?.max(axes.as_slice()), &x)?;
            gradcheck(|x| x[0].min(axes.as_slice()), &x)?;
            gradcheck(|x| Ok(x[0].max_with_indices(1)?.0), &x)?;
            gradgradcheck(|x| Ok(x[0].square().min_with_indices(-1)?.0), &x)?;
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
        let kept = [x.max_keepdim(1)?, x.min_keepdim(-1)?];
        assert!(kept.iter().all(|y| y.shape() == [2, 1]));
        assert_eq!(kept[1].to_vec(), [1.0, 0.0]);
        let x = Var::leaf(tensor![f32::NAN, 1.0]);
        let grads = x.max(..)?.backward()?;
        assert!(grads.wrt(&x).is_some_and(|dx| dx.iter().all(f32::is_nan)));
        assert!(Var::constant(Tensor::zeros([0])?).max(..).is_err());
        Ok(())
    }
}
