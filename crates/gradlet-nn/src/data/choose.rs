//! Subsets, random parts and folds of a [`Dataset`].

use gradlet_tensor::{Error, ErrorKind, Result, Tensor};
use rand::Rng;

use super::{Dataset, Rows};

/// How much of a set a part gets: a number of rows (`usize`) or a fraction of them (`f64`).
pub trait Share: Copy {
    /// Where each part ends among this number of rows.
    ///
    /// # Errors
    ///
    /// If a fraction is not in [0, 1], or the parts have more rows than there are.
    #[track_caller]
    fn ends<const N: usize>(shares: [Self; N], rows: usize) -> Result<[usize; N]>;
}

impl Share for usize {
    fn ends<const N: usize>(shares: [Self; N], rows: usize) -> Result<[usize; N]> {
        let mut end = 0usize;
        let ends = shares.map(|share| {
            end = end.saturating_add(share);
            end
        });
        if end > rows {
            let expected = "at most the number of rows";
            return refused("the sum of the counts", expected, end as f64, rows);
        }
        Ok(ends)
    }
}

/// How far above 1 a sum of fractions such as 0.7 + 0.2 + 0.1 may be by rounding.
const ROUNDING: f64 = 1e-9;

impl Share for f64 {
    fn ends<const N: usize>(shares: [Self; N], rows: usize) -> Result<[usize; N]> {
        if let Some(&share) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return refused("a fraction", "in [0, 1]", share, rows);
        }
        let mut sum = 0.0;
        let ends = shares.map(|share| {
            sum += share;
            ((sum * rows as f64).round() as usize).min(rows)
        });
        if sum > 1.0 + ROUNDING {
            return refused("the sum of the fractions", "at most 1", sum, rows);
        }
        Ok(ends)
    }
}

#[track_caller]
fn refused<R>(name: &'static str, expected: &'static str, value: f64, rows: usize) -> Result<R> {
    Err(Error::new(ErrorKind::OutOfRange {
        op: "random_split",
        name,
        expected,
        value,
        remedy: format!(" for {rows} rows"),
    }))
}

impl<X: Rows, Y: Rows, M: Clone> Dataset<X, Y, M> {
    /// The rows with these numbers, in their order; a number may come again.
    ///
    /// # Errors
    ///
    /// If a number is not below the number of rows, or no memory is left for the numbers.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// assert_eq!(set.subset(&[2, 0])?.inputs()?, tensor![3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.utils.data.Subset`
    #[track_caller]
    pub fn subset(&self, rows: &[usize]) -> Result<Self> {
        if let Some(row) = rows.iter().find(|&&row| row >= self.len()) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "subset",
                name: "a row",
                expected: "below the number of rows",
                value: *row as f64,
                remedy: format!(" of {}", self.len()),
            }));
        }
        let places = Tensor::from_fn(rows.len(), |i| rows[i] as i64)?;
        Ok(self.with_numbers(self.numbers_at(&places)?))
    }

    /// The rows for whose numbers `keep` is true, in order.
    ///
    /// # Errors
    ///
    /// If no memory is left for the numbers.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// let labels = set.targets()?.to_vec();
    /// assert_eq!(set.filter(|row| labels[row] == 0)?.inputs()?, tensor![1.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn filter(&self, mut keep: impl FnMut(usize) -> bool) -> Result<Self> {
        let rows: Vec<_> = (0..self.len()).filter(|&row| keep(row)).collect();
        self.subset(&rows)
    }

    /// Random parts of the set that share no row, of these fractions or numbers of rows. Rows that no part gets are left
    /// out.
    ///
    /// The part of a fraction ends at the nearest row, so that fractions which sum to 1 leave no row out.
    ///
    /// # Errors
    ///
    /// If a fraction is not in [0, 1], the parts together have more rows than there are, or no memory is left for the
    /// order.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(Tensor::zeros([10, 2])?, Tensor::<i64>::zeros_of(10)?)?;
    /// let [train, test] = set.random_split([0.8, 0.2], &mut rng(0))?;
    /// assert_eq!((train.len(), test.len()), (8, 2));
    /// let [train, valid, test] = set.random_split([5, 2, 3], &mut rng(0))?;
    /// assert_eq!((train.len(), valid.len(), test.len()), (5, 2, 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.utils.data.random_split`
    #[track_caller]
    pub fn random_split<const N: usize>(
        &self,
        shares: [impl Share; N],
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<[Self; N]> {
        let ends = Share::ends(shares, self.len())?;
        let all = self.with_numbers(self.permuted(rng)?);
        let mut start = 0;
        Ok(ends.map(|end| {
            let part = all.part(start, end - start);
            start = end;
            part
        }))
    }

    /// `k` pairs of a training set and a test set for cross-validation: each row is in exactly one test set, chosen at
    /// random, and in the training set of all other pairs. The sizes of the test sets differ by at most one.
    ///
    /// # Errors
    ///
    /// If `k` is below 2 or greater than the number of rows, or no memory is left for the orders.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(Tensor::zeros([10, 2])?, Tensor::<i64>::zeros_of(10)?)?;
    /// for (train, test) in set.folds(5, &mut rng(0))? {
    ///     assert_eq!((train.len(), test.len()), (8, 2));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// scikit-learn's `KFold` with `shuffle=True`
    #[track_caller]
    pub fn folds(&self, k: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Vec<(Self, Self)>> {
        let rows = self.len();
        if !(2..=rows).contains(&k) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "folds",
                name: "k",
                expected: "from 2 to the number of rows",
                value: k as f64,
                remedy: format!(" for {rows} rows"),
            }));
        }
        let all = self.with_numbers(self.permuted(rng)?);
        let start = |fold: usize| fold * (rows / k) + fold.min(rows % k);
        let mut folds = Vec::with_capacity(k);
        for fold in 0..k {
            let (start, end) = (start(fold), start(fold + 1));
            let (before, after) = (all.part(0, start), all.part(end, rows - end));
            let train = Tensor::cat(&[&before.numbers()?, &after.numbers()?], 0)?;
            folds.push((self.with_numbers(train), all.part(start, end - start)));
        }
        Ok(folds)
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::rng;
    use proptest::prelude::*;

    use super::*;

    /// Row i is [i, -i] and has target i.
    fn counting(rows: usize) -> Dataset {
        let inputs = Tensor::from_fn([rows, 2], |i| (i / 2) as f32 * (1.0 - (i % 2) as f32 * 2.0));
        let targets = Tensor::from_fn(rows, |i| i as i64);
        Dataset::new(inputs.unwrap(), targets.unwrap()).unwrap()
    }

    fn rows(set: &Dataset) -> Vec<i64> {
        let rows = set.targets().unwrap().to_vec();
        let expected: Vec<f32> = rows.iter().flat_map(|&i| [i as f32, -i as f32]).collect();
        assert_eq!(set.inputs().unwrap().to_vec(), expected);
        rows
    }

    fn sorted<'a>(sets: impl IntoIterator<Item = &'a Dataset>) -> Vec<i64> {
        let mut all: Vec<_> = sets.into_iter().flat_map(rows).collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_row_is_in_one_test_set_and_in_the_other_training_sets(count in 2..40usize, k in 2..9usize, seed: u64) {
            let (k, all) = (k.min(count), (0..count as i64).collect::<Vec<_>>());
            let (_, set) = counting(count + 3).split_at(3).unwrap();
            let set = set.subset(&(0..count).rev().collect::<Vec<_>>()).unwrap();
            let folds = set.folds(k, &mut rng(seed)).unwrap();
            let sizes: Vec<_> = folds.iter().map(|(_, test)| test.len()).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            let shifted: Vec<_> = all.iter().map(|row| row + 3).collect();
            prop_assert_eq!(&sorted(folds.iter().map(|(_, test)| test)), &shifted);
            for (train, test) in &folds {
                prop_assert_eq!(&sorted([train, test]), &shifted);
            }
        }

        #[test]
        fn random_parts_share_no_row(count in 0..40usize, cut in 0.0..1.0f64, seed: u64) {
            let set = counting(count);
            let parts = set.random_split([cut, 1.0 - cut], &mut rng(seed)).unwrap();
            prop_assert_eq!(sorted(&parts), (0..count as i64).collect::<Vec<_>>());
            prop_assert!((parts[0].len() as f64 - cut * count as f64).abs() <= 0.5);
            let again = set.random_split([parts[0].len(), 0], &mut rng(seed)).unwrap();
            prop_assert_eq!((rows(&again[0]), again[1].len()), (rows(&parts[0]), 0));
        }
    }

    #[test]
    fn thirds_leave_no_row_out_and_the_order_is_random() -> Result<()> {
        let parts = counting(100).random_split([1.0 / 3.0; 3], &mut rng(1))?;
        assert_eq!([0, 1, 2].map(|i| parts[i].len()), [33, 34, 33]);
        assert_ne!(rows(&parts[0]), sorted([&parts[0]]));
        Ok(())
    }

    #[test]
    fn chosen_rows_are_chosen_among_again_and_share_the_data() -> Result<()> {
        let set = counting(6);
        let odd = set.filter(|row| row % 2 == 1)?;
        assert_eq!(rows(&odd), [1, 3, 5]);
        assert_eq!(rows(&odd.subset(&[2, 0, 2])?), [5, 1, 5]);
        let (_, last) = odd.split_at(1)?;
        assert_eq!(rows(&last.filter(|row| row == 1)?), [5]);
        let batches: Vec<_> = odd
            .batches(2)
            .into_iter()
            .map(|(_, y)| y.to_vec())
            .collect();
        assert_eq!(batches, [vec![1, 3], vec![5]]);
        let shuffled = odd.batches(3).shuffled(&mut rng(1)).into_iter().next();
        assert_eq!(
            shuffled.map(|(_, y)| y.sum(..)?.item()).transpose()?,
            Some(9)
        );
        assert!(set.filter(|_| false)?.is_empty() && counting(0).subset(&[])?.is_empty());
        Ok(())
    }

    #[test]
    fn parts_that_cannot_be_are_refused() {
        let set = counting(3);
        let says = |error: Error, expected: &str| {
            let text = error.to_string();
            assert!(
                text.starts_with(expected) && text.contains("choose.rs"),
                "{text}"
            );
        };
        let mut generator = rng(0);
        says(
            set.subset(&[1, 3]).unwrap_err(),
            "subset: a row must be below the number of rows, got 3 of 3 (at ",
        );
        says(
            set.random_split([2, 2], &mut generator).unwrap_err(),
            "random_split: the sum of the counts must be at most the number of rows, got 4 for 3 rows (at ",
        );
        says(
            set.random_split([usize::MAX, 2], &mut generator)
                .unwrap_err(),
            "random_split: the sum of the counts",
        );
        says(
            set.random_split([0.5, 0.6], &mut generator).unwrap_err(),
            "random_split: the sum of the fractions must be at most 1, got 1.1 for 3 rows (at ",
        );
        says(
            set.random_split([f64::NAN], &mut generator).unwrap_err(),
            "random_split: a fraction must be in [0, 1], got NaN for 3 rows (at ",
        );
        for k in [0, 1, 4] {
            let expected =
                format!("folds: k must be from 2 to the number of rows, got {k} for 3 rows (at ");
            says(set.folds(k, &mut generator).unwrap_err(), &expected);
        }
    }
}
