//! [`Window`]: the elements of an axis that a sliding kernel reads for each of its outputs.

use std::ops::Range;

/// A kernel that slides along one axis: output `o` reads the elements `o * stride + tap * dilation - padding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
}

impl Window {
    /// The outputs for which a tap is inside the input.
    #[inline]
    pub(crate) fn inside(&self, tap: usize) -> Range<usize> {
        let shift = tap * self.dilation;
        // The first output whose element is not below `limit`.
        let first = |limit: usize| limit.saturating_sub(shift).div_ceil(self.stride);
        let end = first(self.input + self.padding).min(self.output);
        first(self.padding).min(end)..end
    }

    /// The taps that are inside the input for an output.
    #[inline]
    pub(crate) fn taps(&self, output: usize) -> Range<usize> {
        let start = output * self.stride;
        let end = self.taps_before(start, self.input + self.padding);
        self.taps_before(start, self.padding).min(end)..end
    }

    /// Whether a window would read no element, since all lie between two of its taps: for a dilation larger than the input
    /// and a padding of at most half of the kernel's span, with which windows start no further than the input is long.
    pub(crate) fn skips_elements(&self) -> bool {
        // Relative to the input, a window from `start` has a tap at `(start - padding) mod dilation`, and from 0 at:
        let first = (self.dilation - self.padding % self.dilation) % self.dilation;
        let start = self.input.saturating_sub(first);
        let output = start.div_ceil(self.stride);
        output < self.output && output.saturating_mul(self.stride) < self.dilation - first
    }

    /// The number of taps that read before `limit` in a window from `start`, both counted from the beginning of the padding.
    #[inline]
    pub(crate) fn taps_before(&self, start: usize, limit: usize) -> usize {
        let distance = limit.saturating_sub(start);
        // Most often there is no dilation, and nothing to divide.
        let taps = if self.dilation == 1 {
            distance
        } else {
            distance.div_ceil(self.dilation)
        };
        taps.min(self.kernel)
    }

    /// The outputs that read no element outside the input.
    #[inline]
    pub(crate) fn whole(&self) -> Range<usize> {
        let start = self.inside(0).start;
        start..self.inside(self.kernel - 1).end.max(start)
    }

    /// The element that a tap reads, which must be inside the input.
    #[inline]
    pub(crate) fn place(&self, output: usize, tap: usize) -> usize {
        output * self.stride + tap * self.dilation - self.padding
    }

    /// Whether there is an output for each element, which reads only this element.
    pub(crate) fn is_identity(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0) && self.input == self.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_skip_all_elements_are_found_without_looking_at_each() {
        let mut skipping = 0;
        for (input, kernel, stride) in
            (0..6_usize).flat_map(|i| (1..5).map(move |k| (i, k, i % 3 + 1)))
        {
            for (dilation, stride) in (input + 1..9).flat_map(|d| [(d, stride), (d, 1), (d, 4)]) {
                let span = (kernel - 1) * dilation + 1;
                for padding in 0..=span / 2 {
                    let Some(room) = (input + 2 * padding).checked_sub(span) else {
                        continue;
                    };
                    let window = Window {
                        input,
                        output: room / stride + 1,
                        kernel,
                        stride,
                        padding,
                        dilation,
                    };
                    let expected = (0..window.output).any(|output| window.taps(output).is_empty());
                    assert_eq!(window.skips_elements(), expected, "{window:?}");
                    skipping += usize::from(expected);
                }
            }
        }
        assert!(skipping > 50, "{skipping}");
        let (input, dilation) = (1 << 50, 1 << 51);
        let many = Window {
            input,
            output: input,
            kernel: 1,
            stride: 1,
            padding: 0,
            dilation,
        };
        assert!(!many.skips_elements());
    }

    #[test]
    fn taps_are_inside_exactly_where_their_element_exists() {
        for stride in 1..4 {
            for dilation in 1..4 {
                for padding in 0..4 {
                    let window = Window {
                        input: 5,
                        output: 6,
                        kernel: 4,
                        stride,
                        padding,
                        dilation,
                    };
                    for tap in 0..4 {
                        let inside = window.inside(tap);
                        for output in 0..6 {
                            let all = window.taps(output).len() == 4;
                            assert_eq!(
                                window.taps(output).contains(&tap),
                                inside.contains(&output)
                            );
                            assert_eq!(
                                window.whole().contains(&output),
                                all,
                                "{window:?} {output}"
                            );
                            let place = output * stride + tap * dilation;
                            let exists = (padding..padding + 5).contains(&place);
                            assert_eq!(
                                inside.contains(&output),
                                exists,
                                "{window:?} {tap} {output}"
                            );
                            if exists {
                                assert_eq!(window.place(output, tap), place - padding);
                            }
                        }
                    }
                }
            }
        }
    }
}
