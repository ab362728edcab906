//! x^y = e^(y ln x): of f32 in f64, of f64 with a logarithm in two parts; and powers by multiplication.

use super::double::{ordered_sum, product, sum};
use super::exp::{LN2_HI_F64, LN2_LO_F64, ROUND_F64, curve_f64, powers_f64};
use super::log::{ln_pair, short_log2};
use super::poly;
use crate::element::Float;
use std::f64::consts::LOG2_E;

/// 1.5 * 2^52 + 1023: adding it rounds to an integer n and leaves n + 1023 in the low bits of the sum.
const ROUND: f64 = 6_755_399_441_056_767.0;
/// 2^52 and 2^53: from the first on, all f64 are whole, and from the second on even.
const WHOLE: f64 = 4_503_599_627_370_496.0;
const EVEN: f64 = 9_007_199_254_740_992.0;

/// 2^w within 2^-39 of it relatively, and 2^w - 1 near 0 too, for w that is NaN or |w| <= 1000.
#[inline(always)]
pub(super) fn short_exp2(w: f64) -> f64 {
    let rounded = w + ROUND;
    let r = w - (rounded - ROUND);
    // (2^r - 1) / r on |r| <= 1/2: error of 2^r at most 2^-39.8 |r|.
    let p = poly!(r;
        0.6931471805412319, 0.24022650694741945, 0.05550410959232894, 0.009618129559037474, 0.0013333434153903374,
        0.00015403098142777595, 1.531421007725285e-5, 1.3344213291965591e-6
    );
    (1.0 + r * p) * f64::from_bits(rounded.to_bits() << 52)
}

/// `to_limit` of both signs in place of w beyond it; NaN stays.
#[inline(always)]
pub(super) fn limited(w: f64, limit: f64) -> f64 {
    let w = if w < -limit { -limit } else { w };
    if w > limit { limit } else { w }
}

/// x^y within 1 ulp, subnormal results included; 1 if x is 1 or y is 0, NaN if x is finite and negative and y is not
/// whole.
#[inline(always)]
pub(crate) fn pow_f32(x: f32, y: f32) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    let a = x.abs();
    let log = short_log2(a);
    // Infinity is its own logarithm, and NaN too.
    let log = if a < f64::INFINITY { log } else { a };
    let log = if a == 0.0 { f64::NEG_INFINITY } else { log };
    // 0 times an infinite y is NaN.
    let w = if a == 1.0 { 0.0 } else { y * log };
    // Beyond 2^200 and 2^-200 it is infinite or 0 in f32.
    with_sign(x, y, short_exp2(limited(w, 200.0))) as f32
}

/// x^y within 1 ulp, subnormal results included; 1 if x is 1 or y is 0, NaN if x is finite and negative and y is not
/// whole.
#[inline(always)]
pub(crate) fn pow_f64(x: f64, y: f64) -> f64 {
    let a = x.abs();
    let (log, log_low) = ln_pair(a);
    // Larger ones change nothing: if ln(x) is not 0, it is at least 2^-53.
    let times = limited(y, 3.6893488147419103e19);
    let (w, w_low) = product(times, log);
    let p = exp_pair(w, w_low + times * log_low);
    let at_edge = if (a == 0.0) == (y < 0.0) {
        f64::INFINITY
    } else {
        0.0
    };
    let at_edge = if y.is_nan() { y } else { at_edge };
    let p = if a == 0.0 { at_edge } else { p };
    let p = if a == f64::INFINITY { at_edge } else { p };
    let p = if a.is_nan() { a } else { p };
    with_sign(x, y, p)
}

/// x^y from |x|^y.
#[inline(always)]
fn with_sign(x: f64, y: f64, p: f64) -> f64 {
    let size = y.abs();
    // Infinity is even: |x|^y is 0, 1 or infinite.
    let size = if size > EVEN { EVEN } else { size };
    let sum = size + WHOLE;
    let is_large = size >= WHOLE;
    let whole = if is_large { size } else { sum - WHOLE };
    let is_whole = whole == size;
    let last = if is_large { size } else { sum }.to_bits() & 1;
    let sign = if is_whole { last << 63 } else { 0 } & x.to_bits();
    let p = f64::from_bits(p.to_bits() ^ sign);
    let otherwise = if x < 0.0 { f64::NAN } else { p };
    let otherwise = if x == f64::NEG_INFINITY { p } else { otherwise };
    let p = if is_whole { p } else { otherwise };
    let p = if x == 1.0 { 1.0 } else { p };
    if y == 0.0 { 1.0 } else { p }
}

/// e^(x + low)
#[inline(always)]
fn exp_pair(x: f64, low: f64) -> f64 {
    // e^-750 rounds to 0, and e^720 is infinite.
    let low = if x > -750.0 { low } else { 0.0 };
    let low = if x < 720.0 { low } else { 0.0 };
    let x = if x < -750.0 { -750.0 } else { x };
    let x = if x > 720.0 { 720.0 } else { x };
    let rounded = x * LOG2_E + ROUND_F64;
    let n = rounded - ROUND_F64;
    let (r, r_low) = sum(x - n * LN2_HI_F64, low - n * LN2_LO_F64);
    let (y, y_low) = ordered_sum(1.0, r);
    // All that is lost before this sum is a seventh of a unit in the last place, so that a power that f64 holds is exact.
    let y = y + (y_low + (r * r * curve_f64(r) + (r_low + r_low * r)));
    let (first, second) = powers_f64(rounded.to_bits() & 0xfff);
    y * first * second
}

/// x to a whole power, by squares: the product of those x^(2^i) whose bit i is set in |n|, the smallest first; its
/// reciprocal if n is negative. Each product rounds once.
#[inline(always)]
pub(crate) fn powi<T: Float>(x: T, n: i32) -> T {
    let (mut y, mut square, mut rest) = (T::one(), x, n.unsigned_abs());
    loop {
        if rest & 1 == 1 {
            y = y * square;
        }
        rest >>= 1;
        if rest == 0 {
            break;
        }
        square = square * square;
    }
    if n < 0 { T::one() / y } else { y }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::{error_f64, every, steps_f64};
    use super::super::ulp::error_f32;
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// Bases of all exponents and near 1, and exponents for which the powers are in range or just outside.
    fn pairs(range: f64) -> impl Iterator<Item = (f64, f64)> {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(3);
        (0..400_000 / every()).map(move |i| {
            let near = 1.0 + rng.random_range(-1.0..1.0) * 10f64.powf(rng.random_range(-7.0..0.0));
            let any = f64::from_bits(rng.random()).abs();
            let single = f64::from(f32::from_bits(rng.random()).abs());
            let x = [near, any, single, rng.random_range(0.0..10.0)][i % 4];
            let y = rng.random_range(-range..range) / x.log2();
            let y = if i % 3 == 0 {
                rng.random_range(-3.0..3.0)
            } else {
                y
            };
            (x, if i % 5 == 0 { y.round() } else { y })
        })
    }

    #[test]
    fn single_precision_is_within_one_ulp() {
        for (x, y) in pairs(160.0) {
            let (x, y) = (x as f32, y as f32);
            let exact = f64::from(x).powf(f64::from(y));
            let error = error_f32(pow_f32(x, y), exact);
            assert!(
                error <= 0.51,
                "{x:e}^{y:e}: {:e}, exactly {exact:e}",
                pow_f32(x, y)
            );
            let root = error_f32(pow_f32(x, 0.5), f64::from(x).sqrt());
            assert!(root <= 0.51, "{x:e}^0.5");
        }
    }

    #[test]
    fn powers_near_1_round_to_the_nearer_neighbour() {
        // Just above the middle between 1 and the next number: 1 + 2^-24 + 3/8 2^-46.
        let below = 1f32.next_down().next_down();
        assert_eq!(pow_f32(below, -0.5), 1f32.next_up());
        assert_eq!(pow_f32(below, 0.5), 1f32.next_down());
        assert_eq!(pow_f32(1f32.next_up(), 0.5), 1.0);
    }

    #[test]
    fn double_precision_is_a_step_from_std() {
        for (x, y) in pairs(1100.0) {
            let (found, expected) = (pow_f64(x, y), x.powf(y));
            assert!(
                steps_f64(found, expected) <= 1,
                "{x:e}^{y:e}: {found:e} {expected:e}"
            );
        }
    }

    /// Places where large errors were found; the values are of 60 digits, in two parts.
    const EXACT: [(f64, f64, f64, f64); 8] = [
        (
            6.344889363629241,
            0.2130677834670851,
            1.4824181188826577,
            -7.931215837669342e-17,
        ),
        (822.0, 11.0, 1.1576838983329498e32, 7410799626688512.0),
        (
            4.8080890610588245,
            7.073237396954736e-17,
            1.0000000000000002,
            -1.1097357784496837e-16,
        ),
        (
            8.328072085127667,
            0.5,
            2.8858399271490556,
            1.5665477759140045e-16,
        ),
        (
            1.1208909255505213e-78,
            0.160325241500501,
            3.1811007169481673e-13,
            2.0397903335116435e-29,
        ),
        (
            1.9195397200080722,
            0.6225967591287578,
            1.5007819529340811,
            -8.127076491754598e-17,
        ),
        (411.0, -11.0, 1.7690493950456544e-29, 4.2794768599775335e-46),
        (
            1.0000001,
            3500000000.0,
            1.0070734688919e152,
            2.4726287263332954e135,
        ),
    ];

    #[test]
    fn double_precision_is_within_one_ulp() {
        for (x, y, high, low) in EXACT {
            let error = error_f64(pow_f64(x, y), (high, low));
            assert!(error <= 1.0, "{error} at {x:e}^{y:e}");
        }
    }

    #[test]
    fn special_values_are_those_of_std() {
        let whole = [1.0, 2.0, 3.0, 8_388_607.0, 16_777_215.0, 16_777_217.0];
        let large = [
            2f64.powi(52) + 1.0,
            2f64.powi(53) - 1.0,
            2f64.powi(53),
            2f64.powi(54) + 4.0,
            f64::MAX,
        ];
        let small = [
            0.0,
            0.5,
            1.5,
            0.999,
            1.001,
            1f64.next_down(),
            1f64.next_up(),
            f64::MIN_POSITIVE,
            f64::from_bits(1),
        ];
        let odd = [
            f64::INFINITY,
            f64::NAN,
            f64::from(f32::MAX),
            f64::from(f32::from_bits(1)),
        ];
        let numbers = whole
            .iter()
            .chain(&large)
            .chain(&small)
            .chain(&odd)
            .flat_map(|&x| [x, -x]);
        for x in numbers.clone() {
            for y in numbers.clone() {
                let (found, expected) = (pow_f64(x, y), x.powf(y));
                assert!(
                    steps_f64(found, expected) <= 1,
                    "{x:e}^{y:e}: {found:e} {expected:e}"
                );
                let (x, y) = (x as f32, y as f32);
                let (found, expected) = (pow_f32(x, y), f64::from(x).powf(f64::from(y)));
                assert!(
                    error_f32(found, expected) <= 0.51,
                    "{x:e}^{y:e}: {found:e} {expected:e}"
                );
                assert!(found.is_nan() || found.is_sign_negative() == expected.is_sign_negative());
            }
        }
    }

    #[test]
    fn powers_that_the_type_holds_are_exact() {
        for base in 2..300u64 {
            let powers = (1..64).map_while(|n| Some((n, base.checked_pow(n)?)));
            for (n, power) in powers.take_while(|&(_, power)| power < 1 << 53) {
                let (x, y, power) = (base as f64, f64::from(n), power as f64);
                assert_eq!(pow_f64(x, y), power, "{x}^{y}");
                assert_eq!(pow_f64(x * x, 0.5), x);
                if f64::from(power as f32) == power {
                    assert_eq!(pow_f32(x as f32, y as f32), power as f32, "{x}^{y}");
                }
            }
        }
        for n in -1022..1024 {
            let power = f64::from_bits(((1023 + n) as u64) << 52);
            assert_eq!(pow_f64(2.0, f64::from(n)), power);
            assert_eq!(pow_f32(2.0, n as f32), power as f32);
        }
    }

    #[test]
    fn whole_powers_are_products_in_a_fixed_order() {
        for x in [1.1f64, -3.7, 1e-30] {
            let (two, four) = (x * x, (x * x) * (x * x));
            assert_eq!(powi(x, 5), x * four);
            assert_eq!(powi(x, 7), (x * two) * four);
            assert_eq!(powi(x, -6), 1.0 / (two * four));
        }
        assert_eq!(
            (
                powi(f32::NAN, 0),
                powi(2f32, i32::MIN),
                powi(1f32, i32::MIN)
            ),
            (1.0, 0.0, 1.0)
        );
        assert_eq!(
            (powi(0.0f32, -3), powi(-0.0f32, -3)),
            (f32::INFINITY, f32::NEG_INFINITY)
        );
    }
}
