//! [`Shape`]: the sizes of a tensor's axes, stored inline.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::slice;

use crate::error::{Error, ErrorKind, Result};

/// The largest number of axes a tensor can have.
pub const MAX_RANK: usize = 8;

/// A number of elements that no memory holds, but whose bytes still fit into an `isize`.
const MAX_ELEMENTS: usize = 1 << (usize::BITS - 4);

/// The sizes of a tensor's axes, outermost first: at most [`MAX_RANK`] sizes, stored inline; `[]` for a scalar.
///
/// It can be read as a slice of the sizes.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::Shape;
/// let shape = Shape::from([2, 3]);
/// assert_eq!((shape[1], shape.rank(), shape.numel()), (3, 2, 6));
/// assert_eq!(shape.to_string(), "[2, 3]");
/// let [rows, columns] = shape[..] else { panic!("a matrix has two axes") };
/// assert_eq!((rows, columns), (2, 3));
/// ```
#[derive(Clone, Copy)]
pub struct Shape {
    rank: u8,
    sizes: [usize; MAX_RANK],
}

impl Shape {
    /// The shape of a scalar: no axes, one element.
    pub const SCALAR: Self = Self {
        rank: 0,
        sizes: [0; MAX_RANK],
    };

    /// The shape with the given sizes; `Shape::from` takes an array, whose length is checked at compile time.
    ///
    /// # Errors
    ///
    /// If there are more than [`MAX_RANK`] axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Shape::new(&[2, 3])?, Shape::from([2, 3]));
    /// assert!(Shape::new(&[1; 9]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn new(sizes: &[usize]) -> Result<Self> {
        let mut shape = Self::SCALAR;
        for &size in sizes {
            shape.push(size)?;
        }
        Ok(shape)
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// The number of elements: the product of the sizes, 1 for a scalar.
    ///
    /// A product beyond `usize` saturates; making a tensor of such a shape fails.
    #[inline]
    pub fn numel(&self) -> usize {
        self.iter()
            .fold(1, |len: usize, &size| len.saturating_mul(size))
    }

    /// `[1]` for a scalar, and the shape itself otherwise.
    pub(crate) fn vector_if_scalar(self) -> Self {
        if self.rank == 0 { Self::from(1) } else { self }
    }

    /// Whether a tensor may have this shape: the sizes that are not 0 have a product below 2^60, so that no product of
    /// some of them overflows, nor the number of bytes for the widest elements.
    pub(crate) fn is_countable(&self) -> bool {
        let sizes = self.iter().filter(|&&size| size != 0);
        let product = sizes.fold(1, |product: usize, &size| product.saturating_mul(size));
        product < MAX_ELEMENTS
    }

    /// The index of an axis, counted from the start; a negative `axis` counts from the end.
    ///
    /// # Errors
    ///
    /// If the axis is outside `-rank..rank`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let shape = Shape::from([2, 3]);
    /// assert_eq!((shape.axis(1)?, shape.axis(-2)?), (1, 0));
    /// assert!(shape.axis(2).is_err() && Shape::SCALAR.axis(0).is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn axis(&self, axis: isize) -> Result<usize> {
        self.axis_for("axis", axis)
    }

    /// As `axis`; the message begins with `op`.
    #[track_caller]
    pub(crate) fn axis_for(&self, op: &'static str, axis: isize) -> Result<usize> {
        let rank = self.rank() as isize;
        if (-rank..rank).contains(&axis) {
            Ok(if axis < 0 { axis + rank } else { axis } as usize)
        } else {
            Err(Error::new(ErrorKind::AxisOutOfRange {
                op,
                axis,
                shape: *self,
            }))
        }
    }

    /// As `axis_for`, but a scalar counts as one element along an axis 0: for it, 0 and -1 give 0.
    #[track_caller]
    pub(crate) fn axis_or_scalar_for(&self, op: &'static str, axis: isize) -> Result<usize> {
        if self.rank() == 0 && (-1..1).contains(&axis) {
            return Ok(0);
        }
        self.axis_for(op, axis)
    }

    /// Returns an error unless there are `rank` axes; `expected` is what the message asks for, such as "a matrix".
    #[track_caller]
    pub(crate) fn expect_rank(
        &self,
        op: &'static str,
        rank: usize,
        expected: &'static str,
    ) -> Result<()> {
        if self.rank() == rank {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Rank {
            op,
            expected,
            shape: *self,
        }))
    }

    /// The indices of an element, one for each axis, from its row-major index.
    pub(crate) fn indices(&self, mut at: usize) -> Vec<usize> {
        let mut indices = self.to_vec();
        for index in indices.iter_mut().rev() {
            (at, *index) = (at / *index, at % *index);
        }
        indices
    }

    #[track_caller]
    pub(crate) fn push(&mut self, size: usize) -> Result<()> {
        self.insert(self.rank(), size)
    }

    #[track_caller]
    pub(crate) fn insert(&mut self, axis: usize, size: usize) -> Result<()> {
        let rank = self.rank();
        if rank == MAX_RANK {
            return Err(Error::new(ErrorKind::TooManyAxes { shape: *self, size }));
        }
        self.sizes.copy_within(axis..rank, axis + 1);
        self.sizes[axis] = size;
        self.rank += 1;
        Ok(())
    }

    pub(crate) fn remove(&mut self, axis: usize) -> usize {
        let size = self.sizes[axis];
        let rank = self.rank();
        self.sizes.copy_within(axis + 1..rank, axis);
        self.rank -= 1;
        size
    }

    /// The shape that both broadcast to: axes are matched from the last one on, sizes must be equal or 1.
    ///
    /// # Shape
    ///
    /// `[4, 1], [3] -> [4, 3]`
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Shape;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (column, row) = (Shape::from([4, 1]), Shape::from([3]));
    /// assert_eq!(Shape::broadcast(&column, &row)?, Shape::from([4, 3]));
    /// assert!(Shape::broadcast(&row, &Shape::from([2])).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.broadcast_shapes`
    #[track_caller]
    #[inline]
    pub fn broadcast(lhs: &Self, rhs: &Self) -> Result<Self> {
        Self::broadcast_for("broadcast", lhs, rhs)
    }

    /// As `broadcast`; the message begins with `op`.
    #[track_caller]
    #[inline]
    pub(crate) fn broadcast_for(op: &'static str, lhs: &Self, rhs: &Self) -> Result<Self> {
        if lhs == rhs {
            return Ok(*lhs);
        }
        let (mut out, small) = if lhs.rank >= rhs.rank {
            (*lhs, rhs)
        } else {
            (*rhs, lhs)
        };
        let shift = out.rank() - small.rank();
        for (axis, &size) in small.iter().enumerate() {
            let other = &mut out.sizes[axis + shift];
            if *other == 1 {
                *other = size;
            } else if size != 1 && size != *other {
                let axis = axis + shift;
                return Err(Error::new(ErrorKind::Broadcast {
                    op,
                    lhs: *lhs,
                    rhs: *rhs,
                    axis,
                }));
            }
        }
        Ok(out)
    }
}

/// The sizes, outermost first.
impl Deref for Shape {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        &self.sizes[..usize::from(self.rank)]
    }
}

impl DerefMut for Shape {
    #[inline]
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.sizes[..usize::from(self.rank)]
    }
}

impl<'a> IntoIterator for &'a Shape {
    type Item = &'a usize;
    type IntoIter = slice::Iter<'a, usize>;

    #[inline]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // One by one: `memcmp` reads several sizes at a time, and waits if they have just been written one by one.
        self.rank == other.rank && self.iter().zip(other).all(|(a, b)| a == b)
    }
}

impl Eq for Shape {}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        **self == *other
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == *other
    }
}

/// Lets `x.shape() == [2, 3]` compile.
impl<const N: usize> PartialEq<[usize; N]> for &Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == *other
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &**self)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        const { assert!(N <= MAX_RANK, "a tensor has at most 8 axes") };
        let mut shape = Self {
            rank: N as u8,
            ..Self::SCALAR
        };
        shape.copy_from_slice(&sizes);
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_one_element_and_zero_sizes_none() {
        assert_eq!(Shape::SCALAR.numel(), 1);
        assert_eq!(Shape::from([3, 0, 2]).numel(), 0);
        assert_eq!(Shape::from([usize::MAX, 2, 0]).numel(), 0);
    }

    #[test]
    fn axes_count_from_both_ends() -> Result<()> {
        let shape = Shape::from([2, 3, 4]);
        assert_eq!(shape.axis_for("sum", -1)?, 2);
        assert_eq!(shape.axis_for("sum", 0)?, 0);
        let error = shape.axis_for("sum", 3).unwrap_err().to_string();
        assert!(
            error.starts_with("sum: axis 3 is out of range for shape [2, 3, 4]"),
            "{error}"
        );
        assert!(Shape::SCALAR.axis_for("sum", 0).is_err());
        Ok(())
    }

    #[test]
    fn broadcasting_matches_axes_from_the_last() -> Result<()> {
        let shape = Shape::broadcast_for("add", &Shape::from([3, 1]), &Shape::from([2, 1, 4]))?;
        assert_eq!(&shape, [2, 3, 4]);
        let error = Shape::broadcast_for("add", &Shape::from([2, 3]), &Shape::from(4)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Broadcast { axis: 1, .. }));
        assert_eq!(
            &Shape::broadcast_for("add", &Shape::from([1, 0]), &Shape::from([3, 1]))?,
            [3, 0]
        );
        Ok(())
    }

    #[test]
    fn sizes_beyond_counting_are_told_from_large_ones() {
        assert!(Shape::from([0, 1 << 59]).is_countable() && Shape::SCALAR.is_countable());
        for sizes in [[0, 1 << 60, 1], [0, 1 << 30, 1 << 30], [0, usize::MAX, 0]] {
            assert!(!Shape::from(sizes).is_countable(), "{sizes:?}");
        }
    }

    #[test]
    fn nine_axes_are_an_error() {
        assert!(matches!(
            Shape::new(&[1; 9]).unwrap_err().kind(),
            ErrorKind::TooManyAxes { .. }
        ));
        assert_eq!(Shape::new(&[1; 8]).map(|s| s.rank()).ok(), Some(8));
    }
}
