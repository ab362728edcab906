//! Remainders of quotients that are not large, without the loop that large ones need.
//!
//! Let x = |a|, y = |b|, and q a whole number within 3/4 of x / y. Then r = x - q y is between -3/4 y and 3/4 y, and
//! the remainder is r, or r + y where r < 0. All of it is exact:
//!
//! - Let u be the spacing of the numbers of the type at y, so that y < 2^p u with p = 24 or 53. If that at x is not
//!   smaller, r and r + y are multiples of u below 2^p u in size: numbers of the type.
//! - Otherwise x < y, and q is 0 or 1. With 0, r is x. With 1, the rounded quotient is above 1/2, so that x > y / 2,
//!   whose spacing is u / 2; then r is a multiple of it below 2^(p-1) u in size, and r + y is x.
//! - The functions below say why the products and the differences before r are exact too.
//!
//! No step is a `mul_add`, which would be a call on processors without one.

/// 2^52: added to it, a smaller positive number is rounded to the nearest whole one.
const TO_WHOLE: f64 = 1.0 / f64::EPSILON;
/// 2^23, for f32
const TO_WHOLE_F32: f32 = 1.0 / f32::EPSILON;

/// The remainder of a / b rounded toward 0, and whether it is right: if not, `a % b` is.
#[inline(always)]
pub(crate) fn rest_f32(a: f32, b: f32) -> (f32, bool) {
    /// Below it, the rounding error of a quotient is at most 1/4.
    const LIMIT: f32 = TO_WHOLE_F32 / 2.0;
    let (x, y) = (a.abs(), b.abs());
    let quotient = x / y;
    let whole = (quotient + TO_WHOLE_F32) - TO_WHOLE_F32;
    // The product has at most 22 + 24 bits, and the difference is a number of f32.
    let rest = (f64::from(x) - f64::from(whole) * f64::from(y)) as f32;
    let rest = if rest < 0.0 { rest + y } else { rest };
    (rest.copysign(a), quotient < LIMIT && y < f32::INFINITY)
}

/// The remainder of a / b rounded toward 0, and whether it is right: if not, `a % b` is.
#[inline(always)]
pub(crate) fn rest_f64(a: f64, b: f64) -> (f64, bool) {
    /// 2^24: the product of a smaller whole number and of 27 bits is at most 2^51.
    const LIMIT: f64 = 16_777_216.0;
    /// About 2^1023: the product of the rounded quotient and of y may be larger than x, but not overflow below this.
    const LARGE: f64 = f64::MAX / 2.0;
    /// The lower 27 bits.
    const LOW: u64 = 0x7ff_ffff;
    let (x, y) = (a.abs(), b.abs());
    let quotient = x / y;
    let whole = (quotient + TO_WHOLE) - TO_WHOLE;
    let high = f64::from_bits(y.to_bits() & !LOW);
    let low = y - high;
    // The products have at most 24 + 27 bits. The first difference is r + q low, a multiple of u below 2^53 u, since
    // |r| <= (1/2 + 2^-29) y and q low < 2^51 u; or, where x has the smaller spacing and q is 1, x - high, a multiple
    // of u / 2 of at most y / 2.
    let rest = (x - whole * high) - whole * low;
    let rest = if rest < 0.0 { rest + y } else { rest };
    let is_finite = x < LARGE && y < f64::INFINITY;
    (rest.copysign(a), quotient < LIMIT && is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    macro_rules! test {
        ($name:ident, $t:ident, $rest:ident, $limit:expr, $largest:expr) => {
            #[test]
            fn $name() {
                // The remainder is the system's, bit for bit, and it is right where it should be.
                let check = |a: $t, b: $t| {
                    let ((rest, is_right), exact) = ($rest(a, b), a % b);
                    let agrees = !is_right || rest.to_bits() == exact.to_bits();
                    assert!(agrees, "{a:e} % {b:e}: {rest:e}, exactly {exact:e}");
                    let is_small = (a / b).abs() < $limit && a.abs() < $largest && b.is_finite();
                    assert_eq!(is_right, is_small, "{a:e} % {b:e}");
                };
                let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
                for _ in 0..100_000 {
                    let b = $t::from_bits(rng.random());
                    check($t::from_bits(rng.random()), b);
                    // Quotients of all sizes up to the limit, and next to whole and half numbers.
                    let size: $t = rng.random_range(0.0..1.01);
                    let quotient = rng.random_range(0.0..1.0) * $limit.powf(size);
                    for quotient in [quotient, quotient.round(), quotient.floor() + 0.5] {
                        let a = b * quotient;
                        for a in [a, a.next_up(), a.next_down(), -a] {
                            check(a, b);
                        }
                    }
                    // Subnormal divisors, and dividends.
                    let tiny = $t::from_bits(rng.random_range(1..1000));
                    check($t::from_bits(rng.random_range(0..1_000_000)), tiny);
                    check(tiny * quotient, $t::from_bits(b.to_bits() >> 9));
                    check(tiny, b);
                }
                let odd = [
                    $t::from_bits(1),
                    $t::MIN_POSITIVE,
                    $t::MAX,
                    $t::INFINITY,
                    $t::NAN,
                    0.0,
                    1.0,
                    3.0,
                ];
                for (a, b) in odd.iter().flat_map(|&a| odd.map(|b| (a, b))) {
                    for (a, b) in [(a, b), (-a, b), (a, -b), (-a, -b)] {
                        check(a, b);
                    }
                }
            }
        };
    }

    test! { small_quotients_leave_the_remainder_of_the_system_f32, f32, rest_f32, 4_194_304f32, f32::INFINITY }
    test! { small_quotients_leave_the_remainder_of_the_system_f64, f64, rest_f64, 16_777_216f64, f64::MAX / 2.0 }
}
