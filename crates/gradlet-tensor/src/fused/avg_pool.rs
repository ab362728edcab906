//! Pooling of images by averages: of sliding windows, or of a given number of parts.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::fused::pool::{Pooling, expect_planes};
use crate::fused::window::{PerAxis, Rounding};
use crate::kernel::average::{self as kernel, Spans};
use crate::kernel::parallel::{PART, for_chunks};
use crate::shape::{Keep, Shape};
use crate::tensor::Tensor;

/// What the sum of a window is divided by.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{AveragePooling, Divisor, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, windows) = (tensor![[4.0, 8.0]], AveragePooling::new([1, 2]).padding([0, 1]));
/// assert_eq!(x.avg_pool2d(windows)?, tensor![[2.0, 4.0]]);
/// assert_eq!(x.avg_pool2d(windows.divisor(Divisor::WithoutPadding))?, tensor![[4.0, 8.0]]);
/// assert_eq!(x.avg_pool2d(windows.divisor(Divisor::Fixed(4)))?, tensor![[1.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Divisor {
    /// The number of places it covers, those in the padding included: `count_include_pad=True` in PyTorch.
    #[default]
    WithPadding,
    /// The number of elements it covers: `count_include_pad=False`.
    WithoutPadding,
    /// A number that is not 0: `divisor_override`.
    Fixed(i64),
}

/// The windows that average pooling takes its values from: one setting each for height and width.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{AveragePooling, Divisor};
/// let pooling = AveragePooling::new(3).stride(2).padding(1).divisor(Divisor::WithoutPadding);
/// assert_eq!((pooling.kernel, pooling.stride), ([3, 3], [2, 2]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AveragePooling {
    /// The size of a window.
    pub kernel: [usize; 2],
    /// How far apart windows begin: as much as the kernel's size by default.
    pub stride: [usize; 2],
    /// Zeros on both ends of each axis: none by default.
    pub padding: [usize; 2],
    /// What happens to a last window that is not whole: left out by default.
    pub rounding: Rounding,
    /// What the sums are divided by: the number of places in a window by default.
    pub divisor: Divisor,
}

impl AveragePooling {
    /// Windows of this size, one beside the other.
    pub fn new(kernel: impl PerAxis) -> Self {
        let kernel = kernel.per_axis();
        Self {
            kernel,
            stride: kernel,
            padding: [0; 2],
            rounding: Rounding::Floor,
            divisor: Divisor::WithPadding,
        }
    }

    /// With another stride.
    pub fn stride(self, stride: impl PerAxis) -> Self {
        let stride = stride.per_axis();
        Self { stride, ..self }
    }

    /// With another padding.
    pub fn padding(self, padding: impl PerAxis) -> Self {
        let padding = padding.per_axis();
        Self { padding, ..self }
    }

    /// With another rounding.
    pub fn rounding(self, rounding: Rounding) -> Self {
        Self { rounding, ..self }
    }

    /// With another divisor.
    pub fn divisor(self, divisor: Divisor) -> Self {
        Self { divisor, ..self }
    }

    #[track_caller]
    fn averages(&self, op: &'static str, from: Shape) -> Result<Averages> {
        expect_planes(op, from)?;
        let pooling = Pooling {
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            dilation: [1; 2],
            rounding: self.rounding,
        };
        let windows = pooling.windows(op, &from)?;
        let divisor = match self.divisor {
            Divisor::Fixed(0) => {
                return Err(Error::new(ErrorKind::OutOfRange {
                    op,
                    name: "divisor",
                    expected: "a number other than 0",
                    value: 0.0,
                    remedy: String::new(),
                }));
            }
            Divisor::Fixed(divisor) => Some(divisor as f64),
            _ => None,
        };
        let padding_counts = self.divisor == Divisor::WithPadding;
        let spans = windows.map(|window| Spans::Sliding {
            window,
            padding_counts,
        });
        Ok(Averages::new(from, spans, divisor))
    }
}

/// Averages from planes of one shape to planes of another.
struct Averages {
    spans: [Spans; 2],
    divisor: Option<f64>,
    from: Shape,
    to: Shape,
}

impl Averages {
    fn new(from: Shape, spans: [Spans; 2], divisor: Option<f64>) -> Self {
        let mut to = from;
        for (size, spans) in to.iter_mut().rev().zip(spans.iter().rev()) {
            *size = spans.output();
        }
        Self {
            spans,
            divisor,
            from,
            to,
        }
    }

    /// As many parts as wanted, each as large as the others where the sizes divide.
    #[track_caller]
    fn parts(op: &'static str, from: Shape, sizes: [usize; 2]) -> Result<Self> {
        let rank = expect_planes(op, from)?;
        let planes = &from[rank - 2..];
        let spans = [0, 1].map(|i| Spans::parts(planes[i], sizes[i]));
        if spans
            .iter()
            .any(|part| part.input() == 0 && part.output() > 0)
        {
            return Err(Error::new(ErrorKind::Empty { op, shape: from }));
        }
        Ok(Self::new(from, spans, None))
    }

    /// The numbers of elements of a plane before and behind.
    fn plane_sizes(&self) -> [usize; 2] {
        let [down, along] = &self.spans;
        // The shape of a gradient's input need not be one that a tensor has.
        [
            down.input().saturating_mul(along.input()),
            down.output().saturating_mul(along.output()),
        ]
    }

    /// What the sum of a plane is divided by, where one window reads all of it.
    fn of_whole_planes<T: Float>(&self) -> Option<T> {
        let mut divisor = 1.0;
        for spans in &self.spans {
            if spans.output() != 1 {
                return None;
            }
            let (elements, count) = spans.at(0);
            if elements != (0..spans.input()) {
                return None;
            }
            divisor *= count;
        }
        Some(T::of(self.divisor.unwrap_or(divisor)))
    }

    #[track_caller]
    fn average<T: Float>(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        if let Some(divisor) = self.of_whole_planes() {
            return Ok(x.sum(Keep([-1, -2]))?.div_scalar(divisor));
        }
        let x = x.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Tensor::build(self.to, |y| {
            if y.is_empty() {
                return;
            }
            let [from, to] = self.plane_sizes();
            for_chunks(y, PART.div_ceil(to) * to, |start, y| {
                let planes = x[start / to * from..].chunks_exact(from);
                let mut line = vec![T::zero(); self.spans[1].input()];
                for (x, y) in planes.zip(y.chunks_exact_mut(to)) {
                    kernel::average(&self.spans, self.divisor, x, y, &mut line);
                }
            });
        })
    }

    #[track_caller]
    fn spread<T: Float>(&self, op: &'static str, g: &Tensor<T>) -> Result<Tensor<T>> {
        g.expect_shape(op, self.to)?;
        if g.is_empty() {
            return Tensor::zeros_of(self.from);
        }
        if let Some(divisor) = self.of_whole_planes() {
            return g.div_scalar(divisor).broadcast_to(self.from);
        }
        let g = g.try_contiguous()?;
        let g = g.as_slice().unwrap_or_default();
        let [from, to] = self.plane_sizes();
        Tensor::build(self.from, |dx| {
            for_chunks(dx, PART.div_ceil(from) * from, |start, dx| {
                let planes = g[start / from * to..].chunks_exact(to);
                let mut line = vec![T::zero(); self.spans[1].input()];
                for (g, dx) in planes.zip(dx.chunks_exact_mut(from)) {
                    kernel::spread(&self.spans, self.divisor, g, dx, &mut line);
                }
            });
        })
    }
}

impl<T: Float> Tensor<T> {
    /// The average of each window.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - kernel) / stride + 1`, rounded
    ///
    /// # Errors
    ///
    /// Fewer than two axes, a setting or divisor of 0 where that is meaningless, a kernel larger than the
    /// padded plane, or a padding of more than half the kernel.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{AveragePooling, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 9.0, 1.0]];
    /// assert_eq!(x.avg_pool2d(AveragePooling::new(2))?.to_vec(), [3.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.avg_pool2d`
    #[track_caller]
    pub fn avg_pool2d(&self, pooling: AveragePooling) -> Result<Self> {
        pooling.averages("avg_pool2d", *self.shape())?.average(self)
    }

    /// The averages of so many parts of each plane; part i of n covers the elements from `i * size / n`,
    /// rounded down, to `(i + 1) * size / n`, rounded up. One size stands for both.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
    ///
    /// # Errors
    ///
    /// Fewer than two axes, or an axis without elements to average.
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
    pub fn adaptive_avg_pool2d(&self, sizes: impl PerAxis) -> Result<Self> {
        Averages::parts("adaptive_avg_pool2d", *self.shape(), sizes.per_axis())?.average(self)
    }
}

/// The gradient of the planes that were averaged, of shape `planes`, given that of the averages: the transpose of
/// [`Tensor::avg_pool2d`].
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
/// # use gradlet_tensor::{AveragePooling, Shape, fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let g = tensor![[4.0, 8.0]];
/// let dx = fused::avg_pool2d_gradient(&g, Shape::from([2, 4]), AveragePooling::new(2))?;
/// assert_eq!(dx, tensor![[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn avg_pool2d_gradient<T: Float>(
    g: &Tensor<T>,
    planes: Shape,
    pooling: AveragePooling,
) -> Result<Tensor<T>> {
    let op = "avg_pool2d_gradient";
    pooling.averages(op, planes)?.spread(op, g)
}

/// The gradient of the planes that were averaged, of shape `planes`, given that of the averages: the transpose of
/// [`Tensor::adaptive_avg_pool2d`].
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
    sizes: impl PerAxis,
) -> Result<Tensor<T>> {
    let op = "adaptive_avg_pool2d_gradient";
    Averages::parts(op, planes, sizes.per_axis())?.spread(op, g)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{tensor, threads};
    use proptest::prelude::*;

    #[test]
    fn each_divisor_counts_what_it_says() -> Result<()> {
        let x = tensor![[1.0, 2.0], [3.0, 6.0]];
        let pooling = AveragePooling::new(2).padding(1);
        let with = |divisor| x.avg_pool2d(pooling.divisor(divisor)).map(|y| y.to_vec());
        assert_eq!(with(Divisor::WithPadding)?, [0.25, 0.5, 0.75, 1.5]);
        assert_eq!(with(Divisor::WithoutPadding)?, [1.0, 2.0, 3.0, 6.0]);
        assert_eq!(with(Divisor::Fixed(-2))?, [-0.5, -1.0, -1.5, -3.0]);
        Ok(())
    }

    #[test]
    fn a_window_rounded_up_counts_no_place_behind_the_padding() -> Result<()> {
        let x = tensor![[1.0, 2.0, 4.0]];
        let pooling = AveragePooling::new([1, 2]).rounding(Rounding::Ceil);
        assert_eq!(x.avg_pool2d(pooling)?.to_vec(), [1.5, 4.0]);
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
        let pooling = AveragePooling::new(2);
        assert_eq!(kind(x.avg_pool2d(AveragePooling::new(4))), "kernel size");
        assert_eq!(kind(x.avg_pool2d(pooling.padding(2))), "padding");
        assert_eq!(kind(x.avg_pool2d(pooling.stride(0))), "stride");
        assert_eq!(
            kind(x.avg_pool2d(pooling.divisor(Divisor::Fixed(0)))),
            "divisor"
        );
        assert_eq!(kind(tensor![1.0].avg_pool2d(pooling)), "rank");
        assert_eq!(kind(tensor![1.0].adaptive_avg_pool2d(1)), "rank");
        let none = Tensor::zeros([2, 0, 3])?;
        assert_eq!(kind(none.adaptive_avg_pool2d([1, 3])), "empty");
        assert_eq!(kind(x.adaptive_avg_pool2d([usize::MAX, 2])), "too large");
        let huge = AveragePooling::new(usize::MAX / 4).padding(usize::MAX / 8);
        assert_eq!(x.avg_pool2d(huge)?.shape(), [1, 1, 1]);
        assert!(avg_pool2d_gradient(&x, Shape::from([1, 3, 3]), pooling).is_err());
        Ok(())
    }

    #[test]
    fn large_images_give_the_same_on_two_threads() -> Result<()> {
        let x = Tensor::<f32>::normal([64, 16, 28, 28], 0.0, 1.0, &mut crate::rng(1))?;
        let run = || -> Result<_> {
            let pooling = AveragePooling::new(3).stride(2).padding(1);
            let y = x.avg_pool2d(pooling)?;
            let parts = [5, 28];
            let z = x.adaptive_avg_pool2d(parts)?;
            Ok([
                avg_pool2d_gradient(&y, *x.shape(), pooling)?,
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
            (ceil, counts) in (0..2u8, 0..2u8),
        ) {
            let rounding = if ceil == 1 { Rounding::Ceil } else { Rounding::Floor };
            let divisor = if counts == 1 { Divisor::WithPadding } else { Divisor::WithoutPadding };
            let pooling = AveragePooling { kernel, stride, padding, rounding, divisor };
            let x = Tensor::<f64>::from_fn([2, h, w], |i| (i * 31 % 13) as f64)?;
            let Ok(y) = x.avg_pool2d(pooling) else { return Ok(()) };
            let sums = x.avg_pool2d(pooling.divisor(Divisor::Fixed(1)))?;
            let mut expected = Vec::new();
            for at in 0..sums.len() {
                let (p, q) = (at / sums.shape()[2] % sums.shape()[1], at % sums.shape()[2]);
                let plane = at / (sums.shape()[1] * sums.shape()[2]);
                let taps = (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j)));
                let element = |(i, j): (usize, usize)| {
                    let row = (p * stride[0] + i).wrapping_sub(padding[0]);
                    x.at(&[plane, row, (q * stride[1] + j).wrapping_sub(padding[1])]).unwrap_or(0.0)
                };
                expected.push(taps.map(element).sum::<f64>());
            }
            prop_assert_eq!(sums.to_vec(), expected);
            let g = Tensor::<f64>::from_fn(y.shape(), |i| (i * 17 % 11) as f64)?;
            let dx = avg_pool2d_gradient(&g, *x.shape(), pooling)?;
            let (left, right) = (g.mul(&y)?.sum(..)?.item()?, dx.mul(&x)?.sum(..)?.item()?);
            prop_assert!((left - right).abs() <= 1e-12 * left.abs().max(1.0), "{left} {right}");
        }
    }
}
