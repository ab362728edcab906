//! Multiply-adds of arrays with one rounding, also on processors that have no instruction for it.

use num_traits::Float;

/// Numbers with a multiply-add in software.
pub(super) trait MulAdd: Float {
    /// `self * x + y`, rounded once, without the instruction.
    fn by_steps(self, x: Self, y: Self) -> Self;
}

impl MulAdd for f32 {
    #[inline(always)]
    fn by_steps(self, x: f32, y: f32) -> f32 {
        through_f64(self, x, y)
    }
}

/// The standard library promises one rounding, at the price of a call.
impl MulAdd for f64 {
    #[inline(always)]
    fn by_steps(self, x: f64, y: f64) -> f64 {
        self.mul_add(x, y)
    }
}

/// `x[i] * y[i] + z[i]`, each rounded once.
#[inline(always)]
pub(super) fn mul_add<T: MulAdd, const N: usize>(x: [T; N], y: [T; N], z: [T; N]) -> [T; N] {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        std::array::from_fn(|i| x[i].mul_add(y[i], z[i]))
    } else {
        by_steps(&x, &y, &z)
    }
}

/// The same without the instruction: once in a program, not in each tile of each product, where it would take 50 KB.
#[inline(never)]
fn by_steps<T: MulAdd, const N: usize>(x: &[T; N], y: &[T; N], z: &[T; N]) -> [T; N] {
    std::array::from_fn(|i| x[i].by_steps(y[i], z[i]))
}

/// `x * y + z`, rounded once.
///
/// In f64 the product is exact, since it has at most 48 bits, and the sum is rounded. Rounding it again, to f32, goes
/// wrong only where the first rounding arrives in the middle between two numbers of f32.
#[inline(always)]
fn through_f64(x: f32, y: f32, z: f32) -> f32 {
    /// The bits of an f64 that an f32 in the normal range does not have, and those of a middle.
    const BEYOND: u64 = (1 << 29) - 1;
    const MIDDLE: u64 = 1 << 28;
    const NORMAL: u64 = (f32::MIN_POSITIVE as f64).to_bits();
    let (product, z) = (f64::from(x) * f64::from(y), f64::from(z));
    let sum = product + z;
    // 0, which is exact, wraps.
    let is_subnormal = sum.abs().to_bits().wrapping_sub(1) < NORMAL - 1;
    if sum.to_bits() & BEYOND == MIDDLE || is_subnormal {
        return to_odd(product, z) as f32;
    }
    sum as f32
}

/// `product + z`, rounded to odd: a sum that is not exact becomes that one of its two neighbours whose last bit is 1,
/// which no middle between numbers of f32 is. A second rounding, to f32, is right then, since f64 has more than two bits
/// beyond it.
///
/// # Source
///
/// S. Boldo, G. Melquiond, "Emulation of FMA and Correctly Rounded Sums: Proved Algorithms Using Rounding to Odd", 2008;
/// the error of the sum is that of D. Knuth's two-sum.
#[inline]
fn to_odd(product: f64, z: f64) -> f64 {
    let sum = product + z;
    let part = sum - product;
    let lost = (product - (sum - part)) + (z - part);
    let bits = sum.to_bits();
    if lost == 0.0 || bits & 1 == 1 {
        return sum;
    }
    // One step towards the exact sum: away from 0 where what was lost has the sign of the sum.
    let step = if lost.is_sign_positive() == sum.is_sign_positive() {
        1
    } else {
        -1
    };
    f64::from_bits(bits.wrapping_add_signed(step))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Compares with the standard library's, which rounds once: by the instruction where the processor has it.
    #[track_caller]
    fn check([x, y, z]: [f32; 3]) {
        let (found, expected) = (through_f64(x, y, z), x.mul_add(y, z));
        let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
        assert!(
            same,
            "{x:e} * {y:e} + {z:e}: {found:e}, exactly {expected:e}"
        );
    }

    #[test]
    fn sums_next_to_the_middle_of_two_numbers_round_once() {
        // 1 + 2^-12 and neighbours: squares are near 1 + 2^-11 + 2^-24, and small z decide between two numbers.
        let near = |x: f32, steps: i32| f32::from_bits(x.to_bits().wrapping_add_signed(steps));
        let mut differs = 0;
        for (i, j) in (-40..40).flat_map(|i| (-40..40).map(move |j| (i, j))) {
            for (power, sign) in (20..150).flat_map(|power| [(power, 1.0), (power, -1.0)]) {
                let small = sign * 2f64.powi(-power) as f32;
                let [x, y] = [near(1.0 + 1.0 / 4096.0, i), near(1.0 + 1.0 / 4096.0, j)];
                check([x, y, small]);
                check([small, 0.75, x]);
                // Rounded twice, through f64 alone, it is a different number now and then.
                let twice = (f64::from(x) * f64::from(y) + f64::from(small)) as f32;
                differs += u32::from(twice != through_f64(x, y, small));
            }
        }
        assert!(differs > 0, "no hard case among them");
    }

    #[test]
    fn sums_of_any_size_round_once() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        for _ in 0..300_000 {
            let [x, y, z]: [u32; 3] = rng.random();
            let [x, y, z] = [x, y, z].map(f32::from_bits);
            check([x, y, z]);
            // Terms of like size, which cancel or leave a few bits, and one that is a little larger or smaller.
            let product = x * y;
            let scale = f32::from_bits(rng.random_range(100..150) << 23);
            for z in [
                -product,
                product.next_up(),
                -product.next_down(),
                product * scale,
            ] {
                check([x, y, z]);
            }
        }
    }

    #[test]
    fn subnormal_sums_round_once() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(2);
        for _ in 0..300_000 {
            // Products of all sizes around the smallest numbers.
            let mut number = |low: u32, high: u32| {
                let bits = rng.random_range(low..high) << 23 | rng.random_range(0..1u32 << 23);
                f32::from_bits(bits | rng.random_range(0..2u32) << 31)
            };
            let (x, y, z) = (number(30, 70), number(30, 70), number(0, 3));
            check([x, y, z]);
            check([x, y, f32::from_bits(z.to_bits() & 7)]);
        }
        // Half of the smallest number times 1 - 2^-46, which f64 rounds to a half where it is added to more than 2^-142:
        // it does not change the sum, and a half itself goes to the even neighbour. By hand, since the standard library
        // without the instruction (Rust 1.95) rounds these twice.
        let half = 2f32.powi(-75);
        let [less, more] = [half - half / 8_388_608.0, half + half / 8_388_608.0];
        for odd in (1 << 8 | 1..1 << 23).step_by(9_998) {
            for sign in [1.0, -1.0] {
                let z = sign * f32::from_bits(odd);
                let found = [(less, more), (half, half), (half, -half)]
                    .map(|(x, y)| through_f64(sign * x, y, z).to_bits());
                let expected =
                    [odd, odd + 1, odd - 1].map(|n| (sign * f32::from_bits(n)).to_bits());
                assert_eq!(found, expected, "{z:e}");
                assert_eq!(through_f64(-sign * less, more, z), z);
            }
        }
    }

    #[test]
    fn subnormal_sums_of_f64_round_once() {
        let (half, near) = (2f64.powi(-538), 1.0 - f64::EPSILON);
        for odd in (257..1 << 52).step_by(1 << 40 | 2) {
            let z = f64::from_bits(odd);
            let found = [near, 1.0, -1.0].map(|x| (half * x).by_steps(2.0 * half, z).to_bits());
            assert_eq!(found, [odd, odd + 1, odd - 1]);
        }
    }

    #[test]
    fn special_sums_are_those_of_the_instruction() {
        let tiny = f32::from_bits(1);
        let numbers = [
            0.0,
            1.0,
            tiny,
            f32::MIN_POSITIVE,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ];
        let numbers: Vec<f32> = numbers.iter().flat_map(|&x| [x, -x]).collect();
        for &x in &numbers {
            for &y in &numbers {
                numbers.iter().for_each(|&z| check([x, y, z]));
            }
        }
    }
}
