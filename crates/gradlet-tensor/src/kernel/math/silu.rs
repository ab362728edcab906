//! x sigmoid(v) for v with the sign of x: silu with v = x, and the approximation of gelu by a
//! hyperbolic tangent, x / 2 (1 + tanh(u)) = x sigmoid(2 u), which does not cancel below 0.

use super::exp::{NOTHING_F32, NOTHING_F64, powers_f32, powers_f64, reduced_f32, reduced_f64};
use super::poly;

/// 2 u = x (LINEAR + CUBIC x^2): LINEAR is 2 sqrt(2 / pi), CUBIC 0.044715 of that (Hendrycks and
/// Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415).
const LINEAR: f64 = 1.595_769_121_605_730_8;
const CUBIC: f64 = 0.071_354_816_272_600_25;

/// From this a on, a e^-a rounds to 0.
const END_F32: f32 = 110.0;
const END_F64: f64 = 753.0;
/// From this a on, a e^-2u rounds to 0.
const END_TANH_F32: f32 = 11.0;
const END_TANH_F64: f64 = 22.0;

/// x / (1 + e^-x) within 4 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn silu_f32(x: f32) -> f32 {
    let a = x.abs();
    let a = if a > END_F32 { END_F32 } else { a };
    gated_f32(x, a, (-a, NOTHING_F32))
}

/// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) within 4 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn gelu_tanh_f32(x: f32) -> f32 {
    let a = x.abs();
    let a = if a > END_TANH_F32 { END_TANH_F32 } else { a };
    // In f64: rounding 2 u to f32 would cost 2^-18 of the result.
    let wide = f64::from(a);
    let v = -wide * poly!(wide * wide; LINEAR, CUBIC);
    let high = v as f32;
    gated_f32(x, a, (high, (f64::from(high) - v) as f32))
}

/// x sigmoid(v) for v with the sign of x, given a = |x| capped where the result is 0 or x, and -|v|
/// in two parts.
#[inline(always)]
fn gated_f32(x: f32, a: f32, (high, less): (f32, f32)) -> f32 {
    let (k, e) = reduced_f32(high, less);
    let (first, second) = powers_f32(k);
    // Below 0, x e^v / (1 + e^v). The power of 2 comes last, as e^v may be subnormal where this is not.
    let numerator = if x < 0.0 { -a * e } else { x };
    let quotient = numerator / (1.0 + e * first * second);
    let below = quotient * first * second;
    // -inf times 0 is NaN.
    let below = if x < f32::MIN { f32::NAN } else { below };
    if x < 0.0 { below } else { quotient }
}

/// x / (1 + e^-x) within 4 ulp, subnormal results included.
#[inline(always)]
pub(crate) fn silu_f64(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > END_F64 { END_F64 } else { a };
    gated_f64(x, a, (-a, NOTHING_F64))
}

/// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). Far below 0 its error is up to |2 u| ulp, as
/// 2 u is rounded.
#[inline(always)]
pub(crate) fn gelu_tanh_f64(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > END_TANH_F64 { END_TANH_F64 } else { a };
    gated_f64(x, a, (-a * poly!(a * a; LINEAR, CUBIC), NOTHING_F64))
}

#[inline(always)]
fn gated_f64(x: f64, a: f64, (high, less): (f64, f64)) -> f64 {
    let (k, e) = reduced_f64(high, less);
    let (first, second) = powers_f64(k);
    let numerator = if x < 0.0 { -a * e } else { x };
    let quotient = numerator / (1.0 + e * first * second);
    let below = quotient * first * second;
    // -inf times 0 is NaN.
    let below = if x < f64::MIN { f64::NAN } else { below };
    if x < 0.0 { below } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{sweep_f32, sweep_f64, worst_f64};
    use super::*;

    /// x / (1 + e^-v), with e^v as a product of two where it is subnormal or e^-v infinite.
    fn gated_reference(x: f64, v: f64) -> f64 {
        if x == f64::NEG_INFINITY {
            return f64::NAN;
        }
        if v < -40.0 {
            return x.max(-1e10) * (0.5 * v).exp() * (0.5 * v).exp();
        }
        x / (1.0 + (-v).exp())
    }

    fn silu_reference(x: f64) -> f64 {
        gated_reference(x, x)
    }

    fn gelu_tanh_reference(x: f64) -> f64 {
        gated_reference(x, x * (LINEAR + CUBIC * x * x))
    }

    #[test]
    fn special_values() {
        for f in [silu_f32, gelu_tanh_f32] {
            assert_eq!(f(0.0).to_bits(), 0);
            assert_eq!(f(-0.0).to_bits(), (-0.0f32).to_bits());
            assert_eq!(f(f32::INFINITY), f32::INFINITY);
            assert!(f(f32::NEG_INFINITY).is_nan());
            assert_eq!((f(f32::MIN), f(f32::MAX)), (0.0, f32::MAX));
            assert!(f(f32::NAN).is_nan());
        }
        for f in [silu_f64, gelu_tanh_f64] {
            assert_eq!(f(0.0).to_bits(), 0);
            assert_eq!(f(f64::INFINITY), f64::INFINITY);
            assert!(f(f64::NEG_INFINITY).is_nan());
            assert!(f(f64::NAN).is_nan());
        }
    }

    #[test]
    fn silu_f32_is_within_four_ulp() {
        sweep_f32(silu_f32, silu_reference, 4.0);
    }

    #[test]
    fn gelu_tanh_f32_is_within_four_ulp() {
        sweep_f32(gelu_tanh_f32, gelu_tanh_reference, 4.0);
    }

    #[test]
    fn silu_f64_is_four_steps_from_the_reference() {
        sweep_f64(silu_f64, silu_reference, 4);
        assert!(worst_f64(silu_f64, silu_reference, -750.0, 40.0) <= 4);
        assert!(worst_f64(silu_f64, silu_reference, -3.0, 3.0) <= 4);
    }
}
