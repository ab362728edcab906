//! The windows that settings make over the last two axes of a shape.

use crate::error::{Error, ErrorKind, Result, out_of_range};
use crate::fused::settings::{Rounding, Window};
use crate::kernel::window as kernel;
use crate::shape::Shape;

impl Window<2> {
    /// The windows over the last two axes of a shape, which must have at least two.
    ///
    /// Returns an error if the kernel, stride or dilation is 0, or the kernel does not fit into the padded input.
    #[track_caller]
    pub(crate) fn over(&self, op: &'static str, shape: &Shape) -> Result<[kernel::Window; 2]> {
        let settings = [
            ("kernel size", self.kernel),
            ("stride", self.sliding.stride),
            ("dilation", self.sliding.dilation),
        ];
        for (name, sizes) in settings {
            if sizes.contains(&0) {
                return Err(out_of_range(op, name, "at least 1", 0, String::new()));
            }
        }
        Ok([self.along(op, shape, 0)?, self.along(op, shape, 1)?])
    }

    /// As `over`, and an error if a window would read no element.
    #[track_caller]
    pub(crate) fn reading(&self, op: &'static str, shape: &Shape) -> Result<[kernel::Window; 2]> {
        let windows = self.over(op, shape)?;
        for window in &windows {
            let span = (window.kernel - 1) * window.dilation + 1;
            if window.padding > span / 2 {
                let remedy = format!("; the kernel spans {span} elements");
                let expected = "at most half of the kernel's span";
                return Err(out_of_range(
                    op,
                    "padding",
                    expected,
                    window.padding,
                    remedy,
                ));
            }
            let elements = window.input == 0 || !shape.is_empty();
            if elements && window.dilation > window.input && window.skips_elements() {
                let remedy = format!("; a window over {shape} would lie in the padding alone");
                return Err(out_of_range(
                    op,
                    "dilation",
                    "smaller",
                    window.dilation,
                    remedy,
                ));
            }
        }
        Ok(windows)
    }

    #[track_caller]
    fn along(&self, op: &'static str, shape: &Shape, i: usize) -> Result<kernel::Window> {
        let axis = shape.rank() - 2 + i;
        let (input, kernel, sliding) = (shape[axis], self.kernel[i], self.sliding);
        let [stride, padding, dilation] =
            [sliding.stride, sliding.padding, sliding.dilation].map(|sizes| sizes[i]);
        let reach = (kernel - 1).checked_mul(dilation);
        let padded = padding
            .checked_mul(2)
            .and_then(|both| both.checked_add(input));
        let (Some(reach), Some(padded)) = (reach, padded) else {
            let largest = padding.max(dilation);
            return Err(out_of_range(
                op,
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
            return Err(out_of_range(op, "kernel size", expected, kernel, remedy));
        }
        let free = padded - reach - 1;
        let mut output = free / stride + 1;
        let next_start = output.saturating_mul(stride);
        let kept = self.rounding == Rounding::Ceil && next_start < input + padding;
        output += usize::from(kept && free % stride != 0);
        Ok(kernel::Window {
            input,
            output,
            kernel,
            stride,
            padding,
            dilation,
        })
    }
}

/// The rank, which must be at least 2.
#[track_caller]
pub(crate) fn expect_planes(op: &'static str, shape: Shape) -> Result<usize> {
    if shape.rank() < 2 {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "planes [..., h, w]",
            shape,
        }));
    }
    Ok(shape.rank())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(input: usize, kernel: usize, rounding: Rounding) -> Result<usize> {
        let window = Window::new(kernel).stride(2).padding(1).rounding(rounding);
        Ok(window.over("test", &Shape::from([input, input]))?[1].output)
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
        let huge = Window::new(2)
            .stride(1)
            .padding(usize::MAX)
            .dilation(usize::MAX);
        assert!(huge.over("test", &Shape::from([2, 2])).is_err());
    }
}
