//! Random tensors, and the generator that examples and tests use; any `rand::Rng` works too.

use rand::{Rng, RngExt, SeedableRng};

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::IntoShape;
use crate::tensor::Tensor;

/// The generator PCG XSL RR 128/64, with the same numbers on every platform.
///
/// # Source
///
/// M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
/// Generation", 2014.
pub type Pcg64 = rand_pcg::Pcg64;

/// A random number generator started from a seed: equal seeds give equal numbers on every machine.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Tensor::<f32>::normal(3, 0.0, 1.0, &mut rng(1))?;
/// assert_eq!(x, Tensor::normal(3, 0.0, 1.0, &mut rng(1))?);
/// assert_ne!(x, Tensor::normal(3, 0.0, 1.0, &mut rng(2))?);
/// # Ok(())
/// # }
/// ```
pub fn rng(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

impl<T: Float> Tensor<T> {
    /// Independent uniform numbers in `[low, high)`, drawn from the caller's generator in row-major order; computed in
    /// `f64`, then rounded, which can give `high` itself.
    ///
    /// # Errors
    ///
    /// If a bound is not finite, or `low` is above `high`, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::<f32>::uniform([1000], -2.0, 3.0, &mut rng(7))?;
    /// assert!(x.min(..)?.item()? >= -2.0 && x.max(..)?.item()? <= 3.0);
    /// assert_eq!(x, Tensor::uniform([1000], -2.0, 3.0, &mut rng(7))?); // the same seed, the same numbers
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn uniform(
        shape: impl IntoShape,
        low: f64,
        high: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        if !(low.is_finite() && high.is_finite() && low <= high) {
            let (expected, remedy) = ("finite and at least low", format!(" with low = {low}"));
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "uniform",
                name: "high",
                expected,
                value: high,
                remedy,
            }));
        }
        Self::from_fn(shape, |_| T::of(low + (high - low) * rng.random::<f64>()))
    }

    /// Independent normal numbers with this mean and standard deviation, drawn from the caller's generator in row-major
    /// order, two at a time.
    ///
    /// # Errors
    ///
    /// If the standard deviation is negative or not finite, or the mean is not finite, or memory does not hold that
    /// many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Tensor::<f64>::normal([10_000], 5.0, 2.0, &mut rng(7))?;
    /// assert!((x.mean(..)?.item()? - 5.0).abs() < 0.1 && (x.std(.., 1.0)?.item()? - 2.0).abs() < 0.1);
    /// assert_eq!(Tensor::<f32>::normal(2, 5.0, 0.0, &mut rng(7))?.to_vec(), [5.0, 5.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// G. Box, M. Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    #[track_caller]
    pub fn normal(
        shape: impl IntoShape,
        mean: f64,
        std: f64,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        for (name, value, ok) in [
            ("mean", mean, mean.is_finite()),
            ("std", std, std.is_finite() && std >= 0.0),
        ] {
            if !ok {
                let expected = if name == "std" {
                    "finite and not negative"
                } else {
                    "finite"
                };
                let remedy = String::new();
                return Err(Error::new(ErrorKind::OutOfRange {
                    op: "normal",
                    name,
                    expected,
                    value,
                    remedy,
                }));
            }
        }
        let mut spare = None;
        Self::from_fn(shape, |_| {
            let z = spare.take().unwrap_or_else(|| {
                // 1 - u is in (0, 1], where the logarithm is finite.
                let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
                let (sin, cos) = (std::f64::consts::TAU * rng.random::<f64>()).sin_cos();
                spare = Some(radius * sin);
                radius * cos
            });
            T::of(mean + std * z)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_have_the_stated_moments_and_repeat() -> Result<()> {
        let n = 100_000;
        let u = Tensor::<f64>::uniform([n], -1.0, 3.0, &mut rng(1))?;
        let z = Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(1))?;
        let moments = |x: &Tensor<f64>| {
            let mean = x.iter().sum::<f64>() / n as f64;
            (
                mean,
                x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64,
            )
        };
        // Bounds are six standard errors of each moment.
        let ((mean, variance), bound) = (moments(&u), 6.0 / (n as f64).sqrt());
        assert!((mean - 1.0).abs() < bound * 1.16 && (variance - 4.0 / 3.0).abs() < bound * 1.2);
        assert!(u.iter().all(|x| (-1.0..3.0).contains(&x)));
        let (mean, variance) = moments(&z);
        assert!((mean - 5.0).abs() < bound * 2.0 && (variance - 4.0).abs() < bound * 5.7);
        assert_eq!(z, Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(1))?);
        assert_ne!(z, Tensor::<f64>::normal([n], 5.0, 2.0, &mut rng(2))?);
        assert!(Tensor::<f32>::normal(3, 0.0, -1.0, &mut rng(0)).is_err());
        assert!(Tensor::<f32>::uniform(3, 1.0, 0.0, &mut rng(0)).is_err());
        Ok(())
    }
}
