//! Products of small matrices: sums stay in registers, and an operand is copied only where its rows are not contiguous.
//!
//! The `gemm` crates pack both operands, which pays from some hundred thousand multiplications on and costs more than
//! the product itself below.

use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
use std::mem::MaybeUninit;

use super::lanes::Lanes;
use super::matmul::{Problem, Start};

/// Multiplications up to which a product is small.
const LIMIT: usize = 1 << 18;
/// Steps along the inner size that go through registers in one go; more are added up in the result.
const DEPTH: usize = 128;
/// Registers of columns that a tile is wide.
const WIDTH: usize = 2;
/// Columns of the widest tile, and numbers in a panel of the right-hand side as wide.
const MAX_WIDE: usize = WIDTH * 16;
const PANEL: usize = DEPTH * MAX_WIDE;

/// Whether a product is best done here. Measured with AVX2 below the limit: mostly 0.4 to 1 of the time of the `gemm`
/// crates, 1.2 at most, but for dot products of few contiguous rows or columns, which took up to twice as long.
pub(super) fn pays<T>(problem: &Problem<T>) -> bool {
    let [m, k, n] = problem.sizes;
    let dots = problem.lhs.2 == 1 && problem.rhs.1 == 1 && (m < 3 || n < 5);
    m.saturating_mul(k).saturating_mul(n) <= LIMIT && !dots
}

/// The products of each number type, and whether this processor has them.
macro_rules! small {
    ($($t:ty, $avx2:ident = $v256:ty, $avx512:ident = $v512:ty, $name:ident;)*) => {$(
        /// Computes a product, or returns false where this processor has no kernel for it.
        // SAFETY: the caller's promise, as `Gemm` words it.
        pub(super) unsafe fn $name(problem: Problem<$t>) -> bool {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                // SAFETY: the instructions are there; the rest is the caller's promise.
                unsafe { $avx512(problem) };
            } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: as above.
                unsafe { $avx2(problem) };
            } else {
                return false;
            }
            true
        }

        // SAFETY: the caller's promise, as `Gemm` words it.
        #[target_feature(enable = "avx512f,avx512vl")]
        unsafe fn $avx512(problem: Problem<$t>) {
            // SAFETY: this function is compiled for the register's instructions (`avx512vl` goes with `avx512f` as in every
            // kernel); the rest is the caller's promise.
            unsafe { product::<$v512, 8>(problem) };
        }

        // SAFETY: the caller's promise, as `Gemm` words it.
        #[target_feature(enable = "avx2,fma")]
        unsafe fn $avx2(problem: Problem<$t>) {
            // SAFETY: as above. Six rows of two registers leave four of sixteen for the operands.
            unsafe { product::<$v256, 6>(problem) };
        }
    )*};
}

small! {
    f32, avx2_f32 = __m256, avx512_f32 = __m512, small_f32;
    f64, avx2_f64 = __m256d, avx512_f64 = __m512d, small_f64;
}

/// Where a tile reads and writes, and how it begins.
#[derive(Clone, Copy)]
struct Tile<T> {
    depth: usize,
    lhs: (*const T, usize, usize),
    /// Rows of the right-hand side, and the step between them.
    rhs: (*const T, usize),
    out: (*mut T, usize),
    /// Columns to write; the registers may hold more.
    columns: usize,
    start: Start<*const T>,
}

/// A product with tiles of up to `ROWS` rows.
// SAFETY: the caller's promise, as `Gemm` and `Lanes` word it.
#[inline(always)]
unsafe fn product<V: Lanes, const ROWS: usize>(problem: Problem<V::T>) {
    let Problem {
        sizes: [m, k, n],
        lhs,
        rhs,
        out,
        start,
    } = problem;
    let wide = WIDTH * V::COUNT;
    let mut panel = MaybeUninit::<[V::T; PANEL]>::uninit();
    let panel = panel.as_mut_ptr().cast::<V::T>();
    for first in (0..k).step_by(DEPTH) {
        let depth = DEPTH.min(k - first);
        for column in (0..n).step_by(wide) {
            let columns = wide.min(n - column);
            // SAFETY: rows from `first` and columns from `column` on are inside the operands and the result, whose
            // extents the caller promises; a panel holds `depth <= DEPTH` rows of `wide` numbers.
            unsafe {
                let source = rhs.0.add(first * rhs.1 + column * rhs.2);
                let rows = if rhs.2 == 1 && columns == wide {
                    (source, rhs.1)
                } else {
                    pack::<V>(depth, columns, (source, rhs.1, rhs.2), panel);
                    (panel.cast_const(), wide)
                };
                let tile = Tile {
                    depth,
                    lhs: (lhs.0.add(first * lhs.2), lhs.1, lhs.2),
                    rhs: rows,
                    out: (out.0.add(column), out.1),
                    columns,
                    start: match start {
                        _ if first > 0 => Start::Result,
                        Start::Row(row) => Start::Row(row.add(column)),
                        start => start,
                    },
                };
                if columns > V::COUNT {
                    tiles::<V, ROWS>(m, tile);
                } else {
                    narrow_tiles::<V>(m, tile);
                }
            }
        }
    }
}

/// Copies `depth` rows of `columns` numbers side by side, each filled up with zeros to the widest tile.
// SAFETY: the caller's promise: `source` is readable over that strided extent, and `panel` has room.
#[inline(always)]
unsafe fn pack<V: Lanes>(
    depth: usize,
    columns: usize,
    source: (*const V::T, usize, usize),
    panel: *mut V::T,
) {
    let (from, row_step, column_step) = source;
    let wide = WIDTH * V::COUNT;
    // Whole blocks are turned in registers where columns, and not rows, are contiguous.
    let (turned, deep) = if row_step == 1 {
        (columns / V::BLOCK * V::BLOCK, depth / V::BLOCK * V::BLOCK)
    } else {
        (0, 0)
    };
    // SAFETY: all indices stay below `depth`, `columns` and `wide`.
    unsafe {
        if columns < wide {
            let zero = V::splat(V::T::default());
            (0..depth * WIDTH).for_each(|i| zero.store(panel.add(i * V::COUNT)));
        }
        for l in (0..deep).step_by(V::BLOCK) {
            for j in (0..turned).step_by(V::BLOCK) {
                V::transpose(
                    from.add(l + j * column_step),
                    column_step,
                    panel.add(l * wide + j),
                    wide,
                );
            }
        }
        for j in 0..columns {
            let from = from.add(j * column_step);
            for l in if j < turned { deep } else { 0 }..depth {
                *panel.add(l * wide + j) = *from.add(l * row_step);
            }
        }
    }
}

/// All rows of a stripe of columns, in tiles of nearly equal height: a low tile leaves the processor waiting.
// SAFETY: the caller's promise: the tile's pointers are good for `m` rows.
#[inline(always)]
unsafe fn tiles<V: Lanes, const ROWS: usize>(m: usize, mut tile: Tile<V::T>) {
    let mut left = m;
    while left > 0 {
        let rows = match left.div_ceil(left.div_ceil(ROWS)) {
            // Rare heights have no code of their own.
            7 => 4,
            3 => 2,
            rows => rows,
        };
        // SAFETY: the caller's promise; rows already done are stepped over, and at least `rows` of them are left.
        unsafe {
            match rows {
                8 if ROWS >= 8 => self::tile::<V, 8, WIDTH>(tile),
                6 => self::tile::<V, 6, WIDTH>(tile),
                5 => self::tile::<V, 5, WIDTH>(tile),
                4 => self::tile::<V, 4, WIDTH>(tile),
                2 => self::tile::<V, 2, WIDTH>(tile),
                _ => self::tile::<V, 1, WIDTH>(tile),
            }
            tile.lhs.0 = tile.lhs.0.add(rows * tile.lhs.1);
            tile.out.0 = tile.out.0.add(rows * tile.out.1);
        }
        left -= rows;
    }
}

/// As `tiles`, for a stripe of one register: eight rows at a time, as many sums as hide an addition's latency.
// SAFETY: the caller's promise: the tile's pointers are good for `m` rows.
#[inline(always)]
unsafe fn narrow_tiles<V: Lanes>(m: usize, mut tile: Tile<V::T>) {
    let mut left = m;
    while left > 0 {
        let rows = if left >= 8 { 8 } else { 1 << left.ilog2() };
        // SAFETY: as in `tiles`.
        unsafe {
            match rows {
                8 => self::tile::<V, 8, 1>(tile),
                4 => self::tile::<V, 4, 1>(tile),
                2 => self::tile::<V, 2, 1>(tile),
                _ => self::tile::<V, 1, 1>(tile),
            }
            tile.lhs.0 = tile.lhs.0.add(rows * tile.lhs.1);
            tile.out.0 = tile.out.0.add(rows * tile.out.1);
        }
        left -= rows;
    }
}

/// `M` rows of `W` registers.
// SAFETY: the caller's promise: the tile's pointers are good for `M` rows, and its rows of `rhs` for `W` registers.
#[inline(always)]
unsafe fn tile<V: Lanes, const M: usize, const W: usize>(tile: Tile<V::T>) {
    let Tile {
        depth,
        mut lhs,
        mut rhs,
        out,
        columns,
        start,
    } = tile;
    let whole = columns == W * V::COUNT;
    // SAFETY: the caller's promise; where the tile is not whole, `load` and `store` touch `columns` numbers alone.
    unsafe {
        let mut sums = [[V::splat(V::T::default()); W]; M];
        match start {
            Start::Zero => {}
            Start::Row(row) => sums = [load::<V, W>(row, columns, whole); M],
            Start::Result => {
                for i in 0..M {
                    sums[i] = load::<V, W>(out.0.add(i * out.1), columns, whole);
                }
            }
        }
        for _ in 0..depth {
            let mut row = [V::splat(V::T::default()); W];
            for j in 0..W {
                row[j] = V::load(rhs.0.add(j * V::COUNT));
            }
            for i in 0..M {
                let x = V::splat(*lhs.0.add(i * lhs.1));
                for j in 0..W {
                    sums[i][j] = x.mul_add(row[j], sums[i][j]);
                }
            }
            lhs.0 = lhs.0.wrapping_add(lhs.2);
            rhs.0 = rhs.0.wrapping_add(rhs.1);
        }
        for i in 0..M {
            store::<V, W>(sums[i], out.0.add(i * out.1), columns, whole);
        }
    }
}

/// The registers from `from` on; numbers beyond `columns` are zero.
// SAFETY: the caller's promise: `columns` numbers are readable, all registers where `whole`.
#[inline(always)]
unsafe fn load<V: Lanes, const W: usize>(from: *const V::T, columns: usize, whole: bool) -> [V; W] {
    let mut buffer = [V::T::default(); MAX_WIDE];
    // SAFETY: the caller's promise; the buffer holds the widest tile's columns.
    unsafe {
        let from = if whole {
            from
        } else {
            from.copy_to_nonoverlapping(buffer.as_mut_ptr(), columns);
            buffer.as_ptr()
        };
        let mut row = [V::splat(V::T::default()); W];
        for j in 0..W {
            row[j] = V::load(from.add(j * V::COUNT));
        }
        row
    }
}

/// Writes the registers, or the first `columns` numbers of them.
// SAFETY: the caller's promise: `columns` numbers are writable, all registers where `whole`.
#[inline(always)]
unsafe fn store<V: Lanes, const W: usize>(row: [V; W], to: *mut V::T, columns: usize, whole: bool) {
    let mut buffer = [V::T::default(); MAX_WIDE];
    let into = if whole { to } else { buffer.as_mut_ptr() };
    // SAFETY: the caller's promise; the buffer holds the widest tile's columns.
    unsafe {
        for j in 0..W {
            row[j].store(into.add(j * V::COUNT));
        }
        if !whole {
            to.copy_from_nonoverlapping(into, columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: [[usize; 3]; 7] = [
        [1, 1, 1],
        [7, 9, 5],
        [8, 16, 32],
        [13, 130, 10],
        [6, 300, 47],
        [17, 8, 64],
        [40, 64, 24],
    ];

    /// Compares a kernel with a naive loop on whole numbers, where both are exact.
    fn check<T: num_traits::Float + std::fmt::Debug>(run: impl Fn(Problem<T>)) {
        let number = |i: usize| T::from(i).unwrap();
        for ([m, k, n], order) in CASES
            .into_iter()
            .flat_map(|sizes| (0..4).map(move |order| (sizes, order)))
        {
            let a: Vec<T> = (0..m * k).map(|i| number(i % 7) - number(3)).collect();
            let b: Vec<T> = (0..k * n).map(|i| number(i % 5) - number(2)).collect();
            let row: Vec<T> = (0..n).map(number).collect();
            let (lhs_rows, lhs_columns) = if order & 1 == 0 { (k, 1) } else { (1, m) };
            let (rhs_rows, rhs_columns) = if order & 2 == 0 { (n, 1) } else { (1, k) };
            for start in [Start::Zero, Start::Row(row.as_ptr()), Start::Result] {
                // The number behind the end shows whether a kernel writes too far.
                let mut out = vec![number(100); m * n + 1];
                run(Problem {
                    sizes: [m, k, n],
                    lhs: (a.as_ptr(), lhs_rows, lhs_columns),
                    rhs: (b.as_ptr(), rhs_rows, rhs_columns),
                    out: (out.as_mut_ptr(), n),
                    start,
                });
                assert_eq!(
                    out.pop(),
                    Some(number(100)),
                    "[{m}, {k}, {n}], order {order}"
                );
                for (place, &found) in out.iter().enumerate() {
                    let (i, j) = (place / n, place % n);
                    let first = match start {
                        Start::Zero => number(0),
                        Start::Result => number(100),
                        Start::Row(_) => row[j],
                    };
                    let product =
                        |l| a[i * lhs_rows + l * lhs_columns] * b[l * rhs_rows + j * rhs_columns];
                    let expected = (0..k).fold(first, |sum, l| sum + product(l));
                    assert_eq!(
                        found, expected,
                        "[{m}, {k}, {n}], order {order}, {start:?}, at {i}, {j}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_kernel_of_this_processor_agrees_with_a_naive_loop() {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the instructions are there; `check` makes matrices of the sizes and steps that it names.
            check(|problem| unsafe { avx2_f32(problem) });
            // SAFETY: see above.
            check(|problem| unsafe { avx2_f64(problem) });
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: see above.
            check(|problem| unsafe { avx512_f32(problem) });
            // SAFETY: see above.
            check(|problem| unsafe { avx512_f64(problem) });
        }
    }

    /// The tiles of AVX-512 on processors that lack it: as many rows, in narrower registers.
    #[test]
    fn high_tiles_agree_too() {
        #[target_feature(enable = "avx2,fma")]
        // SAFETY: the caller's promise, as `Gemm` words it.
        unsafe fn high(problem: Problem<f32>) {
            // SAFETY: as above.
            unsafe { product::<__m256, 8>(problem) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the instructions are there; see above for the matrices.
            check(|problem| unsafe { high(problem) });
        }
    }
}
