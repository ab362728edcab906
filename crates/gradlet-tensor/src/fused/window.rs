//! Settings of sliding kernels, one for each of an image's two axes, and the windows they make.

use crate::error::{Error, ErrorKind, Result};
use crate::kernel::window::Window;
use crate::shape::Shape;

/// A size for both axes of an image, `3`, or one for height and one for width, `[3, 5]`.
pub trait PerAxis {
    /// Height's and width's.
    fn per_axis(self) -> [usize; 2];
}

impl PerAxis for usize {
    fn per_axis(self) -> [usize; 2] {
        [self; 2]
    }
}

impl PerAxis for [usize; 2] {
    fn per_axis(self) -> [usize; 2] {
        self
    }
}

/// Which number of outputs a division with a rest gives.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{AveragePooling, Rounding, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, windows) = (tensor![[1.0, 2.0, 3.0]], AveragePooling::new([1, 2]));
/// assert_eq!(x.avg_pool2d(windows)?, tensor![[1.5]]);
/// assert_eq!(x.avg_pool2d(windows.rounding(Rounding::Ceil))?, tensor![[1.5, 3.0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Windows that reach beyond the padded input are left out.
    #[default]
    Floor,
    /// They are kept where they begin inside the input or the padding before it: `ceil_mode` in PyTorch.
    Ceil,
}

/// What the windows along the last two axes have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sliding {
    pub(crate) op: &'static str,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) rounding: Rounding,
}

impl Sliding {
    /// The windows over the last two axes of a shape, which must have so many.
    ///
    /// Errors: a kernel, stride or dilation of 0, or a kernel that does not fit into the padded input.
    #[track_caller]
    pub(crate) fn over(&self, shape: &Shape) -> Result<[Window; 2]> {
        let settings = [
            ("kernel size", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ];
        for (name, sizes) in settings {
            if sizes.contains(&0) {
                return Err(self.out_of_range(name, "at least 1", 0, String::new()));
            }
        }
        Ok([self.window(shape, 0)?, self.window(shape, 1)?])
    }

    #[track_caller]
    fn window(&self, shape: &Shape, i: usize) -> Result<Window> {
        let axis = shape.rank() - 2 + i;
        let input = shape[axis];
        let (kernel, stride, padding) = (self.kernel[i], self.stride[i], self.padding[i]);
        let dilation = self.dilation[i];
        let reach = (kernel - 1).checked_mul(dilation);
        let padded = padding
            .checked_mul(2)
            .and_then(|both| both.checked_add(input));
        let (Some(reach), Some(padded)) = (reach, padded) else {
            let largest = padding.max(dilation);
            return Err(self.out_of_range(
                "padding or dilation",
                "smaller",
                largest,
                String::new(),
            ));
        };
        if reach >= padded {
            let remedy = format!(
                "; axis {axis} of {shape} has {padded} elements with padding, the kernel spans {}",
                reach.saturating_add(1)
            );
            let expected = "at most the padded input's size";
            return Err(self.out_of_range("kernel size", expected, kernel, remedy));
        }
        let free = padded - reach - 1;
        let mut output = free / stride + 1;
        let next_start = output.saturating_mul(stride);
        let kept = self.rounding == Rounding::Ceil && next_start < input + padding;
        output += usize::from(kept && free % stride != 0);
        Ok(Window {
            input,
            output,
            kernel,
            stride,
            padding,
            dilation,
        })
    }

    #[track_caller]
    pub(crate) fn out_of_range(
        &self,
        name: &'static str,
        expected: &'static str,
        value: usize,
        remedy: String,
    ) -> Error {
        Error::new(ErrorKind::OutOfRange {
            op: self.op,
            name,
            expected,
            value: value as f64,
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(input: usize, kernel: usize, rounding: Rounding) -> Result<usize> {
        let sliding = Sliding {
            op: "test",
            kernel: [kernel; 2],
            stride: [2; 2],
            padding: [1; 2],
            dilation: [1; 2],
            rounding,
        };
        Ok(sliding.over(&Shape::from([input, input]))?[1].output)
    }

    #[test]
    fn rests_are_rounded_as_told() -> Result<()> {
        // 6 + 2 elements hold (8 - 3) / 2 + 1 = 3.5 windows of 3.
        assert_eq!(
            (
                outputs(6, 3, Rounding::Floor)?,
                outputs(6, 3, Rounding::Ceil)?
            ),
            (3, 4)
        );
        // 6 + 2 elements hold (8 - 4) / 2 + 1 = 3 windows of 4, without a rest.
        assert_eq!(outputs(6, 4, Rounding::Ceil)?, 3);
        // A fourth window of 2 over 5 + 2 elements would begin in the padding behind the input.
        assert_eq!(
            (
                outputs(5, 2, Rounding::Floor)?,
                outputs(5, 2, Rounding::Ceil)?
            ),
            (3, 3)
        );
        Ok(())
    }

    #[test]
    fn kernels_that_do_not_fit_say_so() {
        let message = outputs(2, 5, Rounding::Ceil).unwrap_err().to_string();
        let expected = "test: kernel size must be at most the padded input's size, got 5; \
                        axis 0 of [2, 2] has 4 elements with padding, the kernel spans 5 (at ";
        assert!(message.starts_with(expected), "{message}");
        assert!(outputs(2, 0, Rounding::Floor).is_err());
        let huge = Sliding {
            op: "test",
            kernel: [2; 2],
            stride: [1; 2],
            padding: [usize::MAX; 2],
            dilation: [usize::MAX; 2],
            rounding: Rounding::Floor,
        };
        assert!(huge.over(&Shape::from([2, 2])).is_err());
    }
}
