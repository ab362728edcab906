//! The place of the largest element of each window.

use super::average::Spans;
use super::window::Window;

/// The number of windows searched together, so that the compiler can use vector instructions: as many as 64-bit places
/// fit into an AVX-512 register.
const LANES: usize = 8;

vectorized! {
    /// `indices[p, q]` = the place in x of the largest of the elements that window (p, q) reads.
    ///
    /// It is the first if several are equal, and the last NaN if there is one. Each window must read at least one
    /// element.
    pub(crate) fn argmax_windows<T: PartialOrd + Copy>(
        [down, along]: &[Window; 2],
        x: &[T],
        indices: &mut [i64],
    ) {
        let whole = along.whole();
        for (p, indices) in indices.chunks_exact_mut(along.output).enumerate() {
            let rows = down.taps(p);
            let line = down.place(p, rows.start) * along.input;
            // If a window reads only one row, the step to the next may be any number.
            let rows = [rows.len(), down.dilation.wrapping_mul(along.input)];
            let (before, rest) = indices.split_at_mut(whole.start);
            let (inside, behind) = rest.split_at_mut(whole.len());
            let cut = |q: usize, index: &mut i64| {
                let taps = along.taps(q);
                let start = line + along.place(q, taps.start);
                let [place] = largest(x, start, [rows, [taps.len(), along.dilation]], 0, 0);
                *index = start as i64 + place;
            };
            before.iter_mut().enumerate().for_each(|(q, index)| cut(q, index));
            behind.iter_mut().enumerate().for_each(|(q, index)| cut(whole.end + q, index));
            if inside.is_empty() {
                continue;
            }
            let start = line + along.place(whole.start, 0);
            // The most common sizes are known to the compiler.
            match (rows, [along.kernel, along.dilation], along.stride) {
                ([2, step], [2, 1], 2) => row(x, start, [[2, step], [2, 1]], 2, inside),
                ([3, step], [3, 1], 2) => row(x, start, [[3, step], [3, 1]], 2, inside),
                (rows, taps, stride) => row(x, start, [rows, taps], stride, inside),
            }
        }
    }
}

/// As `argmax_windows`, for parts that need not be equally large.
pub(crate) fn argmax_parts<T: PartialOrd + Copy>(
    [down, along]: &[Spans; 2],
    x: &[T],
    indices: &mut [i64],
) {
    for (p, indices) in indices.chunks_exact_mut(along.output()).enumerate() {
        let (rows, _) = down.at(p);
        for (q, index) in indices.iter_mut().enumerate() {
            let (taps, _) = along.at(q);
            let start = rows.start * along.input() + taps.start;
            let part = [[rows.len(), along.input()], [taps.len(), 1]];
            let [place] = largest(x, start, part, 0, 0);
            *index = start as i64 + place;
        }
    }
}

/// The places for windows that begin `stride` apart, from `start` on: `LANES` at a time; the last `LANES` may overlap
/// those before.
#[inline(always)]
fn row<T: PartialOrd + Copy>(
    x: &[T],
    start: usize,
    window: [[usize; 2]; 2],
    stride: usize,
    indices: &mut [i64],
) {
    let count = indices.len();
    for first in (0..count).step_by(LANES) {
        let first = first.min(count.saturating_sub(LANES));
        let start = start + first * stride;
        let out = &mut indices[first..];
        let places: [i64; LANES] = if out.len() < LANES {
            largest(x, start, window, stride, out.len() - 1)
        } else {
            largest(x, start, window, stride, LANES - 1)
        };
        for (i, (index, place)) in out.iter_mut().zip(places).enumerate() {
            *index = (start + i * stride) as i64 + place;
        }
    }
}

/// The distance of the largest element of each of N windows from the window's beginning. Windows begin `stride` apart;
/// those after the `last` one are read as that one. The rows and taps of a window have a number and a step each.
#[inline(always)]
fn largest<T: PartialOrd + Copy, const N: usize>(
    x: &[T],
    start: usize,
    [[rows, row_step], [taps, step]]: [[usize; 2]; 2],
    stride: usize,
    last: usize,
) -> [i64; N] {
    let (mut best, mut places) = ([x[start]; N], [0; N]);
    for row in 0..rows {
        for tap in 0..taps {
            let ahead = row * row_step + tap * step;
            let x = &x[start + ahead..][..=last * stride];
            for i in 0..N {
                let x = x[i.min(last) * stride];
                #[expect(
                    clippy::needless_bitwise_bool,
                    reason = "a branch is mispredicted half of the time"
                )]
                let larger = (ahead == 0) | (x > best[i]) | (x != x);
                best[i] = if larger { x } else { best[i] };
                places[i] = if larger { ahead as i64 } else { places[i] };
            }
        }
    }
    places
}
