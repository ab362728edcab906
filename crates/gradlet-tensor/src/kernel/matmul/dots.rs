//! Products whose elements are dot products of contiguous rows and columns, few of the one or the other: a layer's weight
//! is read once, where it lies.

use super::lanes::Lanes;
use super::{Problem, Start};

/// Rows or columns up to which each one of the other operand is best read in place.
const FEW: usize = 4;
/// The inner size from which sums across a register do not matter.
const LONG: usize = 64;

/// Whether a product is best done here.
pub(super) fn pays<T>(problem: &Problem<T>) -> bool {
    let [m, k, n] = problem.sizes;
    problem.lhs.2 == 1 && problem.rhs.1 == 1 && m.min(n) <= FEW && k >= LONG
}

/// Contiguous strips, few of one operand and many of the other.
#[derive(Clone, Copy)]
struct Strips<T> {
    few: (*const T, usize),
    many: (*const T, usize),
    length: usize,
}

/// As `Gemm::product`, for contiguous rows on the left and columns on the right.
// SAFETY: the caller's promise, as `Gemm` and `Lanes` word it.
#[inline(always)]
pub(super) unsafe fn dots<V: Lanes>(problem: &Problem<V::T>) {
    let &Problem {
        sizes: [m, k, n],
        lhs,
        rhs,
        out,
        start,
    } = problem;
    let (left, right) = ((lhs.0, lhs.1), (rhs.0, rhs.2));
    let turned = m > n;
    let (few, many, strips) = if turned {
        (
            n,
            m,
            Strips {
                few: right,
                many: left,
                length: k,
            },
        )
    } else {
        (
            m,
            n,
            Strips {
                few: left,
                many: right,
                length: k,
            },
        )
    };
    let put = |i: usize, j: usize, sum: V::T| {
        let (row, column) = if turned { (j, i) } else { (i, j) };
        // SAFETY: a row and a column of the result, and of a start's row.
        unsafe {
            let to = out.0.add(row * out.1 + column);
            *to = match start {
                Start::Zero => sum,
                Start::Result => *to + sum,
                Start::Row(row) => *row.add(column) + sum,
            };
        }
    };
    let wide = if few < 4 { 4 } else { 2 };
    for j in (0..many).step_by(wide) {
        let columns = wide.min(many - j);
        let mut i = 0;
        while i < few {
            // SAFETY: the tile's strips are inside the operands.
            unsafe {
                let strips = Strips {
                    few: (strips.few.0.add(i * strips.few.1), strips.few.1),
                    many: (strips.many.0.add(j * strips.many.1), strips.many.1),
                    ..strips
                };
                let put = |a: usize, b: usize, sum| put(i + a, j + b, sum);
                i += match (few - i, columns) {
                    (4.., 2..) => tile::<V, 4, 2>(strips, put),
                    (2.., 4..) => tile::<V, 2, 4>(strips, put),
                    (1.., 4) => tile::<V, 1, 4>(strips, put),
                    (4.., _) => tile::<V, 4, 1>(strips, put),
                    _ => {
                        for b in 0..columns {
                            let many = (strips.many.0.add(b * strips.many.1), strips.many.1);
                            tile::<V, 1, 1>(Strips { many, ..strips }, |a, _, sum| put(a, b, sum));
                        }
                        1
                    }
                };
            }
        }
    }
}

/// The dot products of `A` strips with `B` others; returns `A`.
// SAFETY: the caller's promise: so many strips are readable over their length.
#[inline(always)]
unsafe fn tile<V: Lanes, const A: usize, const B: usize>(
    Strips { few, many, length }: Strips<V::T>,
    put: impl Fn(usize, usize, V::T),
) -> usize {
    // SAFETY: all loads stay inside the strips; the last one is of a copy, filled up with zeros.
    unsafe {
        let mut sums = [[V::splat(V::T::default()); B]; A];
        for l in (0..length).step_by(V::COUNT) {
            let left = length - l;
            let load = |from: *const V::T| {
                if left >= V::COUNT {
                    V::load(from.add(l))
                } else {
                    V::load_first(from.add(l), left)
                }
            };
            let mut row = [V::splat(V::T::default()); B];
            for b in 0..B {
                row[b] = load(many.0.add(b * many.1));
            }
            for a in 0..A {
                let x = load(few.0.add(a * few.1));
                for b in 0..B {
                    sums[a][b] = x.mul_add(row[b], sums[a][b]);
                }
            }
        }
        for a in 0..A {
            for b in 0..B {
                put(a, b, sums[a][b].sum());
            }
        }
    }
    A
}
