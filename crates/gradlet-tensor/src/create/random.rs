//! The generator that examples and tests hand around; any `rand::Rng` does as well.

use rand::SeedableRng;

/// PCG XSL RR 128/64, with the same numbers on every platform.
///
/// # Source
///
/// M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
/// Generation", 2014.
pub type Pcg64 = rand_pcg::Pcg64;

/// A generator started from a seed: equal seeds give equal numbers, on any machine.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Tensor::<f32>::normal(3, 0.0, 1.0, &mut rng(1))?;
/// assert_eq!(x, Tensor::normal(3, 0.0, 1.0, &mut rng(1))?);
/// assert_ne!(x, Tensor::normal(3, 0.0, 1.0, &mut rng(2))?);
/// # Ok(())
/// # }
/// ```
pub fn rng(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}
