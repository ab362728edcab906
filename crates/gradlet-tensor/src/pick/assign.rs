//! Replacing single elements, and slices, by index.

use crate::element::Element;
use crate::error::Result;
use crate::pick::index::{check_indices, repeated};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// Replaces the elements that the indices name along one axis by the elements of `source`:
    /// `y[i, indices[i, j, k], k] = source[i, j, k]` for axis 1. Of several sources for one element, the last along the
    /// axis is taken.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis, with c <= a and d <= b; a
    /// scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If [`gather`](Self::gather) with this axis and these indices would give an error, or `source` has fewer elements
    /// along an axis than the indices. The elements are then unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![0.0, 0.5, 0.0];
    /// x.scatter(0, &tensor![i64; 2, 2, 0], &tensor![1.0, 10.0, 100.0])?;
    /// assert_eq!(x.to_vec(), [100.0, 0.5, 10.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.scatter_`, which may take any of several sources
    #[track_caller]
    pub fn scatter(&mut self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<()> {
        let (axis, indices, source) = self.picked("scatter", axis, indices, source)?;
        self.combine_picked(axis, &indices, &source, |_, x| x)
    }

    /// Replaces the elements that the indices name along one axis by `value`: `y[i, indices[i, j, k], k] = value` for
    /// axis 1.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[c, m, d]`, with c <= a and d <= b; a scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If [`gather`](Self::gather) with this axis and these indices would give an error. The elements are then
    /// unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// x.scatter_fill(1, &tensor![i64; [1], [0]], 0.0)?;
    /// assert_eq!(x, tensor![[1.0, 0.0], [0.0, 4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.scatter_` with `value`
    #[track_caller]
    pub fn scatter_fill(&mut self, axis: isize, indices: &Tensor<i64>, value: T) -> Result<()> {
        let source = Tensor::scalar(value).broadcast_to(indices.shape())?;
        let (axis, indices, source) = self.picked("scatter_fill", axis, indices, &source)?;
        self.combine_picked(axis, &indices, &source, |_, x| x)
    }

    /// Replaces the slices along an axis that the indices name by the slices of `source`. Of several sources for one
    /// slice, the last is taken.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[m]`, source `[a, m, b]`; a scalar counts as one element along an axis 0
    ///
    /// # Errors
    ///
    /// If the axis or an index is out of range (negative indices are), or the indices are not a vector, or the shape of
    /// `source` does not fit. The elements are then unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = Tensor::zeros([3, 2])?;
    /// x.index_copy(0, &tensor![i64; 2, 0], &tensor![[1.0, 2.0], [10.0, 20.0]])?;
    /// assert_eq!(x, tensor![[10.0, 20.0], [0.0, 0.0], [1.0, 2.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.index_copy_`, which may take any of several sources
    #[track_caller]
    pub fn index_copy(&mut self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<()> {
        let (at, repeated) = self.picked_slices("index_copy", axis, indices, source)?;
        let source = source.vector_if_scalar()?;
        self.combine_picked(at, &repeated, &source, |_, x| x)
    }

    /// The axis, and the indices repeated for all elements of their slices; an error, which begins with `op`, unless
    /// the arguments fit this tensor. A scalar counts as a vector.
    #[track_caller]
    pub(crate) fn picked_slices(
        &self,
        op: &'static str,
        axis: isize,
        indices: &Tensor<i64>,
        source: &Self,
    ) -> Result<(usize, Tensor<i64>)> {
        let axis = self.shape().axis_or_scalar_for(op, axis)?;
        let mut shape = self.shape().vector_if_scalar();
        check_indices(op, self, axis, indices)?;
        if self.rank() == 0 {
            source.expect_shape(op, ())?;
            indices.expect_shape(op, 1)?;
        } else {
            shape[axis] = indices.len();
            source.expect_shape(op, shape)?;
        }
        Ok((axis, repeated(indices, axis, shape)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn the_last_of_several_sources_is_taken() -> Result<()> {
        let mut x = tensor![i64; [1, 2, 3], [4, 5, 6]];
        let before = x.clone();
        let source = tensor![i64; [10, 20, 30], [40, 50, 60]];
        x.scatter(1, &tensor![i64; [0, 0], [2, 1]], &source)?;
        assert_eq!(x, tensor![i64; [20, 2, 3], [4, 50, 40]]);
        x.scatter(0, &tensor![i64; [1], [1]], &source)?;
        assert_eq!(x, tensor![i64; [20, 2, 3], [40, 50, 40]]);
        x.index_copy(1, &tensor![i64; 1, 2, 1], &source)?;
        assert_eq!(x, tensor![i64; [20, 30, 20], [40, 60, 50]]);
        x.scatter_fill(-1, &tensor![i64; [2, 2, 0]], 7)?;
        assert_eq!(x, tensor![i64; [7, 30, 7], [40, 60, 50]]);
        assert_eq!(before, tensor![i64; [1, 2, 3], [4, 5, 6]]);
        Ok(())
    }

    #[test]
    fn a_scalar_counts_as_one_element() -> Result<()> {
        let mut x = Tensor::scalar(true);
        x.scatter(0, &tensor![i64; 0, 0], &tensor![bool; true, false])?;
        assert_eq!(x, Tensor::scalar(false));
        x.scatter_fill(-1, &Tensor::scalar(0), true)?;
        assert_eq!(x, Tensor::scalar(true));
        x.index_copy(0, &tensor![i64; 0], &Tensor::scalar(false))?;
        assert_eq!(x, Tensor::scalar(false));
        assert!(
            x.index_copy(0, &tensor![i64; 0, 0], &Tensor::scalar(true))
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn bad_indices_and_shapes_are_errors_and_change_nothing() {
        let mut x = tensor![[1.0, 2.0], [3.0, 4.0]];
        let one = tensor![[1.0, 1.0]];
        for (indices, source) in [
            (tensor![i64; [0, 0]], tensor![[1.0]]),
            (tensor![i64; [0, 5]], one.clone()),
            (tensor![i64; [0, -1]], one.clone()),
            (tensor![i64; 0, 0], tensor![1.0, 1.0]),
        ] {
            assert!(x.scatter(0, &indices, &source).is_err());
            assert!(x.index_copy(0, &indices, &source).is_err());
        }
        assert!(x.scatter_fill(0, &tensor![i64; [2]], 0.0).is_err());
        assert!(x.scatter_fill(2, &tensor![i64; [0]], 0.0).is_err());
        assert!(x.index_copy(0, &tensor![i64; 2], &one).is_err());
        assert!(x.index_copy(1, &tensor![i64; 0], &one).is_err());
        assert_eq!(x, tensor![[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn one_bad_index_of_many_changes_nothing() -> Result<()> {
        let n = 1 << 17;
        for (place, bad) in [(0, -1), (n - 1, 7), (n / 2, i64::MIN), (77, i64::MAX)] {
            let indices = Tensor::from_fn([2, n], |i| if i == n + place { bad } else { 6 })?;
            let mut x = Tensor::<i64>::zeros_of([2, 7])?;
            let error = threads::with(2, || x.scatter(1, &indices, &indices)).unwrap_err();
            let index = format!("index {bad} is out of range");
            assert!(error.to_string().contains(&index), "{error}");
            assert_eq!(x.sum(..)?.item()?, 0);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn replacing_agrees_with_a_naive_loop_and_on_any_number_of_threads(
            sizes in prop::array::uniform3(1..5usize), m in 0..6usize, axis in 0..3usize, long in 0..12usize, seed in 0..100u64,
        ) {
            let mut sizes = sizes;
            if long < 3 {
                sizes[long] = 30_000;
            }
            let mut shape = sizes;
            shape[axis] = if long == axis { 29_999 } else { m };
            let size = sizes[axis] as u64;
            let number = |i: usize| ((i as u64 * 7919 + seed) % size) as i64;
            let indices = Tensor::<i64>::from_fn([shape[2], shape[1], shape[0]], number)?.transpose(0, 2)?;
            let slices = Tensor::<i64>::from_fn(shape[axis], number)?;
            let source = Tensor::<i64>::from_fn([shape[2], shape[1], shape[0]], |i| i as i64)?.transpose(0, 2)?;
            let (mut scattered, mut copied) = (vec![-1; sizes.iter().product()], vec![-1; sizes.iter().product()]);
            for (i, (index, x)) in indices.iter().zip(source.iter()).enumerate() {
                let mut at = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
                let slice = slices.at(&[at[axis]])?;
                for (to, index) in [(&mut scattered, index), (&mut copied, slice)] {
                    at[axis] = index as usize;
                    to[(at[0] * sizes[1] + at[1]) * sizes[2] + at[2]] = x;
                }
            }
            for n in 1..4 {
                let (mut y, mut z) = (Tensor::<i64>::full_of(sizes, -1)?, Tensor::<i64>::full_of(sizes, -1)?);
                threads::with(n, || y.scatter(axis as isize, &indices, &source))?;
                threads::with(n, || z.index_copy(axis as isize, &slices, &source))?;
                prop_assert!(y.to_vec() == scattered && z.to_vec() == copied);
                let mut odd = Tensor::<bool>::zeros_of(sizes)?;
                threads::with(n, || odd.scatter_fill(axis as isize, &indices, true))?;
                prop_assert!(odd.iter().eq(scattered.iter().map(|&x| x >= 0)));
            }
        }
    }
}
