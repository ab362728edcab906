//! asinh, acosh and atanh, each by one `log1p`, which keeps their digits where they are small.

use crate::element::Float;

/// From this x on, 1 is lost beside x^2, and the result is ln(2 x): 2^28 for f32, 2^57 for f64. No square overflows
/// below it.
#[inline(always)]
fn far<T: Float>() -> T {
    T::of(32.0) / T::epsilon()
}

/// ln(1 + near), or ln(2 x) where x is far. 2 x itself may overflow.
#[inline(always)]
fn log<T: Float>(x: T, near: T) -> T {
    let is_far = x > far();
    let argument = if is_far { x } else { near };
    let rest = if is_far {
        T::of(std::f64::consts::LN_2)
    } else {
        T::zero()
    };
    argument.log1p_() + rest
}

/// The inverse hyperbolic sine, within 3 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn asinh<T: Float>(x: T) -> T {
    let a = x.abs();
    let square = a * a;
    // ln(a + sqrt(1 + a^2)), without the difference between the root and 1.
    let near = a + square / (T::one() + (T::one() + square).sqrt());
    log(a, near).copysign(x)
}

/// The inverse hyperbolic cosine, within 3 ulp; NaN below 1.
#[inline(always)]
pub(crate) fn acosh<T: Float>(x: T) -> T {
    let above = x - T::one();
    let above = if x < T::one() { T::nan() } else { above };
    // ln(x + sqrt(x^2 - 1)), without the difference between x^2 and 1.
    log(x, above + (above * (x + T::one())).sqrt())
}

/// The inverse hyperbolic tangent, within 3 ulp: infinite at 1 and -1, NaN beyond; keeps the sign of zero.
#[inline(always)]
pub(crate) fn atanh<T: Float>(x: T) -> T {
    let a = x.abs();
    // ln((1 + a) / (1 - a)) / 2
    let twice = ((a + a) / (T::one() - a)).log1p_();
    (T::of(0.5) * twice).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{steps_f64, sweep_f32};
    use super::*;

    #[test]
    fn single_precision_is_within_three_ulp() {
        sweep_f32(asinh, f64::asinh, 3.0);
        // The standard library's acosh loses digits just above 1.
        sweep_f32(acosh, acosh::<f64>, 3.0);
        sweep_f32(atanh, atanh::<f64>, 3.0);
    }

    type Function = fn(f64) -> f64;

    /// Numbers of 60 digits, rounded.
    const EXACT: [(Function, f64, f64); 30] = [
        (asinh, 1e-300, 1e-300),
        (asinh, -1e-09, -1e-09),
        (asinh, 1e-05, 9.999999999833334e-06),
        (asinh, 0.1, 0.09983407889920756),
        (asinh, -0.75, -std::f64::consts::LN_2),
        (asinh, 1.5, 1.1947632172871092),
        (asinh, 30.0, 4.09462222433053),
        (asinh, -10000000000.0, -23.7189981105004),
        (asinh, 1e+17, 39.837093761458725),
        (asinh, 3e+18, 43.238291143120875),
        (asinh, 1e+200, 461.2101657793691),
        (asinh, -1.7976931348623157e+308, -710.475860073944),
        (acosh, 1.0000000000000002, 2.1073424255447014e-08),
        (acosh, 1.000000001, 4.4721361396399915e-05),
        (acosh, 1.001, 0.04471763360830685),
        (acosh, 1.5, 0.9624236501192069),
        (acosh, 4.0, 2.0634370688955603),
        (acosh, 10000000000.0, 23.7189981105004),
        (acosh, 1e+17, 39.837093761458725),
        (acosh, 3e+18, 43.238291143120875),
        (acosh, 1e+200, 461.2101657793691),
        (acosh, 1.7976931348623157e+308, 710.475860073944),
        (atanh, 1e-300, 1e-300),
        (atanh, -1e-09, -1e-09),
        (atanh, 1e-05, 1.0000000000333334e-05),
        (atanh, 0.1, 0.10033534773107558),
        (atanh, 0.5, 0.5493061443340549),
        (atanh, -0.75, -0.9729550745276566),
        (atanh, 0.999, 3.8002011672501994),
        (atanh, 0.9999999999999999, 18.714973875118524),
    ];

    #[test]
    fn double_precision_is_within_three_steps_near_0_and_far_away() {
        for (f, x, exact) in EXACT {
            assert!(steps_f64(f(x), exact) <= 3, "{:e} at {x:e}", f(x));
        }
    }

    #[test]
    fn special_values() {
        assert_eq!(asinh(-0.0f64).to_bits(), (-0.0f64).to_bits());
        assert_eq!(atanh(-0.0f32).to_bits(), (-0.0f32).to_bits());
        assert_eq!(asinh(f32::from_bits(1)), f32::from_bits(1));
        assert_eq!(atanh(f64::from_bits(1)), f64::from_bits(1));
        assert_eq!(asinh(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(acosh(f32::INFINITY), f32::INFINITY);
        assert_eq!(
            (acosh(1.0), atanh(1.0), atanh(-1.0)),
            (0.0, f64::INFINITY, f64::NEG_INFINITY)
        );
        for x in [f64::NEG_INFINITY, -1e10, -2.0, 0.5, f64::NAN] {
            assert!(acosh(x).is_nan());
        }
        for x in [f32::INFINITY, -1.1, f32::NAN] {
            assert!(atanh(x).is_nan());
        }
        assert!(asinh(f32::NAN).is_nan());
    }
}
