//! Sums of a few elements each, which need not lie beside each other.

use num_traits::Float;

/// The most elements that a sum here has.
pub(crate) const FEW: usize = 8;
/// The number of sums that are computed side by side.
const SUMS: usize = 64;

vectorized! {
    /// `y[i]` = the sum of `x[i * step + place]` over these places, at least one and at most `FEW`, with the bits of
    /// [`fold::sum`](super::fold::sum).
    pub(crate) fn sums<T: Float>(x: &[T], step: usize, places: &[usize], y: &mut [T]) {
        for (block, y) in y.chunks_mut(SUMS).enumerate() {
            let mut lanes = [[T::zero(); SUMS]; FEW];
            for (lane, place) in lanes.iter_mut().zip(places) {
                let x = &x[block * SUMS * step + place..];
                let lane = lane[..y.len()].iter_mut();
                if step == 1 {
                    lane.zip(x).for_each(|(lane, &x)| *lane = *lane + x);
                } else {
                    lane.enumerate().for_each(|(i, lane)| *lane = *lane + x[i * step]);
                }
            }
            // Halves are added as long as there are two; a sum with a lane of zeros would be what it was.
            let mut width = FEW / 2;
            while width > 0 {
                let (left, right) = lanes.split_at_mut(width);
                for (left, right) in left.iter_mut().zip(right).take(places.len().saturating_sub(width)) {
                    left.iter_mut().zip(right).for_each(|(left, right)| *left = *left + *right);
                }
                width /= 2;
            }
            y.copy_from_slice(&lanes[0][..y.len()]);
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
        for (count, step) in (1..=FEW).flat_map(|count| (0..4).map(move |step| (count, step))) {
            let places: Vec<usize> = (0..count).map(|i| i * i * 11 % 300).collect();
            for length in [1, 7, 63, 64, 65, 300] {
                let mut y = vec![f32::NAN; length];
                sums(&x, step, &places, &mut y);
                for (i, y) in y.iter().enumerate() {
                    let row: Vec<f32> = places.iter().map(|place| x[i * step + place]).collect();
                    assert_eq!(y.to_bits(), fold::sum(&row).to_bits(), "{places:?}, {step}");
                }
            }
        }
    }

    #[test]
    fn a_sum_of_negative_zeros_is_0() {
        let mut y = [1.0f32; 2];
        sums(&[-0.0; 4], 1, &[0, 2], &mut y);
        assert_eq!(y.map(f32::to_bits), [0, 0]);
    }
}
