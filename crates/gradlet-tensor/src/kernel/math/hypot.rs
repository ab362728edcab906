//! sqrt(a^2 + b^2), by squares that stay in range.

/// The distance of the point (a, b) from 0, within 1 ulp; infinite if a or b is, even beside NaN.
#[inline(always)]
pub(crate) fn hypot_f32(a: f32, b: f32) -> f32 {
    // The square of any f32 is a normal f64, or 0.
    let (x, y) = (f64::from(a), f64::from(b));
    let root = (x * x + y * y).sqrt() as f32;
    infinite_or(
        a.abs() == f32::INFINITY,
        b.abs() == f32::INFINITY,
        root,
        f32::INFINITY,
    )
}

/// Sums of squares of numbers between these are normal numbers with all digits.
const LOW: f64 = 1e-130;
const HIGH: f64 = 1e150;
/// 2^600 brings the smallest number above `LOW`, and its reciprocal the largest one below `HIGH`.
const UP: f64 = 4.149_515_568_880_993e180;
const DOWN: f64 = 1.0 / UP;

/// The distance of the point (a, b) from 0, within 1 ulp; infinite if a or b is, even beside NaN.
#[inline(always)]
pub(crate) fn hypot_f64(a: f64, b: f64) -> f64 {
    let (a, b) = (a.abs(), b.abs());
    let larger = if a > b { a } else { b };
    let scale = if larger > HIGH { DOWN } else { 1.0 };
    let scale = if larger < LOW { UP } else { scale };
    let (x, y) = (a * scale, b * scale);
    let root = (x * x + y * y).sqrt() / scale;
    infinite_or(a == f64::INFINITY, b == f64::INFINITY, root, f64::INFINITY)
}

#[inline(always)]
fn infinite_or<T>(a: bool, b: bool, root: T, infinity: T) -> T {
    // Not `||`: a branch would keep the loop from vectorizing.
    if a | b { infinity } else { root }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::steps_f64;
    use super::*;

    #[test]
    fn squares_out_of_range_do_no_harm() {
        for power in (-1074..=1021).step_by(5) {
            let unit = 2f64.powi(power.max(-1022)) * 2f64.powi(power.min(-1022) + 1022);
            assert_eq!(hypot_f64(3.0 * unit, -4.0 * unit), 5.0 * unit, "{power}");
            assert_eq!(hypot_f64(0.0, unit), unit, "{power}");
        }
        for power in -149..=124 {
            let unit = 2f64.powi(power) as f32;
            assert_eq!(hypot_f32(-3.0 * unit, 4.0 * unit), 5.0 * unit, "{power}");
        }
        assert_eq!(hypot_f64(1e200, 1e200), 1e200 * std::f64::consts::SQRT_2);
        assert_eq!(hypot_f64(f64::MAX, f64::MAX), f64::INFINITY);
        assert_eq!(hypot_f64(f64::MAX, 1.0), f64::MAX);
    }

    #[test]
    fn distances_are_within_a_step_of_std() {
        let mut x = 1e-300;
        while x < 1e300 {
            for ratio in [1.0, 0.7, 1e-3, 1e-9, 1e-20] {
                let (found, expected) = (hypot_f64(x, x * ratio), f64::hypot(x, x * ratio));
                assert!(steps_f64(found, expected) <= 1, "{x:e} {ratio:e}");
            }
            x *= 1.37;
        }
    }

    #[test]
    fn infinity_is_far_from_0_whatever_the_other_side_is() {
        for x in [0.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(hypot_f64(f64::NEG_INFINITY, x), f64::INFINITY);
            assert_eq!(hypot_f32(x as f32, f32::INFINITY), f32::INFINITY);
        }
        assert!(hypot_f64(f64::NAN, 1.0).is_nan() && hypot_f32(0.0, f32::NAN).is_nan());
    }
}
