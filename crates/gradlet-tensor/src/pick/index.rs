//! Picking slices by index, and adding to them.

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result};
use crate::pick::expect_inside;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The slices along an axis that the indices name, in the order of the indices.
    ///
    /// # Shape
    ///
    /// `[a, n, b]`, indices `[m]` -> `[a, m, b]`; `[]`, indices `[1]` -> `[]`
    ///
    /// # Errors
    ///
    /// If the axis or an index is out of range (negative indices are), or the indices are not a vector.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.index_select(0, &tensor![i64; 1, 1, 0])?.to_vec(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        let shape = *self.shape();
        if self.rank() == 0 {
            indices.expect_shape("index_select", 1)?;
            return self.reshape(1)?.index_select(axis, indices)?.reshape(());
        }
        let axis = shape.axis_for("index_select", axis)?;
        check_indices("index_select", self, axis, indices)?;
        self.pick("index_select", axis, &repeated(indices, axis, shape)?)
    }
}

impl<T: Float> Tensor<T> {
    /// Adds the slices of `source` along an axis to the slices of this tensor that the indices name; slices with the
    /// same index are added in their order, or in halves as by [`scatter_add`](Self::scatter_add) if there are many.
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
    /// let mut x = Tensor::zeros([2, 2])?;
    /// let rows = tensor![[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]];
    /// x.index_add(0, &tensor![i64; 1, 0, 1], &rows)?;
    /// assert_eq!(x, tensor![[10.0, 20.0], [101.0, 202.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.index_add_`
    #[track_caller]
    pub fn index_add(&mut self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<()> {
        let (axis, repeated) = self.picked_slices("index_add", axis, indices, source)?;
        self.add_picked(axis, &repeated, &source.vector_if_scalar()?)
    }
}

/// A view that repeats the indices of an axis for each element along the other axes of `shape`.
#[track_caller]
pub(crate) fn repeated(
    indices: &Tensor<i64>,
    axis: usize,
    mut shape: Shape,
) -> Result<Tensor<i64>> {
    shape[axis] = indices.len();
    let mut column = Shape::from(indices.len());
    for _ in axis + 1..shape.rank() {
        column.push(1)?;
    }
    indices.reshape(column)?.broadcast_to(shape)
}

/// Returns an error unless the indices are a vector and all are within the axis of `x`.
#[track_caller]
pub(crate) fn check_indices<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    axis: usize,
    indices: &Tensor<i64>,
) -> Result<()> {
    if indices.rank() != 1 {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "a vector of indices",
            shape: *indices.shape(),
        }));
    }
    expect_inside(op, *x.shape(), axis, indices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn any_axis_can_be_indexed() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(
            x.index_select(1, &tensor![i64; 2, 0])?.to_vec(),
            [3.0, 1.0, 6.0, 4.0]
        );
        assert_eq!(
            x.t()?.index_select(0, &tensor![i64; 2])?.to_vec(),
            [3.0, 6.0]
        );
        assert_eq!(x.index_select(0, &Tensor::zeros_of(0)?)?.shape(), [0, 3]);
        Ok(())
    }

    #[test]
    fn adding_back_sums_repeated_indices() -> Result<()> {
        let mut x = Tensor::zeros([2, 3])?;
        x.index_add(
            1,
            &tensor![i64; 0, 0, 2],
            &tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        )?;
        assert_eq!(x.to_vec(), [3.0, 0.0, 3.0, 9.0, 0.0, 6.0]);
        assert!(
            x.index_add(1, &tensor![i64; 0], &tensor![[1.0, 2.0]])
                .is_err()
        );
        Ok(())
    }

    #[test]
    fn a_scalar_has_one_slice() -> Result<()> {
        let mut x = Tensor::scalar(3.0f32);
        assert_eq!(x.index_select(-1, &tensor![i64; 0])?, x);
        x.index_add(0, &tensor![i64; 0], &Tensor::scalar(4.0))?;
        assert_eq!(x, Tensor::scalar(7.0));
        assert!(x.index_select(0, &tensor![i64; 0, 0]).is_err());
        assert!(
            x.index_add(0, &tensor![i64; 1], &Tensor::scalar(4.0))
                .is_err()
        );
        assert_eq!(x, Tensor::scalar(7.0));
        Ok(())
    }

    #[test]
    fn indices_out_of_range_are_named() {
        let x = tensor![[1.0, 2.0]];
        let error = x.index_select(1, &tensor![i64; 0, -1]).unwrap_err();
        assert!(
            error.to_string().starts_with(
                "index_select: index -1 is out of range for axis 1 of size 2 in shape [1, 2]; indices in a tensor count from 0: \
                 for the last one use size - 1 (at "
            ),
            "{error}"
        );
        let error = x.index_select(1, &tensor![i64; -3]).unwrap_err();
        assert!(
            error.to_string().starts_with(
                "index_select: index -3 is out of range for axis 1 of size 2 in shape [1, 2] (at "
            ),
            "{error}"
        );
        assert!(x.index_select(0, &tensor![i64; [0]]).is_err());
    }

    proptest! {
        #[test]
        fn slices_are_picked_and_added_as_by_naive_loops(
            sizes in prop::array::uniform3(0..5usize), axis in 0..3usize, swapped in 0..3isize, long in 0..12usize,
            picks in prop::collection::vec(0..5usize, 0..6),
        ) {
            let (mut sizes, mut picks) = (sizes, picks);
            if long == 0 {
                (sizes[axis], sizes[2]) = (5, 20_000);
            }
            let x = Tensor::<f64>::from_fn(sizes, |i| (i % 1000) as f64)?.transpose(0, swapped)?;
            let size = x.shape()[axis];
            picks.retain(|&pick| pick < size);
            let indices = Tensor::<i64>::from_fn(picks.len(), |i| picks[i] as i64)?;
            let y = x.index_select(axis as isize, &indices)?;
            let mut sum = x.clone();
            sum.index_add(axis as isize, &indices, &y)?;
            let mut expected = x.clone();
            for (i, &pick) in picks.iter().enumerate() {
                let (slice, source) = (y.narrow(axis as isize, i, 1)?, x.narrow(axis as isize, pick, 1)?);
                prop_assert!(slice == source);
                crate::fused::narrow_add(&mut expected, axis as isize, pick, &source)?;
            }
            prop_assert!(sum == expected && y.size(axis as isize)? == picks.len());
        }
    }
}
