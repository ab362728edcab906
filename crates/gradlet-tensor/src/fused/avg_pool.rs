//! Pooling of images by averages: of sliding windows, or of a given number of parts.

use crate::element::Float;
use crate::error::Result;
use crate::fused::averages::Averages;
use crate::fused::settings::{Divisor, PerAxis, Window};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The average of each window.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, a setting or divisor is 0 where that is meaningless, a kernel is larger than
    /// the padded plane, or a window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Divisor, Window, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 9.0, 1.0]];
    /// assert_eq!(x.avg_pool2d(Window::new(2), Divisor::default())?.to_vec(), [3.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.avg_pool2d`
    #[track_caller]
    pub fn avg_pool2d(&self, window: Window<2>, divisor: Divisor) -> Result<Self> {
        Averages::sliding("avg_pool2d", *self.shape(), window, divisor)?.average(self)
    }

    /// The averages of that many parts of each plane; part i of n covers the elements from `i * size / n`,
    /// rounded down, to `(i + 1) * size / n`, rounded up. One number is for both axes.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to average.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 9.0, 1.0]];
    /// assert_eq!(x.adaptive_avg_pool2d([1, 2])?.to_vec(), [3.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_avg_pool2d`
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, sizes: impl PerAxis<2>) -> Result<Self> {
        Averages::parts("adaptive_avg_pool2d", *self.shape(), sizes.per_axis())?.average(self)
    }
}

/// The gradient of the planes that were averaged, of shape `planes`, given the gradient of the averages: the transpose
/// of [`Tensor::avg_pool2d`].
///
/// # Shape
///
/// `[..., p, q] -> planes`, that is `[..., h, w]`
///
/// # Errors
///
/// If the averages would fail, or the gradient does not have their shape.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Divisor, Shape, Window, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![[4.0, 8.0]];
/// let dx = fused::avg_pool2d_gradient(&g, Shape::from([2, 4]), Window::new(2), Divisor::default())?;
/// assert_eq!(dx, tensor![[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn avg_pool2d_gradient<T: Float>(
    g: &Tensor<T>,
    planes: Shape,
    window: Window<2>,
    divisor: Divisor,
) -> Result<Tensor<T>> {
    let op = "avg_pool2d_gradient";
    Averages::sliding(op, planes, window, divisor)?.spread(op, g)
}

/// The gradient of the planes that were averaged, of shape `planes`, given the gradient of the averages: the transpose
/// of [`Tensor::adaptive_avg_pool2d`].
///
/// # Shape
///
/// `[..., p, q] -> planes`, that is `[..., h, w]`
///
/// # Errors
///
/// If the averages would fail, or the gradient does not have their shape.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![[2.0, 4.0]]; // of two parts of three elements: they share the middle one
/// assert_eq!(fused::adaptive_avg_pool2d_gradient(&g, Shape::from([1, 3]), [1, 2])?, tensor![[1.0, 3.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn adaptive_avg_pool2d_gradient<T: Float>(
    g: &Tensor<T>,
    planes: Shape,
    sizes: impl PerAxis<2>,
) -> Result<Tensor<T>> {
    let op = "adaptive_avg_pool2d_gradient";
    Averages::parts(op, planes, sizes.per_axis())?.spread(op, g)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::fused::settings::{Rounding, Sliding};
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn each_divisor_counts_what_it_says() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 6.0]];
        let window = Window::new(2).padding(1);
        let with = |divisor| x.avg_pool2d(window, divisor).map(|y| y.to_vec());
        assert_eq!(with(Divisor::WithPadding)?, [0.25, 0.5, 0.75, 1.5]);
        assert_eq!(with(Divisor::WithoutPadding)?, [1.0, 2.0, 3.0, 6.0]);
        assert_eq!(with(Divisor::Fixed(-2))?, [-0.5, -1.0, -1.5, -3.0]);
        Ok(())
    }

    #[test]
    fn a_window_rounded_up_counts_no_place_behind_the_padding() -> Result<()> {
        let x = tensor![[1.0, 2.0, 4.0]];
        let window = Window::new([1, 2]).rounding(Rounding::Ceil);
        assert_eq!(
            x.avg_pool2d(window, Divisor::WithPadding)?.to_vec(),
            [1.5, 4.0]
        );
        Ok(())
    }

    #[test]
    fn elements_in_the_gaps_of_a_dilated_window_do_not_count() -> Result<()> {
        let x = tensor![[1.0, 100.0, 3.0]];
        let window = Window::new([1, 2]).stride(1).dilation([1, 2]);
        let mean = |window| {
            x.avg_pool2d(window, Divisor::WithoutPadding)
                .map(|y| y.to_vec())
        };
        assert_eq!(mean(window)?, [2.0]);
        assert_eq!(mean(window.padding([0, 1]))?, [100.0, 2.0, 100.0]);
        Ok(())
    }

    #[test]
    fn parts_may_overlap_stay_or_be_none() -> Result<()> {
        let x = tensor![[1.0, 2.0, 6.0]];
        let parts = |size| x.adaptive_avg_pool2d([1, size]);
        assert_eq!(parts(2)?.to_vec(), [1.5, 4.0]);
        assert_eq!(parts(4)?.to_vec(), [1.0, 1.5, 4.0, 6.0]);
        assert_eq!(parts(3)?, x);
        assert_eq!(parts(0)?.shape(), [1, 0]);
        let g = adaptive_avg_pool2d_gradient(&parts(0)?, *x.shape(), [1, 0])?;
        assert_eq!(g, x.zeros_like());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named() -> Result<()> {
        let x = Tensor::zeros([1, 3, 3])?;
        let kind = |result: Result<Tensor>| match result.unwrap_err().kind() {
            ErrorKind::OutOfRange { name, .. } => *name,
            ErrorKind::Empty { .. } => "empty",
            ErrorKind::TooLarge { .. } => "too large",
            ErrorKind::Rank { .. } => "rank",
            _ => "other",
        };
        let (window, divisor) = (Window::new(2), Divisor::default());
        let average = |window, divisor| kind(x.avg_pool2d(window, divisor));
        assert_eq!(average(Window::new(4), divisor), "kernel size");
        assert_eq!(average(window.dilation(3), divisor), "kernel size");
        assert_eq!(average(window.padding(2), divisor), "padding");
        assert_eq!(average(window.stride(0), divisor), "stride");
        assert_eq!(average(window, Divisor::Fixed(0)), "divisor");
        assert_eq!(kind(tensor![1.0].avg_pool2d(window, divisor)), "rank");
        assert_eq!(kind(tensor![1.0].adaptive_avg_pool2d(1)), "rank");
        let none = Tensor::zeros([2, 0, 3])?;
        assert_eq!(kind(none.adaptive_avg_pool2d([1, 3])), "empty");
        assert_eq!(kind(x.adaptive_avg_pool2d([usize::MAX, 2])), "too large");
        let huge = Window::new(usize::MAX / 4).padding(usize::MAX / 8);
        assert_eq!(x.avg_pool2d(huge, divisor)?.shape(), [1, 1, 1]);
        assert!(avg_pool2d_gradient(&x, Shape::from([1, 3, 3]), window, divisor).is_err());
        Ok(())
    }

    #[test]
    fn large_images_give_the_same_on_two_threads() -> Result<()> {
        let x = Tensor::<f32>::normal([64, 16, 28, 28], 0.0, 1.0, &mut crate::rng(1))?;
        let run = || -> Result<_> {
            let (window, divisor) = (Window::new(3).stride(2).padding(1), Divisor::default());
            let y = x.avg_pool2d(window, divisor)?;
            let parts = [5, 28];
            let z = x.adaptive_avg_pool2d(parts)?;
            Ok([
                avg_pool2d_gradient(&y, *x.shape(), window, divisor)?,
                adaptive_avg_pool2d_gradient(&z, *x.shape(), parts)?,
                y,
                z,
            ])
        };
        assert!(threads::with(1, run)? == threads::with(2, run)?);
        Ok(())
    }

    proptest! {
        #[test]
        fn windows_agree_with_loops_and_spreading_is_their_transpose(
            (h, w) in (1..7usize, 1..7usize),
            kernel in [1..4usize, 1..4usize],
            stride in [1..4usize, 1..4usize],
            padding in [0..2usize, 0..2usize],
            dilation in [1..4usize, 1..3usize],
            (ceil, counts) in (0..2u8, 0..2u8),
        ) {
            let rounding = if ceil == 1 { Rounding::Ceil } else { Rounding::Floor };
            let divisor = if counts == 1 { Divisor::WithPadding } else { Divisor::WithoutPadding };
            let sliding = Sliding { stride, padding, dilation };
            let window = Window { kernel, sliding, rounding };
            let x = Tensor::<f64>::from_fn([2, h, w], |i| (i * 31 % 13) as f64)?;
            let Ok(y) = x.avg_pool2d(window, divisor) else { return Ok(()) };
            let mut expected = Vec::new();
            for at in 0..y.len() {
                let (p, q) = (at / y.shape()[2] % y.shape()[1], at % y.shape()[2]);
                let plane = at / (y.shape()[1] * y.shape()[2]);
                let (mut sum, mut count) = (0.0, 0.0);
                for (i, j) in (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j))) {
                    let [row, column] = [p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]];
                    let places = [plane, row.wrapping_sub(padding[0]), column.wrapping_sub(padding[1])];
                    let padded = row < h + 2 * padding[0] && column < w + 2 * padding[1];
                    let x = x.at(&places).ok();
                    sum += x.unwrap_or(0.0);
                    count += f64::from(if counts == 1 { padded } else { x.is_some() });
                }
                expected.push(sum / count);
            }
            prop_assert_eq!(y.to_vec(), expected);
            let g = Tensor::<f64>::from_fn(y.shape(), |i| (i * 17 % 11) as f64)?;
            let dx = avg_pool2d_gradient(&g, *x.shape(), window, divisor)?;
            let (left, right) = (g.mul(&y)?.sum(..)?.item()?, dx.mul(&x)?.sum(..)?.item()?);
            prop_assert!((left - right).abs() <= 1e-12 * left.abs().max(1.0), "{left} {right}");
        }
    }
}
