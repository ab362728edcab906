//! The mean of what a function computes for each batch.

use gradlet_tensor::Result;

use super::{Dataset, IntoBatch, Rows, Step};

impl<X, Y, M, A, B> Dataset<X, Y, M>
where
    X: Rows,
    Y: Rows,
    M: Step<X::Part, Y::Part>,
    M::Parts: IntoBatch<Batch = (A, B)>,
{
    /// The mean of each number that `f` returns for batches of `size` rows in order; a batch counts as often as it has
    /// rows. For a set without rows it is NaN.
    ///
    /// # Errors
    ///
    /// If `f` returns one, or a batch cannot be made.
    ///
    /// # Example
    ///
    /// ```
    /// use gradlet_autograd::no_grad;
    /// use gradlet_nn::{Dataset, Forward, Linear, Module};
    /// use gradlet_tensor::{Tensor, rng, tensor};
    ///
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let test = Dataset::new(tensor![[1.0], [2.0], [3.0]], tensor![i64; 0, 1, 1])?;
    /// let mut model = Linear::new(1, 2, &mut rng(1))?;
    /// let [accuracy] = model.evaluating(|model| {
    ///     no_grad(|| test.evaluate(2, |x, labels| Ok([model.forward(&x)?.accuracy(&labels)?])))
    /// })?;
    /// assert!((0.0..=1.0).contains(&accuracy));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn evaluate<const N: usize>(
        &self,
        size: usize,
        mut f: impl FnMut(A, B) -> Result<[f64; N]>,
    ) -> Result<[f64; N]> {
        let (mut sums, mut left) = ([0.0; N], self.len());
        let mut batches = self.batches(size).into_iter();
        while let Some(batch) = batches.prepared() {
            let (x, y) = batch?.into_batch();
            let rows = left.min(size.max(1));
            left -= rows;
            for (sum, value) in sums.iter_mut().zip(f(x, y)?) {
                *sum += value * rows as f64;
            }
        }
        Ok(sums.map(|sum| sum / self.len() as f64))
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::*;

    #[test]
    fn batches_count_by_their_rows_and_errors_come_through() -> Result<()> {
        let set = Dataset::new(tensor![1.0, 2.0, 6.0], tensor![i64; 0, 1, 2])?;
        let mut sizes = Vec::new();
        let [mean, label] = set.evaluate(2, |x, y| {
            sizes.push(y.len());
            Ok([f64::from(x.mean(..)?.item()?), y.at(&[0])? as f64])
        })?;
        assert_eq!((mean, label, sizes), (3.0, 2.0 / 3.0, vec![2, 1]));
        let mapped = set.map(|x, y| Ok((x.mul_scalar(2.0), y)));
        let [twice] = mapped.evaluate(0, |x, _| Ok([f64::from(x.item()?)]))?;
        assert_eq!(twice, 6.0);
        assert!(set.evaluate(2, |x, _| Ok([f64::from(x.item()?)])).is_err());
        let [none] = set.split_at(0)?.0.evaluate(2, |_, _| Ok([1.0]))?;
        assert!(none.is_nan());
        Ok(())
    }
}
