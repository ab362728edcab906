//! Sorting elements along an axis, and the indices they had before.

use std::cmp::Ordering;

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel;
use crate::shape::Keep;
use crate::tensor::Tensor;

/// The order in which elements are sorted.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Order, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![2.0, f32::NAN, 1.0];
/// assert_eq!(x.argsort(0, Order::Ascending)?.to_vec(), [2, 0, 1]);
/// assert_eq!(x.argsort(0, Order::Descending)?.to_vec(), [1, 0, 2]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The smallest element first, NaN last.
    Ascending,
    /// NaN first, then the largest element.
    Descending,
}

impl Order {
    /// Whether `a` comes before `b`; equal elements do not come before each other, and NaN is larger than all numbers.
    /// It has no branches, which sorting would mispredict.
    #[inline(always)]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would be mispredicted"
    )]
    pub(crate) fn before<T: Element>(self, a: T, b: T) -> bool {
        let (low, high) = match self {
            Self::Ascending => (a, b),
            Self::Descending => (b, a),
        };
        (low < high) | ((low == low) & (high != high))
    }

    /// The order of elements with their indices; equal elements are in the order of their indices.
    #[inline(always)]
    pub(crate) fn compare<T: Element>(self, &(a, i): &(T, i64), &(b, j): &(T, i64)) -> Ordering {
        if self.before(a, b) | ((i < j) & !self.before(b, a)) {
            Ordering::Less
        } else if i == j {
            Ordering::Equal
        } else {
            Ordering::Greater
        }
    }
}

/// Up to this many first elements are found by keeping the best so far in order; sorting is faster for more.
const FEW: usize = 16;

/// The cost of sorting an element, in passes over it.
const WORK: usize = 16;

impl<T: Element> Tensor<T> {
    /// The elements sorted along an axis, and the index that each had along it. Equal elements keep their order; NaN
    /// counts as the largest.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; for a scalar, axis 0 is accepted too
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
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
        let at = self.shape().axis_or_scalar_for("sort", axis)?;
        self.first_in_order(
            self.shape().get(at).copied().unwrap_or(1),
            at as isize,
            order,
        )
    }

    /// The indices that sort an axis: the second result of [`sort`](Self::sort).
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; for a scalar, axis 0 is accepted too
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
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
        let (_, indices) = self
            .sort(axis, order)
            .map_err(|error| error.of("argsort"))?;
        Ok(indices)
    }

    /// The first `k` elements in order along an axis, and the index that each had along it: the largest if the order is
    /// descending, the smallest if it is ascending. Among equal elements, the one that comes first is taken first.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, k, b], [a, k, b]`; for a scalar, axis 0 is accepted too
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or `k` is above its size, or `k` is 0 for a scalar.
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
        let at = self.shape().axis_or_scalar_for("topk", axis)?;
        let size = self.shape().get(at).copied().unwrap_or(1);
        if k > size || (self.rank() == 0 && k == 0) {
            return Err(Error::new(ErrorKind::RangeOutOfRange {
                op: "topk",
                start: 0,
                length: k,
                axis: at,
                size,
                shape: *self.shape(),
            }));
        }
        if k == 1 {
            let before = |a, b| order.before(a, b);
            let indices = self.arg("topk", Keep(axis), before)?;
            return Ok((self.gather(axis, &indices)?, indices));
        }
        self.first_in_order(k, at as isize, order)
    }

    /// The first `k` elements in order along an axis, and their indices.
    #[track_caller]
    fn first_in_order(&self, k: usize, axis: isize, order: Order) -> Result<(Self, Tensor<i64>)> {
        let rows = self.transpose(axis, -1)?.try_contiguous()?;
        let (mut shape, columns) = (*rows.shape(), rows.shape().last().copied().unwrap_or(1));
        if let Some(size) = shape.last_mut() {
            *size = k;
        }
        let x = rows.as_slice().unwrap_or_default();
        let indices = Tensor::build(shape, |out| {
            let few = k <= FEW && k < columns / 4;
            let sort = |first: usize, out: &mut [i64]| {
                let mut pairs = Vec::with_capacity(columns);
                for (out, x) in out
                    .chunks_exact_mut(k)
                    .zip(x[first * columns..].chunks_exact(columns))
                {
                    pairs.clear();
                    if few {
                        best(x, k, order, &mut pairs);
                        out.iter_mut()
                            .zip(&pairs)
                            .for_each(|(to, &(_, from))| *to = from);
                        continue;
                    }
                    pairs.extend(x.iter().copied().zip(0..));
                    if k < columns {
                        pairs.select_nth_unstable_by(k - 1, |a, b| order.compare(a, b));
                    }
                    pairs[..k].sort_unstable_by(|a, b| order.compare(a, b));
                    out.iter_mut()
                        .zip(&pairs)
                        .for_each(|(to, &(_, from))| *to = from);
                }
            };
            parallel::for_rows(out, x.len() / columns.max(1), WORK * x.len(), sort);
        })?;
        let values = rows.gather(-1, &indices)?;
        Ok((values.transpose(axis, -1)?, indices.transpose(axis, -1)?))
    }
}

/// Puts the first `k` elements in order, with their indices, into `found`, which is empty.
fn best<T: Element>(x: &[T], k: usize, order: Order, found: &mut Vec<(T, i64)>) {
    for (&x, i) in x.iter().zip(0..) {
        if found.len() == k {
            match found.last() {
                Some(&(last, _)) if order.before(x, last) => found.truncate(k - 1),
                _ => continue,
            }
        }
        // After equal elements, whose indices are smaller.
        let place = found
            .iter()
            .rposition(|&(other, _)| !order.before(x, other));
        found.insert(place.map_or(0, |place| place + 1), (x, i));
    }
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
    fn rows_sort_the_same_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::<f32>::normal([300, 70], 0.0, 1.0, &mut crate::rng(1))?
            .map(|x| (x * 9.0).round());
        let run = || -> Result<_> {
            Ok((
                x.sort(1, Order::Descending)?,
                x.topk(5, 0, Order::Ascending)?,
            ))
        };
        assert_eq!(crate::threads::with(1, run)?, crate::threads::with(3, run)?);
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
        fn any_number_of_first_elements_agrees_with_a_stable_sort_of_indices(
            values in prop::collection::vec(prop::sample::select(vec![f32::NAN, -1.0, -0.0, 0.0, 1.0, f32::INFINITY]), 240),
            axis in 0..3isize,
            k in 0..14usize,
            descending: bool,
        ) {
            let x = Tensor::from_slice(values, [2, 3, 40])?.transpose(0, 2)?;
            let order = if descending { Order::Descending } else { Order::Ascending };
            let size = x.size(axis)?;
            let k = k.min(size);
            let naive = |row: Vec<f32>| {
                let key = |i: usize| if row[i].is_nan() { f32::INFINITY } else { row[i].min(f32::MAX) };
                let mut all: Vec<usize> = (0..row.len()).collect();
                all.sort_by(|&a, &b| {
                    let ascending = key(a).partial_cmp(&key(b)).unwrap_or(Ordering::Equal);
                    if descending { ascending.reverse() } else { ascending }
                });
                all.into_iter().take(k).map(|i| (i as i64, row[i].to_bits())).collect::<Vec<_>>()
            };
            let (values, indices) = x.topk(k, axis, order)?;
            let rows = |t: &Tensor| -> Result<Vec<Vec<f32>>> {
                let size = t.size(axis)?.max(1);
                Ok(t.transpose(axis, -1)?.to_vec().chunks(size).map(<[f32]>::to_vec).collect())
            };
            let places = indices.transpose(axis, -1)?.to_vec();
            let found = rows(&values)?.concat();
            let found: Vec<_> = places.into_iter().zip(found.into_iter().map(f32::to_bits)).collect();
            prop_assert_eq!(found, rows(&x)?.into_iter().flat_map(naive).collect::<Vec<_>>());
        }

        #[test]
        fn sorted_elements_are_those_picked_by_the_indices(values in prop::collection::vec(-5..5i32, 24), axis in 0..3isize) {
            let x = Tensor::from_slice(values, [2, 3, 4])?.transpose(0, 2)?;
            let (sorted, indices) = x.sort(axis, Order::Ascending)?;
            prop_assert_eq!(&x.gather(axis, &indices)?, &sorted);
            let size = x.size(axis)?;
            let (low, high) = (sorted.narrow(axis, 0, size - 1)?, sorted.narrow(axis, 1, size - 1)?);
            prop_assert!(low.zip_for("le", &high, |a, b| a <= b)?.iter().all(|ordered| ordered));
        }
    }
}
