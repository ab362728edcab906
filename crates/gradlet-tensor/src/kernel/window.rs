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

    /// Whether each output reads only the element at its own index.
    pub(crate) fn is_identity(&self) -> bool {
        (self.kernel, self.stride, self.padding) == (1, 1, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
