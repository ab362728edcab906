//! Packed Bernoulli bits, 64 elements per word, each exact to the last binary digit of its
//! probability.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::threads;

/// The number of elements that share one generator. A different size would draw different bits from
/// the same key, so it is part of the masks' definition.
pub(crate) const BLOCK: usize = 16_384;
const BLOCK_WORDS: usize = BLOCK / 64;
/// The number of words that are drawn together, also part of the masks' definition. Measured on 2^20
/// elements, p = 0.1: one word 0.36 ms, two 0.30, four 0.25, eight 0.24 (fewer mispredicted stops
/// against more digits until the last lane is decided).
const GROUP: usize = 4;
/// The number of blocks from which threads are faster, twice the blocks of a part: 8 take 2
/// microseconds at p = 0.5 and 32 at most other probabilities.
const PARALLEL_BLOCKS: usize = 8;

/// The name of one draw: the same key and probability give the same bits on every machine and any
/// number of threads.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{DrawKey, Mask};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (first, second) = (DrawKey { seed: 1, call: 0 }, DrawKey { seed: 1, call: 1 });
/// assert_eq!(Mask::draw(1000, 0.5, first)?, Mask::draw(1000, 0.5, first)?);
/// assert_ne!(Mask::draw(1000, 0.5, first)?, Mask::draw(1000, 0.5, second)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawKey {
    /// The layer's own random number. It has 64 bits: the odds that any two of a million layers
    /// share one are 1 in 37 million.
    pub seed: u64,
    /// The number of draws that the layer made before.
    pub call: u64,
}

impl DrawKey {
    /// A generator for this draw, for random numbers that are not masks; the same on every machine.
    pub fn rng(self) -> impl Rng {
        // No mask has that many blocks.
        self.generator(u64::MAX)
    }

    /// The generator of one block: the fastest 64-bit member of `rand_pcg` (2^20 bits at p = 0.5 in
    /// 0.024 ms, `Pcg64` in 0.028, `Pcg64Dxsm` in 0.036). PCG's weakness, related streams, needs
    /// related states, and the hash leaves none.
    fn generator(self, block: u64) -> Pcg64Mcg {
        let low = self.hash(0, block).to_le_bytes();
        let high = self.hash(1, block).to_le_bytes();
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&low);
        seed[8..].copy_from_slice(&high);
        Pcg64Mcg::from_seed(seed)
    }

    /// One of two independent 64-bit hashes: in 128 bits, two (seed, call, block) do not collide by
    /// chance.
    fn hash(self, lane: u64, block: u64) -> u64 {
        [self.seed, self.call, block]
            .iter()
            .fold(mix(lane), |hash, part| mix(hash ^ part))
    }
}

/// One step of `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014; constants of its reference implementation by Vigna): a bijection in which
/// every input bit reaches every output bit.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The binary digits of a probability in (0, 1): `mantissa` / 2^`count`, with an odd mantissa.
#[derive(Clone, Copy)]
struct Digits {
    mantissa: u64,
    count: u32,
}

impl Digits {
    fn of(probability: f64) -> Self {
        let bits = probability.to_bits();
        let exponent = (bits >> 52) as u32;
        let fraction = bits & ((1 << 52) - 1);
        // IEEE 754: (2^52 + fraction) / 2^(1075 - exponent), a subnormal number fraction / 2^1074.
        let (mantissa, shift) = if exponent == 0 {
            (fraction, 1_074)
        } else {
            (fraction | 1 << 52, 1_075 - exponent)
        };
        let zeros = mantissa.trailing_zeros();
        Self {
            mantissa: mantissa >> zeros,
            count: shift - zeros,
        }
    }

    /// All ones if digit `k`, counted from 1 after the point, is 1, else all zeros.
    fn mask(self, k: u32) -> u64 {
        let digit = self.mantissa.checked_shr(self.count - k).unwrap_or(0) & 1;
        0u64.wrapping_sub(digit)
    }
}

/// Fills `words` with `len` bits, least significant first: 1 where the element is kept, 0 after the
/// first `len`.
///
/// Each bit is 0 with exactly `drop_probability`, to its last binary digit; 0 and 1 draw nothing. A
/// shorter `len` gives a prefix of the same bits.
///
/// # Panics
/// If `words` does not have exactly the words for `len` bits, or the probability is outside [0, 1].
pub(crate) fn fill_kept(words: &mut [u64], len: usize, drop_probability: f64, key: DrawKey) {
    assert_eq!(
        words.len(),
        len.div_ceil(64),
        "one word for every 64 elements"
    );
    assert!(
        (0.0..=1.0).contains(&drop_probability),
        "probability {drop_probability} is outside [0, 1]"
    );
    if drop_probability <= 0.0 {
        words.fill(u64::MAX);
    } else if drop_probability >= 1.0 {
        words.fill(0);
    } else {
        let digits = Digits::of(drop_probability);
        let fill = |first: usize, words: &mut [u64]| {
            for (i, words) in words.chunks_mut(BLOCK_WORDS).enumerate() {
                let block = first / BLOCK_WORDS + i;
                fill_block(words, digits, &mut key.generator(block as u64));
            }
        };
        if len >= PARALLEL_BLOCKS * BLOCK {
            let size = PARALLEL_BLOCKS / 2 * BLOCK_WORDS;
            threads::for_chunks([&mut *words], size, |first, [words]| fill(first, words));
        } else {
            fill(0, words);
        }
    }
    if let (Some(last), tail @ 1..) = (words.last_mut(), len % 64) {
        *last &= (1 << tail) - 1;
    }
}

fn fill_block(words: &mut [u64], digits: Digits, rng: &mut impl Rng) {
    let (groups, rest) = words.as_chunks_mut::<GROUP>();
    for group in groups {
        *group = draw(digits, rng);
    }
    if !rest.is_empty() {
        // A whole group is drawn even if fewer words are left, so that their bits do not depend on
        // the length.
        rest.copy_from_slice(&draw(digits, rng)[..rest.len()]);
    }
}

/// Compares 64 `GROUP` uniform numbers u in [0, 1) with the probability p, digit by digit: u < p
/// drops, u >= p keeps.
///
/// One random word holds the same digit of 64 numbers. A lane is decided by the first digit that
/// differs from p's. Lanes equal to p up to its last digit are u >= p, as further digits only add.
#[inline]
fn draw(digits: Digits, rng: &mut impl Rng) -> [u64; GROUP] {
    let mut undecided = [u64::MAX; GROUP];
    let mut dropped = [0; GROUP];
    for k in 1..=digits.count {
        let digit = digits.mask(k);
        let mut any = 0;
        for (undecided, dropped) in undecided.iter_mut().zip(&mut dropped) {
            let random = rng.next_u64();
            *dropped |= *undecided & digit & !random;
            *undecided &= !(random ^ digit);
            any |= *undecided;
        }
        if any == 0 {
            break;
        }
    }
    dropped.map(|dropped| !dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::TryRng;
    use std::convert::Infallible;

    const KEY: DrawKey = DrawKey { seed: 42, call: 7 };

    fn kept(len: usize, p: f64, key: DrawKey) -> Vec<u64> {
        let mut words = vec![0x5555; len.div_ceil(64)];
        fill_kept(&mut words, len, p, key);
        words
    }

    fn ones(words: &[u64]) -> u64 {
        words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// A generator that returns the words of a list, then panics.
    struct Script(std::vec::IntoIter<u64>);

    impl TryRng for Script {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("the sampler draws whole words")
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(self.0.next().expect("a word of the script"))
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
            unreachable!("the sampler draws whole words")
        }
    }

    /// The words computed one lane at a time, with p's digits by doubling: bit `lane` of word `word` of
    /// each row is a lane's next digit.
    fn naive(p: f64, words: usize, rng: &mut impl Rng) -> Vec<u64> {
        let mut kept = Vec::new();
        while kept.len() < words {
            let mut rest = p;
            let mut decisions = [[None; 64]; GROUP];
            while rest > 0.0 && decisions.iter().flatten().any(Option::is_none) {
                let row: [u64; GROUP] = std::array::from_fn(|_| rng.next_u64());
                rest *= 2.0;
                let digit = rest >= 1.0;
                rest -= f64::from(u8::from(digit));
                for (word, lane) in
                    (0..GROUP).flat_map(|word| (0..64).map(move |lane| (word, lane)))
                {
                    let random = row[word] >> lane & 1 == 1;
                    if decisions[word][lane].is_none() && random != digit {
                        decisions[word][lane] = Some(random);
                    }
                }
            }
            kept.extend(decisions.map(|lanes| {
                (0..64).fold(0, |bits, i| bits | u64::from(lanes[i].unwrap_or(true)) << i)
            }));
        }
        kept.truncate(words);
        kept
    }

    proptest! {
        #[test]
        fn bits_equal_a_comparison_lane_by_lane(
            seed: u64,
            p in prop_oneof![0.0..1.0f64, (1i32..1075).prop_map(|k| 0.5f64.powi(k))],
        ) {
            prop_assume!(p > 0.0);
            let key = DrawKey { seed, call: seed ^ 1 };
            prop_assert_eq!(kept(64 * 9, p, key), naive(p, 9, &mut key.generator(0)));
        }

        #[test]
        fn a_shorter_draw_is_a_prefix(len in 1..3 * BLOCK, p in 0.0..=1.0f64) {
            let (long, short) = (kept(3 * BLOCK, p, KEY), kept(len, p, KEY));
            let whole = len / 64;
            prop_assert_eq!(&long[..whole], &short[..whole]);
            if len % 64 > 0 {
                prop_assert_eq!(long[whole] & ((1 << (len % 64)) - 1), short[whole]);
            }
        }
    }

    #[test]
    fn golden_bits_of_one_key() {
        // Computed without this code, with big integers and fractions, from the constants of PCG
        // and SplitMix64.
        assert_eq!(
            kept(128, 0.5, KEY),
            [0xe254_1b57_582c_9e0c, 0x994b_569d_d3a7_0db5]
        );
        assert_eq!(
            kept(BLOCK + 64, 0.1, KEY)[BLOCK / 64 - 1..],
            [0xbff7_fcff_ffb7_ffdf, 0xe7bf_f3f7_5fff_bfff]
        );
    }

    #[test]
    fn other_numbers_of_a_key_are_not_its_masks_bits() {
        // At p = 0.5 the words of a mask are the words of its generator.
        let masks = kept(64 * 1000, 0.5, KEY);
        let mut rng = KEY.rng();
        assert!((0..1000).all(|_| !masks.contains(&rng.next_u64())));
        assert_eq!(KEY.rng().next_u64(), KEY.rng().next_u64());
    }

    #[test]
    fn the_last_binary_digit_decides() {
        for p in [0.1f64, 1e-6, 0.999_999, 5e-324] {
            let digits = Digits::of(p);
            // Every lane equals p up to its last digit; there, half of the lanes have a 0 (u < p)
            // and half a 1 (u = p).
            let mut script: Vec<u64> = (1..digits.count)
                .flat_map(|k| [digits.mask(k); GROUP])
                .collect();
            script.extend([0xffff_ffff_0000_0000; GROUP]);
            let mut rng = Script(script.into_iter());
            assert_eq!(
                draw(digits, &mut rng),
                [0xffff_ffff_0000_0000; GROUP],
                "p = {p}"
            );
            assert_eq!(rng.0.len(), 0, "p = {p}");
        }
        assert_eq!([1e-6, 5e-324].map(|p| Digits::of(p).count), [72, 1_074]);
    }

    #[test]
    fn one_half_costs_one_word_in_64_elements() {
        let mut rng = Script(vec![1, 2, 3, 4].into_iter());
        assert_eq!(draw(Digits::of(0.5), &mut rng), [1, 2, 3, 4]);
        assert_eq!(rng.0.len(), 0);
    }

    /// The bounds are such that an exact binomial count is outside with odds of 1e-9 on each side
    /// (60-digit arithmetic).
    #[test]
    fn kept_counts_are_binomial() {
        let len = 1 << 20;
        assert!((521_217..=527_359).contains(&ones(&kept(len, 0.5, KEY))));
        assert!((103_020..=106_705).contains(&(len as u64 - ones(&kept(len, 0.1, KEY)))));
        assert!((103_020..=106_705).contains(&ones(&kept(len, 0.9, KEY))));
        let len = 1 << 25;
        assert!((5..=74).contains(&(len as u64 - ones(&kept(len, 1e-6, KEY)))));
        assert!((5..=74).contains(&ones(&kept(len, 1.0 - 1e-6, KEY))));
    }

    #[test]
    fn zero_and_one_are_exact() {
        assert_eq!(kept(130, 0.0, KEY), [u64::MAX, u64::MAX, 3]);
        assert_eq!(kept(130, -0.0, KEY), [u64::MAX, u64::MAX, 3]);
        assert_eq!(kept(130, 1.0, KEY), [0, 0, 0]);
        assert_eq!(kept(0, 0.5, KEY), []);
    }

    #[test]
    fn bits_beyond_the_length_are_zero() {
        for len in 1..200 {
            let words = kept(len, 0.01, KEY);
            assert!(len % 64 == 0 || words[len / 64] >> (len % 64) == 0, "{len}");
        }
    }

    #[test]
    fn every_part_of_the_key_changes_every_block() {
        let drawn = |seed, call| kept(2 * BLOCK, 0.5, DrawKey { seed, call });
        let masks = [
            drawn(0, 0),
            drawn(0, 1),
            drawn(1, 0),
            drawn(1, 1),
            drawn(1 << 63, 0),
            drawn(0, 1 << 63),
        ];
        let blocks: Vec<&[u64]> = masks
            .iter()
            .flat_map(|words| words.chunks(BLOCK_WORDS))
            .collect();
        for (i, a) in blocks.iter().enumerate() {
            for b in &blocks[..i] {
                // Unrelated bits agree in half of the cases; the bounds are 6 standard deviations (of 64).
                let agree: u32 = a.iter().zip(*b).map(|(a, b)| (!(a ^ b)).count_ones()).sum();
                assert!((8_192 - 384..=8_192 + 384).contains(&agree), "{agree}");
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let len = 40 * BLOCK + 100;
        let on = |count| threads::with(count, || kept(len, 0.3, KEY));
        let (one, two) = (on(1), on(2));
        assert!(one == two && one == on(5));
        assert_eq!(
            one[BLOCK_WORDS..BLOCK_WORDS + 9],
            naive(0.3, 9, &mut KEY.generator(1))
        );
    }
}
