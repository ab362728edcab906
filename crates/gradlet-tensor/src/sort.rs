//! Elements in order of size along an axis, and where they came from.

use std::cmp::Ordering;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Which elements come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The smallest first, NaN last.
    Ascending,
    /// NaN first, then the largest.
    Descending,
}

impl Order {
    fn compare<T: Element>(self, a: T, b: T) -> Ordering {
        // What compares with nothing is NaN, and larger than everything else.
        let nan = |x: T| x != x;
        let ascending = a.partial_cmp(&b).unwrap_or_else(|| nan(a).cmp(&nan(b)));
        match self {
            Self::Ascending => ascending,
            Self::Descending => ascending.reverse(),
        }
    }
}

impl<T: Element> Tensor<T> {
    /// The elements in order along an axis, and the index along it that each had. Equal ones keep their order; NaN counts
    /// as largest.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Order, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (values, indices) = tensor![2.0, 3.0, 1.0].sort(0, Order::Descending)?;
    /// assert_eq!(values.to_vec(), [3.0, 2.0, 1.0]);
    /// assert_eq!(indices.to_vec(), [1, 0, 2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.sort` with `stable=True`
    #[track_caller]
    pub fn sort(&self, axis: isize, order: Order) -> Result<(Self, Tensor<i64>)> {
        let axis = self.dims().axis_or_scalar("sort", axis)? as isize;
        let rows = self.transpose(axis, -1)?.try_contiguous()?;
        let (shape, columns) = (rows.dims(), rows.shape().last().copied().unwrap_or(1));
        let x = rows.as_slice().unwrap_or_default();
        let indices = sorted_rows(x, columns, shape, order)?;
        let places = indices.as_slice().unwrap_or_default();
        let values = Self::build(shape, |out| {
            for (i, (y, &place)) in out.iter_mut().zip(places).enumerate() {
                *y = x[i - i % columns + place as usize];
            }
        })?;
        Ok((values.transpose(axis, -1)?, indices.transpose(axis, -1)?))
    }

    /// The indices that would sort an axis: the second result of [`sort`](Self::sort).
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Order, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![2.0, 3.0, 1.0];
    /// let order = x.argsort(0, Order::Ascending)?;
    /// assert_eq!(order.to_vec(), [2, 0, 1]);
    /// assert_eq!(x.index_select(0, &order)?.to_vec(), [1.0, 2.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn argsort(&self, axis: isize, order: Order) -> Result<Tensor<i64>> {
        Ok(self.sort(axis, order)?.1)
    }

    /// The first `k` elements in order along an axis, and the index along it that each had: the largest ones where the
    /// order is descending, the smallest where it is ascending. Ties go to the element that comes first.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, k, b], [a, k, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range, or more elements than the axis has.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Order, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (values, indices) = tensor![2.0, 5.0, 1.0, 5.0].topk(2, 0, Order::Descending)?;
    /// assert_eq!((values.to_vec(), indices.to_vec()), (vec![5.0, 5.0], vec![1, 3]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.topk` with `sorted=True`
    #[track_caller]
    pub fn topk(&self, k: usize, axis: isize, order: Order) -> Result<(Self, Tensor<i64>)> {
        let at = self.dims().axis_or_scalar("topk", axis)?;
        let size = self.shape().get(at).copied().unwrap_or(1);
        if k > size || (self.rank() == 0 && k == 0) {
            return Err(Error::new(ErrorKind::RangeOutOfRange {
                op: "topk",
                start: 0,
                length: k,
                axis: at,
                size,
                shape: self.dims(),
            }));
        }
        let (values, indices) = self.sort(axis, order)?;
        if k == size {
            return Ok((values, indices));
        }
        // Copied, so that the elements that were not asked for are freed.
        Ok((
            values.narrow(axis, 0, k)?.to_owned_copy(),
            indices.narrow(axis, 0, k)?.to_owned_copy(),
        ))
    }
}

/// For each row of `columns` elements, the columns in order of their elements.
#[track_caller]
fn sorted_rows<T: Element>(
    x: &[T],
    columns: usize,
    shape: Shape,
    order: Order,
) -> Result<Tensor<i64>> {
    Tensor::build(shape, |out| {
        if out.is_empty() {
            return;
        }
        for (out, x) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            for (i, place) in out.iter_mut().enumerate() {
                *place = i as i64;
            }
            out.sort_by(|&a, &b| order.compare(x[a as usize], x[b as usize]));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn equal_elements_keep_their_order_both_ways() -> Result<()> {
        let x = tensor![2.0, 1.0, 2.0, -0.0, 0.0];
        assert_eq!(x.argsort(0, Order::Ascending)?.to_vec(), [3, 4, 1, 0, 2]);
        assert_eq!(x.argsort(-1, Order::Descending)?.to_vec(), [0, 2, 1, 3, 4]);
        Ok(())
    }

    #[test]
    fn nan_is_the_largest() -> Result<()> {
        let x = tensor![f32::NAN, 1.0, f32::INFINITY, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(x.argsort(0, Order::Ascending)?.to_vec(), [4, 1, 2, 0, 3]);
        let (values, indices) = x.topk(3, 0, Order::Descending)?;
        assert_eq!(indices.to_vec(), [0, 3, 2]);
        assert!(values.to_vec()[1].is_nan());
        Ok(())
    }

    #[test]
    fn any_axis_and_type_sorts() -> Result<()> {
        let x = tensor![i64; [3, 1], [2, 5], [1, 4]];
        let (values, indices) = x.sort(0, Order::Ascending)?;
        assert_eq!(values, tensor![i64; [1, 1], [2, 4], [3, 5]]);
        assert_eq!(indices, tensor![i64; [2, 0], [1, 2], [0, 1]]);
        assert_eq!(
            x.t()?.sort(0, Order::Descending)?.0,
            tensor![i64; [3, 5, 4], [1, 2, 1]]
        );
        assert_eq!(
            x.topk(1, 0, Order::Descending)?,
            (tensor![i64; [3, 5]], tensor![i64; [0, 1]])
        );
        assert_eq!(x.topk(0, 1, Order::Ascending)?.0.shape(), [3, 0]);
        assert_eq!(
            tensor![bool; true, false]
                .sort(0, Order::Ascending)?
                .0
                .to_vec(),
            [false, true]
        );
        Ok(())
    }

    #[test]
    fn scalars_and_empty_tensors_sort() -> Result<()> {
        let x = Tensor::scalar(3.0f32);
        assert_eq!(
            x.sort(-1, Order::Ascending)?,
            (x.clone(), Tensor::scalar(0))
        );
        assert_eq!(
            x.topk(1, 0, Order::Descending)?,
            (x.clone(), Tensor::scalar(0))
        );
        for shape in [[0, 3], [3, 0]] {
            assert_eq!(
                Tensor::zeros(shape)?.sort(1, Order::Ascending)?.1.shape(),
                shape
            );
        }
        assert!(
            x.topk(2, 0, Order::Descending).is_err() && x.topk(0, 0, Order::Descending).is_err()
        );
        assert!(matches!(
            tensor![1.0]
                .topk(usize::MAX, 0, Order::Ascending)
                .unwrap_err()
                .kind(),
            ErrorKind::RangeOutOfRange { op: "topk", .. }
        ));
        assert!(x.sort(1, Order::Ascending).is_err() && x.argsort(-2, Order::Ascending).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn sorted_elements_are_those_picked_by_the_indices(values in prop::collection::vec(-5..5i32, 24), axis in 0..3isize) {
            let x = Tensor::from_vec(values, [2, 3, 4])?.transpose(0, 2)?;
            let (sorted, indices) = x.sort(axis, Order::Ascending)?;
            prop_assert_eq!(&x.gather(axis, &indices)?, &sorted);
            let size = x.size(axis)?;
            let (low, high) = (sorted.narrow(axis, 0, size - 1)?, sorted.narrow(axis, 1, size - 1)?);
            prop_assert!(low.zip("le", &high, |a, b| a <= b)?.iter().all(|ordered| ordered));
        }
    }
}
