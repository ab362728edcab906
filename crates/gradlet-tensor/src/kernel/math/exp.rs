//! exp(x) = 2^n exp(r), with n the integer nearest x log2(e) and |r| <= ln(2) / 2.

use super::poly;
use std::f32::consts::LOG2_E as LOG2_E_F32;
use std::f64::consts::LOG2_E as LOG2_E_F64;

/// 1.5 * 2^23 + 2 * 127: adding it rounds to an integer n and leaves n + 2 * 127 in the low bits of
/// the sum.
const ROUND_F32: f32 = 12_583_166.0;
/// 1.5 * 2^52 + 2 * 1023, the same for f64.
pub(super) const ROUND_F64: f64 = 6_755_399_441_057_790.0;

/// ln(2) = HI + LO (Cody and Waite's split, values of Cephes `expf`): n HI is exact for each n
/// that occurs.
pub(super) const LN2_HI_F32: f32 = 0.693_359_4;
pub(super) const LN2_LO_F32: f32 = -2.121_944_4e-4;
/// The same split for f64 (values of Sun's fdlibm `e_exp.c`).
pub(super) const LN2_HI_F64: f64 = 6.931_471_803_691_238e-1;
pub(super) const LN2_LO_F64: f64 = 1.908_214_929_270_587_7e-10;

/// Adding it changes nothing, not even the sign of a zero, so the compiler leaves it out.
pub(super) const NOTHING_F32: f32 = -0.0;
pub(super) const NOTHING_F64: f64 = -0.0;

/// exp(-104) < 2^-150 rounds to 0 and exp(89) > `f32::MAX` to infinity: beyond these nothing changes.
const LIMITS_F32: (f32, f32) = (-104.0, 89.0);
/// exp(-746) < 2^-1075 and exp(710) > `f64::MAX`.
const LIMITS_F64: (f64, f64) = (-746.0, 710.0);
/// exp(-18) < 2^-25, which is lost beside 1.
const LEAST_EXPM1_F32: f32 = -18.0;
/// exp(-38) < 2^-54, which is lost beside 1.
const LEAST_EXPM1_F64: f64 = -38.0;

/// e^x within 1 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    // Selects rather than min and max: a NaN fails both comparisons and stays.
    let x = if x < LIMITS_F32.0 { LIMITS_F32.0 } else { x };
    let x = if x > LIMITS_F32.1 { LIMITS_F32.1 } else { x };
    let (k, y) = reduced_f32(x, NOTHING_F32);
    let (first, second) = powers_f32(k);
    y * first * second
}

/// 2^n, given k = n + 2 * 127, as a product of two normal numbers, so that only the last product
/// rounds, overflows or underflows.
#[inline(always)]
pub(super) fn powers_f32(k: u32) -> (f32, f32) {
    let half = k >> 1;
    // Wrapping, as the k of a NaN is any number.
    (
        f32::from_bits(half << 23),
        f32::from_bits(k.wrapping_sub(half) << 23),
    )
}

/// e^x for x that is NaN or |x| <= 80, so that 2^n is a normal number.
#[inline(always)]
pub(super) fn exp_moderate_f32(x: f32) -> f32 {
    let (k, y) = reduced_f32(x, NOTHING_F32);
    // Wrapping, as the k of a NaN is any number.
    y * f32::from_bits(k.wrapping_sub(127) << 23)
}

/// e^x for x that is NaN or at most 0; 0 below -80, where it is lost beside 1. No result is subnormal, which would be
/// slow.
#[inline(always)]
pub(crate) fn exp_beside_1_f32(x: f32) -> f32 {
    let y = exp_moderate_f32(if x < -80.0 { -80.0 } else { x });
    if x < -80.0 { 0.0 } else { y }
}

/// e^x - 1 within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn expm1_f32(x: f32) -> f32 {
    let low = LEAST_EXPM1_F32;
    let a = if x < low { low } else { x };
    let a = if a > LIMITS_F32.1 { LIMITS_F32.1 } else { a };
    let (k, r, q) = parts_f32(a, NOTHING_F32);
    let (first, second) = powers_f32(k);
    // 2^n (1 + r + q) - 1, divided by the second power, so that 2^n cannot overflow. If r is large
    // and n = -1 or 1, the first sum is nearly exact and q small beside it; if n = 0 the sum is r.
    // Wrapping, as the k of a NaN is any number.
    let inverse = f32::from_bits(254u32.wrapping_sub(k - (k >> 1)) << 23);
    let y = ((first - inverse) + first * r + first * q) * second;
    y.copysign(x)
}

/// (n + 2 * 127, exp(x - less - n ln 2)), with n the integer nearest x log2(e) and `less` the small
/// number that rounding added to x.
#[inline(always)]
pub(super) fn reduced_f32(x: f32, less: f32) -> (u32, f32) {
    let (k, r, q) = parts_f32(x, less);
    (k, 1.0 + (r + q))
}

/// (n + 2 * 127, r, q), with r = x - less - n ln 2 and q = e^r - 1 - r.
#[inline(always)]
fn parts_f32(x: f32, less: f32) -> (u32, f32, f32) {
    let rounded = x * LOG2_E_F32 + ROUND_F32;
    let n = rounded - ROUND_F32;
    let r = x - n * LN2_HI_F32 - (n * LN2_LO_F32 + less);
    // (exp(r) - 1 - r - r^2 / 2) / r^3 on |r| <= ln(2) / 2: relative error of exp 2^-27.9.
    let p = poly!(r; 0.5, 0.16666535, 0.041667238, 0.008367483, 0.0013863771);
    (rounded.to_bits() & 0x1ff, r, r * r * p)
}

/// e^x within 1 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn exp_f64(x: f64) -> f64 {
    let x = if x < LIMITS_F64.0 { LIMITS_F64.0 } else { x };
    let x = if x > LIMITS_F64.1 { LIMITS_F64.1 } else { x };
    let (k, y) = reduced_f64(x, NOTHING_F64);
    let (first, second) = powers_f64(k);
    y * first * second
}

/// 2^n, given k = n + 2 * 1023, as a product of two normal numbers.
#[inline(always)]
pub(super) fn powers_f64(k: u64) -> (f64, f64) {
    let half = k >> 1;
    (
        f64::from_bits(half << 52),
        f64::from_bits(k.wrapping_sub(half) << 52),
    )
}

/// e^x for x that is NaN or |x| <= 700, so that 2^n is a normal number.
#[inline(always)]
pub(super) fn exp_moderate_f64(x: f64) -> f64 {
    let (k, y) = reduced_f64(x, NOTHING_F64);
    y * f64::from_bits(k.wrapping_sub(1023) << 52)
}

/// e^x for x that is NaN or at most 0; 0 below -700.
#[inline(always)]
pub(crate) fn exp_beside_1_f64(x: f64) -> f64 {
    let y = exp_moderate_f64(if x < -700.0 { -700.0 } else { x });
    if x < -700.0 { 0.0 } else { y }
}

/// e^x - 1 within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn expm1_f64(x: f64) -> f64 {
    let low = LEAST_EXPM1_F64;
    let a = if x < low { low } else { x };
    let a = if a > LIMITS_F64.1 { LIMITS_F64.1 } else { a };
    let (k, r, q) = parts_f64(a, NOTHING_F64);
    let (first, second) = powers_f64(k);
    // 2^n (1 + r + q) - 1, divided by the second power, so that 2^n cannot overflow. If r is large
    // and n = -1 or 1, the first sum is nearly exact and q small beside it; if n = 0 the sum is r.
    // Wrapping, as the k of a NaN is any number.
    let inverse = f64::from_bits(2046u64.wrapping_sub(k - (k >> 1)) << 52);
    let y = ((first - inverse) + first * r + first * q) * second;
    y.copysign(x)
}

/// (n + 2 * 1023, exp(x - less - n ln 2)).
#[inline(always)]
pub(super) fn reduced_f64(x: f64, less: f64) -> (u64, f64) {
    let (k, r, q) = parts_f64(x, less);
    (k, 1.0 + (r + q))
}

/// (n + 2 * 1023, r, q), with r = x - less - n ln 2 and q = e^r - 1 - r.
#[inline(always)]
fn parts_f64(x: f64, less: f64) -> (u64, f64, f64) {
    let rounded = x * LOG2_E_F64 + ROUND_F64;
    let n = rounded - ROUND_F64;
    let r = x - n * LN2_HI_F64 - (n * LN2_LO_F64 + less);
    (rounded.to_bits() & 0xfff, r, r * r * curve_f64(r))
}

/// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2.
#[inline(always)]
pub(super) fn curve_f64(r: f64) -> f64 {
    // (exp(r) - 1 - r - r^2 / 2) / r^3 on |r| <= ln(2) / 2: relative error of exp 2^-57.2.
    poly!(r;
        0.5, 0.16666666666666433, 0.041666666666603944, 0.008333333333500047, 0.0013888888926801104,
        0.0001984126946620682, 2.4801508675668626e-5, 2.7557640864606562e-6, 2.7625189887931216e-7,
        2.4978384978529823e-8
    )
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{sweep_f32, sweep_f64, worst_f64};
    use super::*;

    #[test]
    fn exp_of_special_values() {
        assert_eq!(exp_f32(0.0), 1.0);
        assert_eq!(exp_f32(-0.0), 1.0);
        assert_eq!(exp_f32(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp_f32(f32::NEG_INFINITY).to_bits(), 0);
        assert!(exp_f32(f32::NAN).is_nan() && exp_f32(-f32::NAN).is_nan());
        assert_eq!(exp_f32(f32::MIN_POSITIVE), 1.0);
        assert_eq!(exp_f32(88.722_83), 3.402_798_5e38);
        assert_eq!(exp_f32(88.722_84), f32::INFINITY);
        assert_eq!(exp_f32(-103.972), f32::from_bits(1));
        assert_eq!(exp_f32(-103.98), 0.0);
        assert_eq!(exp_f64(0.0), 1.0);
        assert!((exp_f64(1.0) - std::f64::consts::E).abs() <= f64::EPSILON * 2.0);
        assert_eq!(exp_f64(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp_f64(f64::NEG_INFINITY).to_bits(), 0);
        assert!(exp_f64(f64::NAN).is_nan());
        assert_eq!(exp_f64(709.79), f64::INFINITY);
        assert_eq!(exp_f64(-745.13), f64::from_bits(1));
        assert_eq!(exp_f64(-745.14), 0.0);
    }

    #[test]
    fn expm1_of_special_values() {
        let tiny = f32::from_bits(1);
        assert_eq!(expm1_f32(0.0).to_bits(), 0);
        assert_eq!(expm1_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!((expm1_f32(tiny), expm1_f32(-tiny)), (tiny, -tiny));
        assert_eq!(expm1_f32(f32::INFINITY), f32::INFINITY);
        assert_eq!(expm1_f32(f32::NEG_INFINITY), -1.0);
        assert!(expm1_f32(f32::NAN).is_nan() && expm1_f32(-f32::NAN).is_nan());
        assert_eq!(expm1_f32(88.722_83), 3.402_798_5e38);
        assert_eq!(expm1_f32(88.722_84), f32::INFINITY);
        let tiny = f64::from_bits(1);
        assert_eq!(expm1_f64(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!((expm1_f64(tiny), expm1_f64(-tiny)), (tiny, -tiny));
        assert_eq!(expm1_f64(f64::INFINITY), f64::INFINITY);
        assert_eq!(expm1_f64(f64::NEG_INFINITY), -1.0);
        assert!(expm1_f64(f64::NAN).is_nan());
        assert_eq!(expm1_f64(709.79), f64::INFINITY);
    }

    #[test]
    fn expm1_f32_is_within_two_ulp() {
        sweep_f32(expm1_f32, f64::exp_m1, 2.0);
    }

    #[test]
    fn expm1_f64_is_two_steps_from_std() {
        sweep_f64(expm1_f64, f64::exp_m1, 2);
        assert!(worst_f64(expm1_f64, f64::exp_m1, -40.0, 710.0) <= 2);
        assert!(worst_f64(expm1_f64, f64::exp_m1, -2.0, 2.0) <= 2);
    }

    #[test]
    fn exp_f32_is_within_one_ulp() {
        sweep_f32(exp_f32, f64::exp, 1.0);
    }

    #[test]
    fn exp_f64_is_one_step_from_std() {
        // std's error is below 1 ulp too: the two may differ by the step between them.
        sweep_f64(exp_f64, f64::exp, 1);
        assert!(worst_f64(exp_f64, f64::exp, -746.0, 710.0) <= 1);
        assert!(worst_f64(exp_f64, f64::exp, -1.0, 1.0) <= 1);
    }
}
