//! Random tensors, and the generator that examples and tests use; any `rand::Rng` works too.

use rand::{Rng, RngExt, SeedableRng};

use super::Pcg64;
use super::ranges::{expect_held, scaling};
use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::math;
use crate::shape::IntoShape;
use crate::tensor::Tensor;

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

/// More standard deviations than any number is away from the mean: sqrt(-2 ln 2^-53) is 8.57.
const FARTHEST: f64 = 9.0;

impl<T: Float> Tensor<T> {
    /// Independent uniform numbers in `[low, high)`, drawn from the caller's generator in row-major order; computed in
    /// `f64`, then rounded, which can give `high` itself.
    ///
    /// # Errors
    ///
    /// If a bound is not finite, or infinite in the element type, or `low` is above `high`, or memory does not hold that
    /// many elements.
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
        expect_held::<T>("uniform", "low", low)?;
        expect_held::<T>("uniform", "high", high)?;
        if low > high {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "uniform",
                name: "high",
                expected: "at least low",
                value: high,
                remedy: format!(" with low = {low}"),
            }));
        }
        let (down, up) = scaling(low, high);
        let (low, width) = (low * down, high * down - low * down);
        Self::from_fn(shape, |_| T::of((low + width * rng.random::<f64>()) * up))
    }

    /// Independent normal numbers with this mean and standard deviation, drawn from the caller's generator in row-major
    /// order, two at a time.
    ///
    /// # Errors
    ///
    /// If the standard deviation is negative, the mean or `mean + 9 std` is not finite, or infinite in the element type,
    /// or memory does not hold that many elements. No number is farther from the mean than 8.6 std.
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
        expect_held::<T>("normal", "mean", mean)?;
        let farthest = T::of(mean.abs() + FARTHEST * std);
        if !(std >= 0.0 && farthest.is_finite()) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "normal",
                name: "std",
                expected: "not negative, and mean + 9 std in the range of the element type",
                value: std,
                remedy: format!(" with mean = {mean}"),
            }));
        }
        let mut spare = None;
        Self::from_fn(shape, |_| {
            let z = spare.take().unwrap_or_else(|| {
                // 1 - u is in (0, 1], where the logarithm is finite.
                let radius = (-2.0 * math::ln(1.0 - rng.random::<f64>())).sqrt();
                let angle = std::f64::consts::TAU * rng.random::<f64>();
                spare = Some(radius * math::sin(angle));
                radius * math::cos(angle)
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

    #[test]
    fn bounds_whose_width_overflows_are_between_them() -> Result<()> {
        let x = Tensor::<f64>::uniform(10_000, -f64::MAX, 1e308, &mut rng(1))?;
        assert!(x.iter().all(f64::is_finite));
        // The mean's standard error is (1e308 + MAX) / sqrt(12 n), less than 0.8e306.
        let mean = x.iter().map(|x| x / 1e4).sum::<f64>();
        assert!((mean - (1e308 - f64::MAX) / 2.0).abs() < 4e306, "{mean}");
        let x = Tensor::<f32>::uniform(1000, f32::MIN.into(), f32::MAX.into(), &mut rng(1))?;
        assert!(x.iter().all(f32::is_finite) && x.min(..)?.item()? < -3e38);
        Ok(())
    }

    #[test]
    fn numbers_that_the_type_does_not_hold_are_an_error() -> Result<()> {
        let text = |made: Result<Tensor>| made.unwrap_err().to_string();
        for (low, high, name) in [
            (-1e39, 0.0, "low"),
            (0.0, 1e39, "high"),
            (f64::NAN, 0.0, "low"),
        ] {
            let text = text(Tensor::uniform(2, low, high, &mut rng(0)));
            let expected =
                format!("uniform: {name} must be in the range of the element type, got ");
            assert!(text.starts_with(&expected), "{text}");
        }
        let order = text(Tensor::uniform(2, 1.0, -1.0, &mut rng(0)));
        assert!(
            order.starts_with("uniform: high must be at least low, got -1 with low = 1 (at "),
            "{order}"
        );
        for (mean, std, name) in [(-1e39, 1.0, "mean"), (0.0, 1e39, "std"), (0.0, -1.0, "std")] {
            let text = text(Tensor::normal(2, mean, std, &mut rng(0)));
            assert!(
                text.starts_with(&format!("normal: {name} must be ")),
                "{text}"
            );
        }
        // The farthest draw is 8.6 deviations away.
        assert!(Tensor::<f64>::normal(2, 0.0, 1e308, &mut rng(0)).is_err());
        assert!(Tensor::<f64>::normal(2, 0.0, f64::NAN, &mut rng(0)).is_err());
        assert!(
            Tensor::<f32>::normal(2, 0.0, 3e37, &mut rng(0))?
                .iter()
                .all(f32::is_finite)
        );
        Ok(())
    }
}
