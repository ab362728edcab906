//! sinh and cosh from e^x / 2, and sinh near 0 by a polynomial.

use super::exp::{NOTHING_F64, powers_f64, reduced_f64};
use super::poly;
use super::pow::{limited, short_exp2};
use std::f64::consts::LOG2_E;

/// e^a / 2 for a >= 0, within 2^-39 of it relatively; more than any f32 where it would overflow.
#[inline(always)]
fn half_exp_f32(a: f64) -> f64 {
    short_exp2(limited(a * LOG2_E, 200.0)) * 0.5
}

/// The hyperbolic sine, within 1 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn sinh_f32(x: f32) -> f32 {
    let a = f64::from(x.abs());
    let z = a * a;
    // (sinh(a) / a - 1) / a^2 on |a| <= 1, in z: relative error of sinh 2^-34.2.
    let p = poly!(z; 0.16666666497564667, 0.008333350057777524, 0.00019836159868298804, 2.8169506916910568e-6);
    let half = half_exp_f32(a);
    let (small, large) = (a + a * (z * p), half - 0.25 / half);
    let y = if a < 1.0 { small } else { large };
    y.copysign(f64::from(x)) as f32
}

/// The hyperbolic cosine, within 1 ulp.
#[inline(always)]
pub(crate) fn cosh_f32(x: f32) -> f32 {
    let half = half_exp_f32(f64::from(x.abs()));
    (half + 0.25 / half) as f32
}

/// e^a / 2 for a >= 0, which overflows where it is above the largest number.
#[inline(always)]
fn half_exp_f64(a: f64) -> f64 {
    let (k, y) = reduced_f64(if a > 720.0 { 720.0 } else { a }, NOTHING_F64);
    // Wrapping, as the k of a NaN is any number.
    let (first, second) = powers_f64(k.wrapping_sub(1));
    y * first * second
}

/// The hyperbolic sine, within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn sinh_f64(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    // (sinh(a) / a - 1) / a^2 on |a| <= 1, in z: relative error of sinh 2^-56.8.
    let p = poly!(z;
        0.16666666666666666, 0.008333333333333333, 0.000198412698412696, 2.7557319224116297e-6,
        2.5052108346507652e-8, 1.605905060142427e-10, 7.646482885526846e-13, 2.8482332702653187e-15
    );
    let half = half_exp_f64(a);
    let (small, large) = (a + a * (z * p), half - 0.25 / half);
    let y = if a < 1.0 { small } else { large };
    y.copysign(x)
}

/// The hyperbolic cosine, within 2 ulp.
#[inline(always)]
pub(crate) fn cosh_f64(x: f64) -> f64 {
    let half = half_exp_f64(x.abs());
    half + 0.25 / half
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{Function, check_f64, sweep_f32, sweep_f64, worst_f64};
    use super::*;

    #[test]
    fn single_precision_is_within_one_ulp() {
        sweep_f32(sinh_f32, f64::sinh, 0.51);
        sweep_f32(cosh_f32, f64::cosh, 0.51);
    }

    #[test]
    fn double_precision_is_three_steps_from_std() {
        // The standard library's errors are up to 2 ulp.
        for size in [1.0, 3.0, 40.0, 711.0] {
            assert!(worst_f64(sinh_f64, f64::sinh, -size, size) <= 3, "{size}");
            assert!(worst_f64(cosh_f64, f64::cosh, -size, size) <= 3, "{size}");
        }
        sweep_f64(sinh_f64, f64::sinh, 3);
        sweep_f64(cosh_f64, f64::cosh, 3);
    }

    /// Places where large errors were found; the values are of 60 digits, in two parts.
    const EXACT: [(Function, f64, f64, f64); 12] = [
        (
            sinh_f64,
            -1.4285468874103162,
            -1.9664872816457417,
            8.23523449935998e-17,
        ),
        (
            sinh_f64,
            -1.4274810656199968,
            -1.9641370415815453,
            8.327725867798279e-17,
        ),
        (
            sinh_f64,
            1.4347665910710248,
            1.9802469698898484,
            -9.577650969308419e-17,
        ),
        (
            sinh_f64,
            710.4758600739439,
            1.7976931348621744e308,
            -2.0596376878579197e291,
        ),
        (sinh_f64, -1e-9, -1e-9, -1.6666666666666669e-28),
        (sinh_f64, 1.0, 1.1752011936438014, 7.849672142285669e-17),
        (
            cosh_f64,
            -12.179565518499116,
            97384.11032406855,
            6.050102890864529e-12,
        ),
        (
            cosh_f64,
            7.326284406409485,
            759.8626238365222,
            4.34406797587965e-14,
        ),
        (
            cosh_f64,
            710.4758600739439,
            1.7976931348621744e308,
            -2.0596376878579197e291,
        ),
        (cosh_f64, -0.0001, 1.000000005, 3.4554022001883665e-17),
        (cosh_f64, 1.0, 1.5430806348152437, 6.606796775006833e-17),
        (cosh_f64, 30.0, 5343237290762.231, -0.0003718172656278412),
    ];

    #[test]
    fn double_precision_is_within_two_ulp() {
        for (f, x, high, low) in EXACT {
            check_f64(f, x, (high, low), 2.0);
        }
    }

    #[test]
    fn special_values() {
        let (large, infinity) = (710.48, f64::INFINITY);
        assert_eq!(
            (sinh_f64(0.0).to_bits(), sinh_f64(-0.0).to_bits()),
            (0, (-0.0f64).to_bits())
        );
        assert_eq!(sinh_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(
            (sinh_f64(f64::from_bits(1)), sinh_f32(f32::from_bits(1))),
            (f64::from_bits(1), f32::from_bits(1))
        );
        assert_eq!((cosh_f64(0.0), cosh_f32(0.0)), (1.0, 1.0));
        for x in [large, f64::MAX, infinity] {
            assert_eq!(
                (sinh_f64(x), sinh_f64(-x), cosh_f64(-x)),
                (infinity, -infinity, infinity)
            );
        }
        for x in [89.416, f32::MAX, f32::INFINITY] {
            assert_eq!((sinh_f32(x), cosh_f32(-x)), (f32::INFINITY, f32::INFINITY));
        }
        assert!(sinh_f32(89.415_98).is_finite() && cosh_f32(-89.415_98).is_finite());
        assert!(sinh_f64(f64::NAN).is_nan() && cosh_f64(f64::NAN).is_nan());
        assert!(sinh_f32(f32::NAN).is_nan() && cosh_f32(f32::NAN).is_nan());
    }
}
