//! `Batches`: the rows of a data set in groups, in order, shuffled or drawn; `BatchIter` yields them.

use std::fmt;
use std::iter::FusedIterator;

use gradlet_tensor::{Result, Tensor};
use rand::Rng;

use super::{Dataset, Prefetch, Rows, Step, Unmapped};

/// The rows of a [`Dataset`] in groups, in order, shuffled or drawn; a `for` loop takes it and yields inputs and targets.
///
/// [`Dataset::batches`] makes it; it holds the set and borrows nothing. Once a loop has begun, the order is fixed: the
/// iterator cannot be shuffled.
///
/// ```compile_fail,E0599
/// # use gradlet_nn::data::Dataset;
/// # use gradlet_tensor::tensor;
/// # let set = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; 0, 1])?;
/// let mut batches = set.batches(1).into_iter();
/// batches.next();
/// batches.shuffled(&mut gradlet_tensor::rng(0)); // would repeat a row and skip another
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// Each epoch makes new batches, and with them a new order. A cycle of the same ones does not compile.
///
/// ```compile_fail,E0277
/// # use gradlet_nn::data::Dataset;
/// # use gradlet_tensor::tensor;
/// # let set = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; 0, 1])?;
/// let batches = set.batches(1).shuffled(&mut gradlet_tensor::rng(0));
/// batches.into_iter().cycle(); // would repeat one order
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Example
///
/// ```
/// # use gradlet_nn::data::Dataset;
/// # use gradlet_tensor::tensor;
/// # let set = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; 0, 1])?;
/// # let mut rows = 0;
/// let mut rng = gradlet_tensor::rng(0);
/// for _epoch in 0..3 {
///     for (inputs, targets) in set.batches(1).shuffled(&mut rng) {
///         assert_eq!(inputs.shape()[0], targets.len());
/// #       rows += targets.len();
///     }
/// }
/// # assert_eq!(rows, 6);
/// let first = set.batches(1).into_iter().next();
/// assert!(first.is_some_and(|(inputs, _)| inputs.to_vec() == [1.0]));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
pub struct Batches<X = Tensor, Y = Tensor<i64>, M = Unmapped> {
    /// The rows in the order in which they come.
    pub(super) set: Dataset<X, Y, M>,
    pub(super) size: usize,
    pub(super) order: Order,
    pub(super) drop_last: bool,
}

/// Where the order of the rows comes from.
pub(super) enum Order {
    /// The set.
    Given,
    /// A permutation of the set.
    Shuffled,
    /// Random rows among those with these numbers, which may come again.
    Drawn(Tensor<i64>),
}

impl<X: Rows, Y: Rows, M: Clone> Batches<X, Y, M> {
    pub(super) fn new(set: Dataset<X, Y, M>, size: usize) -> Self {
        Self {
            size: size.max(1),
            order: Order::Given,
            drop_last: false,
            set,
        }
    }

    /// The same batches, of all rows in a random order. It is drawn right now, so the generator can be used again
    /// afterwards. Each batch copies its rows.
    /// The order is that of [`Tensor::permutation`].
    ///
    /// # Panics
    ///
    /// If no memory is left for the order.
    #[must_use]
    pub fn shuffled(mut self, rng: &mut (impl Rng + ?Sized)) -> Self {
        match self.set.permuted(rng) {
            Ok(numbers) => self.set.set_numbers(numbers),
            Err(error) => panic!("{error}"),
        }
        self.order = Order::Shuffled;
        self
    }

    /// The same batches, of which a thread makes the next `ahead` while the loop computes: the same ones in the same order.
    /// 0 counts as 1. See [`Prefetch`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::{rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// for (x, labels) in set.batches(2).shuffled(&mut rng(0)).prefetch(1) {
    ///     assert_eq!(x.len(), labels.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `prefetch_factor` of `torch.utils.data.DataLoader`
    pub fn prefetch(self, ahead: usize) -> Prefetch<X, Y, M>
    where
        M: Step<X::Part, Y::Part>,
    {
        Prefetch::new(self.into_iter(), ahead)
    }

    /// The same batches without the last one if it is smaller than the others.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.drop_last = true;
        self
    }

    /// The number of rows in all batches.
    fn end(&self) -> usize {
        let rows = self.set.len();
        rows - if self.drop_last { rows % self.size } else { 0 }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>, name: &str, next: usize) -> fmt::Result {
        f.debug_struct(name)
            .field("set", &self.set)
            .field("size", &self.size)
            .field("shuffled", &!matches!(self.order, Order::Given))
            .field("rows", &(next..self.end()))
            .finish()
    }
}

impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> IntoIterator for Batches<X, Y, M> {
    type Item = M::Item;
    type IntoIter = BatchIter<X, Y, M>;

    fn into_iter(self) -> BatchIter<X, Y, M> {
        let (end, next) = (self.end(), 0);
        let batches = self;
        BatchIter { batches, next, end }
    }
}

/// Yields [`Batches`]. It panics, as a `Vec` does, if no memory is left for the copy of a shuffled batch, and if `Rows` of
/// your own return an error; batches of a set that is [mapped](Dataset::map) are `Result`s instead.
///
/// `nth` and `skip` do not make the batches that they leave out.
///
/// It is not `Clone`, so that no pass repeats the order of an earlier one.
pub struct BatchIter<X = Tensor, Y = Tensor<i64>, M = Unmapped> {
    pub(super) batches: Batches<X, Y, M>,
    /// The number of rows in the batches before the next one.
    pub(super) next: usize,
    /// The number of rows in all batches.
    pub(super) end: usize,
}

impl<X: Rows, Y: Rows, M: Clone> BatchIter<X, Y, M> {
    /// The same pass from here on, for the thread that makes its batches.
    pub(super) fn rest(&self) -> Self {
        let Batches { set, size, .. } = &self.batches;
        let (batches, next, end) = (Batches::new(set.clone(), *size), self.next, self.end);
        Self { batches, next, end }
    }

    /// Leaves out this number of batches.
    pub(super) fn leave_out(&mut self, count: usize) {
        let rows = count.saturating_mul(self.batches.size);
        self.next = self.next.saturating_add(rows).min(self.end);
    }

    /// The rows of the next batch, which is then taken as yielded, or `None` at the end.
    pub(crate) fn prepared(&mut self) -> Option<Result<M::Parts>>
    where
        M: Step<X::Part, Y::Part>,
    {
        let (start, length) = (self.next, self.batches.size.min(self.end - self.next));
        self.next += length;
        (length > 0).then(|| self.batches.set.prepared(start, length))
    }
}

impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> Iterator for BatchIter<X, Y, M> {
    type Item = M::Item;

    fn next(&mut self) -> Option<M::Item> {
        self.prepared().map(M::item)
    }

    fn nth(&mut self, n: usize) -> Option<M::Item> {
        self.leave_out(n);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.next).div_ceil(self.batches.size);
        (left, Some(left))
    }
}

impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> ExactSizeIterator for BatchIter<X, Y, M> {}

impl<X: Rows, Y: Rows, M: Step<X::Part, Y::Part>> FusedIterator for BatchIter<X, Y, M> {}

/// Shows the set's shapes and the rows, not their order.
impl<X: Rows, Y: Rows, M: Clone> fmt::Debug for Batches<X, Y, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, "Batches", 0)
    }
}

/// Shows the set's shapes and the rows that are left, not their order.
impl<X: Rows, Y: Rows, M: Clone> fmt::Debug for BatchIter<X, Y, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batches.show(f, "BatchIter", self.next)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use gradlet_tensor::{rng, tensor};
    use proptest::prelude::*;

    use super::*;

    /// Row i is [i, i + 0.5] and has target i.
    pub(in crate::data) fn counting(rows: usize) -> Dataset {
        let inputs = Tensor::from_fn([rows, 2], |i| (i / 2) as f32 + (i % 2) as f32 / 2.0).unwrap();
        Dataset::new(inputs, Tensor::from_fn(rows, |i| i as i64).unwrap()).unwrap()
    }

    pub(in crate::data) fn targets(batches: Batches) -> Vec<Vec<i64>> {
        let batches = batches.into_iter();
        batches.map(|(_, targets)| targets.to_vec()).collect()
    }

    #[test]
    fn batches_come_in_order_and_the_last_may_be_smaller() {
        let (set, count) = (counting(5), |batches: Batches| batches.into_iter().len());
        assert_eq!(targets(set.batches(2)), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(targets(set.batches(2).drop_last()), [[0, 1], [2, 3]]);
        assert_eq!(targets(set.batches(5).drop_last()), [[0, 1, 2, 3, 4]]);
        assert_eq!(targets(set.batches(usize::MAX)), [[0, 1, 2, 3, 4]]);
        assert_eq!(
            (count(set.batches(2)), count(set.batches(2).drop_last())),
            (3, 2)
        );
        assert_eq!(targets(counting(0).batches(3)).len(), 0);
    }

    #[test]
    fn a_size_of_zero_counts_as_one() {
        assert_eq!(targets(counting(2).batches(0)), [[0], [1]]);
        assert_eq!(targets(counting(0).batches(0)).len(), 0);
    }

    #[test]
    fn unshuffled_batches_are_constant_views() {
        let set = counting(4);
        let (inputs, _) = set.batches(4).into_iter().next().unwrap();
        assert!(!inputs.is_tracked());
        let place = |x: &Tensor| x.as_slice().map(<[f32]>::as_ptr);
        assert_eq!(place(inputs.tensor()), place(&set.inputs().unwrap()));
    }

    #[test]
    fn the_order_follows_from_the_generator_alone_and_leaves_it_free() {
        let (set, mut generator) = (counting(50), rng(7));
        let first = set.batches(8).shuffled(&mut generator);
        let second = set.batches(8).shuffled(&mut generator);
        let again = targets(set.batches(8).shuffled(&mut rng(7)));
        let first = targets(first);
        assert_eq!(first, again);
        assert_ne!(first, targets(second));
        // The size of a batch does not change the order.
        assert_eq!(
            first.concat(),
            targets(set.batches(50).shuffled(&mut rng(7))).concat()
        );
    }

    /// 6,000 shuffles of three rows: each of the six orders about 1,000 times. Six standard deviations are 173.
    #[test]
    fn every_order_is_equally_likely() {
        let (set, mut generator) = (counting(3), rng(11));
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            *counts
                .entry(targets(set.batches(3).shuffled(&mut generator)))
                .or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(
            counts
                .values()
                .all(|&count: &i32| (count - 1000).abs() < 173),
            "{counts:?}"
        );
    }

    proptest! {
        #[test]
        fn a_shuffled_pass_has_every_row_once_with_its_target(rows in 0..40usize, size in 0..12usize, seed: u64) {
            let set = counting(rows);
            let batches = set.batches(size).shuffled(&mut rng(seed)).into_iter();
            let announced = batches.len();
            let mut seen = Vec::new();
            let mut count = 0;
            for (inputs, targets) in batches {
                let expected: Vec<f32> = targets.iter().flat_map(|i| [i as f32, i as f32 + 0.5]).collect();
                prop_assert_eq!(inputs.to_vec(), expected);
                seen.extend(targets.iter());
                count += 1;
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..rows as i64).collect::<Vec<_>>());
            prop_assert_eq!(count, announced);
        }
    }

    #[test]
    fn batches_that_are_left_out_are_not_made() -> Result<()> {
        let (made, set) = (std::cell::RefCell::new(Vec::new()), counting(9));
        let mapped = set.map(|x, y| {
            made.borrow_mut().push(y.at(&[0])?);
            Ok((x, y))
        });
        let mut batches = mapped.batches(2).into_iter();
        assert_eq!(
            batches.nth(1).transpose()?.map(|(_, y)| y),
            Some(tensor![i64; 2, 3])
        );
        let mut batches = batches.skip(1);
        assert_eq!(
            batches.next().transpose()?.map(|(_, y)| y),
            Some(tensor![i64; 6, 7])
        );
        assert_eq!(*made.borrow(), [2, 6]);
        assert!(batches.nth(usize::MAX).is_none() && batches.next().is_none());
        Ok(())
    }

    #[test]
    fn printing_shows_shapes_and_place() {
        let batches = counting(5).batches(2);
        let text = "Batches { set: Dataset { inputs: [5, 2], targets: [5], rows: 5, .. }, size: 2, shuffled: false, rows: 0..5 }";
        assert_eq!(format!("{batches:?}"), text);
        let mut iter = batches.into_iter();
        iter.next();
        let text = text.replace("Batches", "BatchIter").replace("0..5", "2..5");
        assert_eq!(format!("{iter:?}"), text);
    }
}
