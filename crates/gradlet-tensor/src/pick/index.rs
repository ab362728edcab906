//! Picking by index.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::elementwise::zip_in_place;
use crate::kernel::parallel;
use crate::pick::expect_inside;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The slices along an axis that the indices name, in their order.
    ///
    /// # Shape
    ///
    /// `[a, n, b]`, indices `[m]` -> `[a, m, b]`; `[]`, indices `[1]` -> `[]`
    ///
    /// # Errors
    ///
    /// An axis or an index out of range (negative indices are), or indices that are not a vector.
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
        let shape = self.dims();
        if self.rank() == 0 {
            indices.expect_shape("index_select", 1)?;
            return self.reshape(1)?.index_select(axis, indices)?.reshape(());
        }
        let axis = shape.axis("index_select", axis)?;
        check_indices("index_select", self, axis, indices)?;
        self.pick("index_select", axis, &repeated(indices, axis, shape)?)
    }
}

impl<T: crate::element::Float> Tensor<T> {
    /// Adds the slices of `source` along an axis to the slices of this tensor that the indices name; repeated indices
    /// add up in their order.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, indices `[m]`, source `[a, m, b]`; a scalar counts as one element along an axis 0
    ///
    /// # Errors
    ///
    /// An axis or an index out of range (negative indices are), indices that are not a vector, or a source of another
    /// shape. Nothing is changed then.
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
        let mut shape = self.dims();
        if self.rank() == 0 {
            source.expect_shape("index_add", ())?;
            indices.expect_shape("index_add", 1)?;
            *self = self.reshape(1)?;
            let added = self.index_add(axis, indices, &source.reshape(1)?);
            *self = self.reshape(())?;
            return added;
        }
        let axis = shape.axis("index_add", axis)?;
        check_indices("index_add", self, axis, indices)?;
        shape.dims_mut()[axis] = indices.len();
        source.expect_shape("index_add", shape)?;
        self.add_picked(axis, &repeated(indices, axis, shape)?, source)
    }

    /// Adds `source` to the indices of an axis from `start`, as many as it has.
    ///
    /// # Shape
    ///
    /// `self: [a, n, b]`, source `[a, m, b]`, with `start + m <= n`
    ///
    /// # Errors
    ///
    /// An axis or a range out of range, or a source of another shape.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = tensor![1.0, 2.0, 3.0];
    /// x.narrow_add(0, 1, &tensor![10.0, 20.0])?;
    /// assert_eq!(x.to_vec(), [1.0, 12.0, 23.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn narrow_add(&mut self, axis: isize, start: usize, source: &Self) -> Result<()> {
        let mut shape = self.dims();
        let at = shape.axis("narrow_add", axis)?;
        let length = source.shape().get(at).copied().unwrap_or(0);
        shape.dims_mut()[at] = length;
        source.expect_shape("narrow_add", shape)?;
        let (shape, size) = (self.dims(), self.shape()[at]);
        if start.checked_add(length).is_none_or(|end| end > size) {
            return Err(Error::new(ErrorKind::RangeOutOfRange {
                op: "narrow_add",
                start,
                length,
                axis: at,
                size,
                shape,
            }));
        }
        if source.is_empty() {
            return Ok(());
        }
        let (outer, _, inner) = split(self.shape(), at);
        let source = source.try_contiguous()?;
        let source = source.as_slice().unwrap_or_default();
        parallel::for_rows(self.as_mut_slice(), outer, source.len(), |first, out| {
            let sources = source[first * length * inner..].chunks_exact(length * inner);
            for (row, source) in out.chunks_exact_mut(size * inner).zip(sources) {
                zip_in_place(
                    &mut row[start * inner..][..source.len()],
                    source,
                    &|y, x| y + x,
                );
            }
        });
        Ok(())
    }

    /// The element of each row that its index names: `y[i] = x[i, indices[i]]`.
    ///
    /// # Shape
    ///
    /// `x: [rows, columns]`, indices `[rows]` -> `[rows]`
    ///
    /// # Errors
    ///
    /// A tensor that is no matrix, another number of indices than rows, or one out of range (negative ones are).
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.pick_columns(&tensor![i64; 1, 0])?.to_vec(), [2.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn pick_columns(&self, indices: &Tensor<i64>) -> Result<Self> {
        let places = self.column_places("pick_columns", indices)?;
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        let mut places = places.into_iter();
        Self::from_fn(indices.dims(), |_| {
            places.next().map_or(T::of(0.0), |place| x[place])
        })
    }

    /// Adds `source[i]` to the element `[i, indices[i]]` of each row.
    ///
    /// # Shape
    ///
    /// `self: [rows, columns]`, indices `[rows]`, source `[rows]`
    ///
    /// # Errors
    ///
    /// As for [`pick_columns`](Self::pick_columns), or a source of another shape than the indices. Nothing is changed
    /// then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut x = Tensor::zeros([2, 2])?;
    /// x.add_to_columns(&tensor![i64; 1, 0], &tensor![5.0, 6.0])?;
    /// assert_eq!(x, tensor![[0.0, 5.0], [6.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn add_to_columns(&mut self, indices: &Tensor<i64>, source: &Self) -> Result<()> {
        let places = self.column_places("add_to_columns", indices)?;
        source.expect_shape("add_to_columns", indices.dims())?;
        let x = self.as_mut_slice();
        for (place, source) in places.into_iter().zip(source.iter()) {
            x[place] = x[place] + source;
        }
        Ok(())
    }

    /// The row-major place of `[i, indices[i]]` for each row i.
    #[track_caller]
    fn column_places(&self, op: &'static str, indices: &Tensor<i64>) -> Result<Vec<usize>> {
        let &[rows, columns] = self.shape() else {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "a matrix",
                shape: self.dims(),
            }));
        };
        indices.expect_shape(op, rows)?;
        let columns_of = checked_indices(op, self, 1, indices)?;
        Ok(columns_of
            .into_iter()
            .enumerate()
            .map(|(row, column)| row * columns + column)
            .collect())
    }
}

/// Products of the sizes before, at and behind an axis.
fn split(sizes: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        sizes[..axis].iter().product(),
        sizes[axis],
        sizes[axis + 1..].iter().product(),
    )
}

/// The indices of an axis, for each element of a shape along the others. A view.
#[track_caller]
fn repeated(indices: &Tensor<i64>, axis: usize, mut shape: Shape) -> Result<Tensor<i64>> {
    shape.dims_mut()[axis] = indices.len();
    let mut column = Shape::from(indices.len());
    for _ in axis + 1..shape.rank() {
        column.push(1)?;
    }
    indices.reshape(column)?.broadcast_to(shape)
}

#[track_caller]
fn checked_indices<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    axis: usize,
    indices: &Tensor<i64>,
) -> Result<Vec<usize>> {
    check_indices(op, x, axis, indices)?;
    Ok(indices.iter().map(|index| index as usize).collect())
}

/// Whether all are places along an axis of `x`.
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
            shape: indices.dims(),
        }));
    }
    expect_inside(op, x.dims(), axis, indices)
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
    fn parts_are_added_along_each_axis() -> Result<()> {
        let x = Tensor::arange(0.0, 24.0, 1.0)?.reshape([2, 3, 4])?;
        for (axis, start, length) in [(0, 1, 1), (1, 1, 2), (-1, 0, 3), (2, 4, 0)] {
            let mut y = x.transpose(0, 2)?.contiguous().transpose(0, 2)?;
            let source = x.narrow(axis, 0, length)?.map(|x| 100.0 * x);
            y.narrow_add(axis, start, &source)?;
            let indices = Tensor::from_fn(length, |i| (start + i) as i64)?;
            let mut expected = x.clone();
            expected.index_add(axis, &indices, &source)?;
            assert_eq!(y, expected, "{axis}");
            assert!(y.narrow_add(axis, 5, &source).is_err());
        }
        let mut large = Tensor::zeros([3, 2, 40_000])?;
        let row = Tensor::arange(0.0, 40_000.0, 1.0)?.expand(&[3, 1, 40_000])?;
        large.narrow_add(1, 1, &row)?;
        assert_eq!(large, Tensor::cat(&[&row.zeros_like(), &row], 1)?);
        assert!(large.narrow_add(3, 0, &row).is_err());
        assert!(large.narrow_add(0, 0, &tensor![1.0]).is_err());
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
    fn columns_are_picked_and_added_to() -> Result<()> {
        let mut x = tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let columns = tensor![i64; 1, 0, 1];
        assert_eq!(x.pick_columns(&columns)?.to_vec(), [2.0, 3.0, 6.0]);
        x.add_to_columns(&columns, &tensor![10.0, 20.0, 30.0])?;
        assert_eq!(x.to_vec(), [1.0, 12.0, 23.0, 4.0, 5.0, 36.0]);
        assert!(x.pick_columns(&tensor![i64; 1, 0]).is_err());
        Ok(())
    }

    #[test]
    fn indices_out_of_range_are_named() {
        let x = tensor![[1.0, 2.0]];
        let error = x.index_select(1, &tensor![i64; 0, -1]).unwrap_err();
        assert!(
            error.to_string().starts_with(
                "index_select: index -1 is out of range for axis 1 of size 2 in shape [1, 2]"
            ),
            "{error}"
        );
        assert!(x.pick_columns(&tensor![i64; 2]).is_err());
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
                expected.narrow_add(axis as isize, pick, &source)?;
            }
            prop_assert!(sum == expected && y.size(axis as isize)? == picks.len());
        }
    }
}
