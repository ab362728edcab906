//! Adding a border of one value around the elements, and repeating the elements.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel::for_rows;
use crate::shape::Shape;
use crate::shape::walk;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The elements with a border of `value`: `(before, after)` for the LAST axis first, then for the one before it,
    /// and so on; axes without a pair stay as they are. Negative numbers remove elements.
    ///
    /// # Shape
    ///
    /// `pad(&[(1, 2), (3, -1)], 0.0)`: `[a, m, n] -> [a, 3 + m - 1, 1 + n + 2]`
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or a pair removes more elements than the axis has, or memory does not hold
    /// the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.pad(&[(1, 0), (-1, 1)], 9.0)?, tensor![[9.0, 3.0, 4.0], [9.0, 9.0, 9.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "constant"
    #[track_caller]
    pub fn pad(&self, pairs: &[(isize, isize)], value: T) -> Result<Self> {
        let (inside, shape) = self.padded(pairs)?;
        if pairs
            .iter()
            .all(|&(before, after)| before <= 0 && after <= 0)
        {
            return Ok(inside);
        }
        if shape.numel() == 0 || shape.numel() == usize::MAX {
            // No elements, or more than can be counted: `full_of` returns the error.
            return Self::full_of(shape, value);
        }
        let sizes = (&shape, inside.shape());
        let mut before = vec![0; self.rank()];
        for (to, pair) in before.iter_mut().rev().zip(pairs) {
            *to = pair.0.max(0).unsigned_abs();
        }
        // A row spans the last axis with a border and all axes after it.
        let last = (0..self.rank())
            .rfind(|&axis| sizes.0[axis] != sizes.1[axis])
            .unwrap_or(0);
        let inner = Shape::new(&sizes.0[last + 1..])?.numel();
        let [length, part] = [sizes.0[last], sizes.1[last]].map(|size| size * inner);
        let source = |row: usize| {
            let (mut left, mut source, mut step) = (row, 0, 1);
            for axis in (0..last).rev() {
                let i = (left % sizes.0[axis]).checked_sub(before[axis])?;
                if i >= sizes.1[axis] {
                    return None;
                }
                source += step * i;
                left /= sizes.0[axis];
                step *= sizes.1[axis];
            }
            Some(source)
        };
        let x = inside.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Self::build(shape, |out| {
            for_rows(out, shape.numel() / length, shape.numel(), |first, out| {
                for (row, out) in (first..).zip(out.chunks_exact_mut(length)) {
                    let Some(source) = source(row) else {
                        out.fill(value);
                        continue;
                    };
                    let (front, rest) = out.split_at_mut(before[last] * inner);
                    let (middle, back) = rest.split_at_mut(part);
                    front.fill(value);
                    middle.copy_from_slice(&x[source * part..][..part]);
                    back.fill(value);
                }
            });
        })
    }

    /// The elements that stay after negative pairs have removed some, and the shape with the border.
    #[track_caller]
    fn padded(&self, pairs: &[(isize, isize)]) -> Result<(Self, Shape)> {
        let (mut inside, mut shape) = (self.clone(), *self.shape());
        if pairs.len() > self.rank() {
            return Err(Error::new(ErrorKind::Rank {
                op: "pad",
                expected: "an axis for each pair",
                shape,
            }));
        }
        for (axis, &(before, after)) in (0..self.rank()).rev().zip(pairs) {
            let size = self.shape()[axis];
            let [start, end] = [before, after].map(|n| n.min(0).unsigned_abs());
            let Some(left) = start.checked_add(end).and_then(|cut| size.checked_sub(cut)) else {
                return Err(Error::new(ErrorKind::OutOfRange {
                    op: "pad",
                    name: "the number of elements removed",
                    expected: "at most the size of the axis",
                    value: start.saturating_add(end) as f64,
                    remedy: format!("; axis {axis} of shape {} has size {size}", self.shape()),
                }));
            };
            inside = inside.narrow(axis as isize, start, left)?;
            let [before, after] = [before, after].map(|n| n.max(0).unsigned_abs());
            shape[axis] = left.saturating_add(before).saturating_add(after);
        }
        Ok((inside, shape))
    }

    /// The elements repeated along each axis, as often as its count says; extra counts in front make new axes.
    ///
    /// # Shape
    ///
    /// `repeat(&[2, 1, 3])`: `[m, n] -> [2, m, 3 n]`
    ///
    /// # Errors
    ///
    /// If there are fewer counts than axes, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0]];
    /// assert_eq!(x.repeat(&[2, 2])?, tensor![[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.repeat`, the same as `numpy.tile`
    #[track_caller]
    pub fn repeat(&self, counts: &[usize]) -> Result<Self> {
        let Some(new) = counts.len().checked_sub(self.rank()) else {
            return Err(Error::new(ErrorKind::Rank {
                op: "repeat",
                expected: "a count for each axis",
                shape: *self.shape(),
            }));
        };
        let mut shape = Shape::new(&vec![1; new])?;
        for &size in self.shape() {
            shape.push(size)?;
        }
        let mut y = self.reshape(shape)?;
        for (axis, &count) in counts.iter().enumerate().rev() {
            if count == 1 {
                continue;
            }
            let (outer, behind) = shape.split_at(axis);
            let outer = Shape::new(outer)?.numel();
            let inner = Shape::new(behind)?.numel();
            let view = y
                .reshape([outer, 1, inner])?
                .broadcast_to([outer, count, inner])?;
            shape[axis] = shape[axis].saturating_mul(count);
            y = Self::build(shape, |out| walk::copy(view.storage(), view.layout(), out))?;
        }
        Ok(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn sizes_beyond_counting_are_errors() -> Result<()> {
        let x = crate::tensor![[1.0, 2.0, 3.0]];
        let error = x.pad(&[(1, -1), (isize::MAX, 2)], 0.0).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::TooLarge { .. }),
            "{error}"
        );
        let none = x.narrow(0, 0, 0)?;
        let much = usize::MAX / 2 + 1;
        for error in [
            none.pad(&[(-3, isize::MAX)], 0.0),
            none.repeat(&[much, much]),
            x.repeat(&[much, 2]),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::TooLarge { .. }),
                "{error}"
            );
        }
        Ok(())
    }

    #[test]
    fn pairs_count_from_the_last_axis() -> Result<()> {
        let x = tensor![i64; [1, 2], [3, 4]];
        assert_eq!(x.pad(&[(1, 0)], 0)?, tensor![i64; [0, 1, 2], [0, 3, 4]]);
        assert_eq!(
            x.pad(&[(0, 0), (0, 1)], 7)?,
            tensor![i64; [1, 2], [3, 4], [7, 7]]
        );
        assert_eq!(
            x.t()?.pad(&[(0, 1)], 9)?,
            tensor![i64; [1, 3, 9], [2, 4, 9]]
        );
        assert_eq!(x.pad(&[], 9)?, x);
        Ok(())
    }

    #[test]
    fn negative_pairs_crop() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(x.pad(&[(-1, 0)], 0.0)?, tensor![[2.0, 3.0], [5.0, 6.0]]);
        assert_eq!(
            x.pad(&[(-2, 1), (1, -1)], 9.0)?,
            tensor![[9.0, 9.0], [3.0, 9.0]]
        );
        assert_eq!(x.pad(&[(-1, -2), (1, 1)], 0.0)?.shape(), [4, 0]);
        assert_eq!(
            x.broadcast_to([2, 2, 3])?
                .pad(&[(-2, 0), (0, -1), (1, 0)], 0.0)?
                .to_vec(),
            [0.0, 3.0, 3.0]
        );
        Ok(())
    }

    #[test]
    fn empty_axes_can_be_padded_to_a_border_alone() -> Result<()> {
        let x = Tensor::zeros([2, 0])?;
        assert_eq!(x.pad(&[(1, 1)], 5.0)?, tensor![[5.0, 5.0], [5.0, 5.0]]);
        assert_eq!(Tensor::scalar(1.0f32).pad(&[], 5.0)?, Tensor::scalar(1.0));
        Ok(())
    }

    #[test]
    fn impossible_borders_are_errors() {
        let x = tensor![1.0, 2.0];
        for pair in [(-3, 0), (-1, -2), (-3, 5), (isize::MIN, isize::MIN)] {
            let error = x.pad(&[pair], 0.0).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { .. }),
                "{error}"
            );
        }
        assert!(matches!(
            x.pad(&[(1, 1), (1, 1)], 0.0).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        assert!(matches!(
            x.pad(&[(isize::MAX, isize::MAX)], 0.0).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
    }

    #[test]
    fn repeats_tile_each_axis_and_make_new_ones() -> Result<()> {
        let x = tensor![i64; [1, 2], [3, 4]];
        assert_eq!(
            x.t()?.repeat(&[2, 2])?,
            tensor![i64; [1, 3, 1, 3], [2, 4, 2, 4], [1, 3, 1, 3], [2, 4, 2, 4]]
        );
        assert_eq!(x.repeat(&[2, 1, 1])?, Tensor::stack(&[&x, &x], 0)?);
        assert_eq!(x.repeat(&[3, 0])?.shape(), [6, 0]);
        assert_eq!(Tensor::scalar(5).repeat(&[2])?, tensor![i64; 5, 5]);
        assert_eq!(
            Tensor::<i64>::zeros_of([0, 2])?.repeat(&[4, 3])?.shape(),
            [0, 6]
        );
        assert_eq!(Tensor::<i64>::zeros_of([1; 8])?.repeat(&[2; 8])?.len(), 256);
        assert!(matches!(
            x.repeat(&[2]).unwrap_err().kind(),
            ErrorKind::Rank { .. }
        ));
        assert!(matches!(
            x.repeat(&[usize::MAX, usize::MAX]).unwrap_err().kind(),
            ErrorKind::TooLarge { .. }
        ));
        assert!(x.repeat(&[1; 9]).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn borders_agree_with_a_naive_loop_over_places(
            sizes in prop::array::uniform3(0..4usize), swapped in 0..3isize, long in 0..60usize,
            pairs in prop::collection::vec((-2..3isize, -2..3isize), 0..4),
        ) {
            let mut sizes = sizes;
            if let Some(size) = sizes.get_mut(long) {
                *size = 25_000;
            }
            let len = sizes.iter().product::<usize>();
            let x = Tensor::<i64>::from_fn(len, |i| i as i64)?.reshape(sizes)?.transpose(0, swapped)?;
            let mut all = [(0, 0); 3];
            all.iter_mut().rev().zip(&pairs).for_each(|(to, &pair)| *to = pair);
            let fits = (0..3).all(|axis| x.shape()[axis] as isize + all[axis].0.min(0) + all[axis].1.min(0) >= 0);
            let y = x.pad(&pairs, -1);
            prop_assert_eq!(y.is_ok(), fits);
            let Ok(y) = y else { return Ok(()) };
            let [_, rows, columns]: [usize; 3] = std::array::from_fn(|axis| y.shape()[axis]);
            for (i, value) in y.iter().enumerate() {
                let at = [i / columns / rows, i / columns % rows, i % columns];
                let from = [0, 1, 2].map(|axis: usize| (at[axis] as isize - all[axis].0) as usize);
                prop_assert_eq!(value, x.at(&from).unwrap_or(-1));
            }
        }
    }
}
