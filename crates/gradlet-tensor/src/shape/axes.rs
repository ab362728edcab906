//! [`Axes`]: which axes a reduction goes over, and [`Keep`], whether its result keeps them.

use std::ops::RangeFull;

use crate::error::{Error, ErrorKind, Result};
use crate::shape::{MAX_RANK, Shape};

/// The axes that a reduction goes over: `..` for all, one axis, or a list; negative ones count from the end. For a
/// scalar, 0 and -1 are accepted too.
///
/// The result does not have these axes; with [`Keep`], it has them at size 1.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Keep, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[[1.0, 2.0], [3.0, 4.0]]];
/// assert_eq!(x.sum(..)?.item()?, 10.0);
/// assert_eq!(x.sum(-1)?, tensor![[3.0, 7.0]]);
/// assert_eq!(x.sum([0, 1])?.to_vec(), [4.0, 6.0]);
/// assert_eq!(x.sum([])?, x); // no axis
/// assert_eq!(x.sum(Keep(-1))?, tensor![[[3.0], [7.0]]]);
/// # Ok(())
/// # }
/// ```
pub trait Axes {
    /// Whether each axis of the shape is selected.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice; the message begins with `op`.
    #[track_caller]
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]>;

    /// Whether the result keeps the axes, at size 1.
    fn is_kept(&self) -> bool {
        false
    }
}

/// Axes that the result of a reduction keeps, at size 1, so that it broadcasts to the shape that was reduced.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Keep, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 3.0], [5.0, 9.0]];
/// assert_eq!(x.mean(Keep(1))?, tensor![[2.0], [7.0]]);
/// assert_eq!(x.sub(&x.mean(Keep(1))?)?, tensor![[-1.0, 1.0], [-2.0, 2.0]]);
/// assert_eq!(x.max(Keep(..))?, tensor![[9.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `keepdim=True` of `PyTorch`'s reductions
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep<A>(pub A);

impl<A: Axes> Axes for Keep<A> {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        self.0.select(op, shape)
    }

    fn is_kept(&self) -> bool {
        true
    }
}

/// The axes of one shape that a reduction goes over, and whether its result keeps them.
///
/// An operation of your own that takes [`Axes`] can store this value. It is `Axes` itself, for tensors of that shape.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Keep, ReducedAxes, Shape, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
/// let axes = ReducedAxes::new("sum", *x.shape(), &-1)?;
/// assert_eq!((axes.kept(), axes.output()), (Shape::from([2, 1]), Shape::from([2])));
/// assert_eq!(x.sum(axes)?, tensor![3.0, 7.0]);
/// assert_eq!(x.sum(Keep(axes))?, tensor![[3.0], [7.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReducedAxes {
    input: Shape,
    reduced: [bool; MAX_RANK],
    keep: bool,
}

impl ReducedAxes {
    /// The axes that `axes` selects from the shape.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice; the message begins with `op`.
    #[track_caller]
    pub fn new(op: &'static str, input: Shape, axes: &(impl Axes + ?Sized)) -> Result<Self> {
        Ok(Self {
            input,
            reduced: axes.select(op, &input)?,
            keep: axes.is_kept(),
        })
    }

    /// The marked axes of the shape, kept in the result.
    pub(crate) fn marked(input: Shape, reduced: [bool; MAX_RANK]) -> Self {
        Self {
            input,
            reduced,
            keep: true,
        }
    }

    /// The same axes, kept in the result.
    #[must_use]
    pub fn keep(self) -> Self {
        Self { keep: true, ..self }
    }

    /// The shape that is reduced.
    #[inline]
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The shape with the reduced axes at size 1; it broadcasts to the input's shape.
    pub fn kept(&self) -> Shape {
        let mut kept = self.input;
        for (size, &reduced) in kept.iter_mut().zip(&self.reduced) {
            if reduced {
                *size = 1;
            }
        }
        kept
    }

    /// The shape of the result: with the reduced axes at size 1 if they are kept, without them otherwise.
    pub fn output(&self) -> Shape {
        if self.keep {
            return self.kept();
        }
        let mut output = self.input;
        for axis in (0..self.input.rank()).rev() {
            if self.reduced[axis] {
                output.remove(axis);
            }
        }
        output
    }

    /// The number of input elements that each element of the result is made from.
    pub fn count(&self) -> usize {
        let sizes = self.input.iter().zip(&self.reduced);
        sizes.fold(1, |count: usize, (&size, &reduced)| {
            count.saturating_mul(if reduced { size } else { 1 })
        })
    }

    /// The axes that are reduced, counted from the start, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let reduced = self.reduced;
        (0..self.input.rank()).filter(move |&axis| reduced[axis])
    }

    /// All axes of the shape in an order for `permute` that puts the reduced axes last.
    pub fn order(&self) -> Vec<isize> {
        let mut order: Vec<isize> = (0..self.input.rank() as isize).collect();
        order.sort_by_key(|&axis| self.reduced[axis as usize]);
        order
    }

    /// The same axes, for a different shape.
    pub(crate) fn of(self, input: Shape) -> Self {
        Self { input, ..self }
    }

    /// Whether each axis is reduced.
    #[inline]
    pub(crate) fn marks(&self) -> &[bool; MAX_RANK] {
        &self.reduced
    }
}

impl Axes for ReducedAxes {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        if *shape != self.input {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: self.input,
                found: *shape,
            }));
        }
        Ok(self.reduced)
    }

    fn is_kept(&self) -> bool {
        self.keep
    }
}

impl Axes for RangeFull {
    fn select(&self, _: &'static str, _: &Shape) -> Result<[bool; MAX_RANK]> {
        Ok([true; MAX_RANK])
    }
}

impl Axes for isize {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        [*self].as_slice().select(op, shape)
    }
}

impl Axes for [isize] {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        let mut selected = [false; MAX_RANK];
        // A scalar is reduced like a vector of one element: there is no axis to select.
        let mut seen = [false; MAX_RANK];
        for &axis in self {
            let axis = shape.axis_or_scalar_for(op, axis)?;
            if std::mem::replace(&mut seen[axis], true) {
                return Err(Error::new(ErrorKind::AxisRepeated {
                    op,
                    axis,
                    shape: *shape,
                }));
            }
            selected[axis] = shape.rank() > 0;
        }
        Ok(selected)
    }
}

impl<const N: usize> Axes for [isize; N] {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        self.as_slice().select(op, shape)
    }
}

impl Axes for Vec<isize> {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        self.as_slice().select(op, shape)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        (**self).select(op, shape)
    }

    fn is_kept(&self) -> bool {
        (**self).is_kept()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    fn shapes(sizes: impl Into<Shape>, axes: impl Axes) -> Result<(Shape, Shape, usize)> {
        let axes = ReducedAxes::new("test", sizes.into(), &axes)?;
        Ok((axes.kept(), axes.output(), axes.count()))
    }

    #[test]
    fn shapes_of_results_keep_or_drop_the_axes() -> Result<()> {
        let (kept, dropped) = (Shape::from([1, 3, 1]), Shape::from(3));
        assert_eq!(shapes([2, 3, 4], [-1, 0])?, (kept, dropped, 8));
        assert_eq!(shapes([2, 3, 4], Keep([-1, 0]))?, (kept, kept, 8));
        let borrowed: &Keep<[isize; 2]> = &Keep([-1, 0]);
        assert_eq!(shapes([2, 3, 4], borrowed)?, (kept, kept, 8));
        let (ones, none) = (Shape::from([1, 1]), Shape::SCALAR);
        assert_eq!(shapes([0, 3], ..)?, (ones, none, 0));
        assert_eq!(shapes([0, 3], Keep(..))?, (ones, ones, 0));
        assert_eq!(shapes([0, 3], 1)?, (Shape::from([0, 1]), Shape::from(0), 3));
        assert_eq!(shapes([], Keep(-1))?, (none, none, 1));
        Ok(())
    }

    #[test]
    fn axes_of_one_shape_are_not_axes_of_others() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        let axes = ReducedAxes::new("test", *x.shape(), &1)?;
        assert_eq!(axes.iter().collect::<Vec<_>>(), [1]);
        assert_eq!(x.max(axes.keep())?, x.max(Keep(axes))?);
        assert!(matches!(
            tensor![1.0, 2.0].sum(axes).unwrap_err().kind(),
            ErrorKind::ShapeMismatch { op: "sum", .. }
        ));
        Ok(())
    }

    #[test]
    fn a_kept_axis_out_of_range_names_the_reduction() {
        let error = tensor![1.0, 2.0].sum(Keep(5)).unwrap_err();
        assert!(error.to_string().starts_with("sum: axis 5"), "{error}");
    }
}
