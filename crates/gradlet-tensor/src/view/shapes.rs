//! The shapes and ranges that views have: what becomes of a shape whose axes are merged, split, dropped or repeated.

use std::ops::{Bound, RangeBounds};

use crate::error::{Error, ErrorKind, Result};
use crate::shape::{Axes, Shape};

/// The index of an axis as [`Shape::axis`] counts it; a scalar counts as one element along an axis 0, so that 0 and -1
/// are 0 there.
///
/// # Errors
///
/// If the axis is outside `-rank..rank`, or outside `-1..1` for a scalar.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!((fused::axis_or_scalar(&Shape::from([2, 3]), -1)?, fused::axis_or_scalar(&Shape::SCALAR, -1)?), (1, 0));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn axis_or_scalar(shape: &Shape, axis: isize) -> Result<usize> {
    shape.axis_or_scalar_for("axis_or_scalar", axis)
}

/// The shape without those of the axes that have size 1.
///
/// # Shape
///
/// axes `[0, 1]`: `[1, 3, 1] -> [3, 1]`
///
/// # Errors
///
/// If an axis is out of range, or named twice.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::squeezed(&Shape::from([1, 3, 1]), &[0, 1])?, Shape::from([3, 1]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn squeezed(shape: &Shape, axes: &[isize]) -> Result<Shape> {
    let padded = if shape.rank() == 0 {
        &Shape::from(1)
    } else {
        shape
    };
    let chosen = axes.select("squeeze_axes", padded)?;
    let mut squeezed = Shape::SCALAR;
    for (&size, chosen) in shape.dims().iter().zip(chosen) {
        if size != 1 || !chosen {
            squeezed.push(size)?;
        }
    }
    Ok(squeezed)
}

/// The shape with the axes from `start` to `end`, both included, merged into one; `[1]` for a scalar.
///
/// # Shape
///
/// axes 1 to 2: `[n, c, h, w] -> [n, c * h, w]`; `[] -> [1]`
///
/// # Errors
///
/// If an axis is out of range, or the end is before the start.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::flattened(&Shape::from([8, 3, 4, 4]), 1, -1)?, Shape::from([8, 48]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn flattened(shape: &Shape, start: isize, end: isize) -> Result<Shape> {
    let first = shape.axis_or_scalar_for("flatten_axes", start)?;
    let last = shape.axis_or_scalar_for("flatten_axes", end)?;
    if shape.rank() == 0 {
        return Ok(Shape::from(1));
    }
    if first > last {
        return Err(Error::new(ErrorKind::OutOfRange {
            op: "flatten_axes",
            name: "the first axis",
            expected: "at most the last",
            value: first as f64,
            remedy: format!("; the last is {last} of shape {shape}"),
        }));
    }
    let mut merged = Shape::new(&shape.dims()[..first])?;
    merged.push(Shape::new(&shape.dims()[first..=last])?.len())?;
    for &size in &shape.dims()[last + 1..] {
        merged.push(size)?;
    }
    Ok(merged)
}

/// The shape with an axis split into several of the given sizes.
///
/// # Shape
///
/// axis 1, sizes `[3, 4]`: `[n, 12] -> [n, 3, 4]`
///
/// # Errors
///
/// If the axis is out of range, there are no sizes or their product is not the size of the axis, or the result has more
/// than eight axes.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::unflattened(&Shape::from([8, 12]), -1, &[3, 4])?, Shape::from([8, 3, 4]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn unflattened(shape: &Shape, axis: isize, sizes: &[usize]) -> Result<Shape> {
    let axis = shape.axis_for("unflatten", axis)?;
    let split = Shape::new(sizes)?;
    let size = shape.dims()[axis];
    if split.rank() == 0 || split.len() != size {
        return Err(Error::new(ErrorKind::OutOfRange {
            op: "unflatten",
            name: "the product of the sizes",
            expected: "the size of the axis",
            value: split.len() as f64,
            remedy: format!("; sizes {split}, axis {axis} of shape {shape}"),
        }));
    }
    let mut all = Shape::new(&shape.dims()[..axis])?;
    for &size in sizes.iter().chain(&shape.dims()[axis + 1..]) {
        all.push(size)?;
    }
    Ok(all)
}

/// The shape with other sizes for axes of size 1, and new axes in front; -1 keeps a size.
///
/// # Shape
///
/// sizes `[-1, 3]`: `[n, 1] -> [n, 3]`; `[4, -1, -1]`: `[n, m] -> [4, n, m]`
///
/// # Errors
///
/// If there are fewer sizes than axes, an axis whose size is not 1 gets a different size, or a size is below -1, or -1 for
/// a new axis.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::expanded(&Shape::from([2, 1]), &[4, -1, 3])?, Shape::from([4, 2, 3]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn expanded(shape: &Shape, sizes: &[isize]) -> Result<Shape> {
    let new = sizes.len().saturating_sub(shape.rank());
    let mut all = Shape::SCALAR;
    for (i, &size) in sizes.iter().enumerate() {
        let old = i.checked_sub(new).and_then(|axis| shape.dims().get(axis));
        let size = match (usize::try_from(size), old) {
            (Ok(size), _) => size,
            (Err(_), Some(&old)) if size == -1 => old,
            _ => {
                return Err(Error::new(ErrorKind::OutOfRange {
                    op: "expand",
                    name: "a size",
                    expected: "at least 0, or -1 for an axis there is already",
                    value: size as f64,
                    remedy: format!("; sizes {sizes:?} for shape {shape}"),
                }));
            }
        };
        all.push(size)?;
    }
    if sizes.len() < shape.rank() {
        return Err(Error::new(ErrorKind::Rank {
            op: "expand",
            expected: "no more axes than sizes",
            shape: *shape,
        }));
    }
    if Shape::broadcast_for("expand", shape, &all)? != all {
        return Err(Error::new(ErrorKind::ShapeMismatch {
            op: "expand",
            expected: all,
            found: *shape,
        }));
    }
    Ok(all)
}

/// The first index and the number of indices that a range covers along an axis: negative bounds count from the end,
/// and bounds beyond the axis are its ends.
///
/// # Errors
///
/// If the axis is out of range; the message begins with `slice`.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// assert_eq!(fused::span(&Shape::from([2, 5]), 1, &(1..-1))?, (1, 3));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn span(shape: &Shape, axis: isize, range: &impl RangeBounds<isize>) -> Result<(usize, usize)> {
    let size = shape.dims()[shape.axis_for("slice", axis)?];
    let place = |bound: isize, behind: usize| {
        let place = match usize::try_from(bound) {
            Ok(bound) => bound.saturating_add(behind),
            // One behind an index before the start is before the start too, or the start itself.
            Err(_) => size
                .saturating_add(behind)
                .saturating_sub(bound.unsigned_abs()),
        };
        place.min(size)
    };
    let start = match range.start_bound() {
        Bound::Included(&start) => place(start, 0),
        Bound::Excluded(&start) => place(start, 1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => place(end, 1),
        Bound::Excluded(&end) => place(end, 0),
        Bound::Unbounded => size,
    };
    Ok((start, end.saturating_sub(start)))
}

/// The shapes that a tensor of this shape and its indices broadcast to for [`Tensor::take_along`](crate::Tensor::take_along):
/// they agree in all axes but the given one.
///
/// # Shape
///
/// axis 1: `[a, n, 1], [1, m, b] -> [a, n, b], [a, m, b]`
///
/// # Errors
///
/// If the axis is out of range, or the numbers of axes differ, or the sizes do not broadcast.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let [x, indices] = fused::along(&Shape::from([2, 5]), 1, Shape::from([1, 3]))?;
/// assert_eq!((x, indices), (Shape::from([2, 5]), Shape::from([2, 3])));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn along(shape: &Shape, axis: isize, indices: Shape) -> Result<[Shape; 2]> {
    let at = shape.axis_or_scalar_for("take_along", axis)?;
    if shape.rank() != indices.rank() {
        return Err(Error::new(ErrorKind::ShapeMismatch {
            op: "take_along",
            expected: *shape,
            found: indices,
        }));
    }
    let once = |mut shape: Shape| {
        shape
            .dims_mut()
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|size| *size = 1);
        shape
    };
    let all = Shape::broadcast_for("take_along", &once(*shape), &once(indices))?;
    Ok([*shape, indices].map(|from| {
        let mut shape = all;
        let size = from.dims().get(at).copied();
        shape
            .dims_mut()
            .iter_mut()
            .skip(at)
            .take(1)
            .zip(size)
            .for_each(|(to, size)| *to = size);
        shape
    }))
}
