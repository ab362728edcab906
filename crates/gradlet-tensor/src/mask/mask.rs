//! [`Mask`]: the elements that dropout keeps, one bit per element.

use crate::error::{Error, ErrorKind, Result};
pub use crate::kernel::bernoulli::DrawKey;
use crate::kernel::bernoulli::fill_kept;
use crate::shape::{IntoShape, Shape};
use crate::storage::Buffer;
use crate::tensor::Tensor;

/// Independent random bits, 64 per word: 1 where an element is kept. Cheap to clone.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{DrawKey, Mask, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mask = Mask::draw([4], 0.5, DrawKey { seed: 1, call: 0 })?;
/// let y = mask.apply(&tensor![1.0, 2.0, 3.0, 4.0], 2.0)?;
/// assert!(mask.iter().zip(y.iter()).all(|(kept, y)| kept == (y != 0.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mask {
    pub(super) shape: Shape,
    pub(super) words: Buffer<u64>,
}

impl Mask {
    /// Draws a mask in which each bit is 0 with exactly the given probability, to its last binary digit.
    ///
    /// The same key and probability give the same bits for each row-major index, on any number of threads and any
    /// processor, until a major version says otherwise; a probability of 0 or 1 draws nothing.
    ///
    /// # Errors
    ///
    /// If the probability is outside [0, 1], or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{DrawKey, Mask};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let key = DrawKey { seed: 1, call: 0 };
    /// assert_eq!(Mask::draw([1000], 0.5, key)?, Mask::draw([1000], 0.5, key)?);
    /// assert_eq!(Mask::draw([1000], 0.0, key)?.count_kept(), 1000);
    /// assert_eq!(Mask::draw([1000], 1.0, key)?.count_kept(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn draw(shape: impl IntoShape, drop_probability: f64, key: DrawKey) -> Result<Self> {
        let shape = shape.into_shape()?;
        Self::check_probability("mask", drop_probability)?;
        Self::build(shape, |words| {
            fill_kept(words, shape.numel(), drop_probability, key);
        })
    }

    /// The mask of these bits, `true` where an element is kept.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mask = Mask::from_kept(&tensor![bool; [true, false]])?;
    /// assert_eq!((mask.shape()[1], mask.count_kept()), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn from_kept(kept: &Tensor<bool>) -> Result<Self> {
        Self::build(*kept.shape(), |words| {
            words.fill(0);
            for (i, _) in kept.iter().enumerate().filter(|(_, kept)| *kept) {
                words[i / 64] |= 1 << (i % 64);
            }
        })
    }

    #[track_caller]
    fn build(shape: Shape, fill: impl FnOnce(&mut [u64])) -> Result<Self> {
        if !shape.is_countable() {
            return Err(too_large(shape));
        }
        let Some(mut words) = Buffer::stale(shape.numel().div_ceil(64)) else {
            return Err(too_large(shape));
        };
        if let Some(words) = words.get_mut() {
            fill(words);
        }
        Ok(Self { shape, words })
    }

    /// The mask broadcast to a larger shape: elements along the repeated axes are kept or dropped together.
    ///
    /// # Shape
    ///
    /// `broadcast_to([n, m])`: `[n, 1] -> [n, m]`, `[m] -> [n, m]`
    ///
    /// # Errors
    ///
    /// If the mask's shape does not broadcast to the given one, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let channels = Mask::from_kept(&tensor![bool; [true], [false]])?;
    /// assert_eq!(channels.broadcast_to([2, 3])?.iter().collect::<Vec<_>>(), [true, true, true, false, false, false]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl IntoShape) -> Result<Self> {
        let shape = shape.into_shape()?;
        if shape == self.shape {
            return Ok(self.clone());
        }
        if !shape.is_countable() {
            return Err(too_large(shape));
        }
        // If all repeated axes come last, each bit becomes one run of equal bits.
        let lead = (0..shape.rank())
            .take_while(|&i| self.shape.get(i) == shape.get(i))
            .count();
        let repeats =
            self.shape.rank() == shape.rank() && self.shape[lead..].iter().all(|&size| size == 1);
        if !repeats {
            return Self::from_kept(&self.to_tensor()?.broadcast_to(shape)?);
        }
        let run = shape[lead..].iter().product::<usize>();
        Self::build(shape, |words| {
            words.fill(0);
            for (i, _) in self.iter().enumerate().filter(|(_, kept)| *kept) {
                set_bits(words, i * run, run);
            }
        })
    }

    /// The shape of the tensors that the mask is for.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The number of bits: one per element.
    pub fn len(&self) -> usize {
        self.shape.numel()
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.shape.numel() == 0
    }

    /// The memory of the bits: one bit per element, in words of 64.
    pub fn size_bytes(&self) -> usize {
        std::mem::size_of_val(self.words.as_slice())
    }

    /// The words of 64 bits.
    pub(crate) fn words(&self) -> &[u64] {
        self.words.as_slice()
    }

    /// The bits in row-major order.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mask = Mask::from_kept(&tensor![bool; [true, false]])?;
    /// assert_eq!(mask.iter().collect::<Vec<_>>(), [true, false]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        (0..self.len()).map(|i| self.words.as_slice()[i / 64] >> (i % 64) & 1 == 1)
    }

    /// The number of elements kept.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Mask::from_kept(&tensor![bool; true, false, true])?.count_kept(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn count_kept(&self) -> usize {
        self.words
            .as_slice()
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// The bits as a tensor, `true` where an element is kept.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let kept = tensor![bool; [true, false], [false, true]];
    /// assert_eq!(Mask::from_kept(&kept)?.to_tensor()?, kept);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn to_tensor(&self) -> Result<Tensor<bool>> {
        let mut bits = self.iter();
        Tensor::from_fn(self.shape, |_| bits.next().unwrap_or_default())
    }
}

#[track_caller]
fn too_large(shape: Shape) -> Error {
    Error::new(ErrorKind::TooLarge {
        shape,
        size_bytes: 1,
    })
}

/// Sets `count` bits, starting at bit `first`.
fn set_bits(words: &mut [u64], first: usize, count: usize) {
    let (mut bit, end) = (first, first + count);
    while bit < end {
        let (word, offset) = (bit / 64, bit % 64);
        let here = (64 - offset).min(end - bit);
        words[word] |= (u64::MAX >> (64 - here)) << offset;
        bit += here;
    }
}

impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.words.as_slice() == other.words.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    const KEY: DrawKey = DrawKey { seed: 7, call: 3 };

    #[test]
    fn a_mask_takes_one_bit_an_element() -> Result<()> {
        assert_eq!(Mask::draw([1000, 64], 0.5, KEY)?.size_bytes(), 8000);
        assert_eq!(Mask::draw([65], 0.5, KEY)?.size_bytes(), 16);
        assert_eq!(Mask::draw([0, 5], 0.5, KEY)?.size_bytes(), 0);
        Ok(())
    }

    #[test]
    fn dropped_elements_become_plus_zero_whatever_they_were() -> Result<()> {
        let mask = Mask::from_kept(&tensor![bool; true, false, false, false, true])?;
        let x = tensor![1.5, f32::NAN, f32::INFINITY, -1.0, -0.0];
        let y = mask.apply(&x, 2.0)?;
        assert_eq!(
            y.to_vec().iter().map(|y| y.to_bits()).collect::<Vec<_>>(),
            [3.0f32.to_bits(), 0, 0, 0, (-0.0f32).to_bits()]
        );
        assert_eq!(
            mask.apply_owned(x.clone(), 2.0)?.to_vec()[..4],
            [3.0, 0.0, 0.0, 0.0]
        );
        assert!(x.to_vec()[1].is_nan(), "a shared input stays as it was");
        assert!(mask.apply(&tensor![1.0], 1.0).is_err());
        Ok(())
    }

    #[test]
    fn strided_inputs_meet_the_same_bits() -> Result<()> {
        let mask = Mask::draw([30, 40], 0.3, KEY)?;
        let x = Tensor::arange(1.0, 1201.0, 1.0)?.reshape([40, 30])?.t()?;
        assert_eq!(mask.apply(&x, 1.0)?, mask.apply(&x.contiguous(), 1.0)?);
        assert_eq!(Mask::from_kept(&mask.to_tensor()?)?, mask);
        Ok(())
    }

    #[test]
    fn masks_and_their_results_are_the_same_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::arange(1.0, 400_001.0, 1.0)?;
        let run = || -> Result<_> {
            let mask = Mask::draw([400_000], 0.1, KEY)?;
            Ok((
                mask.apply(&x, 1.0)?,
                mask.apply_owned(x.map(|x| x), 1.0)?,
                mask.count_kept(),
            ))
        };
        let (one, in_place, kept) = crate::threads::with(1, run)?;
        assert_eq!(one, in_place);
        // 360,000 +- 190: six standard deviations are 1,140.
        assert!((358_860..361_140).contains(&kept));
        assert_eq!(crate::threads::with(3, run)?, (one, in_place, kept));
        Ok(())
    }

    #[test]
    fn broadcasting_a_mask_equals_broadcasting_its_bits() -> Result<()> {
        for (from, to) in [
            (&[7, 1, 1][..], &[7, 5, 13][..]),
            (&[7, 1, 1], &[7, 64, 2]),
            (&[1, 5, 1], &[3, 5, 70]),
            (&[5, 1], &[4, 5, 3]),
            (&[1], &[200]),
            (&[3, 4], &[3, 4]),
            (&[2, 1], &[2, 0]),
            (&[1, 1, 6], &[2, 3, 6]),
        ] {
            let mask = Mask::draw(from, 0.5, KEY)?;
            let expected = Mask::from_kept(&mask.to_tensor()?.broadcast_to(to)?)?;
            assert_eq!(mask.broadcast_to(to)?, expected, "{from:?} {to:?}");
        }
        assert!(Mask::draw([3], 0.5, KEY)?.broadcast_to([4]).is_err());
        assert!(Mask::draw([3, 1], 0.5, KEY)?.broadcast_to([3]).is_err());
        Ok(())
    }

    #[test]
    fn sizes_beyond_counting_are_errors() -> Result<()> {
        let mask = Mask::draw([1, 1], 0.5, KEY)?;
        for error in [
            mask.broadcast_to([usize::MAX, usize::MAX]),
            mask.broadcast_to([0, usize::MAX]),
            Mask::draw([0, usize::MAX], 0.5, KEY),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::TooLarge { .. }),
                "{error}"
            );
        }
        Ok(())
    }
}
