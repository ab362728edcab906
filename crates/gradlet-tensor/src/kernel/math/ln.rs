//! ln(x) = e ln(2) + ln(1 + f), with x = 2^e (1 + f) and 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + x) likewise, with the
//! rounding error of the sum.

use super::exp::{LN2_HI_F32, LN2_HI_F64, LN2_LO_F32, LN2_LO_F64};
use super::poly;

/// The bits of sqrt(1/2), rounded down: the start of the range of 1 + f.
const LOW_F32: u32 = 0x3f35_04f3;
const LOW_F64: u64 = 0x3fe6_a09e_667f_3bcc;
/// Added to a number's bits, it carries into the exponent exactly if the fraction is at least that of
/// sqrt(1/2).
const CARRY_F32: u32 = 1.0f32.to_bits() - LOW_F32;
const CARRY_F64: u64 = 1.0f64.to_bits() - LOW_F64;
/// 2^23 and 2^52: a product with it brings a subnormal number into the normal range, exactly.
const LIFT_F32: f32 = 8_388_608.0;
const LIFT_F64: f64 = 4_503_599_627_370_496.0;
/// 2^23 and 2^52: their bits plus a small integer i are the bits of 2^23 + i and 2^52 + i. AVX2
/// cannot convert 64-bit integers.
const INTEGER_F32: f32 = 8_388_608.0;
const INTEGER_F64: f64 = 4_503_599_627_370_496.0;

/// 2^60 and 2^120: 1 is lost beside them, and their reciprocals are normal numbers.
const ALONE_F32: f32 = 1.152_921_5e18;
const ALONE_F64: f64 = 1.329_227_995_784_916e36;

/// The natural logarithm, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn ln_f32(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let lifted = if subnormal { x * LIFT_F32 } else { x };
    let offset = if subnormal { 127.0 + 23.0 } else { 127.0 };
    let bits = lifted.to_bits().wrapping_add(CARRY_F32);
    let e = f32::from_bits((bits >> 23) | INTEGER_F32.to_bits()) - (INTEGER_F32 + offset);
    let f = f32::from_bits((bits & 0x007f_ffff) + LOW_F32) - 1.0;
    bounded_f32(x, finite_f32(e, f))
}

/// ln(1 + x) within 2 ulp: -inf at -1, NaN below; keeps the sign of zero.
#[inline(always)]
pub(crate) fn log1p_f32(x: f32) -> f32 {
    let sum = 1.0 + x;
    // The rounding error of the sum, exactly (Knuth's two-sum).
    let rest = (1.0 - (sum - (sum - 1.0))) + (x - (sum - 1.0));
    let bits = sum.to_bits().wrapping_add(CARRY_F32);
    let e = f32::from_bits((bits >> 23) | INTEGER_F32.to_bits()) - (INTEGER_F32 + 127.0);
    let f = f32::from_bits((bits & 0x007f_ffff) + LOW_F32) - 1.0;
    // 2^-e, or 0 if the rest is too small beside the sum to matter. Wrapping, as 2^-e is any number then.
    let scale = f32::from_bits(254u32.wrapping_sub(bits >> 23) << 23);
    let scale = if sum < ALONE_F32 { scale } else { 0.0 };
    bounded_f32(sum, finite_f32(e, f + rest * scale)).copysign(x)
}

/// e ln(2) + ln(1 + f)
#[inline(always)]
fn finite_f32(e: f32, f: f32) -> f32 {
    let square = f * f;
    // (ln(1 + f) - f + f^2 / 2) / f^3 on the range of f: relative error of ln 2^-27.2.
    let p = poly!(f;
        0.3333333, -0.2500082, 0.20001227, -0.16623358, 0.14201747, -0.13160165, 0.12761642,
        -0.07634614
    );
    let tail = f * square * p + e * LN2_LO_F32 - 0.5 * square;
    f + tail + e * LN2_HI_F32
}

/// The logarithm of x: y if x is finite and above 0, else its limit or NaN.
#[inline(always)]
pub(super) fn bounded_f32(x: f32, y: f32) -> f32 {
    let y = if x < f32::INFINITY { y } else { x };
    let outside = if x == 0.0 {
        f32::NEG_INFINITY
    } else {
        f32::NAN
    };
    if x > 0.0 { y } else { outside }
}

/// The natural logarithm, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn ln_f64(x: f64) -> f64 {
    let (e, f) = parts_f64(x);
    bounded_f64(x, finite_f64(e, f))
}

/// (e, f) with x = 2^e (1 + f), for finite x above 0.
#[inline(always)]
pub(super) fn parts_f64(x: f64) -> (f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let lifted = if subnormal { x * LIFT_F64 } else { x };
    let offset = if subnormal { 1023.0 + 52.0 } else { 1023.0 };
    normal_parts_f64(lifted, offset)
}

/// The same for a normal number that is 2^(offset - 1023) x.
#[inline(always)]
pub(super) fn normal_parts_f64(lifted: f64, offset: f64) -> (f64, f64) {
    let bits = lifted.to_bits().wrapping_add(CARRY_F64);
    let e = f64::from_bits((bits >> 52) | INTEGER_F64.to_bits()) - (INTEGER_F64 + offset);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + LOW_F64) - 1.0;
    (e, f)
}

/// ln(1 + x) within 2 ulp: -inf at -1, NaN below; keeps the sign of zero.
#[inline(always)]
pub(crate) fn log1p_f64(x: f64) -> f64 {
    let sum = 1.0 + x;
    let rest = (1.0 - (sum - (sum - 1.0))) + (x - (sum - 1.0));
    let bits = sum.to_bits().wrapping_add(CARRY_F64);
    let e = f64::from_bits((bits >> 52) | INTEGER_F64.to_bits()) - (INTEGER_F64 + 1023.0);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + LOW_F64) - 1.0;
    let scale = f64::from_bits(2046u64.wrapping_sub(bits >> 52) << 52);
    let scale = if sum < ALONE_F64 { scale } else { 0.0 };
    bounded_f64(sum, finite_f64(e, f + rest * scale)).copysign(x)
}

/// e ln(2) + ln(1 + f)
#[inline(always)]
fn finite_f64(e: f64, f: f64) -> f64 {
    // ln(1 + f) = 2 atanh(s), s = f / (2 + f), arranged as in Sun's fdlibm `e_log.c`: f - (h - s (h
    // + z p)), h = f^2 / 2.
    let s = f / (2.0 + f);
    let z = s * s;
    let h = 0.5 * f * f;
    // (2 atanh(s) / s - 2) / s^2 on the range of s, in z = s^2: relative error of ln 2^-58.9.
    let p = poly!(z;
        0.6666666666666734, 0.3999999999941432, 0.28571428742474725, 0.22222198563497944,
        0.18183564866130517, 0.15314035847062213, 0.14796105340634194
    );
    e * LN2_HI_F64 - ((h - (s * (h + z * p) + e * LN2_LO_F64)) - f)
}

/// The logarithm of x: y if x is finite and above 0, else its limit or NaN.
#[inline(always)]
pub(super) fn bounded_f64(x: f64, y: f64) -> f64 {
    let y = if x < f64::INFINITY { y } else { x };
    let outside = if x == 0.0 {
        f64::NEG_INFINITY
    } else {
        f64::NAN
    };
    if x > 0.0 { y } else { outside }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{sweep_f32, sweep_f64, worst_f64};
    use super::*;

    #[test]
    fn ln_of_special_values() {
        assert_eq!(ln_f32(1.0).to_bits(), 0);
        assert_eq!(ln_f32(2.0), std::f32::consts::LN_2);
        assert_eq!(ln_f32(0.0), f32::NEG_INFINITY);
        assert_eq!(ln_f32(-0.0), f32::NEG_INFINITY);
        assert_eq!(ln_f32(f32::INFINITY), f32::INFINITY);
        assert!(
            [
                -1.0,
                -f32::MIN_POSITIVE,
                -f32::from_bits(1),
                f32::NEG_INFINITY,
                f32::NAN
            ]
            .iter()
            .all(|&x| ln_f32(x).is_nan())
        );
        assert_eq!(ln_f32(f32::from_bits(1)), -103.278_93);
        assert_eq!(ln_f64(1.0).to_bits(), 0);
        assert_eq!(ln_f64(2.0), std::f64::consts::LN_2);
        assert_eq!(ln_f64(10.0), std::f64::consts::LN_10);
        assert_eq!(ln_f64(0.0), f64::NEG_INFINITY);
        assert_eq!(ln_f64(-0.0), f64::NEG_INFINITY);
        assert_eq!(ln_f64(f64::INFINITY), f64::INFINITY);
        assert!(
            [
                -1.0,
                -f64::MIN_POSITIVE,
                -f64::from_bits(1),
                f64::NEG_INFINITY,
                f64::NAN
            ]
            .iter()
            .all(|&x| ln_f64(x).is_nan())
        );
        assert_eq!(ln_f64(f64::from_bits(1)), -744.440_071_921_381_2);
    }

    #[test]
    fn log1p_of_special_values() {
        let tiny = f32::from_bits(1);
        assert_eq!(log1p_f32(0.0).to_bits(), 0);
        assert_eq!(log1p_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!((log1p_f32(tiny), log1p_f32(-tiny)), (tiny, -tiny));
        assert_eq!(log1p_f32(1.0), std::f32::consts::LN_2);
        assert_eq!(log1p_f32(-1.0), f32::NEG_INFINITY);
        assert_eq!(log1p_f32(f32::INFINITY), f32::INFINITY);
        assert_eq!(log1p_f32(f32::MAX), f32::MAX.ln());
        for x in [(-1f32).next_down(), f32::NEG_INFINITY, f32::NAN] {
            assert!(log1p_f32(x).is_nan());
        }
        let tiny = f64::from_bits(1);
        assert_eq!(log1p_f64(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!((log1p_f64(tiny), log1p_f64(-tiny)), (tiny, -tiny));
        assert_eq!(log1p_f64(1.0), std::f64::consts::LN_2);
        assert_eq!(log1p_f64(-1.0), f64::NEG_INFINITY);
        assert_eq!(log1p_f64(f64::INFINITY), f64::INFINITY);
        for x in [(-1f64).next_down(), f64::NEG_INFINITY, f64::NAN] {
            assert!(log1p_f64(x).is_nan());
        }
    }

    #[test]
    fn log1p_f32_is_within_two_ulp() {
        sweep_f32(log1p_f32, f64::ln_1p, 2.0);
    }

    #[test]
    fn log1p_f64_is_two_steps_from_std() {
        sweep_f64(log1p_f64, f64::ln_1p, 2);
        assert!(worst_f64(log1p_f64, f64::ln_1p, -1.0, 4.0) <= 2);
        assert!(worst_f64(log1p_f64, f64::ln_1p, 0.0, 1e4) <= 2);
    }

    #[test]
    fn ln_f32_is_within_one_ulp() {
        sweep_f32(ln_f32, f64::ln, 1.0);
    }

    #[test]
    fn ln_f64_is_one_step_from_std() {
        sweep_f64(ln_f64, f64::ln, 1);
        assert!(worst_f64(ln_f64, f64::ln, 0.5, 2.0) <= 1);
        assert!(worst_f64(ln_f64, f64::ln, 0.0, 1e4) <= 1);
    }
}
