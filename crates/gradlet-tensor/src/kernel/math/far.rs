//! The angle in its quadrant, of numbers so large that all digits of n pi/2 matter (M. Payne, R. Hanek, "Radian Reduction
//! for Trigonometric Functions", 1983).

use super::double::{ordered_sum, product};
use std::f64::consts::FRAC_PI_2;

/// pi/2 is `FRAC_PI_2` plus this (60-digit arithmetic).
const FRAC_PI_2_LO: f64 = 6.123_233_995_736_766e-17;

/// 64 zeros, and the first 1,216 binary digits of 2/pi after the point.
const DIGITS: [u64; 20] = [
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
];

/// (n, r, s) with |x| >= 1 and x = n pi/2 + r + s, |r| <= pi/4, where only the low two bits of n are right, and r + s
/// is within 2^-60 of its value, relatively. r is NaN if x is NaN or infinite.
#[cold]
#[inline]
pub(super) fn angle(x: f64) -> (u64, f64, f64) {
    if !x.is_finite() {
        return (0, f64::NAN, f64::NAN);
    }
    // |x| = whole 2^e. Digits of 2/pi whose product with 2^e is a multiple of 4 make whole turns: `first` is the place of
    // the next one.
    let bits = x.to_bits();
    let whole = (bits & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000;
    let first = ((bits >> 52) & 0x7ff) as usize - (1075 - 62);
    // 192 digits from there on.
    let (start, shift) = (first / 64, first % 64);
    let word = |i: usize| {
        let both = (u128::from(DIGITS[start + i]) << 64) | u128::from(DIGITS[start + i + 1]);
        (both >> (64 - shift)) as u64
    };
    // whole * digits / 2^192 modulo 1, as a fraction of 2^128: |x| / (2 pi) without its whole part.
    let turns = ((u128::from(whole) * u128::from(word(2))) >> 64)
        .wrapping_add(u128::from(whole) * u128::from(word(1)))
        .wrapping_add(u128::from(whole.wrapping_mul(word(0))) << 64);
    let n = turns.wrapping_add(1 << 125) >> 126;
    let rest = turns.wrapping_sub(n << 126).cast_signed();
    let (r, s) = quarters(rest.unsigned_abs());
    let (n, is_negative) = (n as u64, (rest < 0) != (x < 0.0));
    let sign = if is_negative { -1.0 } else { 1.0 };
    let n = if x < 0.0 { n.wrapping_neg() } else { n };
    (n, r * sign, s * sign)
}

/// size / 2^126 quarter turns, in radians.
#[inline]
fn quarters(size: u128) -> (f64, f64) {
    let zeros = size.leading_zeros().min(127);
    let digits = size << zeros;
    // Two numbers of 53 bits, which are exact.
    let [high, low] = [75, 22].map(|place| ((digits >> place) as u64 & ((1 << 53) - 1)) as f64);
    // 2^(75 - 126 - zeros), which is a normal number.
    let unit = f64::from_bits(u64::from(1023 + 75 - 126 - zeros) << 52);
    let (high, low) = (high * unit, low * unit / 9_007_199_254_740_992.0);
    let (r, s) = product(high, FRAC_PI_2);
    ordered_sum(r, s + (high * FRAC_PI_2_LO + low * FRAC_PI_2))
}
