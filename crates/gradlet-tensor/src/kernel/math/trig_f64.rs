//! sin, cos and tan of f64, from x = n pi/2 + r + s with |r| <= pi/4, where s is what r lost by rounding.

use super::double::{ordered_sum, product, sum};
use super::trig::{ROUND, signed};
use super::{far, poly};

/// Up to this x, n < 2^20, so that n times each of the first three parts of pi/2 is exact.
pub(crate) const NEAR_F64: f64 = 1e6;

/// pi/2 as a sum, where the first three numbers have 33 bits (60-digit arithmetic).
const HALF_PI: [f64; 4] = [
    1.5707963267341256,
    6.077100506303966e-11,
    2.0222662487111665e-21,
    8.4784276603689e-32,
];

/// (n, r, s) for |x| <= [`NEAR_F64`], with only the low bits of n; NaN and infinities make r NaN.
#[inline(always)]
fn near(x: f64) -> (u64, f64, f64) {
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUND;
    let n = rounded - ROUND;
    // The first difference is exact, and so are the pairs; the nearest that a number comes to a multiple of pi/2 is
    // 2^-61, where the third part is still large beside the fourth one's error.
    let (r, s) = sum(x - n * HALF_PI[0], -(n * HALF_PI[1]));
    let (r, t) = sum(r, -(n * HALF_PI[2]));
    let (r, s) = ordered_sum(r, (s + t) - n * HALF_PI[3]);
    (rounded.to_bits(), r, s)
}

/// (n, r, s) for all x.
#[inline(always)]
fn any(x: f64) -> (u64, f64, f64) {
    if x.abs() > NEAR_F64 {
        far::angle(x)
    } else {
        near(x)
    }
}

/// sin(r + s) as a pair.
#[inline(always)]
fn sin_pair(r: f64, s: f64) -> (f64, f64) {
    let z = r * r;
    // (sin(r) / r - 1) / r^2 in z: relative error of sin 2^-56.3.
    let p = poly!(z;
        -0.1666666666666663, 0.008333333333322113, -0.00019841269829584522, 2.7557313619599296e-6,
        -2.50507474756069e-8, 1.58962130739744e-10
    );
    // The slope of sin is 1 - r^2 / 2 here, within the digits that s has.
    ordered_sum(r, r * z * p + s * (1.0 - 0.5 * z))
}

/// cos(r + s) as a pair.
#[inline(always)]
fn cos_pair(r: f64, s: f64) -> (f64, f64) {
    let z = r * r;
    // (cos(r) - 1 + r^2 / 2) / r^4 in z: relative error of cos 2^-59.6.
    let p = poly!(z;
        0.041666666666666595, -0.0013888888888873047, 2.4801587288846378e-5, -2.7557314177721973e-7,
        2.0875700623112257e-9, -1.1358524945498861e-11
    );
    let half = 0.5 * z;
    let (high, low) = ordered_sum(1.0, -half);
    ordered_sum(high, low + (z * z * p - r * s))
}

#[inline(always)]
fn sin((n, r, s): (u64, f64, f64)) -> f64 {
    let (sin, cos) = (sin_pair(r, s), cos_pair(r, s));
    signed(if n & 1 == 0 { sin.0 } else { cos.0 }, n, 2)
}

#[inline(always)]
fn cos((n, r, s): (u64, f64, f64)) -> f64 {
    let (sin, cos) = (sin_pair(r, s), cos_pair(r, s));
    signed(if n & 1 == 0 { cos.0 } else { sin.0 }, n.wrapping_add(1), 2)
}

#[inline(always)]
fn tan((n, r, s): (u64, f64, f64)) -> f64 {
    let (sin, cos) = (sin_pair(r, s), cos_pair(r, s));
    let is_even = n & 1 == 0;
    let above = (
        if is_even { sin.0 } else { cos.0 },
        if is_even { sin.1 } else { cos.1 },
    );
    let below = (
        if is_even { cos.0 } else { sin.0 },
        if is_even { cos.1 } else { sin.1 },
    );
    let quotient = above.0 / below.0;
    // What the quotient lacks, from its remainder.
    let back = product(quotient, below.0);
    let rest = ((above.0 - back.0) - back.1) + (above.1 - quotient * below.1);
    signed(quotient + rest / below.0, n, 1)
}

/// y, or x if that is 0: the sums above lose the sign of a zero.
#[inline(always)]
fn odd(x: f64, y: f64) -> f64 {
    if x == 0.0 { x } else { y }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = |$x:ident| $y:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name($x: f64) -> f64 {
            $y
        }
    )*};
}

functions! {
    /// The sine within 1 ulp; keeps the sign of zero.
    sin_f64 = |x| odd(x, sin(any(x)));
    /// The cosine within 1 ulp.
    cos_f64 = |x| cos(any(x));
    /// The tangent within 1 ulp; keeps the sign of zero.
    tan_f64 = |x| odd(x, tan(any(x)));
    /// The same bits up to [`NEAR_F64`], without a branch.
    near_sin_f64 = |x| odd(x, sin(near(x)));
    /// The same bits up to [`NEAR_F64`], without a branch.
    near_cos_f64 = |x| cos(near(x));
    /// The same bits up to [`NEAR_F64`], without a branch.
    near_tan_f64 = |x| odd(x, tan(near(x)));
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{Function, check_f64, steps_f64, sweep_f64, worst_f64};
    use super::*;

    const ALL: [(Function, Function, u64); 3] = [
        (sin_f64, f64::sin, 1),
        (cos_f64, f64::cos, 1),
        (tan_f64, f64::tan, 2),
    ];

    #[test]
    fn double_precision_is_a_step_or_two_from_std() {
        for (f, exact, steps) in ALL {
            sweep_f64(f, exact, steps);
            for size in [1.0, 10.0, 1e4, 3e6, 1e18] {
                assert!(worst_f64(f, exact, -size, size) <= steps, "{size}");
            }
        }
    }

    #[test]
    fn digits_are_kept_beside_multiples_of_half_pi() {
        for (f, exact, steps) in ALL {
            for n in (1..636_619_000).step_by(10_001) {
                let x = f64::from(n) * std::f64::consts::FRAC_PI_2;
                assert!(steps_f64(f(x), exact(x)) <= steps, "{x:e}: {:e}", f(x));
            }
        }
    }

    #[test]
    fn near_and_far_angles_have_the_same_digits() {
        let mut x = 1.0;
        while x < NEAR_F64 {
            let ((n, r, s), (m, q, t)) = (near(x), far::angle(x));
            assert_eq!(n & 3, m & 3, "{x:e}");
            assert!(
                ((r - q) + (s - t)).abs() <= 1e-30 * r.abs().max(1e-3),
                "{x:e}"
            );
            let ((n, r, s), (m, q, t)) = (far::angle(x), far::angle(-x));
            assert_eq!((n.wrapping_add(m) & 3, r, s), (0, -q, -t), "{x:e}");
            x *= 1.000_7;
        }
    }

    /// Places where large errors were found, the number that is nearest to a multiple of pi/2, and the largest one; the
    /// values are of 60 digits, in two parts.
    const EXACT: [(Function, f64, f64, f64); 24] = [
        (
            sin_f64,
            -2050664.394536146,
            -0.7070491265868059,
            -2.2637068625504952e-17,
        ),
        (
            sin_f64,
            495.58676101409196,
            -0.706739053535045,
            -2.3210410416227914e-17,
        ),
        (
            sin_f64,
            -104.45746864854075,
            0.7067622774010857,
            2.3445050700567736e-17,
        ),
        (
            sin_f64,
            5.797060999668126e95,
            -0.6743358465107493,
            -2.3636690271404345e-17,
        ),
        (sin_f64, 1e22, -0.8522008497671888, -6.7806825896773284e-18),
        (sin_f64, 5.319372648326541e255, 1.0, -1.098476220074687e-37),
        (
            sin_f64,
            f64::MAX,
            0.004961954789184062,
            -2.5049377676494104e-19,
        ),
        (sin_f64, 1e-5, 9.999999999833334e-6, 6.182336062862823e-22),
        (
            cos_f64,
            -0.7866406596578646,
            0.7062276580666874,
            2.0535609211273012e-17,
        ),
        (
            cos_f64,
            -0.7861841636447899,
            0.7065507767148683,
            2.2199331277946438e-17,
        ),
        (
            cos_f64,
            -54581.24376315891,
            0.7059729853076285,
            2.2350551604824552e-17,
        ),
        (
            cos_f64,
            -18.008345620204437,
            0.6665610946401425,
            2.2495457587805266e-17,
        ),
        (cos_f64, 1e22, 0.523214785395139, -4.7143201076575164e-17),
        (
            cos_f64,
            5.319372648326541e255,
            -4.687165924254628e-19,
            4.3720557429382733e-36,
        ),
        (
            cos_f64,
            f64::MAX,
            -0.9999876894265599,
            -2.6032890267216748e-17,
        ),
        (cos_f64, 1000001.5, 0.41537998791782177, 8.0972483751911e-18),
        (
            tan_f64,
            2.3568679857161765,
            -0.9986539153308099,
            6.291233146053494e-18,
        ),
        (
            tan_f64,
            16.48707440408682,
            0.9875043413892552,
            6.7270623782879425e-19,
        ),
        (
            tan_f64,
            704.4898365170272,
            0.9756663629718204,
            8.379900232359629e-19,
        ),
        (
            tan_f64,
            161.0055000184313,
            0.9977555645384312,
            2.9777633135411947e-18,
        ),
        (tan_f64, 1e22, -1.6287782256068988, -1.0114934254126034e-16),
        (
            tan_f64,
            5.319372648326541e255,
            -2.133485385753704e18,
            92.32514733665552,
        ),
        (
            tan_f64,
            f64::MAX,
            -0.004962015874444895,
            2.4105865734856495e-19,
        ),
        (
            tan_f64,
            -1e-5,
            -1.0000000000333334e-5,
            -4.576136819360367e-22,
        ),
    ];

    #[test]
    fn errors_are_within_the_stated_ulp() {
        for (f, x, high, low) in EXACT {
            let bound = if std::ptr::fn_addr_eq(f, tan_f64 as Function) {
                1.1
            } else {
                0.85
            };
            check_f64(f, x, (high, low), bound);
        }
    }

    #[test]
    fn special_values() {
        for f in [sin_f64, tan_f64] {
            assert_eq!(f(0.0).to_bits(), 0);
            assert_eq!(f(-0.0).to_bits(), (-0.0f64).to_bits());
            for tiny in [f64::from_bits(1), f64::MIN_POSITIVE, 1e-300] {
                assert_eq!((f(tiny), f(-tiny)), (tiny, -tiny));
            }
        }
        assert_eq!((cos_f64(-0.0), cos_f64(f64::from_bits(1))), (1.0, 1.0));
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (f, _, _) in ALL {
                assert!(f(x).is_nan());
            }
        }
        assert!(near_sin_f64(f64::INFINITY).is_nan() && near_tan_f64(f64::NAN).is_nan());
    }
}
