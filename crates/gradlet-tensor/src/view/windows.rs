//! Overlapping windows of an axis, without a copy, and their transpose.

use crate::element::{Element, Float};
use crate::error::{Result, out_of_range};
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::{Layout, Shape};
use crate::tensor::{Tensor, too_large};

impl<T: Element> Tensor<T> {
    /// A view of all windows of `size` consecutive indices of an axis that begin `step` apart; the places in a window are
    /// a new last axis. Windows overlap if the step is smaller than the size; memory holds each element once.
    ///
    /// # Shape
    ///
    /// `windows(1, size, step)`: `[a, n, b] -> [a, (n - size) / step + 1, b, size]`, rounded down; `[] -> [size]`
    ///
    /// # Errors
    ///
    /// If the axis is out of range, the size is larger than the axis, the step is 0, or the result would have more than
    /// eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0, 7.0];
    /// assert_eq!(x.windows(0, 2, 1)?, tensor![[1.0, 2.0], [2.0, 3.0], [3.0, 7.0]]);
    /// assert_eq!(x.windows(0, 3, 1)?.mean(1)?, tensor![2.0, 4.0]); // a moving average
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.unfold`
    #[track_caller]
    pub fn windows(&self, axis: isize, size: usize, step: usize) -> Result<Self> {
        let layout = window_layout("windows", self.layout(), axis, size, step)?;
        if layout.shape.is_countable() {
            Ok(self.view(layout))
        } else {
            Err(too_large(layout.shape, size_of::<T>()))
        }
    }
}

/// The gradient of a tensor of this shape whose windows were taken, given the gradient of the windows: the elements at
/// the same place of overlapping windows are added, in order. It is the transpose of [`Tensor::windows`].
///
/// # Shape
///
/// `g: [a, (n - size) / step + 1, b, size] -> shape`, that is `[a, n, b]`
///
/// # Errors
///
/// If [`Tensor::windows`] would fail, or the gradient does not have the shape of its result.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![[1.0, 2.0], [10.0, 20.0]];
/// assert_eq!(fused::windows_gradient(&g, Shape::from([3]), 0, 1)?, tensor![1.0, 12.0, 20.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn windows_gradient<T: Float>(
    g: &Tensor<T>,
    shape: Shape,
    axis: isize,
    step: usize,
) -> Result<Tensor<T>> {
    let op = "windows_gradient";
    let size = g.shape().last().copied().unwrap_or(0);
    let windows = window_layout(op, &Layout::contiguous(shape), axis, size, step)?;
    g.expect_shape(op, windows.shape)?;
    if shape.rank() == 0 {
        return g.sum(..);
    }
    let axis = shape.axis_for(op, axis)?;
    // The places in a window come right behind the axis, so that a window is consecutive in the result.
    let g = g.moveaxis(&[-1], &[axis as isize + 1])?.try_contiguous()?;
    let g = g.as_slice().unwrap_or_default();
    Tensor::build(shape, |y| {
        if y.is_empty() {
            return;
        }
        let inner: usize = shape[axis + 1..].iter().product();
        let [row, length, step] = [shape[axis], size, step].map(|n| n.saturating_mul(inner));
        let count = windows.shape[axis];
        for_chunks(y, PART, |start, y| {
            y.fill(T::zero());
            let mut done = 0;
            while done < y.len() {
                let (outer, from) = ((start + done) / row, (start + done) % row);
                let part = &mut y[done..];
                let to = row.min(from + part.len());
                let first = (from + 1).saturating_sub(length).div_ceil(step);
                for window in first..to.div_ceil(step).min(count) {
                    let begin = window * step;
                    let (low, high) = (begin.max(from), (begin + length).min(to));
                    let g = &g[(outer * count + window) * length + low - begin..];
                    let part = part[low - from..high - from].iter_mut();
                    part.zip(g).for_each(|(y, &g)| *y = *y + g);
                }
                done += to - from;
            }
        });
    })
}

/// The layout of the windows of an axis.
#[track_caller]
fn window_layout(
    op: &'static str,
    layout: &Layout,
    axis: isize,
    size: usize,
    step: usize,
) -> Result<Layout> {
    let shape = layout.shape;
    let at = shape.axis_or_scalar_for(op, axis)?;
    let length = shape.get(at).copied().unwrap_or(1);
    if size > length {
        let remedy = format!("; axis {at} of shape {shape} has size {length}");
        return Err(out_of_range(
            op,
            "the size",
            "at most the size of the axis",
            size,
            remedy,
        ));
    }
    if step == 0 {
        return Err(out_of_range(op, "the step", "at least 1", 0, String::new()));
    }
    if shape.rank() == 0 {
        return layout.insert(0)?.narrow(0, 0, size);
    }
    layout.windows(at, size, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;
    use proptest::prelude::*;

    #[test]
    fn windows_are_views_that_other_functions_read() -> Result<()> {
        let x = Tensor::<f64>::from_fn([2, 7], |i| i as f64)?;
        let y = x.windows(1, 3, 2)?;
        assert_eq!(y.shape(), [2, 3, 3]);
        assert_eq!(y.storage().as_ptr(), x.storage().as_ptr());
        assert_eq!(
            y.select(0, 1)?.to_vec(),
            [7.0, 8.0, 9.0, 9.0, 10.0, 11.0, 11.0, 12.0, 13.0]
        );
        let copy = y.contiguous();
        assert_eq!(y, copy);
        assert_eq!(y.reshape([2, 9])?, copy.reshape([2, 9])?);
        let turned = |x: &Tensor<f64>| x.transpose(-1, -2);
        assert_eq!(y.add(&turned(&y)?)?, copy.add(&turned(&copy)?)?);
        assert_eq!(y.matmul(&y)?, copy.matmul(&copy)?);
        assert_eq!(y.sum([0, 2])?, copy.sum([0, 2])?);
        assert_eq!(y.softmax(-1)?, copy.softmax(-1)?);
        let mut changed = y.clone();
        changed.make_mut_slice().fill(0.0);
        assert_eq!((y, changed.sum(..)?.item()?), (copy, 0.0));
        assert_eq!(x.windows(0, 0, 1)?.shape(), [3, 7, 0]);
        assert_eq!(Tensor::scalar(4).windows(-1, 1, 5)?.to_vec(), [4]);
        assert_eq!(Tensor::scalar(4).windows(0, 0, 1)?.shape(), [0]);
        Ok(())
    }

    #[test]
    fn windows_that_do_not_fit_are_errors() -> Result<()> {
        let x = Tensor::zeros([2, 3])?;
        let message = x.windows(1, 4, 1).unwrap_err().to_string();
        let start = "windows: the size must be at most the size of the axis, got 4; axis 1 of shape [2, 3] has size 3";
        assert!(message.starts_with(start), "{message}");
        assert!(x.windows(1, 1, 0).is_err() && x.windows(2, 1, 1).is_err());
        assert!(Tensor::scalar(1).windows(0, 2, 1).is_err());
        let error = Tensor::zeros([0, 1 << 50])?
            .windows(1, 1 << 49, 1)
            .unwrap_err();
        assert!(error.to_string().contains("is too large"), "{error}");
        assert!(windows_gradient(&x, Shape::from([5]), 0, 1).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn adding_windows_is_the_transpose_of_taking_them(
            sizes in prop::collection::vec(1..5usize, 3),
            long in 0..8usize,
            axis in 0..3usize,
            (size, step) in (1..5usize, 1..6usize),
        ) {
            let mut sizes = sizes;
            if let Some(size) = sizes.get_mut(long) {
                *size = 20_000;
            }
            let size = size.min(sizes[axis]);
            let len = sizes.iter().product::<usize>();
            // Small integers, so that sums are exact.
            let x = Tensor::<f64>::from_fn(len, |i| (i * 7 % 11) as f64)?.reshape(sizes.as_slice())?;
            let y = x.windows(axis as isize, size, step)?;
            let g = Tensor::<f64>::from_fn(y.len(), |i| (i * 5 % 13) as f64)?.reshape(y.shape())?;
            let dx = windows_gradient(&g, *x.shape(), axis as isize, step)?;
            prop_assert_eq!(x.mul(&dx)?.sum(..)?, y.mul(&g)?.sum(..)?);
            let alone = threads::with(1, || windows_gradient(&g, *x.shape(), axis as isize, step));
            prop_assert!(alone? == dx);
        }
    }
}
