//! Products whose elements are dot products of contiguous rows and columns, with few rows or few columns: a layer's
//! weight is read once, in place.
//!
//! A dot product is added up in 64 bytes of partial sums, 16 of `f32` or 8 of `f64`, whatever the width of a register,
//! and these are added by halves: so its bits are the same on every processor.

use std::mem::swap;

use super::lanes::{Lanes, MAX_COUNT};
use super::problem::Problem;

/// Rows or columns up to which each one of the other operand is best read in place.
const FEW: usize = 4;
/// The inner size from which sums across a register do not matter.
const LONG: usize = 64;
/// Numbers of a strip that are summed in registers before their sum is added to the result.
const STRETCH: usize = 1 << 11;

/// Bytes of partial sums of a dot product.
const SUMS: usize = 64;

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
pub(super) unsafe fn dots<V: Lanes, const R: usize>(problem: &Problem<V::T>) {
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
    // Eight registers of sums hide an addition's latency.
    let wide = if few == 1 || (R == 1 && few < 4) {
        4
    } else {
        2
    };
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
                    (4.., 2) if R == 1 => tile::<V, R, 4, 2>(strips),
                    (2.., 4) if R == 1 => tile::<V, R, 2, 4>(strips),
                    (2.., 2) if R == 2 => tile::<V, R, 2, 2>(strips),
                    (_, 4) if R <= 2 => tile::<V, R, 1, 4>(strips),
                    _ => {
                        for j in 0..count {
                            tile::<V, R, 1, 1>(strips.from(0, j));
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
unsafe fn tile<V: Lanes, const R: usize, const A: usize, const B: usize>(
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
        // the caller's promise. A step reads no more than the numbers that are left from `l` to `end <= length`.
        unsafe {
            let mut sums = [[[V::splat(V::T::default()); R]; B]; A];
            let mut l = first;
            while l + R * V::COUNT <= end {
                step(
                    &mut sums,
                    (few.0.add(l), few.1),
                    (many.0.add(l), many.1),
                    None,
                );
                l += R * V::COUNT;
            }
            if l < end {
                let left = Some(end - l);
                step(
                    &mut sums,
                    (few.0.add(l), few.1),
                    (many.0.add(l), many.1),
                    left,
                );
            }
            for a in 0..A {
                for b in 0..B {
                    let to = out.0.add(a * out.1 + b * out.2);
                    *to = *to + sum(sums[a][b]);
                }
            }
        }
    }
    A
}

/// Adds the products of the next `R` registers of numbers, or of those that are `left`.
///
/// # Safety
///
/// These numbers can be read in `A` strips and `B` others, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn step<V: Lanes, const R: usize, const A: usize, const B: usize>(
    sums: &mut [[[V; R]; B]; A],
    few: (*const V::T, usize),
    many: (*const V::T, usize),
    left: Option<usize>,
) {
    // One register of each strip at a time: no more of them than there are beside the sums.
    for r in 0..R {
        let first = r * V::COUNT;
        // SAFETY: the strips have `left` numbers, or `R` registers of them: the caller's promise.
        unsafe {
            let load = |strip: (*const V::T, usize), i: usize| {
                let from = strip.0.wrapping_add(i * strip.1 + first);
                match left {
                    Some(left) if left < first + V::COUNT => {
                        V::load_first(from, left.saturating_sub(first))
                    }
                    _ => V::load(from),
                }
            };
            let mut row = [V::splat(V::T::default()); B];
            for b in 0..B {
                row[b] = load(many, b);
            }
            for a in 0..A {
                let x = load(few, a);
                for b in 0..B {
                    sums[a][b][r] = x.mul_add(row[b], sums[a][b][r]);
                }
            }
        }
    }
}

/// The sum of all numbers, by halves.
///
/// # Safety
///
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn sum<V: Lanes, const R: usize>(registers: [V; R]) -> V::T {
    let mut numbers = [V::T::default(); MAX_COUNT];
    const { assert!(R * V::COUNT * size_of::<V::T>() == SUMS && R * V::COUNT <= MAX_COUNT) };
    for r in 0..R {
        // SAFETY: the array is no shorter than `R` registers; the processor has the instruction: the caller's promise.
        unsafe { registers[r].store(numbers.as_mut_ptr().add(r * V::COUNT)) };
    }
    let mut half = R * V::COUNT / 2;
    while half > 0 {
        for i in 0..half {
            numbers[i] = numbers[i] + numbers[i + half];
        }
        half /= 2;
    }
    numbers[0]
}

#[cfg(test)]
mod tests {
    use super::super::order::{Order, check};
    use super::*;

    /// The last two have more numbers than are summed in registers alone.
    const CASES: [[usize; 3]; 10] = [
        [1, 1, 1],
        [1, 16, 9],
        [2, 7, 6],
        [3, 21, 4],
        [4, 9, 5],
        [7, 18, 8],
        [6, 20, 1],
        [9, 5, 3],
        [2, 2100, 3],
        [1, 4097, 5],
    ];

    #[test]
    fn products_in_arrays_have_the_bits_of_a_loop() {
        // SAFETY: `dots` needs a valid problem and, as order 2 has them, contiguous rows and columns; arrays need no
        // instructions.
        unsafe {
            check(&CASES, 2..3, |_| Order::PartialSums, dots::<[f32; 4], 4>);
            check(&CASES, 2..3, |_| Order::PartialSums, dots::<[f64; 2], 4>);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn products_in_avx2_have_them_too() {
        use super::super::order::check_avx2;
        use std::arch::x86_64::{__m256, __m256d};
        // Order 2 has contiguous rows and columns.
        check_avx2!(&CASES, 2..3, |_| Order::PartialSums, dots::<__m256, 2> => f32, dots::<__m256d, 2> => f64);
    }
}
