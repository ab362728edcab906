//! atan2(y, x), from the arc tangent of a quotient between 0 and 1.

use super::poly;

/// Quotients above this are turned by pi/4 (the bound of Cephes `atan`).
const TURNED: f64 = 0.66;
/// pi/2 is `FRAC_PI_2` plus this (value of Cephes `atan`).
const FRAC_PI_2_LO: f64 = 6.123_233_995_736_766e-17;
/// Beyond these, sums of two numbers could overflow, or quotients lose digits.
const HIGH: f64 = 1e300;
const LOW: f64 = 1e-290;
/// 2^60
const UP: f64 = 1_152_921_504_606_846_976.0;

/// The angle of the point `(x, y)`, within 1 ulp.
#[inline(always)]
pub(crate) fn atan2_f32(y: f32, x: f32) -> f32 {
    use std::f64::consts::{FRAC_PI_2, PI};
    let (a, b) = (f64::from(y.abs()), f64::from(x.abs()));
    let is_steep = a > b;
    let (large, small) = (if is_steep { a } else { b }, if is_steep { b } else { a });
    // A quotient of infinities is 1, and one of zeros 0; NaN stays.
    let finite = |side: f64| if side > HIGH { HIGH } else { side };
    let (large, small) = (finite(large), finite(small));
    let large = if large < LOW { LOW } else { large };
    let t = small / large;
    let z = t * t;
    // (atan(t) / t - 1) / t^2 as a function of z in [0, 1], which is within 2^-31 of atan(t) / t:
    // f32 shows no more, and ten coefficients are less work than turning large quotients by pi/4.
    let tail = z
        * poly!(z;
            -0.33333326899564225, 0.19999671123669288, -0.14279833063812272, 0.11058223774294508, -0.08811091762177094,
            0.06741598102390496, -0.04468995619844747, 0.022539879913833015, -0.007317962791404623, 0.0011137900404060124
        );
    let angle = t + t * tail;
    let angle = if is_steep { FRAC_PI_2 - angle } else { angle };
    let angle = if x.is_sign_negative() {
        PI - angle
    } else {
        angle
    };
    angle.copysign(f64::from(y)) as f32
}

/// The angle of the point `(x, y)`, within 2 ulp.
#[inline(always)]
pub(crate) fn atan2_f64(y: f64, x: f64) -> f64 {
    let (a, b) = (y.abs(), x.abs());
    let larger = if a > b { a } else { b };
    let scale = if larger > HIGH { 0.25 } else { 1.0 };
    let scale = if larger < LOW { UP } else { scale };
    angle(y * scale, x * scale)
}

/// `atan(t) / t - 1` as a function of `z = t^2`: z P(z) / Q(z), with the coefficients of Cephes `atan`
#[inline(always)]
fn tail(z: f64) -> f64 {
    let p = poly!(z;
        -64.85021904942025, -122.88666844901361, -75.00855792314705, -16.157537187333652, -0.8750608600031904
    );
    let q = poly!(z;
        194.5506571482614, 485.3903996359137, 432.88106049129027, 165.02700983169885, 24.858464901423062, 1.0
    );
    z * p / q
}

/// The angle, for numbers whose sum does not overflow.
#[inline(always)]
fn angle(y: f64, x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    let (a, b) = (y.abs(), x.abs());
    let is_steep = a > b;
    let (large, small) = (if is_steep { a } else { b }, if is_steep { b } else { a });
    // A quotient of infinities is 1 here, and one of zeros 0; NaN stays.
    let beside_infinity = if small == f64::INFINITY {
        1.0
    } else {
        small * 0.0
    };
    let is_infinite = large == f64::INFINITY;
    let small = if is_infinite { beside_infinity } else { small };
    let large = if is_infinite { 1.0 } else { large };
    let large = if large == 0.0 { 1.0 } else { large };
    // atan(q) = pi/4 + atan((q - 1) / (q + 1))
    let is_turned = small > TURNED * large;
    let numerator = if is_turned { small - large } else { small };
    let denominator = if is_turned { small + large } else { large };
    let t = numerator / denominator;
    let (high, low) = (
        if is_turned { FRAC_PI_4 } else { 0.0 },
        if is_turned { 0.5 * FRAC_PI_2_LO } else { 0.0 },
    );
    let low = low + (t + t * tail(t * t));
    let (high, low) = (
        if is_steep { FRAC_PI_2 - high } else { high },
        if is_steep { FRAC_PI_2_LO - low } else { low },
    );
    let is_left = x.is_sign_negative();
    let (high, low) = (
        if is_left { PI - high } else { high },
        if is_left {
            2.0 * FRAC_PI_2_LO - low
        } else {
            low
        },
    );
    (high + low).copysign(y)
}

#[cfg(test)]
mod tests {
    use super::super::sweep::steps_f64;
    use super::super::ulp::error_f32;
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn angles_are_close_to_std_at_all_exponents() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        for i in 0..200_000 {
            let [y, x] = [(); 2].map(|()| f64::from_bits(rng.random()));
            // Numbers of a size, too.
            let x = if i % 2 == 0 {
                x
            } else {
                y * rng.random_range(-9.0..9.0)
            };
            let (found, expected) = (atan2_f64(y, x), y.atan2(x));
            assert!(
                steps_f64(found, expected) <= 3,
                "{y:e} {x:e}: {found:e} {expected:e}"
            );
            let (y, x) = (y as f32, x as f32);
            let exact = f64::from(y).atan2(f64::from(x));
            assert!(error_f32(atan2_f32(y, x), exact) <= 1.0, "{y:e} {x:e}");
        }
    }

    #[test]
    fn special_values_are_those_of_std() {
        let numbers = [
            0.0,
            1.0,
            f64::MIN_POSITIVE,
            f64::from_bits(1),
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        let numbers = numbers.iter().flat_map(|&x| [x, -x]);
        for y in numbers.clone() {
            for x in numbers.clone() {
                let (found, expected) = (atan2_f64(y, x), y.atan2(x));
                assert!(
                    steps_f64(found, expected) <= 1,
                    "{y:e} {x:e}: {found:e} {expected:e}"
                );
                assert!(found.is_nan() || found.is_sign_negative() == expected.is_sign_negative());
            }
        }
    }
}
