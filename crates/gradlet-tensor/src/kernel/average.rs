//! Averages of windows, and their gradient.

use std::ops::Range;

use super::window::Window;
use crate::element::Float;

/// Which elements of an axis each output averages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spans {
    /// Those of a window that slides, without dilation.
    Sliding {
        window: Window,
        padding_counts: bool,
    },
    /// Those of one of `output` equal parts, rounded outwards.
    Parts { input: usize, output: usize },
}

impl Spans {
    pub(crate) fn input(&self) -> usize {
        match *self {
            Self::Sliding { window, .. } => window.input,
            Self::Parts { input, .. } => input,
        }
    }

    pub(crate) fn output(&self) -> usize {
        match *self {
            Self::Sliding { window, .. } => window.output,
            Self::Parts { output, .. } => output,
        }
    }

    /// An output's elements, and how many they count as.
    #[inline]
    fn at(&self, i: usize) -> (Range<usize>, f64) {
        match *self {
            Self::Sliding {
                window:
                    Window {
                        input,
                        kernel,
                        stride,
                        padding,
                        ..
                    },
                padding_counts,
            } => {
                // Counted from the beginning of the padding.
                let start = i * stride;
                let end = start.saturating_add(kernel).min(input + 2 * padding);
                let elements =
                    start.saturating_sub(padding)..end.saturating_sub(padding).min(input);
                let count = if padding_counts {
                    end - start
                } else {
                    elements.len()
                };
                (elements, count as f64)
            }
            Self::Parts { input, output } => {
                let (i, wide) = (i as u128, input as u128);
                let start = (i * wide / output as u128) as usize;
                let end = ((i + 1) * wide).div_ceil(output as u128) as usize;
                (start..end, (end - start) as f64)
            }
        }
    }
}

/// `y[p, q]` = the sum of the elements of x that output (p, q) averages, divided by their count or by `divisor`
pub(crate) fn average<T: Float>(
    [down, along]: &[Spans; 2],
    divisor: Option<f64>,
    x: &[T],
    y: &mut [T],
) {
    for (p, y) in y.chunks_exact_mut(along.output()).enumerate() {
        let (rows, height) = down.at(p);
        for (q, y) in y.iter_mut().enumerate() {
            let (columns, width) = along.at(q);
            let mut sum = T::zero();
            for row in rows.clone() {
                for &x in &x[row * along.input()..][columns.clone()] {
                    sum = sum + x;
                }
            }
            *y = sum / T::of(divisor.unwrap_or(height * width));
        }
    }
}

/// `dx[i, j]` = the sum of `g[p, q]`, divided so, over the outputs (p, q) that average element (i, j)
pub(crate) fn spread<T: Float>(
    [down, along]: &[Spans; 2],
    divisor: Option<f64>,
    g: &[T],
    dx: &mut [T],
) {
    dx.fill(T::zero());
    for (p, g) in g.chunks_exact(along.output()).enumerate() {
        let (rows, height) = down.at(p);
        for (q, &g) in g.iter().enumerate() {
            let (columns, width) = along.at(q);
            let share = g / T::of(divisor.unwrap_or(height * width));
            for row in rows.clone() {
                for dx in &mut dx[row * along.input()..][columns.clone()] {
                    *dx = *dx + share;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_overlap_where_the_sizes_do_not_divide() {
        let parts = |input, output| -> Vec<_> {
            let spans = Spans::Parts { input, output };
            (0..output).map(|i| spans.at(i).0).collect()
        };
        assert_eq!(parts(6, 3), [0..2, 2..4, 4..6]);
        assert_eq!(parts(5, 3), [0..2, 1..4, 3..5]);
        assert_eq!(parts(2, 3), [0..1, 0..2, 1..2]);
    }

    #[test]
    fn windows_are_cut_at_the_input_and_counted_as_told() {
        let window = Window {
            input: 4,
            output: 3,
            kernel: 3,
            stride: 2,
            padding: 1,
            dilation: 1,
        };
        let at = |padding_counts, i| {
            Spans::Sliding {
                window,
                padding_counts,
            }
            .at(i)
        };
        assert_eq!([at(true, 0), at(true, 1)], [(0..2, 3.0), (1..4, 3.0)]);
        // The last window ends with the padding.
        assert_eq!([at(true, 2), at(false, 2)], [(3..4, 2.0), (3..4, 1.0)]);
    }
}
