//! Convolutions as matrix products with columns of the elements that the kernel sees, made block by block in memory
//! that the caches hold.

use std::ops::Range;

use super::matmul::{Gemm, Matrix, Start, matmul};
use super::parallel::{PART, for_chunks, for_parts_of};
use super::scratch::Scratch;
use super::unfold::{fold, unfold};
use super::window::Window;
use crate::element::Float;

/// The largest number of elements in a block's columns, unless a single tile has more: a quarter of a second-level
/// cache of 1 MiB.
const BLOCK: usize = 1 << 16;
/// The smallest number of positions in a block, if there are that many: the width of the matrix kernel's tiles.
const TILE: usize = 48;
/// The smallest number of multiplications in a part.
const WORK: usize = 1 << 18;
/// The largest number of parts that a weight's gradient is summed in, and of elements in all of them.
const PARTS: usize = 16;
const PARTIAL: usize = 1 << 20;

/// The sizes of a convolution, none of which is 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolved {
    pub(crate) images: usize,
    pub(crate) groups: usize,
    /// The numbers of channels in each group.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) windows: [Window; 2],
}

/// The positions that are computed at once: some of one image, or all of several.
#[derive(Clone, Debug)]
struct Block {
    images: Range<usize>,
    positions: Range<usize>,
}

impl Block {
    fn columns(&self) -> usize {
        self.images.len() * self.positions.len()
    }
}

impl Convolved {
    fn positions(&self) -> usize {
        self.windows[0].output * self.windows[1].output
    }

    /// The number of elements in one channel of an image.
    fn plane(&self) -> usize {
        self.windows[0].input * self.windows[1].input
    }

    /// The number of rows in the columns: the elements that one output is made from.
    fn taps(&self) -> usize {
        self.inputs * self.windows[0].kernel * self.windows[1].kernel
    }

    fn image_inputs(&self) -> usize {
        self.groups * self.inputs * self.plane()
    }

    fn image_outputs(&self) -> usize {
        self.groups * self.outputs * self.positions()
    }

    /// Whether an image is already in the form of columns.
    fn is_pointwise(&self) -> bool {
        self.windows.iter().all(Window::is_identity)
    }

    /// The numbers of images and positions in the largest block.
    fn block(&self) -> [usize; 2] {
        let positions = self.positions();
        let most = (BLOCK / self.taps() / TILE * TILE).max(TILE);
        if positions > most {
            [1, most]
        } else {
            // Enough images for two tiles, if one image has less than one.
            let images = if positions < TILE {
                (2 * TILE).min(most) / positions
            } else {
                1
            };
            [images.clamp(1, self.images), positions]
        }
    }

    /// The number of images that a thread gets at once.
    fn part(&self) -> usize {
        let image = self.image_outputs().saturating_mul(self.taps());
        let images = WORK.div_ceil(image).next_multiple_of(self.block()[0]);
        images.min(self.images)
    }

    /// Calls `run` with each group and block of a range of images.
    fn for_blocks(&self, images: Range<usize>, mut run: impl FnMut(usize, &Block)) {
        let ([step, length], all) = (self.block(), self.positions());
        for first in images.clone().step_by(step) {
            for group in 0..self.groups {
                for start in (0..all).step_by(length) {
                    let block = Block {
                        images: first..(first + step).min(images.end),
                        positions: start..(start + length).min(all),
                    };
                    run(group, &block);
                }
            }
        }
    }

    /// Memory for `rows` numbers at each position of a block.
    fn scratch<T: Float>(&self, rows: usize) -> Scratch<T> {
        let [images, positions] = self.block();
        Scratch::new(rows * images * positions)
    }

    /// The columns `[taps, columns]` of a block; `x` begins with image `first`.
    fn columns<'a, T: Float>(
        &self,
        x: &'a [T],
        group: usize,
        block: &Block,
        scratch: &'a mut Scratch<T>,
    ) -> Matrix<'a, T> {
        let place = |image| image * self.image_inputs() + group * self.inputs * self.plane();
        if self.is_pointwise() && block.images.len() == 1 {
            let offset = place(block.images.start) + block.positions.start;
            return rows(x, offset, self.plane());
        }
        let (columns, length) = (scratch.get(), block.columns());
        for (i, image) in block.images.clone().enumerate() {
            let (x, out) = (
                &x[place(image)..],
                &mut columns[i * block.positions.len()..],
            );
            unfold(&self.windows, self.inputs, x, &block.positions, out, length);
        }
        rows(columns, 0, length)
    }

    /// The outputs `[outputs, columns]` of a block.
    fn outputs<'a, T: Float>(
        &self,
        y: &'a [T],
        group: usize,
        block: &Block,
        scratch: &'a mut Scratch<T>,
    ) -> Matrix<'a, T> {
        if block.images.len() == 1 {
            let offset = self.output_place(block.images.start, group, 0) + block.positions.start;
            return rows(y, offset, self.positions());
        }
        let (gathered, length) = (scratch.get(), block.columns());
        self.for_output_rows(group, block, |channel, column, place| {
            let (from, to) = (&y[place..], &mut gathered[channel * length + column..]);
            to[..block.positions.len()].copy_from_slice(&from[..block.positions.len()]);
        });
        rows(gathered, 0, length)
    }

    fn output_place(&self, image: usize, group: usize, channel: usize) -> usize {
        ((image * self.groups + group) * self.outputs + channel) * self.positions()
    }

    /// Calls `run` with the channel, column and place of each row of consecutive outputs of a block.
    fn for_output_rows(
        &self,
        group: usize,
        block: &Block,
        mut run: impl FnMut(usize, usize, usize),
    ) {
        for channel in 0..self.outputs {
            for (i, image) in block.images.clone().enumerate() {
                let place = self.output_place(image, group, channel) + block.positions.start;
                run(channel, i * block.positions.len(), place);
            }
        }
    }
}

/// `y[n, o, p] = bias[o] + sum_t weight[o, t] * columns[n][t, p]`
pub(crate) fn convolve<T: Float + Gemm>(
    sizes: &Convolved,
    x: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    y: &mut [T],
) {
    let (taps, image) = (sizes.taps(), sizes.image_outputs());
    for_parts_of(y, sizes.part() * image, |start, y| {
        let x = &x[start / image * sizes.image_inputs()..];
        let (mut columns, mut block_outputs) = (sizes.scratch(taps), sizes.scratch(sizes.outputs));
        sizes.for_blocks(0..y.len() / image, |group, block| {
            let length = block.columns();
            let columns = sizes.columns(x, group, block, &mut columns);
            let first = group * sizes.outputs;
            let weight = rows(weight, first * taps, taps);
            let product = |out: &mut [T]| {
                if let Some(bias) = bias {
                    let rows = out.chunks_exact_mut(length).zip(&bias[first..]);
                    rows.for_each(|(row, &bias)| row.fill(bias));
                }
                matmul(
                    [sizes.outputs, taps, length],
                    weight,
                    columns,
                    out,
                    if bias.is_some() {
                        Start::Result
                    } else {
                        Start::Zero
                    },
                );
            };
            if length == sizes.positions() && block.images.len() == 1 {
                let place = sizes.output_place(block.images.start, group, 0);
                return product(&mut y[place..place + sizes.outputs * length]);
            }
            let out = &mut block_outputs.get()[..sizes.outputs * length];
            product(out);
            sizes.for_output_rows(group, block, |channel, column, place| {
                let from = &out[channel * length + column..][..block.positions.len()];
                y[place..place + from.len()].copy_from_slice(from);
            });
        });
    });
}

/// `dx = bias[c] + sum_o,p weight[o, t] * g[n, o, p]`, added at the element that column t of position p came from.
pub(crate) fn input_gradient<T: Float + Gemm>(
    sizes: &Convolved,
    weight: &[T],
    bias: Option<&[T]>,
    g: &[T],
    dx: &mut [T],
) {
    let (taps, plane, image) = (sizes.taps(), sizes.plane(), sizes.image_inputs());
    for_parts_of(dx, sizes.part() * image, |start, dx| {
        let g = &g[start / image * sizes.image_outputs()..];
        let (mut columns, mut outputs) = (sizes.scratch(taps), sizes.scratch(sizes.outputs));
        match bias {
            Some(bias) => {
                let channels = dx.chunks_exact_mut(plane).zip(bias.iter().cycle());
                channels.for_each(|(channel, &bias)| channel.fill(bias));
            }
            None => dx.fill(T::zero()),
        }
        sizes.for_blocks(0..dx.len() / image, |group, block| {
            let length = block.columns();
            let g = sizes.outputs(g, group, block, &mut outputs);
            let weight = Matrix {
                data: weight,
                offset: group * sizes.outputs * taps,
                row_stride: 1,
                column_stride: taps,
            };
            let out = &mut columns.get()[..taps * length];
            matmul([taps, sizes.outputs, length], weight, g, out, Start::Zero);
            for (i, n) in block.images.clone().enumerate() {
                let dx = &mut dx[n * image + group * sizes.inputs * plane..];
                let columns = &mut out[i * block.positions.len()..];
                fold(
                    &sizes.windows,
                    sizes.inputs,
                    columns,
                    length,
                    &block.positions,
                    dx,
                );
            }
        });
    });
}

/// `dweight[o, t] = sum_n,p g[n, o, p] * columns[n][t, p]`, summed in parts that depend on the sizes alone.
pub(crate) fn weight_gradient<T: Float + Gemm>(
    sizes: &Convolved,
    x: &[T],
    g: &[T],
    dweight: &mut [T],
) {
    let (len, images) = (dweight.len(), sizes.images);
    let parts = (PARTIAL / len).clamp(1, PARTS);
    let part = images
        .div_ceil(parts)
        .next_multiple_of(sizes.block()[0])
        .max(sizes.part());
    let parts = images.div_ceil(part);
    if parts == 1 {
        return add_weight_gradient(sizes, x, g, 0..images, dweight);
    }
    let mut partial = Scratch::new(parts * len);
    let partial = partial.get();
    for_parts_of(partial, len, |start, out| {
        let first = start / len * part;
        add_weight_gradient(sizes, x, g, first..(first + part).min(images), out);
    });
    for_chunks(dweight, PART, |start, out| {
        let end = start + out.len();
        let mut partial = partial.chunks_exact(len).map(|part| &part[start..end]);
        out.copy_from_slice(partial.next().unwrap_or_default());
        partial.for_each(|part| super::elementwise::zip_in_place(out, part, &|a, b| a + b));
    });
}

/// Sets `out` to the weight's gradient summed over some images.
fn add_weight_gradient<T: Float + Gemm>(
    sizes: &Convolved,
    x: &[T],
    g: &[T],
    images: Range<usize>,
    out: &mut [T],
) {
    let taps = sizes.taps();
    let (mut columns, mut outputs) = (sizes.scratch(taps), sizes.scratch(sizes.outputs));
    let first = images.start;
    sizes.for_blocks(images, |group, block| {
        let columns = sizes.columns(x, group, block, &mut columns);
        let columns = Matrix {
            row_stride: 1,
            column_stride: columns.row_stride,
            ..columns
        };
        let g = sizes.outputs(g, group, block, &mut outputs);
        let out = &mut out[group * sizes.outputs * taps..][..sizes.outputs * taps];
        let more = block.images.start > first || block.positions.start > 0;
        matmul(
            [sizes.outputs, block.columns(), taps],
            g,
            columns,
            out,
            if more { Start::Result } else { Start::Zero },
        );
    });
}

/// A matrix of contiguous rows.
fn rows<T>(data: &[T], offset: usize, row_stride: usize) -> Matrix<'_, T> {
    Matrix {
        data,
        offset,
        row_stride,
        column_stride: 1,
    }
}
