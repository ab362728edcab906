//! Random bits for dropout, from xorshift generators.

use crate::lanes::{LANES, Lanes};

/// Numbers drawn at a time where each element needs one of its own.
const NUMBERS: usize = 16;

#[derive(Clone)]
pub struct Random {
    bits: u64,
    numbers: [u32; NUMBERS],
}

impl Random {
    pub fn new(seed: u64) -> Self {
        let start = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let number = |i: usize| (start.wrapping_mul(2 * i as u64 + 3) >> 32) as u32 | 1;
        let mut random = Self {
            bits: start,
            numbers: std::array::from_fn(number),
        };
        (0..16).for_each(|_| {
            random.bits();
            random.numbers();
        });
        random
    }

    #[inline(always)]
    fn bits(&mut self) -> u64 {
        self.bits ^= self.bits << 13;
        self.bits ^= self.bits >> 7;
        self.bits ^= self.bits << 17;
        self.bits
    }

    #[inline(always)]
    fn numbers(&mut self) -> [u32; NUMBERS] {
        for x in &mut self.numbers {
            *x ^= *x << 13;
            *x ^= *x >> 17;
            *x ^= *x << 5;
        }
        self.numbers
    }

    /// y = dropout(relu(y + bias)) with p = 0.5, for rows of the bias' length, a multiple of 64 or the half of it.
    #[inline(always)]
    pub fn bias_relu_halve(&mut self, y: &mut [f32], bias: &[f32]) {
        let (zero, two) = (Lanes::splat(0.0), Lanes::splat(2.0));
        for row in y.chunks_exact_mut(bias.len()) {
            for (row, bias) in row.chunks_mut(64).zip(bias.chunks(64)) {
                let mut bits = self.bits();
                for (y, bias) in row.chunks_exact_mut(LANES).zip(bias.chunks_exact(LANES)) {
                    // 2 y + 2 bias, since what is kept is doubled.
                    let doubled = Lanes::load(y).mul_add(two, Lanes::load(bias).mul_add(two, zero));
                    doubled.max(zero).where_set(bits).store(y);
                    bits >>= LANES;
                }
            }
        }
    }

    /// y = dropout(x) with any p; the length is a multiple of 16.
    pub fn dropout(&mut self, p: f32, x: &[f32], y: &mut [f32]) {
        let (limit, scale) = ((f64::from(p) * 2f64.powi(32)) as u32, 1.0 / (1.0 - p));
        for (x, y) in x.chunks_exact(NUMBERS).zip(y.chunks_exact_mut(NUMBERS)) {
            let numbers = self.numbers();
            for i in 0..NUMBERS {
                y[i] = if numbers[i] >= limit {
                    x[i] * scale
                } else {
                    0.0
                };
            }
        }
    }
}

/// g = 2 g where dropout(relu(..)) was not 0, else 0: the gradient of `bias_relu_halve`.
#[inline(always)]
pub fn halve_backward(g: &mut [f32], y: &[f32]) {
    for (g, y) in g.iter_mut().zip(y) {
        *g = if *y > 0.0 { *g * 2.0 } else { 0.0 };
    }
}
