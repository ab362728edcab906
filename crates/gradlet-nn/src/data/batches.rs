//! `Batches`: the rows of a data set in groups, in order or shuffled.

use std::fmt;
use std::iter::FusedIterator;

use gradlet_autograd::Var;
use gradlet_tensor::{Element, Float, Tensor};
use rand::{Rng, RngExt};

use super::Dataset;

/// Yields the rows of a [`Dataset`] in groups: inputs, as constants, and targets.
///
/// [`Dataset::batches`] makes it; it holds the set and borrows nothing. It panics, as a `Vec` does, if no memory is
/// left for the copy of a shuffled batch.
#[derive(Clone)]
pub struct Batches<T: Float = f32, L: Element = i64> {
    set: Dataset<T, L>,
    size: usize,
    /// The order of the rows, if they are shuffled.
    order: Option<Vec<i64>>,
    next: usize,
    end: usize,
}

impl<T: Float, L: Element> Batches<T, L> {
    pub(super) fn new(set: Dataset<T, L>, size: usize) -> Self {
        Self {
            size: size.max(1),
            order: None,
            next: 0,
            end: set.len(),
            set,
        }
    }

    /// All rows in a random order that is drawn right now, so the generator can be used again afterwards. Each batch
    /// copies its rows.
    ///
    /// # Source
    ///
    /// R. Durstenfeld, "Algorithm 235: Random permutation", 1964.
    pub fn shuffled(mut self, rng: &mut (impl Rng + ?Sized)) -> Self {
        let mut order: Vec<i64> = (0..self.set.len() as i64).collect();
        for last in (1..order.len()).rev() {
            // As u64, so that every platform draws the same numbers.
            order.swap(last, rng.random_range(0..=last as u64) as usize);
        }
        self.order = Some(order);
        self
    }

    /// The same batches without the last one if it is smaller than the others.
    pub fn drop_last(mut self) -> Self {
        self.end -= (self.end - self.next) % self.size;
        self
    }
}

impl<T: Float, L: Element> Iterator for Batches<T, L> {
    type Item = (Var<T>, Tensor<L>);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, length) = (self.next, self.size.min(self.end - self.next));
        if length == 0 {
            return None;
        }
        self.next += length;
        let batch = match &self.order {
            None => self.set.rows(start, length),
            Some(order) => self.set.gather(&order[start..start + length]),
        };
        match batch.map(Dataset::into_parts) {
            Ok((inputs, targets)) => Some((Var::constant(inputs), targets)),
            // The rows exist, so memory ran out: ending early would train on less data without telling anybody.
            Err(error) => panic!("{error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<T: Float, L: Element> ExactSizeIterator for Batches<T, L> {}

impl<T: Float, L: Element> FusedIterator for Batches<T, L> {}

/// Shows the set's shapes and the rows that are left, not their order.
impl<T: Float, L: Element> fmt::Debug for Batches<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("set", &self.set)
            .field("size", &self.size)
            .field("shuffled", &self.order.is_some())
            .field("rows", &(self.next..self.end))
            .finish()
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
        batches.map(|(_, targets)| targets.to_vec()).collect()
    }

    #[test]
    fn batches_come_in_order_and_the_last_may_be_smaller() {
        let set = counting(5);
        assert_eq!(targets(set.batches(2)), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(targets(set.batches(2).drop_last()), [[0, 1], [2, 3]]);
        assert_eq!(targets(set.batches(5).drop_last()), [[0, 1, 2, 3, 4]]);
        assert_eq!(targets(set.batches(usize::MAX)), [[0, 1, 2, 3, 4]]);
        assert_eq!(
            (set.batches(2).len(), set.batches(2).drop_last().len()),
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
        let (inputs, _) = set.batches(4).next().unwrap();
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
            let batches = set.batches(size).shuffled(&mut rng(seed));
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
        let mut batches = counting(5).batches(2);
        batches.next();
        let text = "Batches { set: Dataset { inputs: [5, 2], targets: [5] }, size: 2, shuffled: false, rows: 2..5 }";
        assert_eq!(format!("{batches:?}"), text);
    }
}
