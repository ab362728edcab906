//! log2 and log10, and the logarithms that powers need: of f64 with the digits of f32, and as a pair with the digits of
//! two f64.

use super::double::{ordered_sum, product, sum};
use super::exp::{LN2_HI_F64, LN2_LO_F64};
use super::ln::{bounded_f32, bounded_f64, normal_parts_f64, parts_f64};
use super::poly;
use std::f64::consts::{LOG2_E, LOG10_2, LOG10_E};

/// The binary logarithm of a normal number above 0, within 2^-44 of it relatively; exact for powers of 2.
#[inline(always)]
pub(super) fn short_log2(x: f64) -> f64 {
    let (e, f) = normal_parts_f64(x, 1023.0);
    let s = f / (2.0 + f);
    let z = s * s;
    // log2(1 + f) / s with s = f / (2 + f), in z: relative error 2^-45.1.
    let p = poly!(z;
        2.88539008177785, 0.9617966941134005, 0.5770779423468428, 0.41220925432246486, 0.3199056120068346,
        0.28290144493216884
    );
    e + s * p
}

/// The logarithm to base 2, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log2_f32(x: f32) -> f32 {
    bounded_f32(x, short_log2(f64::from(x)) as f32)
}

/// The logarithm to base 10, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log10_f32(x: f32) -> f32 {
    bounded_f32(x, (short_log2(f64::from(x)) * LOG10_2) as f32)
}

/// What `LOG2_E`, `LOG10_E` and 2/3 lack (60-digit arithmetic).
const LOG2_E_LO: f64 = 2.0355273740931033e-17;
const LOG10_E_LO: f64 = 1.098319650216765e-17;
const TWO_THIRDS: (f64, f64) = (0.6666666666666666, 3.700743415417188e-17);

/// Two numbers near 2^(-1/3) and 2^(1/3) with their logarithms, whose first part is a multiple of 2^-33; and their
/// geometric means with 1.
const BELOW: Centre = (0.79296875, -0.23197146540042013, -3.735501375006838e-11);
const ABOVE: Centre = (1.2578125, 0.22937410103622824, 2.8617590455195325e-11);
const BOUNDS: (f64, f64) = (0.8904879280484379, 1.1215224028078976);

/// A number and its natural logarithm as a pair.
type Centre = (f64, f64, f64);

/// The natural logarithm of a finite number above 0 as a pair, within 2^-69 of it relatively.
#[inline(always)]
pub(super) fn ln_pair(x: f64) -> (f64, f64) {
    let (e, f) = parts_f64(x);
    let m = 1.0 + f;
    // ln(m) = ln(c) + 2 atanh(s) with s = (m - c) / (m + c), where c is near m: |s| < 0.0586.
    // By masks: of conditions, the compiler would make jumps here.
    let below = u64::from(m < BOUNDS.0).wrapping_neg();
    let above = u64::from(m > BOUNDS.1).wrapping_neg();
    let pick = |b: f64, a: f64, one: f64| {
        let outside = (b.to_bits() & below) | (a.to_bits() & above);
        f64::from_bits(outside | (one.to_bits() & !(below | above)))
    };
    let c = pick(BELOW.0, ABOVE.0, 1.0);
    let (ln_c, ln_c_low) = (pick(BELOW.1, ABOVE.1, 0.0), pick(BELOW.2, ABOVE.2, 0.0));
    let (above, (below, below_low)) = (m - c, sum(m, c));
    let inverse = 1.0 / below;
    let s = above * inverse;
    let (back, back_low) = product(s, below);
    let s_low = (((above - back) - back_low) - s * below_low) * inverse;
    let (z, z_low) = product(s, s);
    let z_low = z_low + 2.0 * s * s_low;
    // (2 atanh(s) / s - 2 - 2 z / 3) / z^2 in z: relative error of ln 2^-72.4.
    let p = poly!(z;
        0.4, 0.2857142857143057, 0.22222222219287888, 0.18181820297227144, 0.15383811923899776, 0.13487601412641206
    );
    // s w = 2 atanh(s) - 2 s
    let (a, a_low) = ordered_sum(TWO_THIRDS.0, z * p);
    let a_low = a_low + TWO_THIRDS.1;
    let (w, w_low) = product(z, a);
    let w_low = w_low + (z * a_low + z_low * a);
    let (t, t_low) = product(s, w);
    let t_low = t_low + (s * w_low + s_low * w);
    let (u, u_low) = ordered_sum(2.0 * s, t);
    let u_low = u_low + (t_low + 2.0 * s_low);
    // The first sum is exact.
    let (y, y_low) = ordered_sum(e * LN2_HI_F64 + ln_c, u);
    ordered_sum(y, y_low + (u_low + (ln_c_low + e * LN2_LO_F64)))
}

/// The logarithm to base 2, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log2_f64(x: f64) -> f64 {
    bounded_f64(x, times(ln_pair(x), LOG2_E, LOG2_E_LO))
}

/// The logarithm to base 10, within 1 ulp: -inf at 0, NaN below.
#[inline(always)]
pub(crate) fn log10_f64(x: f64) -> f64 {
    bounded_f64(x, times(ln_pair(x), LOG10_E, LOG10_E_LO))
}

/// The product of two pairs, rounded once.
#[inline(always)]
fn times((a, a_low): (f64, f64), b: f64, b_low: f64) -> f64 {
    let (high, low) = product(a, b);
    high + (low + (a * b_low + a_low * b))
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{Function, check_f64, sweep_f32, sweep_f64, worst_f64};
    use super::*;

    #[test]
    fn single_precision_is_within_one_ulp() {
        sweep_f32(log2_f32, f64::log2, 0.51);
        sweep_f32(log10_f32, f64::log10, 0.51);
    }

    #[test]
    fn double_precision_is_a_step_from_std() {
        sweep_f64(log2_f64, f64::log2, 1);
        assert!(worst_f64(log2_f64, f64::log2, 0.5, 2.0) <= 1);
        // The standard library's error is below 2 steps.
        sweep_f64(log10_f64, f64::log10, 2);
        assert!(worst_f64(log10_f64, f64::log10, 0.5, 2.0) <= 2);
    }

    #[test]
    fn powers_of_2_and_10_have_whole_logarithms() {
        let mut power = f64::from_bits(1);
        for n in -1074..1024 {
            assert_eq!(log2_f64(power), f64::from(n));
            let single = power as f32;
            if single.is_normal() || n == -149 {
                assert_eq!(log2_f32(single), n as f32);
            }
            power *= 2.0;
        }
        for n in 0..=22 {
            let power: f64 = format!("1e{n}").parse().unwrap();
            assert_eq!(log10_f64(power), f64::from(n));
            assert_eq!(log10_f32(power as f32), n as f32);
        }
    }

    /// Places where large errors were found; the values are of 60 digits, in two parts.
    const EXACT: [(Function, f64, f64, f64); 14] = [
        (
            log2_f64,
            648.7268798486862,
            9.341467407565833,
            -8.879992383101731e-16,
        ),
        (
            log2_f64,
            2852211.0956121543,
            21.443649330672102,
            1.7758074506693404e-15,
        ),
        (
            log2_f64,
            2.9142236117063227,
            1.5431115812880165,
            1.109917241314225e-16,
        ),
        (
            log2_f64,
            151.59439331742874,
            7.244072586537559,
            -4.438834532913011e-16,
        ),
        (
            log2_f64,
            1.0000000000000002,
            3.203426503814917e-16,
            1.8258406669961254e-32,
        ),
        (
            log2_f64,
            0.9999999999999999,
            -1.6017132519074588e-16,
            -1.1151184013547419e-32,
        ),
        (log2_f64, 3.0, 1.584962500721156, 1.0579781240112554e-16),
        (
            log10_f64,
            658.0855671233949,
            2.8182823661268426,
            2.2203975334785604e-16,
        ),
        (
            log10_f64,
            2801916.3601902165,
            6.447455167048967,
            4.4406047444473286e-16,
        ),
        (
            log10_f64,
            2.950899796326219,
            0.46995446241712324,
            2.7753673434753185e-17,
        ),
        (
            log10_f64,
            f64::from_bits(1),
            -323.3062153431158,
            5.786761570804164e-15,
        ),
        (
            log10_f64,
            1.0000000000000002,
            9.64327466553287e-17,
            4.058525605757064e-33,
        ),
        (
            log10_f64,
            0.9999999999999999,
            -4.821637332766436e-17,
            2.2670496663554915e-33,
        ),
        (log10_f64, 2.0, LOG10_2, -2.8037281277851704e-18),
    ];

    #[test]
    fn double_precision_is_rounded_nearly_once() {
        for (f, x, high, low) in EXACT {
            check_f64(f, x, (high, low), 0.501);
        }
    }

    #[test]
    fn special_values() {
        for f in [log2_f64, log10_f64] {
            assert_eq!(f(1.0).to_bits(), 0);
            assert_eq!((f(0.0), f(-0.0)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
            assert_eq!(f(f64::INFINITY), f64::INFINITY);
            for x in [-1.0, -f64::from_bits(1), f64::NEG_INFINITY, f64::NAN] {
                assert!(f(x).is_nan());
            }
        }
        for f in [log2_f32, log10_f32] {
            assert_eq!(f(1.0).to_bits(), 0);
            assert_eq!((f(0.0), f(-0.0)), (f32::NEG_INFINITY, f32::NEG_INFINITY));
            assert_eq!(f(f32::INFINITY), f32::INFINITY);
            for x in [-1.0, -f32::from_bits(1), f32::NEG_INFINITY, f32::NAN] {
                assert!(f(x).is_nan());
            }
        }
        assert_eq!(log2_f64(f64::MAX), 1024.0);
    }
}
