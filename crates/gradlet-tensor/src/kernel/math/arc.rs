//! asin and acos: of numbers up to 1/2 by a polynomial, beyond by asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)).

use super::poly;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// pi/2 is `FRAC_PI_2` plus this (60-digit arithmetic).
const FRAC_PI_2_LO: f64 = 6.123_233_995_736_766e-17;
/// The bits of a number but its lower 32.
const UPPER: u64 = 0xffff_ffff_0000_0000;

/// asin(s), where s is |x| up to 1/2 and else sqrt((1 - |x|) / 2), which is NaN if |x| is above 1.
#[inline(always)]
fn near_f32(a: f64) -> f64 {
    let half = (1.0 - a) * 0.5;
    let is_small = a < 0.5;
    let z = if is_small { a * a } else { half };
    let root = half.sqrt();
    let s = if is_small { a } else { root };
    // (asin(s) / s - 1) / s^2 in z: relative error of asin 2^-31.8.
    let p = poly!(z;
        0.1666665999051467, 0.0750050424409175, 0.04451694296317541, 0.03180782149566242, 0.014438219525475315,
        0.03751698000626258
    );
    s + s * (z * p)
}

/// The arc sine, within 1 ulp; NaN beyond 1 and -1; keeps the sign of zero.
#[inline(always)]
pub(crate) fn asin_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let t = near_f32(x.abs());
    let large = FRAC_PI_2 - 2.0 * t;
    let y = if x.abs() < 0.5 { t } else { large };
    y.copysign(x) as f32
}

/// The arc cosine, within 1 ulp; NaN beyond 1 and -1.
#[inline(always)]
pub(crate) fn acos_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let t = near_f32(x.abs());
    let (small, large) = (FRAC_PI_2 - t.copysign(x), 2.0 * t);
    let large = if x < 0.0 { PI - large } else { large };
    let y = if x.abs() < 0.5 { small } else { large };
    y as f32
}

/// (s, rest, t) with s + t = asin(sqrt(z)), and s + rest = sqrt(z), where z is x^2 or (1 - |x|) / 2 as above.
#[inline(always)]
fn near_f64(a: f64) -> (f64, f64) {
    let half = (1.0 - a) * 0.5;
    let is_small = a < 0.5;
    let z = if is_small { a * a } else { half };
    let root = half.sqrt();
    // The root in two parts, of which the first has an exact square.
    let high = f64::from_bits(root.to_bits() & UPPER);
    let sum = root + high;
    let rest = (half - high * high) / if sum == 0.0 { 1.0 } else { sum };
    let s = if is_small { a } else { root };
    let rest = if is_small { 0.0 } else { rest };
    // (asin(s) / s - 1) / s^2 in z: relative error of asin 2^-59.2.
    let p = poly!(z;
        0.1666666666666676, 0.07499999999970798, 0.04464285717461334, 0.030381942707730657, 0.022372214988775656,
        0.017351611998484808, 0.013980820681913626, 0.011398911397918534, 0.01078025645090707, 0.003706397085992221,
        0.021707472281081334, -0.020999095469420918, 0.03262864335584441
    );
    let high = if is_small { a } else { high };
    (high, rest + s * (z * p))
}

/// The arc sine, within 1 ulp; NaN beyond 1 and -1; keeps the sign of zero.
#[inline(always)]
pub(crate) fn asin_f64(x: f64) -> f64 {
    let (s, t) = near_f64(x.abs());
    // Both sums that are not small are differences of numbers with few bits and of nearly equal ones.
    let large = FRAC_PI_4 - ((2.0 * t - FRAC_PI_2_LO) - (FRAC_PI_4 - 2.0 * s));
    let y = if x.abs() < 0.5 { s + t } else { large };
    y.copysign(x)
}

/// The arc cosine, within 1 ulp; NaN beyond 1 and -1.
#[inline(always)]
pub(crate) fn acos_f64(x: f64) -> f64 {
    let (s, t) = near_f64(x.abs());
    let (high, low) = (s.copysign(x), t.copysign(x));
    let small = FRAC_PI_2 - (high - (FRAC_PI_2_LO - low));
    let large = 2.0 * (s + t);
    let left = PI - 2.0 * (s + (t - FRAC_PI_2_LO));
    let large = if x < 0.0 { left } else { large };
    if x.abs() < 0.5 { small } else { large }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{Function, check_f64, sweep_f32, sweep_f64, worst_f64};
    use super::*;
    use std::f64::consts::{FRAC_PI_3, FRAC_PI_6};

    #[test]
    fn single_precision_is_within_one_ulp() {
        sweep_f32(asin_f32, f64::asin, 0.51);
        sweep_f32(acos_f32, f64::acos, 0.51);
    }

    #[test]
    fn double_precision_is_a_step_from_std() {
        sweep_f64(asin_f64, f64::asin, 1);
        sweep_f64(acos_f64, f64::acos, 1);
        assert!(worst_f64(asin_f64, f64::asin, -1.0, 1.0) <= 1);
        assert!(worst_f64(acos_f64, f64::acos, -1.0, 1.0) <= 1);
        assert!(worst_f64(acos_f64, f64::acos, 0.999_999, 1.0) <= 1);
    }

    /// Places where large errors were found; the values are of 60 digits, in two parts.
    const EXACT: [(Function, f64, f64, f64); 14] = [
        (
            asin_f64,
            -0.5047363070293625,
            -0.5290764810181668,
            -2.0345802310232663e-17,
        ),
        (
            asin_f64,
            0.5079807863220305,
            0.5328389726162394,
            2.0670316128155922e-17,
        ),
        (
            asin_f64,
            -0.5043595837875188,
            -0.5286401474868888,
            -2.2640946535485325e-17,
        ),
        (
            asin_f64,
            -0.5095803764144762,
            -0.5346970253136635,
            -2.5013387648537343e-17,
        ),
        (
            asin_f64,
            0.9999999999999999,
            1.5707963118937354,
            6.123233981950422e-17,
        ),
        (asin_f64, -1e-9, -1e-9, -1.6666666666666669e-28),
        (asin_f64, 0.5, FRAC_PI_6, -5.360408832255455e-17),
        (
            acos_f64,
            -0.5385802004228912,
            2.139547453367373,
            1.0322108534467452e-16,
        ),
        (
            acos_f64,
            -0.534209357892653,
            2.134368515945113,
            1.0361272948233043e-16,
        ),
        (
            acos_f64,
            0.48645075692307493,
            1.0627734654740004,
            5.187131382356381e-17,
        ),
        (
            acos_f64,
            0.9999999999999999,
            1.4901161193847656e-8,
            1.378634354255046e-25,
        ),
        (
            acos_f64,
            -0.9999999999999999,
            3.141592638688632,
            1.224646797768719e-16,
        ),
        (acos_f64, 0.5, FRAC_PI_3, -1.072081766451091e-16),
        (acos_f64, 1e-9, 1.5707963257948967, -7.807189403102154e-17),
    ];

    #[test]
    fn double_precision_is_within_one_ulp() {
        for (f, x, high, low) in EXACT {
            check_f64(f, x, (high, low), 0.9);
        }
    }

    #[test]
    fn special_values() {
        assert_eq!((asin_f64(1.0), asin_f64(-1.0)), (FRAC_PI_2, -FRAC_PI_2));
        assert_eq!(
            (acos_f64(1.0).to_bits(), acos_f64(-1.0), acos_f64(0.0)),
            (0, PI, FRAC_PI_2)
        );
        assert_eq!(
            (asin_f64(0.0).to_bits(), asin_f64(-0.0).to_bits()),
            (0, (-0.0f64).to_bits())
        );
        assert_eq!(asin_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!((acos_f32(1.0), acos_f32(-1.0)), (0.0, std::f32::consts::PI));
        assert_eq!(asin_f64(f64::from_bits(1)), f64::from_bits(1));
        assert_eq!(asin_f32(f32::from_bits(1)), f32::from_bits(1));
        for x in [
            1f64.next_up(),
            -2.0,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            assert!(asin_f64(x).is_nan() && acos_f64(x).is_nan());
            assert!(asin_f32((x * 1.001) as f32).is_nan() && acos_f32((x * 1.001) as f32).is_nan());
        }
    }
}
