//! Borders made of the elements themselves: mirrored, repeated, or from the other end.

use crate::element::{Element, Float};
use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::fused::narrow_add;
use crate::kernel::parallel::for_rows;
use crate::shape::{Keep, Shape};
use crate::tensor::Tensor;

/// Which elements a border repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Border {
    /// Those next to the end, mirrored at the last element, which is not repeated: `3 2 [1 2 3] 2 1`.
    Reflect,
    /// The last one: `1 1 [1 2 3] 3 3`.
    Replicate,
    /// Those from the other end: `2 3 [1 2 3] 1 2`.
    Circular,
}

impl Border {
    /// The name of the method that makes this border.
    fn op(self) -> &'static str {
        match self {
            Self::Reflect => "pad_reflect",
            Self::Replicate => "pad_replicate",
            Self::Circular => "pad_circular",
        }
    }

    /// The index that element `i` repeats, of `size` elements behind `before` border elements.
    fn source(self, i: usize, before: usize, size: usize) -> usize {
        match self {
            Self::Replicate => i.saturating_sub(before).min(size - 1),
            Self::Circular => (i + size - before) % size,
            Self::Reflect if i < before => before - i,
            Self::Reflect if i - before < size => i - before,
            Self::Reflect => 2 * (size - 1) - (i - before),
        }
    }

    /// The shape with borders: `(before, after)` for the last axis first.
    #[track_caller]
    fn around(self, shape: Shape, pairs: &[(usize, usize)]) -> Result<Shape> {
        let (op, mut padded) = (self.op(), shape);
        if pairs.len() > shape.rank() {
            let expected = "an axis for each pair";
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        }
        for (axis, &(before, after)) in (0..shape.rank()).rev().zip(pairs) {
            let (size, wider) = (shape[axis], before.max(after));
            let (fits, expected) = match self {
                Self::Reflect => (wider < size, "smaller than the axis"),
                Self::Replicate => (size > 0, "0 for an axis without elements"),
                Self::Circular => (wider <= size, "at most the size of the axis"),
            };
            if wider > 0 && !fits {
                let remedy = format!("; axis {axis} of shape {shape} has size {size}");
                return Err(out_of_range(op, "the border", expected, wider, remedy));
            }
            padded[axis] = size.saturating_add(before).saturating_add(after);
        }
        Ok(padded)
    }
}

impl<T: Element> Tensor<T> {
    /// The elements with a border that mirrors them, without the last element itself: `3 2 [1 2 3] 2 1`. The pairs are
    /// `(before, after)` for the LAST axis first, then for the one before it; axes without a pair stay as they are.
    ///
    /// # Shape
    ///
    /// `pad_reflect(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or a border is not smaller than its axis, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0];
    /// assert_eq!(x.pad_reflect(&[(2, 1)])?, tensor![3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "reflect"
    #[track_caller]
    pub fn pad_reflect(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        bordered(self, pairs, Border::Reflect)
    }

    /// The elements with a border that repeats the last element on each side: `1 1 [1 2 3] 3 3`. The pairs are as in
    /// [`pad_reflect`](Self::pad_reflect).
    ///
    /// # Shape
    ///
    /// `pad_replicate(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or an axis with a border has no elements, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// let expected = tensor![[1.0, 2.0, 2.0], [3.0, 4.0, 4.0], [3.0, 4.0, 4.0]];
    /// assert_eq!(x.pad_replicate(&[(0, 1), (0, 1)])?, expected);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "replicate", `numpy.pad` with mode "edge"
    #[track_caller]
    pub fn pad_replicate(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        bordered(self, pairs, Border::Replicate)
    }

    /// The elements with a border from the other end of the axis: `2 3 [1 2 3] 1 2`. The pairs are as in
    /// [`pad_reflect`](Self::pad_reflect).
    ///
    /// # Shape
    ///
    /// `pad_circular(&[(1, 2)])`: `[a, n] -> [a, 1 + n + 2]`
    ///
    /// # Errors
    ///
    /// If there are more pairs than axes, or a border is larger than its axis, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0];
    /// assert_eq!(x.pad_circular(&[(1, 2)])?, tensor![3.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pad` with mode "circular"
    #[track_caller]
    pub fn pad_circular(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        bordered(self, pairs, Border::Circular)
    }
}

/// The elements with a border of each kind: see [`Tensor::pad_reflect`], [`Tensor::pad_replicate`] and
/// [`Tensor::pad_circular`].
///
/// # Shape
///
/// `[a, n] -> [a, before + n + after]` for one pair
///
/// # Errors
///
/// If that method would fail.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![1.0, 2.0];
/// assert_eq!(fused::bordered(&x, &[(1, 0)], fused::Border::Circular)?, tensor![2.0, 1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn bordered<T: Element>(
    x: &Tensor<T>,
    pairs: &[(usize, usize)],
    border: Border,
) -> Result<Tensor<T>> {
    let (from, to) = (*x.shape(), border.around(*x.shape(), pairs)?);
    let Some(last) = (0..to.rank()).rfind(|&axis| from[axis] != to[axis]) else {
        return Ok(x.clone());
    };
    let before = |axis: usize| pairs.get(to.rank() - 1 - axis).map_or(0, |pair| pair.0);
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    Tensor::build(to, |out| {
        if out.is_empty() {
            return;
        }
        // A row spans the last axis with a border and all axes after it.
        let inner: usize = to[last + 1..].iter().product();
        let [part, length] = [from[last], to[last]].map(|size| size * inner);
        let source = |row: usize| {
            let (mut left, mut source, mut step) = (row, 0, 1);
            for axis in (0..last).rev() {
                source += step * border.source(left % to[axis], before(axis), from[axis]);
                left /= to[axis];
                step *= from[axis];
            }
            source
        };
        let start = before(last);
        for_rows(out, out.len() / length, out.len(), |first, out| {
            for (row, out) in (first..).zip(out.chunks_exact_mut(length)) {
                let x = &x[source(row) * part..][..part];
                let (front, rest) = out.split_at_mut(start * inner);
                let (middle, back) = rest.split_at_mut(part);
                middle.copy_from_slice(x);
                for (side, first) in [(front, 0), (back, start + from[last])] {
                    for (i, y) in (first..).zip(side.chunks_exact_mut(inner)) {
                        let place = border.source(i, start, from[last]) * inner;
                        y.copy_from_slice(&x[place..place + inner]);
                    }
                }
            }
        });
    })
}

/// The gradient of a tensor of this shape that got a border, given the gradient of the result: the gradient of each
/// border element is added to the element that it repeats. It is the transpose of [`bordered`].
///
/// # Shape
///
/// `g: [a, before + n + after] -> shape`, that is `[a, n]`, for one pair
///
/// # Errors
///
/// If [`bordered`] would fail, or the gradient does not have the shape of its result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![1.0, 10.0, 100.0];
/// let dx = fused::bordered_gradient(&g, Shape::from([2]), &[(1, 0)], fused::Border::Circular)?;
/// assert_eq!(dx, tensor![10.0, 101.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn bordered_gradient<T: Float>(
    g: &Tensor<T>,
    shape: Shape,
    pairs: &[(usize, usize)],
    border: Border,
) -> Result<Tensor<T>> {
    g.expect_shape("bordered_gradient", border.around(shape, pairs)?)?;
    let mut dx = g.clone();
    for (axis, &(before, after)) in (0..shape.rank()).rev().zip(pairs) {
        let (size, at) = (shape[axis], axis as isize);
        let mut sum = dx.narrow(at, before, size)?;
        // Where each side's border goes, if it has one.
        let [front, back] = match border {
            Border::Reflect => [1, size.saturating_sub(1 + after)],
            Border::Replicate => [0, size.saturating_sub(1)],
            Border::Circular => [size - before, 0],
        };
        let sides = [(0, before, front), (before + size, after, back)];
        for (start, length, place) in sides.into_iter().filter(|side| side.1 > 0) {
            let side = dx.narrow(at, start, length)?;
            let side = match border {
                Border::Reflect => side.flip(at)?,
                Border::Replicate => side.sum(Keep(at))?,
                Border::Circular => side,
            };
            narrow_add(&mut sum, at, place, &side)?;
        }
        dx = sum;
    }
    Ok(dx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    const ALL: [Border; 3] = [Border::Reflect, Border::Replicate, Border::Circular];

    #[test]
    fn borders_repeat_what_they_say() -> Result<()> {
        let x = tensor![i64; 1, 2, 3];
        let pad = |border| bordered(&x, &[(2, 2)], border).map(|y| y.to_vec());
        assert_eq!(pad(Border::Reflect)?, [3, 2, 1, 2, 3, 2, 1]);
        assert_eq!(pad(Border::Replicate)?, [1, 1, 1, 2, 3, 3, 3]);
        assert_eq!(pad(Border::Circular)?, [2, 3, 1, 2, 3, 1, 2]);
        let y = tensor![i64; [1, 2], [3, 4]].pad_reflect(&[(1, 0), (0, 1)])?;
        assert_eq!(y, tensor![i64; [2, 1, 2], [4, 3, 4], [2, 1, 2]]);
        let wide = x.pad_replicate(&[(0, 5)])?;
        assert_eq!(wide.to_vec(), [1, 2, 3, 3, 3, 3, 3, 3]);
        for border in ALL {
            assert_eq!(bordered(&x, &[(0, 0)], border)?, x);
            let none = Tensor::zeros([0, 2])?;
            let pairs = [(1, 1), (0, 0)];
            let y = bordered(&none, &pairs, border)?;
            assert_eq!(y.shape(), [0, 4]);
            assert_eq!(bordered_gradient(&y, *none.shape(), &pairs, border)?, none);
            assert_eq!(bordered(&Tensor::scalar(1), &[], border)?.item()?, 1);
        }
        Ok(())
    }

    #[test]
    fn borders_that_cannot_be_filled_are_errors() -> Result<()> {
        let x = Tensor::zeros([2, 3])?;
        let message = x.pad_reflect(&[(1, 3)]).unwrap_err().to_string();
        let start = "pad_reflect: the border must be smaller than the axis, got 3; axis 1 of shape [2, 3] has size 3";
        assert!(message.starts_with(start), "{message}");
        assert!(x.pad_reflect(&[(0, 0), (2, 0)]).is_err() && x.pad_circular(&[(4, 0)]).is_err());
        assert_eq!(x.pad_circular(&[(3, 3)])?.shape(), [2, 9]);
        assert!(x.pad_replicate(&[(0, 0); 3]).is_err());
        assert!(Tensor::zeros([2, 0])?.pad_replicate(&[(0, 1)]).is_err());
        let error = x.pad_replicate(&[(usize::MAX, 1)]).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::TooLarge { .. }),
            "{error}"
        );
        let (g, pairs) = (Tensor::zeros([2, 4])?, [(1, 1)]);
        assert!(bordered_gradient(&g, *x.shape(), &pairs, Border::Circular).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn elements_come_from_their_place_and_gradients_go_back_there(
            sizes in prop::collection::vec(1..5usize, 3),
            long in 0..6usize,
            pairs in prop::collection::vec((0..5usize, 0..5usize), 0..4),
            which in 0..3usize,
        ) {
            let (mut sizes, border) = (sizes, ALL[which]);
            if let Some(size) = sizes.get_mut(long) {
                *size = 9000;
            }
            let most = |axis: usize| match border {
                Border::Reflect => sizes[axis] - 1,
                _ => sizes[axis],
            };
            let pairs: Vec<_> = (0..3).rev().zip(pairs)
                .map(|(axis, (a, b))| (a.min(most(axis)), b.min(most(axis))))
                .collect();
            // Small integers, so that sums are exact.
            let len = sizes.iter().product::<usize>();
            let x = Tensor::<f64>::from_fn(len, |i| (i % 101) as f64)?.reshape(sizes.as_slice())?;
            let mut expected = x.clone();
            for (axis, &(before, after)) in (0..3).rev().zip(&pairs) {
                let size = sizes[axis];
                let places = Tensor::<i64>::from_fn(before + size + after, |i| {
                    let (i, n) = (i as i64 - before as i64, size as i64);
                    match border {
                        Border::Circular => i.rem_euclid(n),
                        Border::Replicate => i.clamp(0, n - 1),
                        Border::Reflect => (n - 1) - ((n - 1) - i.abs()).abs(),
                    }
                })?;
                expected = expected.index_select(axis as isize, &places)?;
            }
            let y = bordered(&x, &pairs, border)?;
            prop_assert!(y == expected);
            let g = Tensor::<f64>::from_fn(y.len(), |i| (i * 5 % 13) as f64)?.reshape(y.shape())?;
            let dx = bordered_gradient(&g, *x.shape(), &pairs, border)?;
            prop_assert_eq!(x.mul(&dx)?.sum(..)?, y.mul(&g)?.sum(..)?);
            prop_assert!(threads::with(1, || bordered(&x, &pairs, border))? == y);
        }
    }
}
