//! Batches of rows that are drawn at random and may come again.

use gradlet_tensor::{Float, Replacement, Result, Tensor};
use rand::Rng;

use super::batches::Order;
use super::{Batches, Rows};

impl<X: Rows, Y: Rows, M: Clone> Batches<X, Y, M> {
    /// Batches of `count` rows altogether, each drawn from all rows of the set, so that a row may come again. The rows
    /// are drawn right now, so the generator can be used again afterwards. Each batch copies its rows.
    ///
    /// # Errors
    ///
    /// If the set has no rows, or no memory is left for the numbers of those that are drawn.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::{rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// let batches = set.batches(4).sampled(100, &mut rng(0))?.into_iter();
    /// assert_eq!(batches.len(), 25);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.utils.data.RandomSampler` with `replacement=True`
    #[track_caller]
    pub fn sampled(self, count: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        let drawn = Tensor::random_integers(count, 0..self.set.len() as i64, rng);
        self.drawn(&drawn.map_err(|error| error.of("sampled"))?)
    }

    /// As [`sampled`](Self::sampled), but the probability of a row is its weight divided by the sum of all weights:
    /// where a class is rare, a large weight for each of its rows makes it as frequent as the others.
    ///
    /// # Shape
    ///
    /// weights `[rows]`
    ///
    /// # Errors
    ///
    /// If the weights are not one for each row, one is negative, infinite or NaN, all are 0, or no memory is left for
    /// the numbers of the rows that are drawn.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::Dataset;
    /// # use gradlet_tensor::{rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![1.0, 2.0, 3.0], tensor![i64; 0, 1, 0])?;
    /// let weights = tensor![0.0, 2.0, 0.0];
    /// for (x, _) in set.batches(2).weighted(&weights, 4, &mut rng(0))? {
    ///     assert_eq!(x.to_vec(), [2.0, 2.0]);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.utils.data.WeightedRandomSampler`
    #[track_caller]
    pub fn weighted<W: Float>(
        self,
        weights: &Tensor<W>,
        count: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        weights.expect_shape("weighted", self.set.len())?;
        let drawn = weights.multinomial(count, Replacement::Yes, rng);
        self.drawn(&drawn.map_err(|error| error.of("weighted"))?)
    }

    /// Batches of the rows at these places.
    #[track_caller]
    fn drawn(self, places: &Tensor<i64>) -> Result<Self> {
        let order = Order::Drawn(self.set.numbers()?);
        let numbers = self.set.numbers_at(places)?;
        let set = self.set.with_numbers(numbers);
        Ok(Self { set, order, ..self })
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{rng, tensor};

    use super::super::batches::tests::{counting, targets};
    use super::*;

    #[test]
    fn drawn_rows_are_as_likely_as_their_weights_and_may_come_again() -> Result<()> {
        let (_, set) = counting(6).split_at(2)?;
        let count = |batches: Batches| {
            let mut counts = [0; 6];
            for target in targets(batches).concat() {
                counts[target as usize] += 1;
            }
            counts
        };
        let counts = count(set.batches(7).sampled(4000, &mut rng(1))?);
        // Six standard deviations are 164.
        assert!(counts[2..].iter().all(|&n: &i32| (n - 1000).abs() < 164));
        let weights = tensor![f64; 1.0, 0.0, 3.0, 0.0];
        let counts = count(set.batches(7).weighted(&weights, 4000, &mut rng(1))?);
        assert!((counts[4] - 3000).abs() < 164 && counts[2] + counts[4] == 4000);
        let batches = set.batches(7).sampled(10, &mut rng(1))?;
        let sizes = targets(batches.drop_last()).concat();
        assert_eq!(sizes.len(), 7);
        Ok(())
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let says = |batches: Result<Batches>, expected: &str| {
            let text = batches.unwrap_err().to_string();
            assert!(
                text.starts_with(expected) && text.contains("draw.rs"),
                "{text}"
            );
        };
        let generator = &mut rng(0);
        says(
            counting(0).batches(1).sampled(1, generator),
            "sampled: the end of the range must be above its start, got 0 for 0..0 (at ",
        );
        says(
            counting(3)
                .batches(1)
                .weighted(&tensor![1.0, 2.0], 1, generator),
            "weighted: shapes differ: expected [3], got [2] (at ",
        );
        says(
            counting(1)
                .batches(1)
                .weighted(&tensor![-1.0], 1, generator),
            "weighted: a weight must be finite and not negative, got -1 at [0] (at ",
        );
    }
}
