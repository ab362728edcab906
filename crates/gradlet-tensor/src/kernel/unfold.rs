//! Images as columns of the elements that a kernel sees at each position, and columns added back to images.

use std::ops::Range;

use super::window::Window;

/// A stretch of a row of columns: the positions of one row of outputs for one tap of one channel.
struct Stretch {
    row: usize,
    /// The first of these positions, counted from the start of the range.
    column: usize,
    length: usize,
    /// The positions among these whose element is inside the image.
    inside: Range<usize>,
    /// The place of the first such element.
    place: usize,
}

/// Visits the stretches of the columns of `channels` channels at a range of positions, row by row.
#[inline(always)]
fn for_stretches(
    [down, along]: &[Window; 2],
    channels: usize,
    positions: &Range<usize>,
    mut visit: impl FnMut(Stretch),
) {
    let width = along.output;
    let lines = positions.start / width..positions.end.div_ceil(width);
    let mut row = 0;
    for channel in 0..channels {
        for i in 0..down.kernel {
            let lines_inside = down.inside(i);
            for j in 0..along.kernel {
                let all = along.inside(j);
                for line in lines.clone() {
                    let start = positions.start.max(line * width) - line * width;
                    let end = positions.end.min((line + 1) * width) - line * width;
                    let mut inside = all.start.clamp(start, end)..all.end.clamp(start, end);
                    let mut place = 0;
                    if !lines_inside.contains(&line) {
                        inside = start..start;
                    } else if !inside.is_empty() {
                        let above = channel * down.input + down.place(line, i);
                        place = above * along.input + along.place(inside.start, j);
                    }
                    visit(Stretch {
                        row,
                        column: line * width + start - positions.start,
                        length: end - start,
                        inside: inside.start - start..inside.end - start,
                        place,
                    });
                }
                row += 1;
            }
        }
    }
}

/// A row of columns whose elements are adjacent in the image too: the kernel moves by one, and a line has as many
/// outputs as elements. Only the elements that wrap around the ends of lines must be cleared.
struct Shifted {
    row: usize,
    /// The positions whose lines are inside the image, and those among them whose shifted place is inside.
    lines: Range<usize>,
    inside: Range<usize>,
    /// The place of the first position inside.
    place: usize,
    /// The outputs of a line that are inside.
    outputs: Range<usize>,
    width: usize,
}

impl Shifted {
    fn fits([down, along]: &[Window; 2]) -> bool {
        (down.stride, along.stride, along.input) == (1, 1, along.output)
    }

    /// Visits the rows; positions count from the start of the range.
    #[inline(always)]
    fn for_rows(
        [down, along]: &[Window; 2],
        channels: usize,
        positions: &Range<usize>,
        mut visit: impl FnMut(&Self),
    ) {
        let (width, plane) = (along.input, down.input * along.input);
        let within = |start: usize, end: usize| {
            let start = start.clamp(positions.start, positions.end);
            start..end.clamp(start, positions.end)
        };
        let mut row = 0;
        for channel in 0..channels {
            for i in 0..down.kernel {
                let lines = down.inside(i);
                for j in 0..along.kernel {
                    // Position p reads element p + ahead - behind.
                    let ahead = i * down.dilation * width + j * along.dilation;
                    let behind = down.padding * width + along.padding;
                    let lines = within(lines.start * width, lines.end * width);
                    let first = behind.saturating_sub(ahead).max(lines.start);
                    let last = (plane + behind).saturating_sub(ahead).min(lines.end);
                    let inside = within(first, last.max(first));
                    let place = channel * plane + inside.start + ahead;
                    visit(&Self {
                        row,
                        lines,
                        // If no position is inside, any place will do.
                        place: if inside.is_empty() { 0 } else { place - behind },
                        inside,
                        outputs: along.inside(j),
                        width,
                    });
                    row += 1;
                }
            }
        }
    }

    /// Fills the elements outside the image with 0; `row` begins with position `first`.
    #[inline(always)]
    fn clear<T: num_traits::Zero + Copy>(&self, row: &mut [T], first: usize) {
        let (lines, width) = (&self.lines, self.width);
        row[..lines.start - first].fill(T::zero());
        row[lines.end - first..].fill(T::zero());
        if self.outputs == (0..width) || lines.is_empty() {
            return;
        }
        for line in lines.start / width..lines.end.div_ceil(width) {
            for cut in [0..self.outputs.start, self.outputs.end..width] {
                let start = (line * width + cut.start).clamp(lines.start, lines.end);
                let end = (line * width + cut.end).clamp(start, lines.end);
                for x in &mut row[start - first..end - first] {
                    *x = T::zero();
                }
            }
        }
    }
}

vectorized! {
    /// `columns[(c, i, j), p] = x[c, place(p, i, j)]`, or 0 outside the image, for a range of positions p; rows of
    /// columns are `stride` apart.
    pub(crate) fn unfold<T: num_traits::Zero + Copy>(
        windows: &[Window; 2],
        channels: usize,
        x: &[T],
        positions: &Range<usize>,
        columns: &mut [T],
        stride: usize,
    ) {
        if Shifted::fits(windows) {
            let first = positions.start;
            return Shifted::for_rows(windows, channels, positions, |shifted| {
                let row = &mut columns[shifted.row * stride..][..positions.len()];
                let out = &mut row[shifted.inside.start - first..shifted.inside.end - first];
                out.copy_from_slice(&x[shifted.place..][..out.len()]);
                shifted.clear(row, first);
            });
        }
        let step = windows[1].stride;
        for_stretches(windows, channels, positions, |stretch| {
            let Stretch { row, column, length, inside, place } = stretch;
            let out = &mut columns[row * stride + column..][..length];
            out[..inside.start].fill(T::zero());
            out[inside.end..].fill(T::zero());
            let out = &mut out[inside];
            if step == 1 {
                out.copy_from_slice(&x[place..place + out.len()]);
            } else {
                out.iter_mut().zip(x[place..].iter().step_by(step)).for_each(|(y, &x)| *y = x);
            }
        });
    }

    /// `x[c, place(p, i, j)] += columns[(c, i, j), p]`, in the order of the rows: the transpose of `unfold`. Columns
    /// outside the image may be overwritten.
    pub(crate) fn fold<T: num_traits::Zero + Copy>(
        windows: &[Window; 2],
        channels: usize,
        columns: &mut [T],
        stride: usize,
        positions: &Range<usize>,
        x: &mut [T],
    ) {
        if Shifted::fits(windows) {
            let first = positions.start;
            return Shifted::for_rows(windows, channels, positions, |shifted| {
                let row = &mut columns[shifted.row * stride..][..positions.len()];
                shifted.clear(row, first);
                let row = &row[shifted.inside.start - first..shifted.inside.end - first];
                let x = &mut x[shifted.place..][..row.len()];
                x.iter_mut().zip(row).for_each(|(x, &y)| *x = *x + y);
            });
        }
        let step = windows[1].stride;
        for_stretches(windows, channels, positions, |stretch| {
            let Stretch { row, column, length, inside, place } = stretch;
            let columns = &columns[row * stride + column..][..length][inside];
            if columns.is_empty() {
                return;
            }
            if step == 1 {
                let x = &mut x[place..place + columns.len()];
                x.iter_mut().zip(columns).for_each(|(x, &y)| *x = *x + y);
            } else {
                x[place..].iter_mut().step_by(step).zip(columns).for_each(|(x, &y)| *x = *x + y);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(
        stride: [usize; 2],
        padding: [usize; 2],
        dilation: [usize; 2],
        kernel: usize,
    ) -> [Window; 2] {
        [(5, 3, 0), (6, kernel, 1)].map(|(input, kernel, i)| Window {
            input,
            output: (input + 2 * padding[i] - dilation[i] * (kernel - 1) - 1) / stride[i] + 1,
            kernel,
            stride: stride[i],
            padding: padding[i],
            dilation: dilation[i],
        })
    }

    #[test]
    fn columns_hold_what_the_kernel_sees_in_any_cut() {
        let all = [
            windows([1, 2], [0, 0], [1, 1], 2),
            windows([1, 1], [2, 1], [2, 1], 2),
            windows([2, 1], [4, 0], [2, 2], 2),
            // A line has as many outputs as elements.
            windows([1, 1], [1, 1], [1, 1], 3),
            windows([1, 1], [0, 1], [2, 1], 3),
            windows([1, 1], [3, 4], [1, 4], 3),
            windows([1, 1], [2, 6], [1, 12], 2),
            windows([1, 1], [1, 0], [1, 1], 1),
        ];
        assert_eq!(
            all.iter().filter(|windows| Shifted::fits(windows)).count(),
            5
        );
        for windows in all {
            let [down, along] = &windows;
            let (channels, all, taps) = (2, down.output * along.output, 3 * along.kernel);
            let x: Vec<f64> = (1..=channels * 30).map(|x| x as f64).collect();
            for positions in [0..all, 0..all / 2, 1..all - 1, all / 2..all] {
                let length = positions.len();
                let mut columns = vec![f64::NAN; channels * taps * length];
                unfold(&windows, channels, &x, &positions, &mut columns, length);
                for (at, &got) in columns.iter().enumerate() {
                    let (row, p) = (at / length, at % length + positions.start);
                    let (c, i, j) = (row / taps, row / along.kernel % 3, row % along.kernel);
                    let h = p / along.output * down.stride + i * down.dilation;
                    let w = p % along.output * along.stride + j * along.dilation;
                    let (h, w) = (h.wrapping_sub(down.padding), w.wrapping_sub(along.padding));
                    let expected = if h < 5 && w < 6 {
                        x[(c * 5 + h) * 6 + w]
                    } else {
                        0.0
                    };
                    assert_eq!(got, expected, "{windows:?} {positions:?} {at}");
                }
                // <unfold(x), y> = <x, fold(y)>, exactly: these are small integers.
                let mut y: Vec<f64> = (0..columns.len()).map(|i| (i * 7 % 11) as f64).collect();
                let mut folded = vec![0.0; x.len()];
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let expected = dot(&columns, &y);
                fold(&windows, channels, &mut y, length, &positions, &mut folded);
                assert_eq!(expected, dot(&x, &folded), "{windows:?} {positions:?}");
            }
        }
    }
}
