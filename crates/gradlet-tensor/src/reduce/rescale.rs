//! The second pass of norms and deviations whose powers of elements leave the range of the element type.

use crate::element::Float;
use crate::error::Result;
use crate::math;
use crate::reduce::extreme::{larger, smaller};
use crate::shape::ReducedAxes;
use crate::tensor::Tensor;

/// Whether a sum of powers of elements has all its digits: it is finite, and no part of it that counts is subnormal.
pub(crate) fn has_all_digits<T: Float>(sum: T) -> bool {
    sum >= T::min_positive_value() / T::epsilon() && sum.is_finite()
}

/// The power of two at most x, which is positive; the smallest normal number if x is smaller.
fn power_of_two<T: Float>(x: T) -> T {
    let (mantissa, exponent, _) = x.max(T::min_positive_value()).integer_decode();
    math::powi(T::of(2.0), i32::from(exponent) + mantissa.ilog2() as i32)
}

impl<T: Float> Tensor<T> {
    /// A divisor for each group of elements: its largest magnitude, or the smallest for a negative power, if the
    /// group's size does not fit; 1 if it does, or that magnitude is 0 or not finite. `None` if all divisors are 1.
    #[track_caller]
    pub(crate) fn divisors(
        &self,
        axes: ReducedAxes,
        power: f64,
        sizes: &Self,
        fits: impl Fn(T) -> bool + Sync,
    ) -> Result<Option<Self>> {
        if self.is_empty() || sizes.iter().all(&fits) {
            return Ok(None);
        }
        let [zero, one] = [T::zero(), T::one()];
        let pick = if power < 0.0 { smaller } else { larger };
        let magnitudes = self.abs().extreme("norm", axes.keep(), pick)?;
        let sizes = sizes.reshape(axes.kept())?;
        let all = magnitudes.zip_for("norm", &sizes, |magnitude, size| {
            let usable = magnitude > zero && magnitude.is_finite();
            if usable && !fits(size) {
                magnitude
            } else {
                one
            }
        })?;
        let changes = all.iter().any(|divisor| divisor != one);
        Ok(changes.then_some(all))
    }
}

/// Powers of two to divide groups of elements by if their size does not fit, so that the largest magnitude becomes
/// about 1; 1 for all others, for zeros, and for infinite elements. `None` if all divisors are 1.
///
/// # Shape
///
/// `x: [a, b, c]`, sizes `[a, c]` for axis 1, or `[a, 1, c]` if it is kept -> `[a, 1, c]`
///
/// # Errors
///
/// If the axes are not those of the shape of `x`, or the sizes do not have the shape of their result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{ReducedAxes, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[3.0, 4.0], [3e20, 4e20]];
/// let axes = ReducedAxes::new("squares", *x.shape(), &1)?;
/// let squares = x.square().sum(1)?; // [25, infinity]
/// let divisors = fused::rescaling(&x, axes, &squares, f32::is_finite)?;
/// assert_eq!(divisors, Some(tensor![[1.0], [2f32.powi(68)]]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn rescaling<T: Float>(
    x: &Tensor<T>,
    axes: ReducedAxes,
    sizes: &Tensor<T>,
    fits: impl Fn(T) -> bool + Sync,
) -> Result<Option<Tensor<T>>> {
    x.expect_shape("rescaling", axes.input())?;
    sizes.expect_shape("rescaling", axes.output())?;
    let divisors = x.divisors(axes, 1.0, sizes, fits)?;
    Ok(divisors.map(|divisors| divisors.map(power_of_two)))
}

#[cfg(test)]
mod tests {
    use crate::element::Float;
    use crate::error::Result;
    use crate::shape::Keep;
    use crate::{Tensor, tensor};

    /// A matrix whose rows are the same numbers times these factors, the first of them 1.
    fn rows<T: Float>(factors: &[f64]) -> Result<Tensor<T>> {
        let row = tensor![f64; 1.0, -0.75, 0.5, -1.0, 0.375].cast::<T>();
        let factors: Vec<T> = factors.iter().map(|&factor| T::of(factor)).collect();
        Tensor::from_slice(&factors, [factors.len(), 1])?.mul(&row)
    }

    fn scale_with_their_elements<T: Float>(powers: [i32; 2]) -> Result<()> {
        let factors: Vec<f64> = [0, powers[0], -20, powers[1], powers[0] / 2, powers[1] / 2]
            .map(|power| 2f64.powi(power))
            .to_vec();
        let x = rows::<T>(&factors)?;
        let both = Tensor::stack(&[&x, &x], 1)?;
        // Powers of two change no digits.
        let expect = |found: Tensor<T>, tolerance: f64, name: &str| {
            let first = found.to_vec()[0].to_f64();
            for (&factor, y) in factors.iter().zip(found.iter()) {
                let expected = first * factor;
                let error = (y.to_f64() - expected).abs();
                assert!(
                    error <= tolerance * expected,
                    "{name}, {factor}: {y} {expected}"
                );
            }
        };
        for correction in [0.0, 1.0, 0.5] {
            expect(x.std(1, correction)?, 0.0, "std");
            expect(x.t()?.std(0, correction)?, 0.0, "std of columns");
            expect(
                both.std(Keep([1, 2]), correction)?.flatten(..)?,
                0.0,
                "std of planes",
            );
        }
        expect(x.norm(2.0, 1)?, 0.0, "norm");
        expect(both.norm(2.0, [-1, 1])?, 0.0, "norm of planes");
        for p in [1.0, 0.5, 1.5, 3.0, 60.0, 1000.0, -1.0, -2.0, -60.0] {
            // Powers, sum and root are rounded, and 1 / p, by which the logarithm of the norm is multiplied.
            let powers = f64::from(powers[0].abs().max(powers[1]));
            let tolerance = T::epsilon().to_f64() * (8.0 + powers);
            expect(x.norm(p, 1)?, tolerance, &format!("norm {p}"));
            expect(
                x.t()?.norm(p, Keep(0))?.flatten(..)?,
                tolerance,
                &format!("norm {p}"),
            );
        }
        Ok(())
    }

    #[test]
    fn norms_and_deviations_scale_with_their_elements() -> Result<()> {
        scale_with_their_elements::<f32>([-100, 122])?;
        scale_with_their_elements::<f32>([-120, 64])?;
        scale_with_their_elements::<f64>([-1000, 1018])?;
        scale_with_their_elements::<f64>([-520, 511])
    }

    #[test]
    fn variances_of_the_largest_numbers_are_those_of_their_distances() -> Result<()> {
        assert_eq!(tensor![3e38, 3e38].var(.., 1.0)?.item()?, 0.0);
        assert_eq!(tensor![3e38, -3e38].std(.., 0.0)?.item()?, 3e38);
        // In steps of 2^104, at a distance of 1 from their mean.
        let step = 2f64.powi(104);
        let x = [(1 << 23) + 1, (1 << 23) + 3].map(|x| (f64::from(x) * step) as f32);
        let x = Tensor::from_slice(x, 2)?;
        assert_eq!(x.std(0, 0.0)?.item()?, step as f32);
        assert_eq!(x.var(0, 0.0)?.item()?, f32::INFINITY);
        assert_eq!(tensor![f64; 1e308, 1e308, 1e308].var(0, 1.0)?.item()?, 0.0);
        Ok(())
    }

    #[test]
    fn what_is_infinite_zero_or_nan_stays_so() -> Result<()> {
        let (infinite, nan) = (f32::INFINITY, f32::NAN);
        let x = tensor![[infinite, 1e30], [-infinite, 0.0], [0.0, 0.0], [3e38, 3e38]];
        assert_eq!(
            x.norm(2.0, 1)?.to_vec(),
            [infinite, infinite, 0.0, infinite]
        );
        assert_eq!(x.norm(3.0, 1)?.to_vec()[..3], [infinite, infinite, 0.0]);
        assert_eq!(x.norm(-1.0, 1)?.to_vec()[..3], [1e30, 0.0, 0.0]);
        assert_eq!(x.std(1, 0.0)?.to_vec()[2..], [0.0, 0.0]);
        assert!(x.std(1, 0.0)?.narrow(0, 0, 2)?.iter().all(f32::is_nan));
        assert!(tensor![nan, 1e30].norm(2.0, 0)?.item()?.is_nan());
        assert!(tensor![nan, 1e30].std(0, 0.0)?.item()?.is_nan());
        assert_eq!(tensor![1e-45, 0.0].norm(2.0, 0)?.item()?, 1e-45);
        assert_eq!(tensor![1e-45, 0.0].norm(-2.0, 0)?.item()?, 0.0);
        Ok(())
    }

    #[test]
    fn powers_that_no_element_type_holds_are_those_of_the_largest() -> Result<()> {
        assert_eq!(tensor![0.5, 0.3].norm(1e39, 0)?.item()?, 0.5);
        assert_eq!(tensor![0.5, 0.3].norm(-1e39, 0)?.item()?, 0.3);
        assert!(tensor![0.5].norm(1e-50, 0).is_err());
        assert!(tensor![f64; 0.5].norm(1e-309, 0).is_err());
        assert!(tensor![f64; 0.5].norm(1e-50, 0).is_ok());
        assert!(tensor![0.5].var(0, f64::NAN).is_err() && tensor![0.5].std(0, 1e39).is_err());
        Ok(())
    }
}
