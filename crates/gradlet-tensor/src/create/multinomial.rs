//! Categories drawn by their weights.

use rand::{Rng, RngExt};

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::for_rows;
use crate::math;
use crate::tensor::Tensor;

/// Whether a category can be drawn more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Each draw is from all categories.
    Yes,
    /// Each draw is from the categories that have not been drawn yet.
    No,
}

impl<T: Float> Tensor<T> {
    /// Indices of `count` random categories for each row of weights, in the order in which they are drawn; the
    /// probability of a category is its weight divided by the sum of the weights of all that can be drawn.
    ///
    /// The weights need not sum to 1. With replacement, each draw takes one random number; without, each category of a
    /// row does.
    ///
    /// # Shape
    ///
    /// `[..., n] -> [..., count]`
    ///
    /// # Errors
    ///
    /// If this is a scalar, or a weight is negative, infinite or NaN, or a row has only zeros, or, without replacement,
    /// fewer than `count` categories with a weight, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Replacement, rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let weights = tensor![[0.0, 1.0, 3.0], [2.0, 0.0, 0.0]];
    /// let drawn = weights.multinomial(4, Replacement::Yes, &mut rng(0))?;
    /// assert_eq!(drawn.select(0, 1)?.to_vec(), [0; 4]);
    /// let both = weights.narrow(0, 0, 1)?.multinomial(2, Replacement::No, &mut rng(0))?;
    /// assert_eq!(both.sum(..)?.item()?, 1 + 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.multinomial`; without replacement: P. Efraimidis, P. Spirakis, "Weighted Random Sampling with a
    /// Reservoir", 2006
    #[track_caller]
    pub fn multinomial(
        &self,
        count: usize,
        replacement: Replacement,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Tensor<i64>> {
        let weights = self.expect_weights(count, replacement)?;
        let weights = weights.as_slice().unwrap_or_default();
        let mut shape = *self.shape();
        let last = shape.rank() - 1;
        let categories = std::mem::replace(&mut shape[last], count);
        Tensor::build(shape, |out| {
            if out.is_empty() {
                return;
            }
            if replacement == Replacement::Yes {
                let rows = weights.chunks_exact(categories);
                for (weights, out) in rows.zip(out.chunks_exact_mut(count)) {
                    draw_again(weights, rng, out);
                }
                return;
            }
            // The draws are in one order; the sorting is not.
            let uniform: Vec<f64> = weights.iter().map(|_| rng.random()).collect();
            for_rows(
                out,
                out.len() / count,
                uniform.len() * SORT,
                |first, out| {
                    let rows = weights
                        .chunks_exact(categories)
                        .zip(uniform.chunks_exact(categories));
                    for ((weights, uniform), out) in
                        rows.skip(first).zip(out.chunks_exact_mut(count))
                    {
                        draw_once(weights, uniform, out);
                    }
                },
            );
        })
    }

    /// The weights in row-major order, or an error unless `count` categories can be drawn from each row.
    #[track_caller]
    fn expect_weights(&self, count: usize, replacement: Replacement) -> Result<Self> {
        let (op, shape) = ("multinomial", *self.shape());
        let Some((&categories, lead)) = shape.split_last() else {
            let expected = "rows of weights";
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        };
        let refuse = |name, expected, value, remedy| ErrorKind::OutOfRange {
            op,
            name,
            expected,
            value,
            remedy,
        };
        if categories == 0 && count > 0 && !lead.contains(&0) {
            let remedy = format!(" for shape {shape}");
            return Err(Error::new(refuse(
                "the number of categories",
                "above 0",
                0.0,
                remedy,
            )));
        }
        let all = self.try_contiguous()?;
        let weights = all.as_slice().unwrap_or_default();
        let zero = T::of(0.0);
        if let Some(at) = weights.iter().position(|&x| !(x >= zero && x.is_finite())) {
            let place = format!(" at {:?}", shape.indices(at));
            let (expected, value) = ("finite and not negative", weights[at].to_f64());
            return Err(Error::new(refuse("a weight", expected, value, place)));
        }
        for (row, weights) in weights.chunks(categories.max(1)).enumerate() {
            let possible = weights.iter().filter(|&&x| x > zero).count();
            let at = row * categories;
            let place = || format!(" in row {:?}", &shape.indices(at)[..lead.len()]);
            if possible == 0 {
                return Err(Error::new(refuse(
                    "the sum of weights",
                    "above 0",
                    0.0,
                    place(),
                )));
            }
            if replacement == Replacement::No && possible < count {
                let expected = "at most the number of categories with a weight";
                let remedy = format!(" of {possible}{}", place());
                return Err(Error::new(refuse("count", expected, count as f64, remedy)));
            }
        }
        Ok(all)
    }
}

/// Draws with replacement: each time the first category at which the running sum of weights is above a random part of
/// the whole sum.
fn draw_again<T: Float>(weights: &[T], rng: &mut (impl Rng + ?Sized), out: &mut [i64]) {
    // Parts of the largest weight, whose sum does not overflow.
    let largest = weights.iter().fold(0.0, |y: f64, &x| y.max(x.to_f64()));
    let mut sum = 0.0;
    let sums: Vec<f64> = weights
        .iter()
        .map(|&x| {
            sum += x.to_f64() / largest;
            sum
        })
        .collect();
    // A random part may be rounded up to the whole sum.
    let last = sums.partition_point(|&y| y < sum);
    for out in out {
        let part = rng.random::<f64>() * sum;
        *out = sums.partition_point(|&y| y <= part).min(last) as i64;
    }
}

/// The work of a draw without replacement, in elements that are copied.
const SORT: usize = 16;

/// Draws without replacement: categories in the order of random times, whose rates are the weights; on a logarithmic
/// scale, on which small weights do not overflow.
fn draw_once<T: Float>(weights: &[T], uniform: &[f64], out: &mut [i64]) {
    let mut times: Vec<(f64, usize)> = Vec::with_capacity(weights.len());
    for (i, (&weight, uniform)) in weights.iter().zip(uniform).enumerate() {
        // In (0, 1], where the logarithm is finite; also for a weight of 0, so that the others' numbers do not change.
        let uniform = 1.0 - uniform;
        if weight > T::of(0.0) {
            let time = math::ln(math::ln(uniform).abs()) - math::ln(weight.to_f64());
            times.push((time, i));
        }
    }
    let earlier = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if out.len() < times.len() {
        times.select_nth_unstable_by(out.len(), earlier);
        times.truncate(out.len());
    }
    times.sort_unstable_by(earlier);
    for (out, (_, i)) in out.iter_mut().zip(times) {
        *out = i as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::{count, plausible};
    use super::*;
    use crate::{rng, tensor};

    #[test]
    fn categories_are_as_likely_as_their_weights() -> Result<()> {
        let (weights, shares) = (tensor![f64; 1.0, 2.0, 0.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4]);
        let place = |x: i64| if x > 2 { x as usize - 1 } else { x as usize };
        for scale in [1.0, 1e-310, 4e307] {
            let weights = weights.mul_scalar(scale);
            let x = weights.multinomial(50_000, Replacement::Yes, &mut rng(1))?;
            assert!(!x.eq_scalar(2).any(..)?.item()?);
            assert!(
                plausible(&count(x.iter().map(place), 4), &shares),
                "{scale}"
            );
            // Pairs of different categories: w_i / 10 * w_j / (10 - w_i).
            let rows = weights.broadcast_to([50_000, 5])?;
            let x = rows.multinomial(2, Replacement::No, &mut rng(1))?.to_vec();
            let pairs = x.chunks(2).map(|pair| place(pair[0]) * 4 + place(pair[1]));
            let mut counts = count(pairs, 16);
            let mut expected: Vec<f64> = (0..16)
                .map(|i| shares[i / 4] * shares[i % 4] / (1.0 - shares[i / 4]))
                .collect();
            for same in [15, 10, 5, 0] {
                assert_eq!(counts.remove(same), 0);
                expected.remove(same);
            }
            assert!(plausible(&counts, &expected), "{scale}: {counts:?}");
        }
        let all = tensor![0.5, 0.25, 0.0].multinomial(2, Replacement::No, &mut rng(1))?;
        assert_eq!(all.sum(..)?.item()?, 1);
        Ok(())
    }

    #[test]
    fn weights_that_mean_nothing_are_refused() -> Result<()> {
        let text = |weights: Tensor, count| {
            let drawn = weights.multinomial(count, Replacement::No, &mut rng(0));
            drawn.unwrap_err().to_string()
        };
        for (weights, count, start) in [
            (
                tensor![[1.0, 1.0], [1.0, -0.5]],
                1,
                "multinomial: a weight must be finite and not negative, got -0.5 at [1, 1] (at ",
            ),
            (
                tensor![f32::INFINITY],
                1,
                "multinomial: a weight must be finite and not negative, got inf at [0] ",
            ),
            (
                tensor![f32::NAN],
                1,
                "multinomial: a weight must be finite and not negative, got NaN at [0] ",
            ),
            (
                tensor![[1.0], [0.0]],
                1,
                "multinomial: the sum of weights must be above 0, got 0 in row [1] ",
            ),
            (
                tensor![1.0, 0.0, 2.0],
                3,
                "multinomial: count must be at most the number of categories with a weight, got 3 of 2 in row [] ",
            ),
            (
                Tensor::zeros([2, 0])?,
                1,
                "multinomial: the number of categories must be above 0, got 0 for shape [2, 0] ",
            ),
            (
                Tensor::scalar(1.0),
                1,
                "multinomial: expected rows of weights, got shape [] ",
            ),
        ] {
            let text = text(weights, count);
            assert!(text.starts_with(start), "{text}");
        }
        let mut generator = rng(0);
        let none = Tensor::zeros([0, 3])?.multinomial(2, Replacement::Yes, &mut generator)?;
        assert_eq!(none.shape(), [0, 2]);
        assert_eq!(
            tensor![1.0]
                .multinomial(0, Replacement::No, &mut generator)?
                .len(),
            0
        );
        Ok(())
    }

    #[test]
    fn draws_do_not_depend_on_the_number_of_threads() -> Result<()> {
        let weights = Tensor::<f32>::uniform([300, 200], 0.0, 1.0, &mut rng(1))?;
        let draw = |threads| {
            crate::threads::with(threads, || {
                let mut rng = rng(2);
                let x = weights.multinomial(50, Replacement::No, &mut rng)?;
                Ok((x.to_vec(), rng.random::<u64>()))
            })
        };
        let one: (Vec<i64>, u64) = draw(1)?;
        for row in one.0.chunks(50) {
            let mut all = row.to_vec();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 50);
        }
        assert_eq!(one, draw(2)?);
        assert_eq!(one, draw(3)?);
        Ok(())
    }
}
