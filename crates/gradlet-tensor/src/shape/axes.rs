//! [`Axes`]: which axes a reduction goes over.

use std::ops::RangeFull;

use crate::error::{Error, ErrorKind, Result};
use crate::shape::{MAX_RANK, Shape};

/// The axes that a reduction goes over: `..` for all, one axis, or a list; negative ones count from the end. A scalar
/// has the axis 0 here, which is also -1.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[[1.0, 2.0], [3.0, 4.0]]];
/// assert_eq!(x.sum(..)?.item()?, 10.0);
/// assert_eq!(x.sum(-1)?, tensor![[3.0, 7.0]]);
/// assert_eq!(x.sum([0, 1])?.to_vec(), [4.0, 6.0]);
/// assert_eq!(x.sum([])?, x); // no axis
/// # Ok(())
/// # }
/// ```
pub trait Axes {
    /// Which of the shape's axes are meant.
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    #[track_caller]
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]>;
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
            let of_scalar = shape.rank() == 0 && (axis == 0 || axis == -1);
            let axis = if of_scalar {
                0
            } else {
                shape.axis_for(op, axis)?
            };
            if std::mem::replace(&mut seen[axis], true) {
                return Err(Error::new(ErrorKind::AxisRepeated {
                    op,
                    axis,
                    shape: *shape,
                }));
            }
            selected[axis] = !of_scalar;
        }
        Ok(selected)
    }
}

impl<const N: usize> Axes for [isize; N] {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        self.as_slice().select(op, shape)
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn select(&self, op: &'static str, shape: &Shape) -> Result<[bool; MAX_RANK]> {
        (**self).select(op, shape)
    }
}
