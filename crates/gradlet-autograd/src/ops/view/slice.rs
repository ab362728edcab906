//! Every n-th index of a range, and an axis cut into parts.

use std::ops::RangeBounds;

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, ..] = x[.., indices[i], ..], with evenly spaced indices
#[derive(Clone, Copy, Debug)]
struct Slice {
    axis: isize,
    /// The first index of the range, and the one after the last.
    range: [isize; 2],
    step: isize,
    shape: Shape,
}

impl<T: Float> Op<T> for Slice {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.slice(self.axis, self.range[0]..self.range[1], self.step)
    }

    /// dx[.., indices[i], ..] = g[.., i, ..], 0 elsewhere
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        SliceOfZeros(*self).apply(&g)
    }
}

/// y[.., indices[i], ..] = x[.., i, ..], 0 elsewhere
#[derive(Debug)]
struct SliceOfZeros(Slice);

impl<T: Float> Op<T> for SliceOfZeros {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let Slice {
            axis,
            range,
            step,
            shape,
        } = self.0;
        let mut y = Tensor::zeros_of(shape)?;
        y.slice_assign(axis, range[0]..range[1], step, x)?;
        Ok(y)
    }

    /// dx = g[.., indices[i], ..]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        self.0.apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// Every `step`-th index of an axis within a range, a view. Bounds are as in Python: negative ones count from the end,
    /// and those beyond the axis count as its ends. A negative step begins with the last index of the range and goes back
    /// to the first; the result is then a copy.
    ///
    /// Clippy denies the literal `1..-1`, which it takes for an empty range (`reversed_empty_ranges`); with a name for the
    /// end, it does not.
    ///
    /// # Shape
    ///
    /// `slice(1, 2..-1, 3)`: `[a, n, b] -> [a, ceil((n - 3) / 3), b]`
    ///
    /// # Gradient
    ///
    /// `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the step is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1.0, 2.0, 3.0, 4.0]);
    /// let last = -1;
    /// assert_eq!(x.slice(0, 1..last, 2)?.to_vec(), [1.0, 3.0]);
    /// assert_eq!(x.slice(0, -2.., 1)?.to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.slice(0, 1..4, -2)?.to_vec(), [3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl RangeBounds<isize>, step: isize) -> Result<Self> {
        let (start, length) = self.shape().span(axis, range)?;
        if step == 1 {
            return self.narrow(axis, start, length);
        }
        let range = [start as isize, (start + length) as isize];
        let shape = *self.shape();
        Slice {
            axis,
            range,
            step,
            shape,
        }
        .apply(self)
    }

    /// An axis cut into parts of one size, the last of which may be smaller. Views.
    ///
    /// # Shape
    ///
    /// `split(3, 1)`: `[a, 7, b] -> [a, 3, b], [a, 3, b], [a, 1, b]`; an axis of size 0 gives one part
    ///
    /// # Gradient
    ///
    /// Each part's `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or `size` is 0 and the axis is not empty.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let parts = x.split(2, 0)?;
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![1.0, 2.0], vec![3.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.split`
    #[track_caller]
    pub fn split(&self, size: usize, axis: isize) -> Result<Vec<Self>> {
        self.parts(&self.tensor().split(size, axis)?, axis)
    }

    /// An axis cut into parts of the given sizes. Views.
    ///
    /// # Shape
    ///
    /// `split_sizes(&[3, 4], 1)`: `[a, 7, b] -> [a, 3, b], [a, 4, b]`
    ///
    /// # Gradient
    ///
    /// Each part's `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or the sum of the sizes is not the size of the axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let parts = x.split_sizes(&[1, 2], 0)?;
    /// assert_eq!((parts[0].to_vec(), parts[1].to_vec()), (vec![1.0], vec![2.0, 3.0]));
    /// assert_eq!(parts[1].sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn split_sizes(&self, sizes: &[usize], axis: isize) -> Result<Vec<Self>> {
        self.parts(&self.tensor().split_sizes(sizes, axis)?, axis)
    }

    /// An axis cut into at most `count` parts of size `ceil(n / count)`, the last of which may be smaller. Views.
    ///
    /// # Shape
    ///
    /// `chunk(4, 0)`: `[9] -> [3], [3], [3]`; an axis of size 0 gives `count` empty parts
    ///
    /// # Gradient
    ///
    /// Each part's `g`, with zeros where nothing was taken; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or `count` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    /// let heads = x.chunk(3, 1)?;
    /// assert_eq!(heads[1].tensor(), &tensor![[3.0, 4.0]]);
    /// assert_eq!(x.chunk(4, 1)?.len(), 3); // parts of ceil(6 / 4)
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.chunk`
    #[track_caller]
    pub fn chunk(&self, count: usize, axis: isize) -> Result<Vec<Self>> {
        self.parts(&self.tensor().chunk(count, axis)?, axis)
    }

    /// Consecutive parts of an axis, as large as these `tensors`.
    #[track_caller]
    fn parts(&self, tensors: &[Tensor<T>], axis: isize) -> Result<Vec<Self>> {
        let mut start = 0;
        let mut parts = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            let size = tensor.size(axis)?;
            parts.push(self.narrow(axis, start, size)?);
            start += size;
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 5, 3], 0.0, 1.0, &mut rng(1))?];
        for step in [1, 2, 3, 100, -1, -2, -3, -100] {
            gradcheck(|x| x[0].slice(1, 1.., step), &x)?;
            gradgradcheck(|x| x[0].slice(-2, -4..-1, step), &x)?;
            gradcheck(|x| x[0].slice(0, 2.., step), &x)?;
        }
        gradcheck_everywhere(
            |x| x,
            |x| {
                if x.rank() == 0 {
                    Ok(x.clone())
                } else {
                    x.slice(-1, .., 2)
                }
            },
        );
        let parts = |x: &[Var<f64>]| {
            let parts = x[0].transpose(0, 1)?.split(2, 0)?;
            Var::cat(&[&parts[2], &parts[0].exp(), &parts[2]], 0)
        };
        gradcheck(parts, &x)?;
        gradgradcheck(parts, &x)
    }

    #[test]
    fn what_is_skipped_gets_zeros() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0, 5.0]);
        let y = x.slice(0, 1.., 3)?;
        assert_eq!(y.to_vec(), [2.0, 5.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 10.0, 0.0, 0.0, 20.0])
        );
        let y = x.slice(0, ..4, -2)?;
        assert_eq!(y.to_vec(), [4.0, 2.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 20.0, 0.0, 10.0, 0.0])
        );
        assert_eq!(x.slice(0, 2.., isize::MIN)?.to_vec(), [5.0]);
        assert_eq!(x.slice(0, 5.., -1)?.shape(), [0]);
        assert!(x.slice(0, .., 0).is_err() && x.slice(1, .., 1).is_err());
        Ok(())
    }

    #[test]
    fn parts_give_the_gradient_back_together() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0, 5.0]);
        for parts in [
            x.split(2, 0)?,
            x.chunk(3, -1)?,
            x.split_sizes(&[2, 2, 1], 0)?,
        ] {
            let sizes: Vec<_> = parts.iter().map(Var::len).collect();
            assert_eq!(sizes, [2, 2, 1]);
            let y = parts[0].add(&parts[1])?.add(&parts[2])?;
            let grads = y.backward_with(tensor![1.0, 10.0])?;
            assert_eq!(
                grads.wrt(&x).map(Tensor::to_vec),
                Some(vec![1.0, 10.0, 1.0, 10.0, 11.0])
            );
        }
        assert!(
            x.split(0, 0).is_err() && x.chunk(0, 0).is_err() && x.split_sizes(&[4], 0).is_err()
        );
        Ok(())
    }
}
