//! erf(x): an odd polynomial for |x| < 1, 1 - e^-v with a fitted v = -ln(erfc(|x|)) beyond.

use super::exp::{exp_moderate_f32, exp_moderate_f64};
use super::poly;

/// From this x on, erf rounds to 1.
const ONE_F32: f32 = 4.0;
const ONE_F64: f64 = 6.0;

/// The error function, within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn erf_f32(x: f32) -> f32 {
    let a = x.abs();
    let square = a * a;
    // erf(a) / a - 1 on |a| <= 1, in a^2: relative error of erf 2^-27.7.
    let p = poly!(square;
        0.12837917, -0.37612626, 0.112835854, -0.02685381, 0.0051883277, -0.0008010194, 7.853861e-5
    );
    // -ln(erfc(1 + t)) on 0 <= t <= 3: error of erf 2^-26.9.
    let t = if a > ONE_F32 { ONE_F32 } else { a } - 1.0;
    let v = poly!(t;
        1.8496056, 2.6389668, 0.8431183, 0.041500688, -0.009890893, 0.0018261634, -0.00018557404
    );
    // Both are computed before the choice: a choice between finished values is a select, one between
    // computations may become a jump.
    let (small, large) = (a + a * p, 1.0 - exp_moderate_f32(-v));
    let y = if a < 1.0 { small } else { large };
    y.copysign(x)
}

/// The error function, within 2 ulp; keeps the sign of zero.
#[inline(always)]
pub(crate) fn erf_f64(x: f64) -> f64 {
    let a = x.abs();
    let square = a * a;
    // erf(a) / a - 1 on |a| <= 1, in a^2: relative error of erf 2^-56.3.
    let p = poly!(square;
        0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072896,
        0.005223977624780863, -0.0008548326978741938, 0.000120553310368893, -1.4925593506628948e-5,
        1.646097281265371e-6, -1.6350025174850993e-7, 1.4657879513891303e-8, -1.136566467686282e-9,
        5.94525956337329e-11
    );
    // -ln(erfc(1 + t)) on 0 <= t <= 5: error of erf 2^-57.5.
    let t = if a > ONE_F64 { ONE_F64 } else { a } - 1.0;
    let v = poly!(t;
        1.8496055099332482, 2.638967514234788, 0.8431072563586768, 0.04156109804180869,
        -0.010033825374412412, 0.0019779025679433535, -0.00023732248160292322,
        -2.6277874707277685e-5, 2.7159111676592106e-5, -9.60890002772979e-6, 2.0597722280194926e-6,
        -1.428758503714752e-7, -9.754697879655315e-8, 5.203767399439424e-8, -1.4911382521414086e-8,
        2.864025362590149e-9, -3.682461661033753e-10, 2.8815442220513035e-11,
        -1.0390977663593063e-12
    );
    // Both are computed before the choice: a choice between finished values is a select, one between
    // computations may become a jump.
    let (small, large) = (a + a * p, 1.0 - exp_moderate_f64(-v));
    let y = if a < 1.0 { small } else { large };
    y.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::reference::erf as erf_reference;
    use super::super::sweep::{sweep_f32, sweep_f64, worst_f64};
    use super::*;

    #[test]
    fn erf_of_special_values() {
        assert_eq!(erf_f32(0.0).to_bits(), 0);
        assert_eq!(erf_f32(-0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(erf_f32(f32::INFINITY), 1.0);
        assert_eq!(erf_f32(f32::NEG_INFINITY), -1.0);
        assert!(erf_f32(f32::NAN).is_nan());
        assert_eq!(erf_f32(f32::from_bits(1)), f32::from_bits(1));
        assert_eq!(erf_f64(0.0).to_bits(), 0);
        assert_eq!(erf_f64(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!(erf_f64(f64::INFINITY), 1.0);
        assert_eq!(erf_f64(f64::NEG_INFINITY), -1.0);
        assert!(erf_f64(f64::NAN).is_nan());
        assert_eq!(erf_f64(1.0), 0.842_700_792_949_714_9);
    }

    #[test]
    fn erf_f32_is_within_two_ulp() {
        sweep_f32(erf_f32, erf_reference, 2.0);
    }

    #[test]
    fn erf_f64_is_two_steps_from_the_reference() {
        sweep_f64(erf_f64, erf_reference, 2);
        assert!(worst_f64(erf_f64, erf_reference, -1.5, 1.5) <= 2);
        assert!(worst_f64(erf_f64, erf_reference, -6.5, 6.5) <= 2);
    }
}
