//! Averages of windows, and their gradient.

use std::ops::Range;

use super::window::Window;
use crate::element::Float;

/// The elements of an axis that each output averages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spans {
    /// The elements of a window that slides.
    Sliding {
        window: Window,
        padding_counts: bool,
    },
    /// The elements of one of `output` equal parts, whose bounds are rounded outward.
    Parts { input: usize, output: usize },
}

impl Spans {
    /// `output` equal parts: as windows that slide, if `output` divides `input`.
    pub(crate) fn parts(input: usize, output: usize) -> Self {
        if output == 0 || input == 0 || !input.is_multiple_of(output) {
            return Self::Parts { input, output };
        }
        let size = input / output;
        let window = Window {
            input,
            output,
            kernel: size,
            stride: size,
            padding: 0,
            dilation: 1,
        };
        Self::Sliding {
            window,
            padding_counts: false,
        }
    }

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

    /// The distance between neighbouring elements of an output.
    pub(crate) fn step(&self) -> usize {
        match self {
            Self::Sliding { window, .. } => window.dilation,
            Self::Parts { .. } => 1,
        }
    }

    /// The outputs whose windows are inside the input, the place where the first of these windows begins, its size, and
    /// how far apart they begin; none if windows have gaps.
    fn whole(&self) -> (Range<usize>, usize, [usize; 2]) {
        match self {
            Self::Sliding { window, .. } if window.dilation == 1 => {
                let whole = window.whole();
                let first = if whole.is_empty() {
                    0
                } else {
                    window.place(whole.start, 0)
                };
                (whole, first, [window.kernel, window.stride])
            }
            _ => (0..0, 0, [1, 1]),
        }
    }

    /// The range of the elements of an output, and the number that they count as.
    #[inline(always)]
    pub(crate) fn at(&self, i: usize) -> (Range<usize>, f64) {
        match *self {
            Self::Sliding {
                window,
                padding_counts,
            } => {
                let taps = window.taps(i);
                let elements = if taps.is_empty() {
                    0..0
                } else {
                    window.place(i, taps.start)..window.place(i, taps.end - 1) + 1
                };
                let count = if padding_counts {
                    window.taps_before(i * window.stride, window.input + 2 * window.padding)
                } else {
                    taps.len()
                };
                (elements, count as f64)
            }
            Self::Parts { input, output } => {
                let (start, end) = if let Some(product) = (i + 1).checked_mul(input) {
                    ((product - input) / output, product.div_ceil(output))
                } else {
                    let (product, output) = ((i as u128 + 1) * input as u128, output as u128);
                    let start = (product - input as u128) / output;
                    (start as usize, product.div_ceil(output) as usize)
                };
                (start..end, (end - start) as f64)
            }
        }
    }
}

vectorized! {
    /// `y[p, q]` = the sum of the elements of x that output (p, q) averages, divided by their count or by
    /// `divisor`. `line` is memory for a row of x.
    pub(crate) fn average<T: Float>(
        [down, along]: &[Spans; 2],
        divisor: Option<f64>,
        x: &[T],
        y: &mut [T],
        line: &mut [T],
    ) {
        let columns = along.input();
        let (whole, first, [kernel, stride]) = along.whole();
        for (p, y) in y.chunks_exact_mut(along.output()).enumerate() {
            let (rows, height) = down.at(p);
            line.fill(T::zero());
            let rows = x[rows.start * columns..rows.end * columns].chunks_exact(columns);
            for row in rows.step_by(down.step()) {
                for (sum, &x) in line.iter_mut().zip(row) {
                    *sum = *sum + x;
                }
            }
            let cut = |q: usize, y: &mut T| {
                let (columns, width) = along.at(q);
                let mut sum = T::zero();
                for &x in line[columns].iter().step_by(along.step()) {
                    sum = sum + x;
                }
                *y = sum / T::of(divisor.unwrap_or(height * width));
            };
            let (before, rest) = y.split_at_mut(whole.start);
            let (inside, behind) = rest.split_at_mut(whole.len());
            before.iter_mut().enumerate().for_each(|(q, y)| cut(q, y));
            behind.iter_mut().enumerate().for_each(|(q, y)| cut(whole.end + q, y));
            let divisor = T::of(divisor.unwrap_or(height * kernel as f64));
            let line = &line[first..];
            // The most common sizes are known to the compiler.
            match [kernel, stride] {
                [2, 2] => average_whole(line, [2, 2], divisor, inside),
                [3, 2] => average_whole(line, [3, 2], divisor, inside),
                sizes => average_whole(line, sizes, divisor, inside),
            }
        }
    }

    /// `dx[i, j]` = the sum of `g[p, q]`, divided as in `average`, over the outputs (p, q) that average element
    /// (i, j). `line` is memory for a row of dx.
    pub(crate) fn spread<T: Float>(
        [down, along]: &[Spans; 2],
        divisor: Option<f64>,
        g: &[T],
        dx: &mut [T],
        line: &mut [T],
    ) {
        dx.fill(T::zero());
        let columns = along.input();
        let (whole, first, [kernel, stride]) = along.whole();
        for (p, g) in g.chunks_exact(along.output()).enumerate() {
            let (rows, height) = down.at(p);
            line.fill(T::zero());
            for q in (0..whole.start).chain(whole.end..g.len()) {
                let (columns, width) = along.at(q);
                let share = g[q] / T::of(divisor.unwrap_or(height * width));
                for sum in line[columns].iter_mut().step_by(along.step()) {
                    *sum = *sum + share;
                }
            }
            let divisor = T::of(divisor.unwrap_or(height * kernel as f64));
            let (inside, line_inside) = (&g[whole.clone()], &mut line[first..]);
            match [kernel, stride] {
                [2, 2] => spread_whole(inside, [2, 2], divisor, line_inside),
                [3, 2] => spread_whole(inside, [3, 2], divisor, line_inside),
                sizes => spread_whole(inside, sizes, divisor, line_inside),
            }
            let rows = dx[rows.start * columns..rows.end * columns].chunks_exact_mut(columns);
            for row in rows.step_by(down.step()) {
                for (dx, &sum) in row.iter_mut().zip(&*line) {
                    *dx = *dx + sum;
                }
            }
        }
    }
}

/// `y[q]` = the sum of the `kernel` elements from `q * stride` on, divided by `divisor`
#[inline(always)]
fn average_whole<T: Float>(x: &[T], [kernel, stride]: [usize; 2], divisor: T, y: &mut [T]) {
    if stride == 1 && !y.is_empty() {
        // The same sums in the same order, by a loop that vectorizes.
        y.fill(T::zero());
        for tap in 0..kernel {
            y.iter_mut().zip(&x[tap..]).for_each(|(y, &x)| *y = *y + x);
        }
        y.iter_mut().for_each(|y| *y = *y / divisor);
        return;
    }
    for (q, y) in y.iter_mut().enumerate() {
        let mut sum = T::zero();
        for &x in &x[q * stride..][..kernel] {
            sum = sum + x;
        }
        *y = sum / divisor;
    }
}

/// `dx[q * stride + i] += g[q] / divisor` for each i below `kernel`
#[inline(always)]
fn spread_whole<T: Float>(g: &[T], [kernel, stride]: [usize; 2], divisor: T, dx: &mut [T]) {
    if stride == 1 && !g.is_empty() {
        for tap in (0..kernel).rev() {
            let dx = dx[tap..].iter_mut().zip(g);
            dx.for_each(|(dx, &g)| *dx = *dx + g / divisor);
        }
        return;
    }
    for (q, &g) in g.iter().enumerate() {
        let share = g / divisor;
        for dx in &mut dx[q * stride..][..kernel] {
            *dx = *dx + share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_overlap_where_the_sizes_do_not_divide() {
        let parts = |input, output| -> Vec<_> {
            let spans = Spans::parts(input, output);
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

    #[test]
    fn a_dilated_window_counts_what_it_reads_and_skips_the_gaps() {
        let window = Window {
            input: 4,
            output: 3,
            kernel: 2,
            stride: 2,
            padding: 1,
            dilation: 3,
        };
        // Places -1 and 2, 1 and 4, 3 and 6, of which 6 is behind the padding.
        for (padding_counts, counts) in [(true, [2.0, 2.0, 1.0]), (false, [1.0; 3])] {
            let spans = Spans::Sliding {
                window,
                padding_counts,
            };
            let places = [2..3, 1..2, 3..4];
            for i in 0..3 {
                assert_eq!(spans.at(i), (places[i].clone(), counts[i]));
            }
        }
        let window = Window {
            padding: 0,
            output: 1,
            ..window
        };
        let along = Spans::Sliding {
            window,
            padding_counts: true,
        };
        let (down, mut y, mut dx) = (Spans::parts(1, 1), [0.0], [0.0; 4]);
        average(
            &[down, along],
            None,
            &[1.0, 50.0, 60.0, 4.0],
            &mut y,
            &mut [0.0; 4],
        );
        spread(&[down, along], None, &[8.0], &mut dx, &mut [0.0; 4]);
        assert_eq!((y, dx), ([2.5], [4.0, 0.0, 0.0, 4.0]));
    }
}
