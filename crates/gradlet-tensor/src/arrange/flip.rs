//! Reversing the order of elements, and shifting them around.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Axes, walk};
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The elements in reverse order along the given axes.
    ///
    /// # Shape
    ///
    /// `flip([0, -1])`: `[a, b, c] -> [a, b, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.flip(1)?, tensor![[2.0, 1.0], [4.0, 3.0]]);
    /// assert_eq!(x.flip(..)?, tensor![[4.0, 3.0], [2.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn flip(&self, axes: impl Axes) -> Result<Self> {
        let chosen = axes.select("flip", self.shape())?;
        if self
            .shape()
            .iter()
            .zip(chosen)
            .all(|(&size, chosen)| size < 2 || !chosen)
        {
            return Ok(self.clone());
        }
        let turned = self.layout().turned(&chosen);
        Self::build(*self.shape(), |out| {
            walk::copy(self.storage(), &turned, out);
        })
    }

    /// The elements shifted along axes: elements that leave an axis at its end come in again at its start.
    /// An axis that is named twice is shifted by the sum.
    ///
    /// # Shape
    ///
    /// `roll(&[1], &[0])`: `[a, b, c] -> [c, a, b]` (elements, not sizes)
    ///
    /// # Errors
    ///
    /// If an axis is out of range, or the numbers of shifts and axes differ.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.roll(&[1, -1], &[0, 1])?, tensor![[5.0, 6.0, 4.0], [2.0, 3.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn roll(&self, shifts: &[isize], axes: &[isize]) -> Result<Self> {
        if shifts.len() != axes.len() {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "roll",
                name: "the number of shifts",
                expected: "the number of axes",
                value: shifts.len() as f64,
                remedy: format!("; axes {axes:?}; to shift all elements as one row, use roll_flat"),
            }));
        }
        let mut y = self.clone();
        for (&shift, &axis) in shifts.iter().zip(axes) {
            let size = self.size_for_roll(axis)?;
            let Some(shift) = isize::try_from(size)
                .ok()
                .and_then(|size| shift.checked_rem_euclid(size))
            else {
                continue;
            };
            if shift != 0 {
                let kept = size - shift as usize;
                let (first, last) = (y.narrow(axis, 0, kept)?, y.narrow(axis, kept, size - kept)?);
                y = Self::cat(&[&last, &first], axis)?;
            }
        }
        Ok(y)
    }

    #[track_caller]
    fn size_for_roll(&self, axis: isize) -> Result<usize> {
        let axis = self.shape().axis_for("roll", axis)?;
        Ok(self.shape()[axis])
    }

    /// As [`roll`](Self::roll), for all elements in row-major order as one row.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].roll_flat(1), tensor![[4.0, 1.0], [2.0, 3.0]]);
    /// ```
    pub fn roll_flat(&self, shift: isize) -> Self {
        let rolled = self
            .flatten(..)
            .and_then(|flat| flat.roll(&[shift], &[0]))
            .and_then(|flat| flat.reshape(self.shape()));
        match rolled {
            Ok(y) => y,
            Err(error) => crate::error::raise(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn chosen_axes_are_reversed() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(x.flip(0)?.to_vec(), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
        assert_eq!(
            x.t()?.flip([-1, 0])?.to_vec(),
            [6.0, 3.0, 5.0, 2.0, 4.0, 1.0]
        );
        assert_eq!(x.flip([])?, x);
        assert_eq!(Tensor::zeros([2, 0])?.flip([0, 1])?.shape(), [2, 0]);
        assert_eq!(Tensor::scalar(1.0f32).flip(0)?, Tensor::scalar(1.0));
        assert!(x.flip(2).is_err() && x.flip([0, -2]).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn flips_agree_with_picking_from_the_end(
            sizes in prop::collection::vec(1..5usize, 4),
            long in 0..40usize,
            swapped in 0..4isize,
            mask in 0..16u32,
        ) {
            let mut sizes = sizes;
            if let Some(size) = sizes.get_mut(long) {
                *size = 3000;
            }
            let len = sizes.iter().product::<usize>();
            let x = Tensor::<i64>::from_fn(len, |i| i as i64)?.reshape(sizes.as_slice())?.transpose(0, swapped)?;
            let axes: Vec<isize> = (0..4).filter(|axis| mask >> axis & 1 == 1).collect();
            let mut expected = x.clone();
            for &axis in &axes {
                let size = x.size(axis)?;
                let turned = Tensor::<i64>::from_fn(size, |i| (size - 1 - i) as i64)?;
                expected = expected.index_select(axis, &turned)?;
            }
            prop_assert!(x.flip(&axes)? == expected);
        }
    }

    #[test]
    fn shifts_go_round_any_number_of_times() -> Result<()> {
        let x = tensor![1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(x.roll(&[2], &[0])?.to_vec(), [4.0, 5.0, 1.0, 2.0, 3.0]);
        assert_eq!(x.roll(&[-7], &[-1])?.to_vec(), [3.0, 4.0, 5.0, 1.0, 2.0]);
        assert_eq!(x.roll(&[1, 1], &[0, 0])?, x.roll(&[2], &[0])?);
        let extreme = x.roll(&[isize::MIN], &[0])?.roll(&[isize::MAX], &[0])?;
        assert_eq!(extreme, x.roll(&[-1], &[0])?);
        assert_eq!(
            Tensor::zeros([2, 0])?.roll(&[3, 1], &[1, 0])?.shape(),
            [2, 0]
        );
        assert!(x.roll(&[1], &[1]).is_err());
        assert!(matches!(
            x.roll(&[1, 2], &[0]).unwrap_err().kind(),
            ErrorKind::OutOfRange { .. }
        ));
        Ok(())
    }

    #[test]
    fn a_flat_shift_crosses_rows() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(x.roll_flat(1), tensor![[4.0, 1.0], [2.0, 3.0]]);
        assert_eq!(x.t()?.roll_flat(-1), tensor![[3.0, 2.0], [4.0, 1.0]]);
        assert_eq!(Tensor::scalar(1.0f32).roll_flat(3), Tensor::scalar(1.0));
        assert_eq!(Tensor::zeros([0, 0])?.roll_flat(2).shape(), [0, 0]);
        Ok(())
    }
}
