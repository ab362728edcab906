//! Products whose elements are dot products of contiguous rows and columns, with few rows or few columns: a layer's
//! weight is read once, in place.

use std::mem::swap;

use super::lanes::Lanes;
use super::problem::Problem;

/// Rows or columns up to which each one of the other operand is best read in place.
const FEW: usize = 4;
/// The inner size from which sums across a register do not matter.
const LONG: usize = 64;
/// Numbers of a strip that are summed in registers before their sum is added to the result.
const STRETCH: usize = 1 << 11;

/// Whether a product is best computed in this way.
pub(super) fn pays<T>(problem: &Problem<T>) -> bool {
    let [m, k, n] = problem.sizes;
    problem.lhs.2 == 1 && problem.rhs.1 == 1 && m.min(n) <= FEW && k >= LONG
}

/// Contiguous strips, few of one operand and many of the other, and where their products go.
#[derive(Clone, Copy)]
struct Strips<T> {
    length: usize,
    few: (*const T, usize),
    many: (*const T, usize),
    /// The step in the result from one of the few to the next, and that from one of the many.
    out: (*mut T, usize, usize),
}

impl<T: Copy> Strips<T> {
    /// The same without the strips before these.
    ///
    /// # Safety
    ///
    /// There are such strips, and places for their products.
    unsafe fn from(&self, few: usize, many: usize) -> Self {
        // SAFETY: the strips `few` and `many`, and the place of their product, are there: the caller's promise.
        unsafe {
            Self {
                few: (self.few.0.add(few * self.few.1), self.few.1),
                many: (self.many.0.add(many * self.many.1), self.many.1),
                out: (
                    self.out.0.add(few * self.out.1 + many * self.out.2),
                    self.out.1,
                    self.out.2,
                ),
                ..*self
            }
        }
    }
}

/// As `Gemm::dots`.
///
/// # Safety
///
/// That of `Gemm::dots`, and the processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn dots<V: Lanes>(problem: &Problem<V::T>) {
    let &Problem {
        sizes: [m, length, n],
        lhs,
        rhs,
        out,
        ..
    } = problem;
    // SAFETY: the problem is valid: the caller's promise.
    unsafe { problem.begin() };
    let (mut few, mut many) = (m, n);
    let mut strips = Strips {
        length,
        few: (lhs.0, lhs.1),
        many: (rhs.0, rhs.2),
        out: (out.0, out.1, 1),
    };
    if m > n {
        swap(&mut few, &mut many);
        swap(&mut strips.few, &mut strips.many);
        swap(&mut strips.out.1, &mut strips.out.2);
    }
    // Eight sums hide an addition's latency.
    let wide = if few < 4 { 4 } else { 2 };
    for j in (0..many).step_by(wide) {
        let count = wide.min(many - j);
        let mut i = 0;
        while i < few {
            // SAFETY: the problem is valid, its strips are contiguous and the processor has the instructions: the
            // caller's promise. `few - i` of the few strips are left, and `count` of the many: no tile takes more than
            // it matches.
            unsafe {
                let strips = strips.from(i, j);
                i += match (few - i, count) {
                    (4.., 2) => tile::<V, 4, 2>(strips),
                    (2.., 4) => tile::<V, 2, 4>(strips),
                    (_, 4) => tile::<V, 1, 4>(strips),
                    _ => {
                        for j in 0..count {
                            tile::<V, 1, 1>(strips.from(0, j));
                        }
                        1
                    }
                };
            }
        }
    }
}

/// Adds the dot products of `A` strips with `B` others; returns `A`.
///
/// # Safety
///
/// `A` of the few strips and `B` of the many can be read over their length, the places of their products in the result
/// can be read and written, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn tile<V: Lanes, const A: usize, const B: usize>(
    Strips {
        length,
        few,
        many,
        out,
    }: Strips<V::T>,
) -> usize {
    for first in (0..length).step_by(STRETCH) {
        let end = length.min(first + STRETCH);
        // SAFETY: the processor has the instructions, and `A` and `B` strips and their places in the result are there:
        // the caller's promise. `load` begins at `l < end <= length`, and reads no more than the `end - l` numbers that
        // are left.
        unsafe {
            let mut sums = [[V::splat(V::T::default()); B]; A];
            for l in (first..end).step_by(V::COUNT) {
                let left = end - l;
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
                    let to = out.0.add(a * out.1 + b * out.2);
                    *to = *to + sums[a][b].sum();
                }
            }
        }
    }
    A
}

#[cfg(test)]
mod tests {
    use super::super::product::tests::check;
    use super::*;

    const CASES: [[usize; 3]; 8] = [
        [1, 1, 1],
        [1, 16, 9],
        [2, 7, 6],
        [3, 21, 4],
        [4, 9, 5],
        [7, 18, 8],
        [6, 20, 1],
        [9, 5, 3],
    ];

    #[test]
    fn products_in_arrays_agree_with_a_naive_loop() {
        // SAFETY: `dots` needs a valid problem and, as order 2 has them, contiguous rows and columns; arrays need no
        // instructions.
        unsafe {
            check(&CASES, 2..3, dots::<[f32; 4]>);
            check(&CASES, 2..3, dots::<[f64; 2]>);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn products_in_avx2_agree_too() {
        use super::super::product::tests::check_avx2;
        use std::arch::x86_64::{__m256, __m256d};
        // Order 2 has contiguous rows and columns.
        check_avx2!(&CASES, 2..3, dots::<__m256> => f32, dots::<__m256d> => f64);
    }
}
