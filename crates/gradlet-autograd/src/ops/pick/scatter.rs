//! Elements replaced at indices along an axis.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use super::scatter_add::corner;
use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with y[i, indices[i, j, k], k] = source[i, j, k] for axis 1; the source has the shape of the indices
#[derive(Debug)]
struct Scatter {
    axis: isize,
    indices: Tensor<i64>,
}

impl<T: Float> Op<T> for Scatter {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        y.scatter(self.axis, &self.indices, source)?;
        Ok(y)
    }

    fn forward_owned(&self, [mut x, source]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.scatter(self.axis, &self.indices, &source)?;
        Ok(x)
    }

    /// dx = g with zeros at the indices, dsource[i, j, k] = g[i, indices[i, j, k], k] where it was not overwritten
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_x, want_source]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let Self { axis, indices } = self;
        let picked = want_source.then(|| {
            let picked = g.gather(*axis, indices)?;
            match overwritten(*axis, indices, *g.shape())? {
                Some(lost) => picked.masked_fill(&lost, T::of(0.0)),
                None => Ok(picked),
            }
        })?;
        Ok([
            want_x.then(|| filled(g, *axis, indices, T::of(0.0)))?,
            picked,
        ])
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

/// `x` with `value` at the indices, in the memory of `x` if nothing else holds it.
#[track_caller]
pub(super) fn filled<T: Float>(
    x: Var<T>,
    axis: isize,
    indices: &Tensor<i64>,
    value: T,
) -> Result<Var<T>> {
    let source = Tensor::scalar(value).broadcast_to(indices.shape())?;
    let indices = indices.clone();
    Scatter { axis, indices }.apply_owned([x, Var::constant(source)])
}

/// Which sources a later one replaces, since their indices name the same element of a tensor of the shape `shape`; `None`
/// if there are no such sources.
#[inline]
pub(super) fn overwritten(
    axis: isize,
    indices: &Tensor<i64>,
    shape: Shape,
) -> Result<Option<Tensor<bool>>> {
    if indices.rank() == 0 {
        return Ok(None);
    }
    // Bytes are quick to mark and to count: of sources for as many elements, none replaces another.
    let mut named = Tensor::<bool>::zeros_of(shape)?;
    named.scatter_fill(axis, indices, true)?;
    if named.count_true() == indices.len() {
        return Ok(None);
    }
    let at = indices.shape().axis(axis)?;
    let mut column = *indices.shape();
    column.fill(1);
    column[at] = indices.shape()[at];
    let order = Tensor::from_fn(column, |i| i as i64)?.broadcast_to(indices.shape())?;
    let mut last = Tensor::zeros_of(shape)?;
    last.scatter(axis, indices, &order)?;
    last.gather(axis, indices)?.ne(&order).map(Some)
}

impl<T: Float> Var<T> {
    /// These elements, with those that the indices name along one axis replaced by the elements of `source`:
    /// `y[i, indices[i, j, k], k] = source[i, j, k]` for axis 1. Of several sources for one element, the last along the
    /// axis is taken.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis -> `[a, n, b]`, with c <= a and
    /// d <= b; a scalar counts as `[1]`
    ///
    /// # Gradient
    ///
    /// `g` with zeros at the indices; the source gets the elements of `g` that the indices name, and 0 where it is larger
    /// than the indices or a later source was taken (PyTorch gives `g` to all sources of one element). The indices are
    /// saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or there are more
    /// indices than elements of `x` along one of the other axes, or than elements of the source along any axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, source) = (Var::leaf(tensor![0.0, 0.5, 0.0]), Var::leaf(tensor![1.0, 10.0, 100.0]));
    /// let y = x.scatter(0, &tensor![i64; 2, 2, 0], &source)?;
    /// assert_eq!(y.to_vec(), [100.0, 0.5, 10.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![0.0, 1.0, 0.0]));
    /// assert_eq!(grads.wrt(&source), Some(&tensor![0.0, 1.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.scatter`, which may take any of several sources
    #[track_caller]
    pub fn scatter(&self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<Self> {
        let source = corner(source, *indices.shape()).map_err(|error| error.of("scatter"))?;
        let indices = indices.clone();
        Scatter { axis, indices }.apply([self, &source])
    }

    /// These elements, with those that the indices name along one axis replaced by `value`.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]` -> `[a, n, b]`, with c <= a and d <= b; a scalar counts as `[1]`
    ///
    /// # Gradient
    ///
    /// `g` with zeros at the indices, which are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or there are more
    /// indices than elements of `x` along one of the other axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.scatter_fill(1, &tensor![i64; [1], [0]], 9.0)?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 9.0], [9.0, 4.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.0, 0.0], [0.0, 1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.scatter` with `value`
    #[track_caller]
    pub fn scatter_fill(&self, axis: isize, indices: &Tensor<i64>, value: T) -> Result<Self> {
        filled(self.clone(), axis, indices, value).map_err(|error| error.of("scatter_fill"))
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
        let xs = [make([3, 2])?, make([2, 3])?];
        for indices in [
            tensor![i64; [2, 0], [0, 0], [1, 2]],
            tensor![i64; [2, 0], [2, 1]],
            tensor![i64; [2], [2]],
            Tensor::zeros_of([0, 2])?,
        ] {
            let f = |x: &[Var<f64>]| x[0].scatter(0, &indices, &x[1].t()?);
            gradcheck(f, &xs)?;
            gradgradcheck(f, &xs)?;
            let f = |x: &[Var<f64>]| x[0].square().scatter_fill(-2, &indices, 3.0);
            gradcheck(f, &xs[..1])?;
            gradgradcheck(f, &xs[..1])?;
        }
        let same = |x: &[Var<f64>]| x[0].scatter(1, &tensor![i64; [1, 0], [0, 0]], &x[0]);
        gradcheck(same, &xs[..1])?;
        gradgradcheck(same, &xs[..1])?;
        let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
        for indices in [Tensor::scalar(0), tensor![i64; 0]] {
            let f = |x: &[Var<f64>]| x[0].scatter(0, &indices, &x[1]);
            gradcheck(f, &scalars)?;
            gradgradcheck(f, &scalars)?;
        }
        Ok(())
    }

    #[test]
    fn the_gradient_goes_to_the_source_that_was_taken() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![[1.0, 2.0, 3.0]]),
            Var::leaf(tensor![[4.0, 5.0, 6.0, 7.0]]),
        );
        let y = x.scatter(1, &tensor![i64; [0, 2, 0]], &source)?;
        assert_eq!(y.tensor(), &tensor![[6.0, 2.0, 5.0]]);
        let grads = y.backward_with(tensor![[f32::INFINITY, 10.0, 20.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 10.0, 0.0]]));
        let expected = tensor![[0.0, 20.0, f32::INFINITY, 0.0]];
        assert_eq!(grads.wrt(&source), Some(&expected));
        Ok(())
    }

    #[test]
    fn bad_indices_and_short_sources_are_errors() {
        let (x, source) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0]));
        for (axis, indices) in [
            (0, tensor![i64; 2]),
            (1, tensor![i64; 0]),
            (0, tensor![i64; 0, 1]),
            (0, tensor![i64; [0]]),
        ] {
            let error = x.scatter(axis, &indices, &source).unwrap_err().to_string();
            assert!(error.starts_with("scatter: "), "{error}");
        }
        let error = x.scatter_fill(0, &tensor![i64; -1], 0.0).unwrap_err();
        assert!(error.to_string().starts_with("scatter_fill: "), "{error}");
    }
}
