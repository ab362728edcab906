//! sin, cos and tan of f32, from x = n pi/2 + r with |r| <= pi/4, in f64.

use super::{far, poly};

/// Up to this x, n < 2^20, so that n times the first part of pi/2 is exact.
pub(crate) const NEAR_F32: f32 = 1e6;

/// 1.5 * 2^52: adding it rounds to an integer and leaves that in the low bits of the sum.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;

/// pi/2 = HI + LO, where HI has 33 bits (values of Sun's fdlibm `e_rem_pio2.c`).
const HALF_PI_HI: f64 = 1.570_796_326_734_125_6;
const HALF_PI_LO: f64 = 6.077_100_506_506_192e-11;

/// (n, r) for |x| <= [`NEAR_F32`], with only the low bits of n; NaN and infinities make r NaN.
#[inline(always)]
fn near(x: f32) -> (u64, f64) {
    let x = f64::from(x);
    let sum = x * std::f64::consts::FRAC_2_PI + ROUND;
    let n = sum - ROUND;
    (sum.to_bits(), (x - n * HALF_PI_HI) - n * HALF_PI_LO)
}

/// (n, r) for all x.
#[inline(always)]
fn any(x: f32) -> (u64, f64) {
    if x.abs() > NEAR_F32 {
        let (n, r, _) = far::angle(f64::from(x));
        (n, r)
    } else {
        near(x)
    }
}

/// (n, sin(r), cos(r))
#[inline(always)]
fn parts((n, r): (u64, f64)) -> (u64, f64, f64) {
    let z = r * r;
    // (sin(r) / r - 1) / r^2, and (cos(r) - 1) / r^2, in z: errors of 2^-37.5 for sin and 2^-34.1 for cos (values of
    // FreeBSD's `k_sinf.c` and `k_cosf.c`).
    let sin = poly!(z;
        -0.166_666_666_416_265_24, 0.008_333_329_385_889_463, -0.000_198_393_348_360_966_32,
        0.000_002_718_311_493_989_822
    );
    let cos = poly!(z;
        -0.499_999_997_251_031, 0.041_666_623_323_739_06, -0.001_388_676_377_460_993,
        0.000_024_390_448_796_277_41
    );
    (n, r * (1.0 + z * sin), 1.0 + z * cos)
}

/// y, or -y if the bit of n is set.
#[inline(always)]
pub(super) fn signed(y: f64, n: u64, bit: u64) -> f64 {
    f64::from_bits(y.to_bits() ^ (((n & bit) >> bit.trailing_zeros()) << 63))
}

#[inline(always)]
fn sin((n, sin, cos): (u64, f64, f64)) -> f32 {
    signed(if n & 1 == 0 { sin } else { cos }, n, 2) as f32
}

#[inline(always)]
fn cos((n, sin, cos): (u64, f64, f64)) -> f32 {
    signed(if n & 1 == 0 { cos } else { sin }, n.wrapping_add(1), 2) as f32
}

#[inline(always)]
fn tan((n, sin, cos): (u64, f64, f64)) -> f32 {
    let (above, below) = if n & 1 == 0 { (sin, cos) } else { (cos, sin) };
    signed(above / below, n, 1) as f32
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $of:ident($angle:ident);)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name(x: f32) -> f32 {
            $of(parts($angle(x)))
        }
    )*};
}

functions! {
    /// The sine within 1 ulp; keeps the sign of zero.
    sin_f32 = sin(any);
    /// The cosine within 1 ulp.
    cos_f32 = cos(any);
    /// The tangent within 1 ulp; keeps the sign of zero.
    tan_f32 = tan(any);
    /// The same bits up to [`NEAR_F32`], without a branch.
    near_sin_f32 = sin(near);
    /// The same bits up to [`NEAR_F32`], without a branch.
    near_cos_f32 = cos(near);
    /// The same bits up to [`NEAR_F32`], without a branch.
    near_tan_f32 = tan(near);
}

#[cfg(test)]
mod tests {
    use super::super::sweep::sweep_f32;
    use super::*;

    #[test]
    fn sin_cos_and_tan_are_within_one_ulp() {
        sweep_f32(sin_f32, f64::sin, 1.0);
        sweep_f32(cos_f32, f64::cos, 1.0);
        sweep_f32(tan_f32, f64::tan, 1.0);
    }

    #[test]
    fn digits_are_kept_beside_multiples_of_half_pi() {
        let far = (1..636_619_000).step_by(10_001);
        for n in (1..636_619).step_by(101).chain(far) {
            let x = (f64::from(n) * std::f64::consts::FRAC_PI_2) as f32;
            for (f, exact) in [
                (sin_f32 as fn(f32) -> f32, f64::sin as fn(f64) -> f64),
                (cos_f32, f64::cos),
                (tan_f32, f64::tan),
            ] {
                let error = super::super::ulp::error_f32(f(x), exact(f64::from(x)));
                assert!(error <= 1.0, "{error} at {x}");
            }
        }
    }

    #[test]
    fn special_values() {
        for f in [sin_f32, tan_f32] {
            assert_eq!(f(0.0).to_bits(), 0);
            assert_eq!(f(-0.0).to_bits(), (-0.0f32).to_bits());
            assert_eq!(f(f32::from_bits(1)), f32::from_bits(1));
        }
        assert_eq!(cos_f32(-0.0), 1.0);
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(
                [sin_f32(x), cos_f32(x), tan_f32(x)]
                    .iter()
                    .all(|y| y.is_nan())
            );
        }
    }
}
