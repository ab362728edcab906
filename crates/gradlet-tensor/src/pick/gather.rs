//! Picking single elements by index or by a mask.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::{fold, gather as kernel};
use crate::shape::Layout;
use crate::shape::Nest;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Element> Tensor<T> {
    /// The elements that the indices name along one axis: `y[i, j, k] = x[i, indices[i, j, k], k]` for axis 1.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]` -> `[c, m, d]`, with c <= a and d <= b; a scalar counts as `[1]`
    ///
    /// # Errors
    ///
    /// If the axis or an index is out of range (negative indices are), or the numbers of axes differ, or there are more
    /// indices than elements along any axis but that one.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.gather(1, &tensor![i64; [0, 0], [1, 0]])?.to_vec(), [1.0, 1.0, 4.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        let at = expect_fitting("gather", *self.shape(), axis, *indices.shape())?;
        let places = indices.vector_if_scalar()?;
        let y = self.vector_if_scalar()?.pick("gather", at, &places)?;
        y.reshape(indices.shape())
    }

    #[track_caller]
    pub(crate) fn vector_if_scalar(&self) -> Result<Self> {
        self.reshape(self.shape().vector_if_scalar())
    }

    /// As `gather`, for an axis and sizes that fit. Nothing is copied first, so the indices may repeat in a broadcast
    /// view.
    #[track_caller]
    pub(crate) fn pick(
        &self,
        op: &'static str,
        axis: usize,
        indices: &Tensor<i64>,
    ) -> Result<Self> {
        let (size, step) = (self.shape()[axis], self.layout().strides()[axis]);
        if size == 0 || indices.is_empty() {
            expect_inside(op, *self.shape(), axis, indices)?;
            return Self::build(*indices.shape(), |_| {});
        }
        let first = first_along(self.layout(), axis, *indices.shape())?;
        let nest = Nest::new(indices.shape(), [&first, indices.layout()]);
        let (_, [step_x, step_i]) = nest.row();
        let outside = AtomicBool::new(false);
        let y = Self::build(*indices.shape(), |y| {
            nest.for_pieces(y, |[place, place_i], y| {
                let x = (&self.storage()[place..], step_x);
                let indices = (&indices.storage()[place_i..], step_i);
                if !kernel::gather(x, indices, (size, step), y) {
                    outside.store(true, Ordering::Relaxed);
                }
            });
        })?;
        if outside.into_inner() {
            expect_inside(op, *self.shape(), axis, indices)?;
        }
        Ok(y)
    }

    /// As [`gather`](Self::gather), after broadcasting all axes but the given one.
    ///
    /// # Shape
    ///
    /// `x: [a, n, 1]`, indices `[1, m, b]` -> `[a, m, b]`
    ///
    /// # Errors
    ///
    /// If the axis or an index is out of range (negative indices are), or the numbers of axes differ, or the sizes do
    /// not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// let y = x.take_along(1, &tensor![i64; [1, 1, 0]])?; // the same for each row
    /// assert_eq!(y, tensor![[2.0, 2.0, 1.0], [4.0, 4.0, 3.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.take_along_axis`, without its negative indices
    #[track_caller]
    pub fn take_along(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        let [x, all] = self.shape().along(axis, *indices.shape())?;
        self.broadcast_to(x)?
            .gather(axis, &indices.broadcast_to(all)?)
            .map_err(|error| error.of("take_along"))
    }

    /// The elements for which the mask is true, in row-major order, after broadcasting.
    ///
    /// # Shape
    ///
    /// `x: [a, b]`, mask `[b]` -> `[n]`, where n elements of the mask are true after broadcasting
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.masked_select(&x.gt(&tensor![1.5])?)?.to_vec(), [2.0, 3.0, 4.0]);
    /// assert_eq!(x.masked_select(&tensor![bool; false, true])?.to_vec(), [2.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn masked_select(&self, mask: &Tensor<bool>) -> Result<Self> {
        let shape = Shape::broadcast_for("masked_select", self.shape(), mask.shape())?;
        let (x, mask) = (self.broadcast_to(shape)?, mask.broadcast_to(shape)?);
        let (x, mask) = (x.try_contiguous()?, mask.try_contiguous()?);
        let x = x.as_slice().unwrap_or_default();
        let mask = mask.as_slice().unwrap_or_default();
        Self::build(Shape::from(fold::count(mask)), |out| {
            let mut n = 0;
            for (&x, &taken) in x.iter().zip(mask) {
                // An element that is not taken is written over by the next: a branch on the mask would be mispredicted.
                let Some(y) = out.get_mut(n) else { return };
                *y = x;
                n += usize::from(taken);
            }
        })
    }
}

/// The layout, in the shape of the indices, of the elements at index 0 of the axis and at the indices' own places along
/// the others.
#[track_caller]
pub(crate) fn first_along(layout: &Layout, axis: usize, indices: Shape) -> Result<Layout> {
    let mut first = *layout;
    for (i, &size) in indices.iter().enumerate() {
        first = first.narrow(i as isize, 0, if i == axis { 1 } else { size })?;
    }
    first.broadcast_to(indices)
}

/// The axis, counted from the start; an error unless indices of the shape `indices` fit a tensor of the shape `shape`.
#[track_caller]
pub(crate) fn expect_fitting(
    op: &'static str,
    shape: Shape,
    axis: isize,
    indices: Shape,
) -> Result<usize> {
    let axis = shape.axis_or_scalar_for(op, axis)?;
    let (full, sizes) = (shape.vector_if_scalar(), indices.vector_if_scalar());
    let fits = |i: usize| i == axis || sizes[i] <= full[i];
    if full.rank() != sizes.rank() || !(0..full.rank()).all(fits) {
        return Err(Error::new(ErrorKind::ShapeMismatch {
            op,
            expected: shape,
            found: indices,
        }));
    }
    Ok(axis)
}

/// Returns an error unless all indices are within the axis.
#[track_caller]
pub(crate) fn expect_inside(
    op: &'static str,
    shape: Shape,
    axis: usize,
    indices: &Tensor<i64>,
) -> Result<()> {
    let size = shape.vector_if_scalar()[axis];
    let outside = |index: i64| usize::try_from(index).map_or(true, |place| place >= size);
    let are_inside = |indices: &Tensor<i64>| {
        indices
            .as_dense_slice()
            .is_some_and(|all| kernel::all_inside(all, size))
    };
    if are_inside(indices) {
        return Ok(());
    }
    // Indices that repeat in a view are looked at once.
    let layout = indices.layout();
    let once = layout.repeats_with(layout).map(|axes| layout.once(&axes));
    let indices = once.map_or_else(|| indices.clone(), |once| indices.view(once));
    if are_inside(&indices) {
        return Ok(());
    }
    match indices.iter().find(|&index| outside(index)) {
        None => Ok(()),
        Some(index) => Err(Error::new(ErrorKind::IndexOutOfRange {
            op,
            index,
            axis,
            size,
            shape,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn elements_are_picked_along_each_axis() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(
            x.gather(0, &tensor![i64; [1, 0, 1]])?,
            tensor![[4.0, 2.0, 6.0]]
        );
        assert_eq!(
            x.gather(-1, &tensor![i64; [2, 2, 0, 1]])?,
            tensor![[3.0, 3.0, 1.0, 2.0]]
        );
        assert_eq!(
            x.t()?.gather(1, &tensor![i64; [1], [0]])?,
            tensor![[4.0], [2.0]]
        );
        assert_eq!(x.gather(1, &Tensor::zeros_of([0, 4])?)?.shape(), [0, 4]);
        assert_eq!(
            Tensor::zeros([2, 0])?
                .gather(0, &Tensor::zeros_of([5, 0])?)?
                .shape(),
            [5, 0]
        );
        Ok(())
    }

    #[test]
    fn a_scalar_counts_as_one_element() -> Result<()> {
        let x = Tensor::scalar(2.0f32);
        assert_eq!(x.gather(0, &tensor![i64; 0, 0])?, tensor![2.0, 2.0]);
        assert_eq!(x.gather(-1, &Tensor::scalar(0))?, x);
        assert_eq!(
            tensor![3.0, 4.0].gather(0, &Tensor::scalar(1))?,
            Tensor::scalar(4.0)
        );
        assert_eq!(x.take_along(0, &Tensor::scalar(0))?, x);
        Ok(())
    }

    #[test]
    fn other_axes_broadcast_when_taking_along_one() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(
            x.take_along(1, &tensor![i64; [2, 0]])?,
            tensor![[3.0, 1.0], [6.0, 4.0]]
        );
        assert_eq!(
            tensor![[7.0, 8.0]].take_along(1, &tensor![i64; [1], [0], [1]])?,
            tensor![[8.0], [7.0], [8.0]]
        );
        assert!(matches!(
            x.take_along(0, &tensor![i64; [0, 1]]).unwrap_err().kind(),
            ErrorKind::Broadcast {
                op: "take_along",
                ..
            }
        ));
        assert!(
            x.take_along(1, &tensor![i64; 0]).is_err()
                && x.take_along(2, &tensor![i64; [0]]).is_err()
        );
        Ok(())
    }

    #[test]
    fn masks_broadcast_both_ways() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(
            x.masked_select(&tensor![bool; true, false])?.to_vec(),
            [1.0, 3.0]
        );
        let rows = tensor![5.0, 6.0].masked_select(&tensor![bool; [true], [false], [true]])?;
        assert_eq!(rows.to_vec(), [5.0, 6.0, 5.0, 6.0]);
        assert_eq!(x.masked_select(&Tensor::scalar(false))?.shape(), [0]);
        assert!(x.masked_select(&tensor![bool; true, true, true]).is_err());
        Ok(())
    }

    #[test]
    fn bad_indices_and_shapes_are_errors() {
        let x = tensor![[1.0, 2.0], [3.0, 4.0]];
        for index in [-1, 2, i64::MIN, i64::MAX] {
            let error = x.gather(0, &tensor![i64; [index, 0]]).unwrap_err();
            assert!(
                matches!(
                    error.kind(),
                    ErrorKind::IndexOutOfRange {
                        axis: 0,
                        size: 2,
                        ..
                    }
                ),
                "{error}"
            );
        }
        assert!(matches!(
            x.gather(0, &tensor![i64; [0, 0, 0]]).unwrap_err().kind(),
            ErrorKind::ShapeMismatch { .. }
        ));
        assert!(x.gather(0, &tensor![i64; 0]).is_err() && x.gather(2, &tensor![i64; [0]]).is_err());
    }

    #[test]
    fn views_larger_than_memory_are_errors() -> Result<()> {
        let much = tensor![1.0].broadcast_to([1 << 50])?;
        assert_eq!(much.gather(0, &tensor![i64; 7])?.to_vec(), [1.0]);
        for error in [
            much.cumsum(0),
            much.take_along(0, &tensor![i64; 0].broadcast_to([1 << 50])?),
            much.max(0),
            much.roll(&[1], &[0]),
        ] {
            let error = error.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::TooLarge { .. }),
                "{error}"
            );
            assert!(error.location().file().ends_with("gather.rs"), "{error}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn gathering_agrees_with_indexing(
            sizes in prop::array::uniform3(1..4usize), m in 0..4usize, axis in 0..3usize, seed in 0..100u64,
        ) {
            let x = Tensor::<f64>::normal([sizes[2], sizes[1], sizes[0]], 0.0, 1.0, &mut crate::rng(seed))?.transpose(0, 2)?;
            let mut shape = sizes;
            shape[axis] = m;
            let indices = Tensor::<i64>::from_fn(shape, |i| ((i as u64 * 7 + seed) % sizes[axis] as u64) as i64)?;
            let y = x.gather(axis as isize, &indices)?;
            prop_assert_eq!(y.shape(), shape);
            for i in 0..indices.len() {
                let mut at = [i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2]];
                let value = y.at(&at)?;
                at[axis] = indices.at(&at)? as usize;
                prop_assert_eq!(value, x.at(&at)?);
            }
        }
    }
}
