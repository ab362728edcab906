//! Slow and exact versions of erf, gelu and its slope, for the tests.

use std::f64::consts::FRAC_2_SQRT_PI;

/// 2 / sqrt(pi), and in the next line sqrt(2 / pi), in two parts (60-digit arithmetic).
const TWO_OVER_SQRT_PI: Pair = (FRAC_2_SQRT_PI, 1.533_545_961_316_588e-17);
const SQRT_2_OVER_PI: Pair = (0.797_884_560_802_865_4, -4.984_654_404_555_46e-17);
const SQRT_2_PI: f64 = 2.506_628_274_631_000_5;

/// The error function: by Taylor's series below 3, and by the continued fraction of erfc beyond,
/// where erfc is a small correction to 1.
pub(super) fn erf(x: f64) -> f64 {
    let a = x.abs();
    let y = if a < 3.0 {
        let factor = multiply(TWO_OVER_SQRT_PI, (a, 0.0));
        multiply(series(two_product(a, a)), factor).0
    } else {
        let root = 2f64.sqrt();
        1.0 - 2.0 * bell(a * root, mills(a * root))
    };
    if a.is_nan() { a } else { y.copysign(x) }
}

/// Phi(x), the probability that a standard normal number is below x, with all digits even if small.
fn phi(x: f64) -> f64 {
    let a = x.abs();
    if a < 4.0 {
        let square = two_product(a, a);
        let twice = multiply(
            series((0.5 * square.0, 0.5 * square.1)),
            multiply(SQRT_2_OVER_PI, (x, 0.0)),
        );
        return 0.5 * add((1.0, 0.0), twice).0;
    }
    let tail = bell(a, mills(a));
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// x Phi(x); -inf times 0 is NaN.
pub(super) fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x < -4.0 {
        let a = x.abs().min(FAR);
        return -bell(a, a * mills(a));
    }
    x * phi(x)
}

/// Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi), and the larger of the two terms, relative to which it is exact.
pub(super) fn gelu_slope(x: f64) -> (f64, f64) {
    let (first, second) = (phi(x), bell(x, x.clamp(-FAR, FAR)));
    (first + second, first.max(second.abs()))
}

/// Far enough for e^(-x^2 / 2) to be 0; the square of the largest x would be infinite.
const FAR: f64 = 1e10;

/// `factor` e^(-x^2 / 2) / sqrt(2 pi), with x^2 in two parts, and the exponential too: it may be
/// subnormal where the product is not.
fn bell(x: f64, factor: f64) -> f64 {
    let a = if x.abs() > FAR { FAR } else { x.abs() };
    let (high, low) = two_product(a, a);
    let half = (-0.25 * high).exp();
    factor / SQRT_2_PI * half * (1.0 - 0.5 * low) * half
}

/// Phi(-a) / (e^(-a^2 / 2) / sqrt(2 pi)) by its continued fraction (Abramowitz and Stegun 26.2.14).
fn mills(a: f64) -> f64 {
    let fraction = (1..400).rev().fold(a, |tail, k| a + f64::from(k) / tail);
    1.0 / fraction
}

/// Less than the last double-double digit of the sum, which is above 0.1.
const LOST: f64 = 1e-34;

/// sum (-1)^k square^k / (k! (2k + 1)) (Abramowitz and Stegun 7.1.5), in double-double so that the
/// alternation costs no digits.
fn series(square: Pair) -> Pair {
    let mut term = (1.0, 0.0);
    let mut sum = (1.0, 0.0);
    for k in 1..120 {
        term = divide(multiply(term, square), -f64::from(k));
        if term.0.abs() < LOST {
            break;
        }
        sum = add(sum, divide(term, f64::from(2 * k + 1)));
    }
    sum
}

type Pair = (f64, f64);

fn two_product(x: f64, y: f64) -> Pair {
    let high = x * y;
    (high, x.mul_add(y, -high))
}

fn add(x: Pair, y: Pair) -> Pair {
    let high = x.0 + y.0;
    let part = high - x.0;
    let low = (x.0 - (high - part)) + (y.0 - part) + x.1 + y.1;
    (high + low, low - ((high + low) - high))
}

fn multiply(x: Pair, y: Pair) -> Pair {
    let (high, low) = two_product(x.0, y.0);
    add((high, low + x.0 * y.1 + x.1 * y.0), (0.0, 0.0))
}

fn divide(x: Pair, y: f64) -> Pair {
    let high = x.0 / y;
    add((high, ((-high).mul_add(y, x.0) + x.1) / y), (0.0, 0.0))
}
