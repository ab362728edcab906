//! Random integers and permutations.

use std::ops::{Bound, RangeBounds};

use rand::{Rng, RngExt};

use crate::error::{Error, ErrorKind, Result};
use crate::number::Integer;
use crate::shape::IntoShape;
use crate::tensor::Tensor;

impl<T: Integer> Tensor<T> {
    /// Independent integers of a range, all equally likely, drawn from the caller's generator in row-major order.
    ///
    /// The same seed gives the same numbers on every platform.
    ///
    /// # Errors
    ///
    /// If the range is empty, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let dice = Tensor::<i64>::random_integers([2, 3], 1..=6, &mut rng(0))?;
    /// assert!(dice.iter().all(|x| (1..=6).contains(&x)));
    /// assert_eq!(dice, Tensor::random_integers([2, 3], 1..7, &mut rng(0))?); // the same seed, the same numbers
    /// let bytes = Tensor::<u8>::random_integers(1000, .., &mut rng(0))?; // all of them
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval", 2019; `torch.randint`
    #[track_caller]
    pub fn random_integers(
        shape: impl IntoShape,
        range: impl RangeBounds<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let exact = |x: T| x.to_integer().unwrap_or_default();
        let low = match range.start_bound() {
            Bound::Included(&low) => exact(low),
            Bound::Excluded(&low) => exact(low) + 1,
            Bound::Unbounded => exact(T::ENDS[0]),
        };
        let end = match range.end_bound() {
            Bound::Included(&high) => exact(high) + 1,
            Bound::Excluded(&end) => exact(end),
            Bound::Unbounded => exact(T::ENDS[1]) + 1,
        };
        if low >= end {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "random_integers",
                name: "the end of the range",
                expected: "above its start",
                value: end as f64,
                remedy: format!(" for {low}..{end}"),
            }));
        }
        // 0 for all 2^64 numbers.
        let count = (end - low) as u64;
        Self::from_fn(shape, |_| {
            T::from_integer(low + i128::from(below(count, rng)))
        })
    }
}

/// A number below `count`, or any if that is 0. The upper half of a random number times `count` is one; the few lower
/// halves that would make some of them more likely are drawn again.
fn below(count: u64, rng: &mut (impl Rng + ?Sized)) -> u64 {
    if count == 0 {
        return rng.next_u64();
    }
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(count);
        let low = product as u64;
        if low >= count || low >= count.wrapping_neg() % count {
            return (product >> 64) as u64;
        }
    }
}

impl Tensor<i64> {
    /// The numbers `0..n` in a random order, all orders equally likely, drawn from the caller's generator.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Order, Tensor, rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let order = Tensor::<i64>::permutation(3, &mut rng(0))?;
    /// assert_eq!(order.sort(0, Order::Ascending)?.0.to_vec(), [0, 1, 2]);
    /// let shuffled = tensor![1.0, 2.0, 3.0].index_select(0, &order)?;
    /// assert_eq!(shuffled.sum(..)?.item()?, 6.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// R. Durstenfeld, "Algorithm 235: Random permutation", 1964; `torch.randperm`
    #[track_caller]
    pub fn permutation(n: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::permutation_from(0, n, rng)
    }

    /// The `n` numbers from `start` on in a random order, as by [`permutation`](Self::permutation), for the rows of a part
    /// of a data set. Numbers that `i64` does not hold wrap.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let order = Tensor::permutation_from(5, 10, &mut rng(0))?;
    /// assert_eq!(order.sub_scalar(5)?, Tensor::<i64>::permutation(10, &mut rng(0))?);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn permutation_from(start: i64, n: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        let mut order = Self::from_fn(n, |i| start.wrapping_add(i as i64))?;
        let numbers = order.make_mut_slice();
        for last in (1..n).rev() {
            // As u64, so that every platform draws the same numbers.
            numbers.swap(last, rng.random_range(0..=last as u64) as usize);
        }
        Ok(order)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::rng;

    /// Whether counts are plausible for these probabilities: chi-squared is within 6 standard deviations of its mean.
    pub(in crate::create) fn plausible(counts: &[usize], probabilities: &[f64]) -> bool {
        let n: usize = counts.iter().sum();
        let term =
            |(&count, p): (&usize, f64)| (count as f64 - n as f64 * p).powi(2) / (n as f64 * p);
        let chi: f64 = counts
            .iter()
            .zip(probabilities.iter().copied())
            .map(term)
            .sum();
        let freedom = counts.len() as f64 - 1.0;
        (chi - freedom).abs() < 6.0 * (2.0 * freedom).sqrt()
    }

    pub(in crate::create) fn count(x: impl Iterator<Item = usize>, n: usize) -> Vec<usize> {
        let mut counts = vec![0; n];
        x.for_each(|x| counts[x] += 1);
        counts
    }

    #[test]
    fn integers_are_equally_likely_and_repeat() -> Result<()> {
        let x = Tensor::<i32>::random_integers([100, 1000], -3..7, &mut rng(1))?;
        assert!(plausible(
            &count(x.iter().map(|x| (x + 3) as usize), 10),
            &[0.1; 10]
        ));
        let pairs = x.to_vec();
        let pairs = pairs
            .chunks(2)
            .map(|pair| ((pair[0] + 3) * 10 + pair[1] + 3) as usize);
        assert!(plausible(&count(pairs, 100), &[0.01; 100]));
        assert_eq!(
            x,
            Tensor::random_integers([100, 1000], -3..=6, &mut rng(1))?
        );
        assert_ne!(
            x,
            Tensor::random_integers([100, 1000], -3..=6, &mut rng(2))?
        );
        let bytes = Tensor::<u8>::random_integers(100_000, .., &mut rng(1))?;
        assert!(plausible(
            &count(bytes.iter().map(usize::from), 256),
            &[1.0 / 256.0; 256]
        ));
        Ok(())
    }

    #[test]
    fn bounds_are_in_the_range_or_not_as_they_say() -> Result<()> {
        use Bound::{Excluded, Included, Unbounded};
        let ends = |low, high| {
            let x = Tensor::<u8>::random_integers(100, (low, high), &mut rng(1))?;
            Ok((x.min(..)?.item()?, x.max(..)?.item()?))
        };
        assert_eq!(ends(Excluded(3), Included(5))?, (4, 5));
        assert_eq!(ends(Included(3), Excluded(6))?, (3, 5));
        assert_eq!(ends(Unbounded, Included(1))?, (0, 1));
        assert_eq!(ends(Excluded(253), Unbounded)?, (254, 255));
        Ok(())
    }

    #[test]
    fn no_number_of_a_wide_range_is_more_likely() -> Result<()> {
        // Without drawing again, half of the numbers would be multiples of 3: 2^64 random ones go to 3/4 as many.
        let x = Tensor::<u64>::random_integers(30_000, ..3 << 62, &mut rng(1))?;
        assert!(plausible(
            &count(x.iter().map(|x| (x % 3) as usize), 3),
            &[1.0 / 3.0; 3]
        ));
        let x = Tensor::<i64>::random_integers(30_000, .., &mut rng(1))?;
        let quarters = x
            .iter()
            .map(|x| ((i128::from(x) + (1 << 63)) >> 62) as usize);
        assert!(plausible(&count(quarters, 4), &[0.25; 4]));
        let one = Tensor::<i64>::random_integers(3, i64::MAX..=i64::MAX, &mut rng(1))?;
        assert_eq!(one.to_vec(), [i64::MAX; 3]);
        Ok(())
    }

    #[test]
    fn the_same_seed_gives_these_numbers() -> Result<()> {
        // Computed from the generator's words by the definition, in the order of rows.
        let mut words = rng(3);
        let expected: Vec<i64> = (0..6)
            .map(|_| ((u128::from(words.next_u64()) * 1000) >> 64) as i64 - 500)
            .collect();
        let x = Tensor::<i64>::random_integers([2, 3], -500..500, &mut rng(3))?;
        assert_eq!(x.to_vec(), expected);
        Ok(())
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "they are refused")]
    fn empty_ranges_are_refused() -> Result<()> {
        let text = Tensor::<i64>::random_integers(2, 5..5, &mut rng(0))
            .unwrap_err()
            .to_string();
        let start =
            "random_integers: the end of the range must be above its start, got 5 for 5..5 (at ";
        assert!(text.starts_with(start), "{text}");
        assert!(Tensor::<u8>::random_integers(0, 9..=3, &mut rng(0)).is_err());
        assert_eq!(
            Tensor::<u8>::random_integers([0, 2], 3..9, &mut rng(0))?.shape(),
            [0, 2]
        );
        Ok(())
    }

    #[test]
    fn orders_are_equally_likely() -> Result<()> {
        let mut generator = rng(1);
        let mut orders = Vec::new();
        for _ in 0..24_000 {
            let x = Tensor::<i64>::permutation(4, &mut generator)?.to_vec();
            orders.push(x[0] * 64 + x[1] * 16 + x[2] * 4 + x[3]);
        }
        let mut seen = orders.clone();
        seen.sort_unstable();
        seen.dedup();
        let place = |order| {
            seen.iter()
                .position(|other| *other == order)
                .unwrap_or_default()
        };
        assert_eq!(seen.len(), 24);
        assert!(plausible(
            &count(orders.into_iter().map(place), 24),
            &[1.0 / 24.0; 24]
        ));
        assert_eq!(Tensor::<i64>::permutation(0, &mut generator)?.shape(), [0]);
        Ok(())
    }
}
