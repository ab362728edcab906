//! Sweeps for the tests: the error of a function over all exponents and signs.

use super::ulp::error_f32;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// The step between bit patterns in an f32 sweep, a prime: about 2,051 numbers of each exponent and
/// sign are tried.
const STRIDE_F32: usize = 4_091;
/// The number of random bit patterns in an f64 sweep: about 100 of each exponent and sign.
const SAMPLES_F64: usize = 400_000;

/// 1, or n if the environment variable `GRADLET_SWEEP_EVERY` says that every nth of these numbers is
/// enough: emulators take a minute for all.
pub(super) fn every() -> usize {
    let Ok(text) = std::env::var("GRADLET_SWEEP_EVERY") else {
        return 1;
    };
    let n = text.parse().ok().filter(|n| (1..=1000).contains(n));
    n.unwrap_or_else(|| panic!("GRADLET_SWEEP_EVERY={text} is not a number from 1 to 1000"))
}

/// Asserts |f(x) - exact(x)| <= `bound` ulp for every `STRIDE_F32`th f32 (fewer if [`every`] says so): all exponents,
/// both signs, subnormals, infinities, NaN.
#[track_caller]
pub(super) fn sweep_f32(f: fn(f32) -> f32, exact: fn(f64) -> f64, bound: f64) {
    let errors = (0..=u32::MAX).step_by(STRIDE_F32 * every()).map(|bits| {
        let x = f32::from_bits(bits);
        (error_f32(f(x), exact(f64::from(x))), x)
    });
    let (worst, x) = errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
    assert!(
        worst <= bound,
        "{worst} ulp at {x:e}: {:e}, exactly {:e}",
        f(x),
        exact(f64::from(x))
    );
}

/// The number of f64 steps from `y` to `reference`; 0 if both are NaN.
pub(super) fn steps_f64(y: f64, reference: f64) -> u64 {
    let ordered = |v: f64| {
        if v.is_sign_negative() {
            -((v.to_bits() << 1 >> 1).cast_signed())
        } else {
            v.to_bits().cast_signed()
        }
    };
    match (y.is_nan(), reference.is_nan()) {
        (true, true) => 0,
        (false, false) => ordered(y).abs_diff(ordered(reference)),
        _ => u64::MAX,
    }
}

/// Asserts that f is within `bound` f64 steps of the reference at random bit patterns: all
/// exponents, both signs.
#[track_caller]
pub(super) fn sweep_f64(f: fn(f64) -> f64, reference: fn(f64) -> f64, bound: u64) {
    let mut rng = Pcg64::seed_from_u64(1);
    for _ in 0..SAMPLES_F64 / every() {
        let x = f64::from_bits(rng.random());
        let steps = steps_f64(f(x), reference(x));
        assert!(
            steps <= bound,
            "{steps} steps at {x:e}: {:e}, reference {:e}",
            f(x),
            reference(x)
        );
    }
}

/// The largest number of steps between f and the reference at random points of [low, high).
pub(super) fn worst_f64(f: fn(f64) -> f64, reference: fn(f64) -> f64, low: f64, high: f64) -> u64 {
    let mut rng = Pcg64::seed_from_u64(2);
    (0..SAMPLES_F64 / every())
        .map(|_| rng.random_range(low..high))
        .map(|x| steps_f64(f(x), reference(x)))
        .max()
        .unwrap_or(0)
}

pub(super) type Function = fn(f64) -> f64;

/// The distance of y from a number in two parts, in spacings of the f64 at the first (the smaller spacing at a power of
/// 2).
pub(super) fn error_f64(y: f64, (high, low): (f64, f64)) -> f64 {
    let spacing = high.abs() - high.abs().next_down();
    ((y - high) - low).abs() / spacing
}

/// Asserts that f(x) is within `bound` ulp of a number in two parts.
#[track_caller]
pub(super) fn check_f64(f: Function, x: f64, exact: (f64, f64), bound: f64) {
    let error = error_f64(f(x), exact);
    assert!(error <= bound, "{error} ulp at {x:e}: {:e}", f(x));
}
