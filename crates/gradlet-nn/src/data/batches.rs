//! `Batches`: the rows of a data set in groups, in order or shuffled; `BatchIter` yields them.

use std::fmt;
use std::iter::FusedIterator;

use gradlet_autograd::Var;
use gradlet_tensor::{Element, Float, Tensor};
use rand::Rng;

use super::Dataset;

/// The rows of a [`Dataset`] in groups, in order or shuffled; a `for` loop takes it and yields inputs, as constants,
/// and targets.
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
pub struct Batches<T: Float = f32, L: Element = i64> {
    set: Dataset<T, L>,
    size: usize,
    /// The order of the rows, if they are shuffled.
    order: Option<Vec<i64>>,
    end: usize,
}

impl<T: Float, L: Element> Batches<T, L> {
    pub(super) fn new(set: Dataset<T, L>, size: usize) -> Self {
        Self {
            size: size.max(1),
            order: None,
            end: set.len(),
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
        match Tensor::<i64>::permutation(self.set.len(), rng) {
            Ok(order) => self.order = Some(order.to_vec()),
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// The same batches without the last one if it is smaller than the others.
    #[must_use]
    pub fn drop_last(mut self) -> Self {
        self.end -= self.end % self.size;
        self
    }

    fn show(&self, f: &mut fmt::Formatter<'_>, name: &str, next: usize) -> fmt::Result {
        f.debug_struct(name)
            .field("set", &self.set)
            .field("size", &self.size)
            .field("shuffled", &self.order.is_some())
            .field("rows", &(next..self.end))
            .finish()
    }
}

impl<T: Float, L: Element> IntoIterator for Batches<T, L> {
    type Item = (Var<T>, Tensor<L>);
    type IntoIter = BatchIter<T, L>;

    fn into_iter(self) -> BatchIter<T, L> {
        let (batches, next) = (self, 0);
        BatchIter { batches, next }
    }
}

/// Yields [`Batches`]. It panics, as a `Vec` does, if no memory is left for the copy of a shuffled batch.
///
/// It is not `Clone`, so that no pass repeats the order of an earlier one.
pub struct BatchIter<T: Float = f32, L: Element = i64> {
    batches: Batches<T, L>,
    next: usize,
}

impl<T: Float, L: Element> Iterator for BatchIter<T, L> {
    type Item = (Var<T>, Tensor<L>);

    fn next(&mut self) -> Option<Self::Item> {
        let Batches {
            set,
            size,
            order,
            end,
        } = &self.batches;
        let (start, length) = (self.next, (*size).min(end - self.next));
        if length == 0 {
            return None;
        }
        self.next += length;
        let batch = match order {
            None => set.rows(start, length),
            Some(order) => set.gather(&order[start..start + length]),
        };
        match batch.map(Dataset::into_parts) {
            Ok((inputs, targets)) => Some((Var::constant(inputs), targets)),
            // The rows exist, so memory ran out: ending early would train on less data without telling anybody.
            Err(error) => panic!("{error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.batches.end - self.next).div_ceil(self.batches.size);
        (left, Some(left))
    }
}

impl<T: Float, L: Element> ExactSizeIterator for BatchIter<T, L> {}

impl<T: Float, L: Element> FusedIterator for BatchIter<T, L> {}

/// Shows the set's shapes and the rows, not their order.
impl<T: Float, L: Element> fmt::Debug for Batches<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, "Batches", 0)
    }
}

/// Shows the set's shapes and the rows that are left, not their order.
impl<T: Float, L: Element> fmt::Debug for BatchIter<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batches.show(f, "BatchIter", self.next)
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::rng;
    use proptest::prelude::*;

    use super::*;

    /// Row i is [i, i + 0.5] and has target i.
    fn counting(rows: usize) -> Dataset {
        let inputs = Tensor::from_fn([rows, 2], |i| (i / 2) as f32 + (i % 2) as f32 / 2.0).unwrap();
        Dataset::new(inputs, Tensor::from_fn(rows, |i| i as i64).unwrap()).unwrap()
    }

    fn targets(batches: Batches) -> Vec<Vec<i64>> {
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
        assert_eq!(place(inputs.tensor()), place(set.inputs()));
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
    fn printing_shows_shapes_and_place() {
        let batches = counting(5).batches(2);
        let text = "Batches { set: Dataset { inputs: [5, 2], targets: [5] }, size: 2, shuffled: false, rows: 0..5 }";
        assert_eq!(format!("{batches:?}"), text);
        let mut iter = batches.into_iter();
        iter.next();
        let text = text.replace("Batches", "BatchIter").replace("0..5", "2..5");
        assert_eq!(format!("{iter:?}"), text);
    }
}
