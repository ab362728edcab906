//! Pooling of images: the largest element of each window.

use crate::element::Float;
use crate::error::Result;
use crate::fused::averages::Averages;
use crate::fused::pick_in_planes;
use crate::fused::settings::{PerAxis, Window};
use crate::fused::window::expect_planes;
use crate::kernel::average::Spans;
use crate::kernel::parallel::{PART, for_chunks};
use crate::kernel::pool::{argmax_parts, argmax_windows};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The largest element of each window, and its place `row * w + column` in its plane.
    ///
    /// Padding is never the largest. The first of equal elements is taken, or the last NaN if there is one.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` twice, `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, a setting is 0 where that is meaningless, a kernel is larger than the padded
    /// plane, or a window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Window, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 8.0]];
    /// let (y, indices) = x.max_pool2d(Window::new(2))?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 9.0], vec![1, 6]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.max_pool2d`
    #[track_caller]
    pub fn max_pool2d(&self, window: Window<2>) -> Result<(Self, Tensor<i64>)> {
        let op = "max_pool2d";
        expect_planes(op, *self.shape())?;
        let windows = window.reading(op, self.shape())?;
        let sizes = [windows[0].output, windows[1].output];
        largest(self, sizes, |x, indices| {
            argmax_windows(&windows, x, indices);
        })
    }

    /// The largest element of each of that many parts of each plane, and its place `row * w + column` in its plane;
    /// part i of n covers the elements from `i * size / n`, rounded down, to `(i + 1) * size / n`, rounded up. One number
    /// is for both axes.
    ///
    /// The first of equal elements is taken, or the last NaN if there is one.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` twice, for sizes `[p, q]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to take.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 8.0]];
    /// let (y, indices) = x.adaptive_max_pool2d([1, 3])?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 9.0, 9.0], vec![1, 6, 6]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_max_pool2d`
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, sizes: impl PerAxis<2>) -> Result<(Self, Tensor<i64>)> {
        let sizes = sizes.per_axis();
        let parts = Averages::parts("adaptive_max_pool2d", *self.shape(), sizes)?.into_spans();
        largest(self, sizes, |x, indices| match &parts {
            // Equal parts are windows, whose places are found several at a time.
            [
                Spans::Sliding { window: down, .. },
                Spans::Sliding { window: along, .. },
            ] => argmax_windows(&[*down, *along], x, indices),
            parts => argmax_parts(parts, x, indices),
        })
    }
}

/// The largest elements of each plane and their places, of which `find` writes that many.
#[track_caller]
fn largest<T: Float>(
    x: &Tensor<T>,
    sizes: [usize; 2],
    find: impl Fn(&[T], &mut [i64]) + Sync,
) -> Result<(Tensor<T>, Tensor<i64>)> {
    let (mut shape, rank) = (*x.shape(), x.rank());
    shape[rank - 2..].copy_from_slice(&sizes);
    let x = x.try_contiguous()?;
    let planes = x.as_slice().unwrap_or_default();
    let indices = Tensor::build(shape, |indices| {
        if indices.is_empty() {
            return;
        }
        let from = x.shape()[rank - 2] * x.shape()[rank - 1];
        let to = sizes[0] * sizes[1];
        // Each index takes about as much work as several elements of plain arithmetic.
        for_chunks(indices, (PART / 4).div_ceil(to) * to, |start, indices| {
            let planes = planes[start / to * from..].chunks_exact(from);
            let indices = indices.chunks_exact_mut(to);
            planes
                .zip(indices)
                .for_each(|(x, indices)| find(x, indices));
        });
    })?;
    Ok((pick_in_planes(&x, &indices)?, indices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::fused::settings::{Divisor, Rounding, Sliding};
    use crate::fused::{avg_pool2d_gradient, spread_in_planes};
    use crate::{Shape, tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn the_first_largest_is_taken_and_nan_wins() -> Result<()> {
        let (nan, low) = (f32::NAN, f32::NEG_INFINITY);
        let x = tensor![
            [3.0, 3.0, low, low, nan, 1.0],
            [3.0, 2.0, low, low, nan, 2.0]
        ];
        let (y, indices) = x.max_pool2d(Window::new(2))?;
        assert_eq!(indices.to_vec(), [0, 2, 10]);
        assert_eq!(y.to_vec()[..2], [3.0, low]);
        assert!(y.to_vec()[2].is_nan());
        let (_, indices) = tensor![[nan, 1.0], [2.0, 0.0]].max_pool2d(Window::new(2))?;
        assert_eq!(indices.to_vec(), [0]);
        Ok(())
    }

    #[test]
    fn padding_is_never_the_largest() -> Result<()> {
        let x = tensor![[-1.0, -2.0], [-3.0, -4.0]];
        let (y, indices) = x.max_pool2d(Window::new(2).padding(1))?;
        assert_eq!(
            (y.shape(), y.to_vec()),
            (&Shape::from([2, 2]), vec![-1.0, -2.0, -3.0, -4.0])
        );
        assert_eq!(indices.to_vec(), [0, 1, 2, 3]);
        Ok(())
    }

    #[test]
    fn parts_may_overlap_stay_or_be_none() -> Result<()> {
        let x = tensor![[1.0, 7.0, 2.0], [3.0, f32::NAN, 3.0]];
        let parts = |sizes: [usize; 2]| x.adaptive_max_pool2d(sizes).map(|(_, indices)| indices);
        assert_eq!(parts([2, 2])?, tensor![i64; [1, 1], [4, 4]]);
        assert_eq!(parts([2, 1])?, tensor![i64; [1], [4]]);
        assert_eq!(parts([3, 3])?.to_vec(), [0, 1, 2, 3, 4, 5, 3, 4, 5]);
        assert_eq!(parts([1, 4])?.to_vec(), [3, 4, 4, 5]);
        assert_eq!(parts([0, 2])?.shape(), [0, 2]);
        assert!(parts([usize::MAX, 2]).is_err());
        let none = Tensor::zeros([0, 2, 2])?;
        let (y, indices) = none.adaptive_max_pool2d(1 << 20)?;
        assert!(y.is_empty() && indices.is_empty());
        assert!(Tensor::zeros([2, 0, 2])?.adaptive_max_pool2d(1).is_err());
        Ok(())
    }

    #[test]
    fn large_images_give_the_same_on_two_threads() -> Result<()> {
        let x = Tensor::<f32>::normal([64, 16, 28, 28], 0.0, 1.0, &mut crate::rng(1))?;
        let run = || -> Result<_> {
            let (y, indices) = x.max_pool2d(Window::new(3).stride(2).padding(1))?;
            Ok((spread_in_planes(&y, &indices, *x.shape())?, y))
        };
        assert!(threads::with(1, run)? == threads::with(2, run)?);
        Ok(())
    }

    proptest! {
        #[test]
        fn windows_agree_with_loops(
            (h, w) in (1..8usize, 1..8usize),
            kernel in [1..4usize, 1..4usize],
            stride in [1..4usize, 1..4usize],
            padding in [0..3usize, 0..3usize],
            dilation in [1..3usize, 1..3usize],
            ceil in 0..2u8,
        ) {
            let rounding = if ceil == 1 { Rounding::Ceil } else { Rounding::Floor };
            let sliding = Sliding { stride, padding, dilation };
            let x = Tensor::from_fn([2, 3, h, w], |i| (i * 31 % 13) as f32)?;
            let Ok((y, indices)) = x.max_pool2d(Window { kernel, sliding, rounding }) else { return Ok(()) };
            let mut expected = Vec::new();
            for at in 0..y.len() {
                let (q, p) = (at % y.shape()[3], at / y.shape()[3] % y.shape()[2]);
                let plane = at / (y.shape()[3] * y.shape()[2]);
                let mut best = None;
                for (i, j) in (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j))) {
                    let row = (p * stride[0] + i * dilation[0]).wrapping_sub(padding[0]);
                    let column = (q * stride[1] + j * dilation[1]).wrapping_sub(padding[1]);
                    if let Ok(x) = x.at(&[plane / 3, plane % 3, row, column])
                        && best.is_none_or(|(best, _)| x > best)
                    {
                        best = Some((x, (row * w + column) as i64));
                    }
                }
                expected.extend(best);
            }
            let got: Vec<_> = y.iter().zip(indices.iter()).collect();
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_named() -> Result<()> {
        let x = Tensor::zeros([1, 1, 3, 3])?;
        let message = |window| x.max_pool2d(window).unwrap_err().to_string();
        let starts = |text: String, start: &str| assert!(text.starts_with(start), "{text}");
        starts(
            message(Window::new(2).padding(2)),
            "max_pool2d: padding must be at most half of the kernel's span, got 2; the kernel spans 2 elements",
        );
        starts(
            message(Window::new([4, 1])),
            "max_pool2d: kernel size must be at most the padded input's size, got 4",
        );
        starts(
            message(Window::new(2).stride(0)),
            "max_pool2d: stride must be at least 1, got 0",
        );
        let narrow = Tensor::zeros([1, 1])?.max_pool2d(Window::new(2).dilation(2).padding(1));
        starts(
            narrow.unwrap_err().to_string(),
            "max_pool2d: dilation must be smaller, got 2",
        );
        assert!(Tensor::zeros([3])?.max_pool2d(Window::new(1)).is_err());
        assert_eq!(
            Tensor::zeros([0, 2, 4, 4])?
                .max_pool2d(Window::new(2))?
                .0
                .shape(),
            [0, 2, 2, 2]
        );
        Ok(())
    }

    #[test]
    fn a_kernel_of_one_row_has_any_dilation() -> Result<()> {
        let x = tensor![[1.0, 3.0, 2.0]];
        let window = Window::new([1, 2]).stride(1).dilation([usize::MAX, 1]);
        assert_eq!(x.max_pool2d(window)?.0.to_vec(), [3.0, 3.0]);
        Ok(())
    }

    #[test]
    fn windows_over_no_elements_are_not_counted() -> Result<()> {
        let none = Tensor::zeros([0, 1 << 50, 3])?;
        let (y, _) = none.max_pool2d(Window::new(1).stride(1))?;
        assert_eq!(y.shape(), none.shape());
        let planes = Shape::from([1, 1 << 50, 2]);
        let g = avg_pool2d_gradient(
            &tensor![[[1.0]]],
            planes,
            Window::new(2),
            Divisor::default(),
        );
        assert!(matches!(
            g.unwrap_err().kind(),
            ErrorKind::ShapeMismatch { .. }
        ));
        let planes = Shape::from([usize::MAX, 2]);
        let error = spread_in_planes(&tensor![1.0], &tensor![i64; [0]], planes);
        assert!(matches!(
            error.unwrap_err().kind(),
            ErrorKind::ShapeMismatch { .. }
        ));
        Ok(())
    }
}
