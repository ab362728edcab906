//! tanh(x) and sigmoid(x) = 1 / (1 + e^-x), both from e^|x|; tanh by an odd approximation where 1 -
//! 2 / (e^2x + 1) cancels.

use super::exp::{exp_f32, exp_f64, exp_moderate_f32, exp_moderate_f64};
use super::poly;

/// Below this tanh uses its odd approximation (the bound of Cephes `tanhf` and `tanh`).
const SMALL: f64 = 0.625;
const SMALL_F32: f32 = 0.625;
/// From this x on, tanh rounds to 1.
const ONE_F32: f32 = 10.0;
const ONE_F64: f64 = 20.0;

/// The hyperbolic tangent, within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn tanh_f32(x: f32) -> f32 {
    let a = x.abs();
    let square = a * a;
    // (tanh(a) / a - 1) / a^2 on |a| <= 0.625, in a^2: relative error of tanh 2^-26.8.
    let p = poly!(square; -0.3333328, 0.13331442, -0.053739715, 0.020639088, -0.0057049873);
    let capped = if a > ONE_F32 { ONE_F32 } else { a };
    // Both are computed before the choice: a choice between finished values is a select, one between
    // computations may become a jump.
    let (small, large) = (
        a + a * (square * p),
        1.0 - 2.0 / (exp_moderate_f32(capped + capped) + 1.0),
    );
    let y = if a < SMALL_F32 { small } else { large };
    y.copysign(x)
}

/// The hyperbolic tangent, within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn tanh_f64(x: f64) -> f64 {
    let a = x.abs();
    let square = a * a;
    // tanh(a) = a + a^3 P(a^2) / Q(a^2) on |a| <= 0.625: coefficients of Cephes `tanh`.
    let p = poly!(square; -1614.6876844170845, -99.28772310019185, -0.9643991794250523);
    let q = poly!(square; 4844.063053251255, 2235.4883906010045, 112.81167849163293, 1.0);
    let capped = if a > ONE_F64 { ONE_F64 } else { a };
    let small = a < SMALL;
    // Both forms are a sum with one quotient, and dividing only once makes this fast. Both are
    // computed before the choice, as above.
    let (cubic, exponential) = (a * (square * p), exp_moderate_f64(capped + capped) + 1.0);
    let numerator = if small { cubic } else { -2.0 };
    let denominator = if small { q } else { exponential };
    let y = if small { a } else { 1.0 } + numerator / denominator;
    y.copysign(x)
}

/// 1 / (1 + e^-x) within 2 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn sigmoid_f32(x: f32) -> f32 {
    // e^-|x| cannot overflow, and for x < 0 the quotient e^x / (1 + e^x) keeps every digit of a
    // small result.
    let e = exp_f32(-x.abs());
    let numerator = if x >= 0.0 { 1.0 } else { e };
    let sum = 1.0 + e;
    let quotient = numerator / sum;
    // The rounding error of the sum changes the quotient by the same relative amount (where it
    // matters, the sum is near 1): 1.97 ulp instead of 2.40 at worst.
    quotient - quotient * (e - (sum - 1.0))
}

/// 1 / (1 + e^-x) within 2 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn sigmoid_f64(x: f64) -> f64 {
    let e = exp_f64(-x.abs());
    let numerator = if x >= 0.0 { 1.0 } else { e };
    let sum = 1.0 + e;
    let quotient = numerator / sum;
    quotient - quotient * (e - (sum - 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{sweep_f32, sweep_f64, worst_f64};
    use super::super::ulp::error_f32;
    use super::*;

    /// 1 / (1 + e^-x) with only the errors of std's exp and of the last rounding: the remainder of
    /// the division and the rounding error of the sum are divided too.
    fn sigmoid_reference(x: f64) -> f64 {
        let e = (-x.abs()).exp();
        let numerator = if x >= 0.0 { 1.0 } else { e };
        let sum = 1.0 + e;
        let quotient = numerator / sum;
        let remainder = (-quotient).mul_add(sum, numerator) - quotient * (e - (sum - 1.0));
        quotient + remainder / sum
    }

    #[test]
    fn tanh_of_special_values() {
        assert_eq!(tanh_f32(0.0).to_bits(), 0);
        assert_eq!(tanh_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(tanh_f32(f32::INFINITY), 1.0);
        assert_eq!(tanh_f32(f32::NEG_INFINITY), -1.0);
        assert!(tanh_f32(f32::NAN).is_nan());
        assert_eq!(tanh_f32(f32::from_bits(1)), f32::from_bits(1));
        assert_eq!(tanh_f32(-20.0), -1.0);
        assert_eq!(tanh_f64(0.0).to_bits(), 0);
        assert_eq!(tanh_f64(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(tanh_f64(f64::INFINITY), 1.0);
        assert_eq!(tanh_f64(f64::NEG_INFINITY), -1.0);
        assert!(tanh_f64(f64::NAN).is_nan());
        assert_eq!(tanh_f64(f64::from_bits(1)), f64::from_bits(1));
        assert_eq!(tanh_f64(1.0), 0.761_594_155_955_764_9);
    }

    #[test]
    fn sigmoid_of_special_values() {
        assert_eq!(sigmoid_f32(0.0), 0.5);
        assert_eq!(sigmoid_f32(-0.0), 0.5);
        assert_eq!(sigmoid_f32(f32::INFINITY), 1.0);
        assert_eq!(sigmoid_f32(f32::NEG_INFINITY).to_bits(), 0);
        assert!(sigmoid_f32(f32::NAN).is_nan());
        assert!(sigmoid_f32(-100.0) > 0.0);
        assert_eq!(sigmoid_f64(0.0), 0.5);
        assert_eq!(sigmoid_f64(f64::INFINITY), 1.0);
        assert_eq!(sigmoid_f64(f64::NEG_INFINITY).to_bits(), 0);
        assert!(sigmoid_f64(f64::NAN).is_nan());
        assert!(sigmoid_f64(-745.0) > 0.0);
    }

    #[test]
    fn tanh_f32_is_within_two_ulp() {
        sweep_f32(tanh_f32, f64::tanh, 2.0);
    }

    #[test]
    fn sigmoid_f32_is_within_two_ulp() {
        sweep_f32(sigmoid_f32, sigmoid_reference, 2.0);
        // The f32 where a plain e^x / (1 + e^x) is worst, 2.4 ulp.
        for x in [-5.542_755f32, -4.157_294] {
            assert!(error_f32(sigmoid_f32(x), sigmoid_reference(f64::from(x))) <= 2.0);
        }
    }

    #[test]
    fn tanh_f64_is_two_steps_from_std() {
        sweep_f64(tanh_f64, f64::tanh, 2);
        assert!(worst_f64(tanh_f64, f64::tanh, -3.0, 3.0) <= 2);
    }

    #[test]
    fn sigmoid_f64_is_three_steps_from_the_reference() {
        // The reference has the error of std's exp: half an ulp, or a whole one where e^x is just above
        // a power of 2 and the result just below.
        sweep_f64(sigmoid_f64, sigmoid_reference, 3);
        assert!(worst_f64(sigmoid_f64, sigmoid_reference, -750.0, 40.0) <= 3);
        assert!(worst_f64(sigmoid_f64, sigmoid_reference, -3.0, 3.0) <= 3);
    }
}
