//! Products of small matrices, tile by tile in registers.

use crate::lanes::{LANES, Lanes};

/// A left factor: element (i, k) is `data[i * row + k * step]`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub data: &'a [f32],
    pub row: usize,
    pub step: usize,
}

/// Rows and vectors of a tile, whose sums fill half of the registers; the factors need the others.
const ROWS: usize = LANES / 2;
const VECTORS: usize = 2;

/// y[m, n] = scale * a[m, k] b[k, n], added to y if `add`. b and y are row-major; n is a multiple of 2 * LANES.
#[inline(always)]
pub fn product([m, n, k]: [usize; 3], a: Left, b: &[f32], y: &mut [f32], scale: f32, add: bool) {
    let columns = VECTORS * LANES;
    assert!(n.is_multiple_of(columns) && b.len() >= k * n && y.len() >= m * n);
    assert!((m - 1) * a.row + (k - 1) * a.step < a.data.len());
    for j in (0..n).step_by(columns) {
        let mut i = 0;
        while i + ROWS <= m {
            tile::<ROWS>([i, j], [n, k], a, b, y, scale, add);
            i += ROWS;
        }
        while i + 2 <= m {
            tile::<2>([i, j], [n, k], a, b, y, scale, add);
            i += 2;
        }
        if i < m {
            tile::<1>([i, j], [n, k], a, b, y, scale, add);
        }
    }
}

#[inline(always)]
fn tile<const R: usize>(
    [i, j]: [usize; 2],
    [n, k]: [usize; 2],
    a: Left,
    b: &[f32],
    y: &mut [f32],
    scale: f32,
    add: bool,
) {
    let mut sums = [[Lanes::splat(0.0); VECTORS]; R];
    for p in 0..k {
        // SAFETY: `product` has compared the sizes.
        let right = unsafe { b.get_unchecked(p * n + j..) };
        let right: [Lanes; VECTORS] =
            // SAFETY: as above; a tile's columns end within the row.
            std::array::from_fn(|v| Lanes::load(unsafe { right.get_unchecked(v * LANES..) }));
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let left = unsafe { *a.data.get_unchecked((i + r) * a.row + p * a.step) };
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = Lanes::splat(left).mul_add(right, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (v, sum) in sums.iter().enumerate() {
            let to = &mut y[(i + r) * n + j + v * LANES..];
            let old = if add {
                Lanes::load(to)
            } else {
                Lanes::splat(0.0)
            };
            sum.mul_add(Lanes::splat(scale), old).store(to);
        }
    }
}

/// Dot products of x with each of O rows; x's length is a multiple of LANES.
#[inline(always)]
pub fn dots<const O: usize>(x: &[f32], rows: &[f32]) -> [f32; O] {
    assert!(x.len().is_multiple_of(LANES) && rows.len() >= O * x.len());
    let mut sums = [Lanes::splat(0.0); O];
    for j in (0..x.len()).step_by(LANES) {
        let left = Lanes::load(&x[j..]);
        for (o, sum) in sums.iter_mut().enumerate() {
            // SAFETY: j + LANES is at most x's length, and there are O rows of that length.
            *sum = left.mul_add(
                Lanes::load(unsafe { rows.get_unchecked(o * x.len() + j..) }),
                *sum,
            );
        }
    }
    sums.map(Lanes::sum)
}
