//! [`Pcg64`]: the generator that examples, tests and most programs use.

use std::convert::Infallible;
use std::fmt;

use rand::rand_core::utils;
use rand::{SeedableRng, TryRng};

/// The factor of the sequence of states.
const MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;

/// The generator PCG XSL RR 128/64, with the same numbers on every platform.
///
/// ```text
/// state = state * multiplier + increment                      modulo 2^128
/// number = rotate_right(high(state) xor low(state), state >> 122)
/// ```
///
/// It draws the numbers of `rand_pcg::Pcg64`. Beyond that, [`words`](Pcg64::words) says where it is, so that a program
/// can go on in a different process.
///
/// # Example
///
/// ```
/// use gradlet_tensor::{Pcg64, Tensor, rng};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut first = rng(1);
/// Tensor::<f32>::normal(3, 0.0, 1.0, &mut first)?;
/// let mut second = Pcg64::from_words(first.words());
/// assert_eq!(Tensor::<f32>::normal(3, 0.0, 1.0, &mut first)?, Tensor::normal(3, 0.0, 1.0, &mut second)?);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
/// Generation", 2014.
#[derive(Clone, PartialEq, Eq)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
}

impl Pcg64 {
    /// Where the generator is: the low and the high half of its state, and those of its increment.
    pub fn words(&self) -> [u64; 4] {
        let [state, increment] = [self.state, self.increment];
        [state, state >> 64, increment, increment >> 64].map(|half| half as u64)
    }

    /// A generator that goes on from there. An even increment, which no generator has, counts as the odd one above it.
    pub fn from_words(words: [u64; 4]) -> Self {
        let [state, increment] = Self::joined(words);
        let increment = increment | 1;
        Self { state, increment }
    }

    fn joined([a, b, c, d]: [u64; 4]) -> [u128; 2] {
        [(a, b), (c, d)].map(|(low, high)| u128::from(low) | u128::from(high) << 64)
    }

    #[inline]
    fn step(&mut self) {
        let next = self.state.wrapping_mul(MULTIPLIER);
        self.state = next.wrapping_add(self.increment);
    }
}

impl SeedableRng for Pcg64 {
    type Seed = [u8; 32];

    fn from_seed(seed: Self::Seed) -> Self {
        let mut pcg = Self::from_words(utils::read_words(&seed));
        pcg.state = pcg.state.wrapping_add(pcg.increment);
        pcg.step();
        pcg
    }
}

impl TryRng for Pcg64 {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| number as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.step();
        let halves = (self.state >> 64) as u64 ^ self.state as u64;
        Ok(halves.rotate_right((self.state >> 122) as u32))
    }

    #[inline]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(bytes, || self.try_next_u64())
    }
}

/// Shows no numbers, from which those to come could be foretold.
impl fmt::Debug for Pcg64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pcg64").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt};

    use super::*;

    #[test]
    fn it_draws_the_numbers_of_the_reference() {
        for seed in 0..300u64 {
            let bytes: [u8; 32] = rand_pcg::Pcg64::seed_from_u64(seed).random();
            let pairs = [
                (
                    Pcg64::seed_from_u64(seed),
                    rand_pcg::Pcg64::seed_from_u64(seed),
                ),
                (Pcg64::from_seed(bytes), rand_pcg::Pcg64::from_seed(bytes)),
            ];
            for (mut own, mut reference) in pairs {
                let (mut a, mut b) = ([0; 21], [0; 21]);
                own.fill_bytes(&mut a);
                reference.fill_bytes(&mut b);
                assert_eq!(a, b);
                for _ in 0..20 {
                    assert_eq!(own.next_u64(), reference.next_u64());
                    assert_eq!(own.next_u32(), reference.next_u32());
                }
            }
        }
    }

    #[test]
    fn a_state_goes_on_and_differs_after_each_draw() {
        let mut first = Pcg64::seed_from_u64(3);
        let before = first.words();
        first.next_u64();
        assert_ne!(first.words(), before);
        let mut second = Pcg64::from_words(first.words());
        assert_eq!(first, second);
        assert_eq!(first.next_u64(), second.next_u64());
        assert_eq!(Pcg64::from_words([1, 2, 4, 3]).words(), [1, 2, 5, 3]);
        assert_eq!(format!("{first:?}"), "Pcg64 { .. }");
    }
}
