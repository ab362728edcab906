//! Reproducible input data.

/// `n` uniform numbers in [-1, 1), from a 64-bit xorshift.
pub fn uniform(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// `n` class indices below `classes`.
pub fn classes(seed: u64, n: usize, classes: usize) -> Vec<u32> {
    let index = |v: &f32| ((v + 1.0) * 0.5 * classes as f32) as u32;
    let last = classes as u32 - 1;
    uniform(seed, n)
        .iter()
        .map(|v| index(v).min(last))
        .collect()
}
