//! gelu(x) = x Phi(x) = max(x, 0) - a Phi(-a) and its slope, where Phi(x) is the probability that a
//! standard normal number is below x, and a = |x|. Phi(-a) = e^(-a^2 / 2) R(a) has all its digits,
//! however small it is, as nothing cancels.

use super::exp::{powers_f32, powers_f64, reduced_f32, reduced_f64};
use super::poly;

/// From this a on, a e^(-a^2 / 2) rounds to 0.
const END_F32: f32 = 15.0;
const END_F64: f64 = 39.0;

/// A mask that leaves half of a number's digits, so that the square of the rest is exact.
const HALF_F32: u32 = 0xffff_f000;
const HALF_F64: u64 = 0xffff_ffff_f800_0000;

const SQRT_2PI_F32: f32 = 2.506_628_3;
const SQRT_2PI_F64: f64 = 2.506_628_274_631_000_2;
const FRAC_1_SQRT_2PI_F32: f32 = 0.398_942_3;
const FRAC_1_SQRT_2PI_F64: f64 = 0.398_942_280_401_432_7;

/// x Phi(x) within 4 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn gelu_f32(x: f32) -> f32 {
    let a = capped_f32(x);
    let ((k, bell), (d, q)) = (bell_f32(a), ratio_f32(a));
    let (first, second) = powers_f32(k);
    // a Phi(-a). The power of 2 comes last, as Phi(-a) may be subnormal where a Phi(-a) is not.
    let missing = bell * (a * d / q) * first * second;
    // -inf times a probability of 0 is NaN.
    let below = if x < f32::MIN { f32::NAN } else { -missing };
    if x < 0.0 { below } else { x - missing }
}

/// Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi), the slope of gelu, within 2^-23.
#[inline(always)]
pub(crate) fn gelu_slope_f32(x: f32) -> f32 {
    let a = capped_f32(x);
    let ((k, bell), (d, q)) = (bell_f32(a), ratio_f32(a));
    let (first, second) = powers_f32(k);
    let below = bell * (d / q - a * FRAC_1_SQRT_2PI_F32) * first * second;
    // Infinity times a density of 0 is NaN.
    let below = if x.abs() > f32::MAX { f32::NAN } else { below };
    if x < 0.0 { below } else { 1.0 - below }
}

/// |x|, or `END_F32` beyond; a NaN stays.
#[inline(always)]
fn capped_f32(x: f32) -> f32 {
    let a = x.abs();
    if a > END_F32 { END_F32 } else { a }
}

/// e^(-a^2 / 2) in the form of [`reduced_f32`], with a^2 in two parts: if a^2 were rounded, its error
/// would grow to 2^-17 of the result.
#[inline(always)]
fn bell_f32(a: f32) -> (u32, f32) {
    let top = f32::from_bits(a.to_bits() & HALF_F32);
    reduced_f32(-0.5 * (top * top), 0.5 * ((a - top) * (a + top)))
}

/// Numerator and denominator of R(a) = D / (1.5 + a (N + sqrt(2 pi) D)), fitted on 0 <= a <= 15:
/// relative error 2^-29.6. For large a, 1 / R(a) is nearly sqrt(2 pi) a, beside which N / D and its
/// rounding errors are small. For a near 0, the 1.5 keeps numerator and denominator away from a power
/// of 2, above which rounding is coarsest.
#[inline(always)]
fn ratio_f32(a: f32) -> (f32, f32) {
    let d = poly!(a; 0.75, 0.8155933, 0.42581463, 0.12871595, 0.022533445, 0.0018883409);
    let n = poly!(a; 0.94804215, 0.31366944, 0.05646066, 0.004733808);
    (d, 1.5 + (a * n + SQRT_2PI_F32 * (a * d)))
}

/// x Phi(x) within 4 ulp above -4, 8 below, subnormal results included.
#[inline(always)]
pub(crate) fn gelu_f64(x: f64) -> f64 {
    let a = capped_f64(x);
    let ((k, bell), (d, q)) = (bell_f64(a), ratio_f64(a));
    let (first, second) = powers_f64(k);
    let missing = bell * (a * d / q) * first * second;
    // -inf times a probability of 0 is NaN.
    let below = if x < f64::MIN { f64::NAN } else { -missing };
    if x < 0.0 { below } else { x - missing }
}

/// Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi), the slope of gelu, within 2^-52.
#[inline(always)]
pub(crate) fn gelu_slope_f64(x: f64) -> f64 {
    let a = capped_f64(x);
    let ((k, bell), (d, q)) = (bell_f64(a), ratio_f64(a));
    let (first, second) = powers_f64(k);
    let below = bell * (d / q - a * FRAC_1_SQRT_2PI_F64) * first * second;
    // Infinity times a density of 0 is NaN.
    let below = if x.abs() > f64::MAX { f64::NAN } else { below };
    if x < 0.0 { below } else { 1.0 - below }
}

#[inline(always)]
fn capped_f64(x: f64) -> f64 {
    let a = x.abs();
    if a > END_F64 { END_F64 } else { a }
}

#[inline(always)]
fn bell_f64(a: f64) -> (u64, f64) {
    let top = f64::from_bits(a.to_bits() & HALF_F64);
    reduced_f64(-0.5 * (top * top), 0.5 * ((a - top) * (a + top)))
}

/// As `ratio_f32`, fitted on 0 <= a <= 39: relative error 2^-56.8.
#[inline(always)]
fn ratio_f64(a: f64) -> (f64, f64) {
    let d = poly!(a;
        0.75, 1.2707493913138104, 1.0648962558673556, 0.5714223517409196, 0.21558128912040003,
        0.0595119735863955, 0.012163430036918953, 0.0018207171320545608, 0.00019189129813664625,
        1.2963300339877683e-5, 4.3246186476886343e-7
    );
    let n = poly!(a;
        1.85835441785867, 1.1772484560065628, 0.48413225736643456, 0.14037168092790372,
        0.02953803500510345, 0.004498872764958243, 0.0004788321099059862, 3.249417518045486e-5,
        1.0840211378467005e-6
    );
    (d, 1.5 + (a * n + SQRT_2PI_F64 * (a * d)))
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::super::silu::gelu_tanh_f64;
    use super::super::sweep::{steps_f64, sweep_f32, sweep_f64, worst_f64};
    use super::super::ulp::error_f32;
    use super::*;

    /// x, gelu(x), its slope, and its approximation by a hyperbolic tangent, from Python's mpmath 1.4
    /// with 60 digits: `x * erfc(-x / sqrt(2)) / 2` and so on.
    #[rustfmt::skip] // a table
    const EXACT: [(f64, f64, f64, f64); 16] = [
        (-38.25, -7.954_8e-319, -3.042_703e-317, -0.0),
        (-37.5, -1.727_007_378_593_233_2e-306, -6.476_271_143_055_812e-305, -0.0),
        (-25.0, -7.641_741_765_956_403e-137, -1.910_425_737_398_465_5e-135, -0.0),
        (-20.5, -2.206_758_018_052_147e-92, -4.523_803_306_172_878e-91, -1.350_294_060_164_346_7e-280),
        (-13.25, -2.989_221_650_083_67e-39, -3.960_468_708_685_304_7e-38, -7.125_305_671_876_287e-81),
        (-8.0, -4.976_768_459_417_427e-15, -3.979_607_261_086_796e-14, -3.107_782_937_501_111_2e-21),
        (-5.5, -1.044_425_935_623_824_5e-7, -5.733_472_398_739_924e-7, -5.927_640_263_880_262_4e-9),
        (-3.0, -0.004_049_694_094_890_283_5, -0.011_945_647_204_183_927, -0.003_637_392_081_773_019),
        (-1.5, -0.100_210_801_903_287_1, -0.127_469_192_229_979_52, -0.100_428_423_019_767_08),
        (-0.75, -0.169_970_514_282_651_14, 0.000_774_278_260_764_895_7, -0.170_039_444_834_379_7),
        (-0.125, -0.056_282_721_896_235_885, 0.400_782_064_301_793_4, -0.056_282_801_375_776_61),
        (-1e-9, -4.999_999_996_010_577e-10, 0.499_999_999_202_115_46, -4.999_999_996_010_577e-10),
        (0.031_25, 0.016_014_528_669_824_286, 0.524_925_777_806_751_1, 0.016_014_528_356_185_113),
        (0.5, 0.345_731_230_637_006_56, 0.867_495_124_656_162_9, 0.345_714_009_825_143_94),
        (2.5, 2.484_475_836_685_559_7, 1.037_611_085_908_145, 2.484_915_733_910_001),
        (7.0, 6.999_999_999_991_041, 1.000_000_000_062_663_2, 6.999_999_999_999_997),
    ];

    #[test]
    fn f64_agrees_with_sixty_digits() {
        for (x, y, slope, approximation) in EXACT {
            assert!(steps_f64(gelu_f64(x), y) <= 4, "{x}: {:e}", gelu_f64(x));
            let error = (gelu_slope_f64(x) - slope).abs();
            let scale = slope.abs().max(if x.abs() < 1.0 { 1.0 } else { 0.0 });
            assert!(
                error <= 8.0 * f64::EPSILON * scale + f64::from_bits(1),
                "{x}: {error:e}"
            );
            let near = steps_f64(gelu_tanh_f64(x), approximation);
            assert!(
                near <= 4 + (1.6 * x + 0.08 * x * x * x).abs() as u64,
                "{x}: {near}"
            );
        }
    }

    #[test]
    fn special_values() {
        assert_eq!(gelu_f32(0.0).to_bits(), 0);
        assert_eq!(gelu_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(gelu_f32(f32::INFINITY), f32::INFINITY);
        assert!(gelu_f32(f32::NEG_INFINITY).is_nan());
        assert_eq!(gelu_f32(f32::MIN), 0.0);
        assert_eq!(gelu_f32(f32::MAX), f32::MAX);
        assert!(gelu_f32(f32::NAN).is_nan() && gelu_slope_f32(f32::NAN).is_nan());
        assert_eq!(gelu_slope_f32(0.0), 0.5);
        assert_eq!(
            (gelu_slope_f32(f32::MAX), gelu_slope_f32(f32::MIN)),
            (1.0, 0.0)
        );
        for x in [f32::INFINITY, f32::NEG_INFINITY] {
            assert!(gelu_slope_f32(x).is_nan() && gelu_slope_f64(f64::from(x)).is_nan());
        }
        assert_eq!(gelu_f64(f64::INFINITY), f64::INFINITY);
        assert!(gelu_f64(f64::NEG_INFINITY).is_nan());
        assert!(gelu_f64(f64::NAN).is_nan() && gelu_slope_f64(f64::NAN).is_nan());
    }

    #[test]
    fn gelu_f32_is_within_four_ulp() {
        sweep_f32(gelu_f32, reference::gelu, 4.0);
        // The largest error of all f32.
        let x = -0.337_002_58;
        assert!(error_f32(gelu_f32(x), reference::gelu(f64::from(x))) <= 4.0);
    }

    #[test]
    fn gelu_f64_is_a_few_steps_from_the_reference() {
        sweep_f64(gelu_f64, reference::gelu, 8);
        assert!(worst_f64(gelu_f64, reference::gelu, -3.9, 6.0) <= 6);
        assert!(worst_f64(gelu_f64, reference::gelu, -38.4, 6.0) <= 8);
    }

    #[test]
    fn slopes_are_exact_beside_the_larger_of_their_terms() {
        for i in 0..=8000 {
            let x = 0.01 * f64::from(i - 4000);
            let (slope, scale) = reference::gelu_slope(x);
            let error = (gelu_slope_f64(x) - slope).abs();
            let bound = 4.0 * f64::EPSILON * scale + f64::from_bits(1);
            assert!(error <= bound, "{x}: {error:e}, {bound:e}");
            let x = x as f32;
            let (slope, scale) = reference::gelu_slope(f64::from(x));
            let error = (f64::from(gelu_slope_f32(x)) - slope).abs();
            let bound = 2.0 * f64::from(f32::EPSILON) * scale + f64::from(f32::from_bits(1));
            assert!(error <= bound, "{x}: {error:e}, {bound:e}");
        }
    }
}
