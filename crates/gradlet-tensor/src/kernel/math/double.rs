//! Sums and products of f64 as pairs: a rounded number, and the small number that rounding took from it.

/// The lower 27 bits of a number.
const LOW: u64 = 0x7ff_ffff;

/// a + b as a pair, exactly (Knuth's two-sum).
#[inline(always)]
pub(super) fn sum(a: f64, b: f64) -> (f64, f64) {
    let high = a + b;
    let part = high - a;
    (high, (a - (high - part)) + (b - part))
}

/// a + b as a pair, exactly, if a is 0 or |a| >= |b| (Dekker's two-sum).
#[inline(always)]
pub(super) fn ordered_sum(a: f64, b: f64) -> (f64, f64) {
    let high = a + b;
    (high, b - (high - a))
}

/// a b as a pair, within 2^-105 of it (Dekker's product, with halves that are cut off rather than rounded, so that no
/// step overflows). A `mul_add` would be a call on processors without one.
#[inline(always)]
pub(super) fn product(a: f64, b: f64) -> (f64, f64) {
    let high = a * b;
    let (a, b) = (halves(a), halves(b));
    let low = ((a.0 * b.0 - high) + a.0 * b.1) + a.1 * b.0 + a.1 * b.1;
    (high, low)
}

/// The upper 26 bits of a number, and the other 27.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let high = f64::from_bits(x.to_bits() & !LOW);
    (high, x - high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn pairs_hold_the_lost_digits() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        for _ in 0..100_000 {
            let [a, b] = [(); 2].map(|()| rng.random_range(-1.0..1.0f64) * 1e3);
            let (high, low) = product(a, b);
            let exact = a.mul_add(b, -high);
            assert_eq!(high, a * b);
            assert!((low - exact).abs() <= 1e-31 * high.abs(), "{a:e} {b:e}");
            let (high, low) = sum(a, b * 1e-9);
            assert_eq!((high, low), ordered_sum(a, b * 1e-9), "{a:e} {b:e}");
            let (high, low) = sum(b * 1e-9, a);
            assert_eq!((high, low), ordered_sum(a, b * 1e-9), "{a:e} {b:e}");
        }
        assert_eq!(sum(1.0, 1e-30), (1.0, 1e-30));
        assert_eq!(product(0.0, 1e300), (0.0, 0.0));
    }
}
