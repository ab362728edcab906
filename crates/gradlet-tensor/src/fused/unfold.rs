//! The elements that windows over images read, as columns, and columns added back to images.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::fused::settings::{PerAxis, Window};
use crate::kernel::parallel::for_rows;
use crate::kernel::scratch::Scratch;
use crate::kernel::unfold as kernel;
use crate::kernel::window;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The windows over images, the shape of the images, and that of the columns.
struct Columns {
    windows: [window::Window; 2],
    images: Shape,
    shape: Shape,
}

impl Columns {
    #[track_caller]
    fn over(op: &'static str, images: Shape, window: Window<2>) -> Result<Self> {
        let [ref lead @ .., channels, _, _] = images[..] else {
            let (expected, shape) = ("images [..., c, h, w]", images);
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        };
        let windows = window.over(op, &images)?;
        let product = |sizes: [usize; 2]| sizes[0].saturating_mul(sizes[1]);
        let mut shape = Shape::new(lead)?;
        shape.push(channels.saturating_mul(product(window.kernel)))?;
        shape.push(product(windows.map(|window| window.output)))?;
        Ok(Self {
            windows,
            images,
            shape,
        })
    }

    /// The numbers of elements in a channel of an image, of windows, and of elements in a channel's columns.
    fn sizes(&self) -> [usize; 3] {
        let [down, along] = &self.windows;
        let positions = down.output * along.output;
        let taps = down.kernel * along.kernel;
        [down.input * along.input, positions, taps * positions]
    }
}

impl<T: Float> Tensor<T> {
    /// The elements that each window reads, as columns: a row for each channel and place in the window, a column for
    /// each window. Outside the image they are 0. A convolution is the product of its weight with them.
    ///
    /// # Shape
    ///
    /// `[..., c, h, w] -> [..., c * i * j, p * q]` for windows of `[i, j]`, with `[p, q]` as in
    /// [`max_pool2d`](Self::max_pool2d)
    ///
    /// # Errors
    ///
    /// If there are fewer than three axes, a setting is 0 where that is meaningless, or a window is larger than the padded
    /// image.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Window, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
    /// let y = x.unfold(Window::new(2).stride(1))?;
    /// assert_eq!(y, tensor![[1.0, 2.0], [2.0, 3.0], [4.0, 5.0], [5.0, 6.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.unfold`, whose stride is 1 by default
    #[track_caller]
    pub fn unfold(&self, window: Window<2>) -> Result<Self> {
        let all = Columns::over("unfold", *self.shape(), window)?;
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Self::build(all.shape, |y| {
            if y.is_empty() {
                return;
            }
            let [plane, positions, length] = all.sizes();
            for_rows(y, y.len() / length, y.len(), |first, y| {
                for (i, y) in (first..).zip(y.chunks_exact_mut(length)) {
                    let x = &x[i * plane..][..plane];
                    kernel::unfold(&all.windows, 1, x, &(0..positions), y, positions);
                }
            });
        })
    }

    /// Images of the given size, to which columns are added, in order, at the places that windows read: the transpose of
    /// [`unfold`](Self::unfold). One number is for both axes.
    ///
    /// # Shape
    ///
    /// `[..., c * i * j, p * q] -> [..., c, h, w]` for sizes `[h, w]` and windows of `[i, j]`
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, the number of rows is not a multiple of the window's size, the number of columns
    /// is not that of the windows, or [`unfold`](Self::unfold) would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Window, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let columns = tensor![[1.0, 2.0], [10.0, 20.0]]; // two windows that share an element
    /// assert_eq!(columns.fold([1, 3], Window::new([1, 2]).stride(1))?, tensor![[[1.0, 12.0, 20.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.fold`
    #[track_caller]
    pub fn fold(&self, sizes: impl PerAxis<2>, window: Window<2>) -> Result<Self> {
        let (op, shape) = ("fold", *self.shape());
        let [ref lead @ .., rows, _] = shape[..] else {
            let expected = "columns [..., c * i * j, l]";
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        };
        let taps = window.kernel[0].saturating_mul(window.kernel[1]);
        // A window of size 0 is refused below.
        let channels = rows.checked_div(taps).unwrap_or(0);
        if taps > 0 && channels * taps != rows {
            let expected = "a multiple of the window's size";
            let remedy = format!("; the window has {taps} elements");
            return Err(out_of_range(
                op,
                "the number of rows",
                expected,
                rows,
                remedy,
            ));
        }
        let mut images = Shape::new(lead)?;
        images.push(channels)?;
        for size in sizes.per_axis() {
            images.push(size)?;
        }
        let all = Columns::over(op, images, window)?;
        self.expect_shape(op, all.shape)?;
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Self::build(all.images, |y| {
            if y.is_empty() {
                return;
            }
            let [plane, positions, length] = all.sizes();
            for_rows(y, y.len() / plane, x.len(), |first, y| {
                let mut scratch = Scratch::new(length);
                for (i, y) in (first..).zip(y.chunks_exact_mut(plane)) {
                    // The kernel clears the columns' elements that are outside the image.
                    let columns = scratch.get();
                    columns.copy_from_slice(&x[i * length..][..length]);
                    y.fill(T::zero());
                    kernel::fold(&all.windows, 1, columns, positions, &(0..positions), y);
                }
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::settings::{Convolution, Rounding};
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn a_convolution_is_a_product_with_columns() -> Result<()> {
        let normal = |shape: &[usize]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut crate::rng(1));
        let (x, weight) = (normal(&[2, 3, 6, 5])?, normal(&[4, 3, 3, 2])?);
        let options = Convolution::default()
            .stride([1, 2])
            .padding([2, 1])
            .dilation([2, 1]);
        let window = Window::new([3, 2])
            .stride([1, 2])
            .padding([2, 1])
            .dilation([2, 1]);
        let product = weight.flatten(1..)?.matmul(&x.unfold(window)?)?;
        let y = x.conv2d(&weight, None, options)?;
        assert!(product.allclose(&y.flatten(2..)?, 1e-12, 1e-12));
        let first = x.select(0, 0)?.unfold(window)?;
        assert_eq!(first, x.unfold(window)?.select(0, 0)?);
        Ok(())
    }

    #[test]
    fn places_outside_the_image_are_zeros() -> Result<()> {
        let x = tensor![[[1.0, 2.0, 3.0]]];
        let window = Window::new([1, 2]).rounding(Rounding::Ceil);
        assert_eq!(x.unfold(window)?, tensor![[1.0, 3.0], [2.0, 0.0]]);
        assert_eq!(x.unfold(window)?.fold([1, 3], window)?, x);
        let padded = Window::new(2).padding(1);
        let none = Tensor::zeros([1, 0, 2])?;
        assert_eq!(none.unfold(padded)?, Tensor::zeros([4, 2])?);
        assert_eq!(
            none.unfold(padded)?.fold([0, 2], padded)?.shape(),
            [1, 0, 2]
        );
        assert_eq!(
            Tensor::zeros([0, 4, 4])?.unfold(Window::new(2))?.shape(),
            [0, 4]
        );
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named() -> Result<()> {
        let (x, window) = (Tensor::zeros([1, 3, 3])?, Window::new(2).stride(1));
        let columns = Tensor::zeros([4, 4])?;
        assert_eq!(columns.fold(3, window)?, x);
        let message = Tensor::zeros([6, 4])?
            .fold(3, window)
            .unwrap_err()
            .to_string();
        let start = "fold: the number of rows must be a multiple of the window's size, got 6; the window has 4 elements";
        assert!(message.starts_with(start), "{message}");
        let message = columns.fold([2, 3], window).unwrap_err().to_string();
        assert!(
            message.starts_with("fold: shapes differ: expected [4, 2], got [4, 4]"),
            "{message}"
        );
        assert!(columns.fold(1, window).is_err() && columns.fold(3, Window::new(0)).is_err());
        assert!(x.unfold(Window::new(4)).is_err() && columns.unfold(window).is_err());
        assert!(tensor![1.0].fold(3, window).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn folding_is_the_transpose_of_unfolding(
            (planes, h, w) in (1..4usize, 1..40usize, 1..40usize),
            kernel in [1..4usize, 1..4usize],
            stride in [1..4usize, 1..4usize],
            padding in [0..3usize, 0..3usize],
            dilation in [1..3usize, 1..3usize],
        ) {
            let window = Window::new(kernel).stride(stride).padding(padding).dilation(dilation);
            // Small integers, so that sums are exact.
            let x = Tensor::<f64>::from_fn([planes, h, w], |i| (i * 7 % 11) as f64)?;
            let Ok(y) = x.unfold(window) else { return Ok(()) };
            let g = Tensor::<f64>::from_fn(y.shape(), |i| (i * 5 % 13) as f64)?;
            let dx = g.fold([h, w], window)?;
            prop_assert_eq!(x.mul(&dx)?.sum(..)?, y.mul(&g)?.sum(..)?);
            prop_assert!(threads::with(1, || g.fold([h, w], window))? == dx);
            let padded = x.pad(&[1, 0].map(|i| (padding[i] as isize, padding[i] as isize)), 0.0)?;
            let taps = |x: &Tensor<f64>, axis, i: usize| -> Result<Tensor<f64>> {
                let span = (kernel[i] - 1) * dilation[i] + 1;
                x.windows(axis, span, stride[i])?.slice(-1, .., dilation[i] as isize)
            };
            let expected = taps(&taps(&padded, 1, 0)?, 2, 1)?.permute(&[0, 3, 4, 1, 2])?;
            prop_assert!(expected.reshape(y.shape())? == y);
        }
    }
}
