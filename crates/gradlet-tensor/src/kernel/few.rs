//! Sums of a few elements each, which need not lie beside each other.

use num_traits::Float;

/// The most elements that a sum here has.
pub(crate) const FEW: usize = 8;
/// The number of sums that are computed side by side.
const SUMS: usize = 64;

vectorized! {
    /// `y[i]` = the sum of `x[i + place]` over these places, at least one and at most `FEW`, with the bits of
    /// [`fold::sum`](super::fold::sum).
    pub(crate) fn sums<T: Float>(x: &[T], places: &[usize], y: &mut [T]) {
        let zeros = [T::zero(); SUMS];
        for (block, y) in y.chunks_mut(SUMS).enumerate() {
            let row = |i: usize| match places.get(i) {
                Some(place) => &x[block * SUMS + place..],
                None => &zeros,
            };
            let pairs = |i| row(i).iter().zip(row(i + FEW / 2));
            let rows = pairs(0).zip(pairs(1)).zip(pairs(2)).zip(pairs(3));
            for (y, ((((&a, &e), (&b, &f)), (&c, &g)), (&d, &h))) in y.iter_mut().zip(rows) {
                // The zero is there for a sum of negative ones.
                *y = ((T::zero() + a + e) + (c + g)) + ((b + f) + (d + h));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::fold;

    #[test]
    fn sums_have_the_bits_of_those_of_rows() {
        let x: Vec<f32> = (0..3000).map(|i| (i as f32 * 1.7).sin() - 0.1).collect();
        for count in 1..=FEW {
            let places: Vec<usize> = (0..count).map(|i| i * i * 11 % 300).collect();
            for length in [1, 7, 63, 64, 65, 300] {
                let mut y = vec![f32::NAN; length];
                sums(&x, &places, &mut y);
                for (i, y) in y.iter().enumerate() {
                    let row: Vec<f32> = places.iter().map(|place| x[i + place]).collect();
                    assert_eq!(y.to_bits(), fold::sum(&row).to_bits(), "{places:?}");
                }
            }
        }
    }

    #[test]
    fn a_sum_of_negative_zeros_is_0() {
        let mut y = [1.0f32; 2];
        sums(&[-0.0; 4], &[0, 2], &mut y);
        assert_eq!(y.map(f32::to_bits), [0, 0]);
    }
}
