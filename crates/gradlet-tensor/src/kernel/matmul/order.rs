//! The order in which products are summed, said by a loop over single numbers, for the tests of the kernels: each must
//! give these bits, whatever registers it has.

use std::fmt::Debug;
use std::ops::Range;

use num_traits::Float;
use rand::{RngExt, SeedableRng};

use super::problem::{Problem, Start};

/// How the elements of a product are summed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// In chains of 256 steps, whose sums are added one after the other.
    Chains,
    /// In 64 bytes of partial sums, which are added by halves after 2048 steps.
    PartialSums,
}

impl Order {
    /// The dot product of a row and a column, added to `first`: a number that the sum may begin with, unless it is one
    /// that is in the result already.
    pub(super) fn sum<T: Float>(self, row: &[T], column: &[T], first: T, in_result: bool) -> T {
        match self {
            Self::Chains => {
                let mut stretches = row.chunks(256).zip(column.chunks(256));
                let begin = if in_result { None } else { stretches.next() };
                let begin = begin.map_or(first, |stretch| chain(first, stretch));
                stretches.fold(begin, |sum, stretch| sum + chain(T::zero(), stretch))
            }
            Self::PartialSums => {
                let stretches = row.chunks(2048).zip(column.chunks(2048));
                stretches.fold(first, |sum, stretch| sum + partial_sums(stretch))
            }
        }
    }
}

fn chain<T: Float>(first: T, (row, column): (&[T], &[T])) -> T {
    let steps = row.iter().zip(column);
    steps.fold(first, |sum, (&x, &y)| x.mul_add(y, sum))
}

fn partial_sums<T: Float>((row, column): (&[T], &[T])) -> T {
    let count = 64 / size_of::<T>();
    let mut sums = vec![T::zero(); count];
    for (i, (&x, &y)) in row.iter().zip(column).enumerate() {
        sums[i % count] = x.mul_add(y, sums[i % count]);
    }
    while sums.len() > 1 {
        let (low, high) = sums.split_at(sums.len() / 2);
        sums = low.iter().zip(high).map(|(&x, &y)| x + y).collect();
    }
    sums[0]
}

/// Compares the bits of products with those of a loop in this order: for operands in these orders of memory (1: left
/// columns are contiguous, 2: right columns, 3: both), for every start, for a result inside a wider one, and with NaN
/// around the operands.
///
/// # Safety
///
/// `run` needs no more than a valid problem of these sizes and orders of memory.
pub(super) unsafe fn check<T: Float + Debug>(
    cases: &[[usize; 3]],
    layouts: Range<usize>,
    order: fn(&Problem<T>) -> Order,
    run: unsafe fn(&Problem<T>),
) {
    /// A number that is gone if a kernel wrote where it must not.
    const UNTOUCHED: f64 = 100.0;
    let number = |x: f64| T::from(x).unwrap();
    let mut rng = rand_pcg::Pcg64::seed_from_u64(5);
    let mut within_nan = |len: usize| {
        let mut numbers = vec![T::nan(); len + 40];
        for x in &mut numbers[7..7 + len] {
            *x = number(rng.random_range(-1.0..1.0));
        }
        numbers
    };
    for (&[m, k, n], layout) in cases
        .iter()
        .flat_map(|sizes| layouts.clone().map(move |layout| (sizes, layout)))
    {
        let (a, b, row) = (within_nan(m * k), within_nan(k * n), within_nan(n));
        let (a, b, row) = (&a[7..], &b[7..], &row[7..]);
        let (lhs_rows, lhs_columns) = if layout & 1 == 0 { (k, 1) } else { (1, m) };
        let (rhs_rows, rhs_columns) = if layout & 2 == 0 { (n, 1) } else { (1, k) };
        let strip = |from: &[T], first: usize, step: usize| -> Vec<T> {
            (0..k).map(|l| from[first + l * step]).collect()
        };
        let rows: Vec<_> = (0..m)
            .map(|i| strip(a, i * lhs_rows, lhs_columns))
            .collect();
        let columns: Vec<_> = (0..n)
            .map(|j| strip(b, j * rhs_columns, rhs_rows))
            .collect();
        for start in [Start::Zero, Start::Row(row.as_ptr()), Start::Result] {
            let mut out = vec![number(UNTOUCHED); m * (n + 1)];
            let problem = Problem {
                sizes: [m, k, n],
                lhs: (a.as_ptr(), lhs_rows, lhs_columns),
                rhs: (b.as_ptr(), rhs_rows, rhs_columns),
                out: (out.as_mut_ptr(), n + 1),
                start,
            };
            // SAFETY: the vectors hold these sizes at these steps and live until it returns, the result used nowhere
            // else; the caller promises that `run` needs no more.
            unsafe { run(&problem) };
            for (place, &found) in out.iter().enumerate() {
                let (i, j) = (place / (n + 1), place % (n + 1));
                let expected = if j == n {
                    number(UNTOUCHED)
                } else {
                    let (first, in_result) = match start {
                        Start::Zero => (number(0.0), false),
                        Start::Result => (number(UNTOUCHED), true),
                        Start::Row(_) => (row[j], false),
                    };
                    order(&problem).sum(&rows[i], &columns[j], first, in_result)
                };
                assert!(
                    found == expected,
                    "[{m}, {k}, {n}], layout {layout}, {start:?}, at {i}, {j}: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

/// `check` for kernels of AVX2, compiled for it, where the processor has it.
#[cfg(target_arch = "x86_64")]
macro_rules! check_avx2 {
    ($cases:expr, $layouts:expr, $order:expr, $($kernel:expr => $t:ty),*) => {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            $({
                #[target_feature(enable = "avx2,fma")]
                unsafe fn wide(problem: &Problem<$t>) {
                    // SAFETY: the caller has a problem that the kernel takes, and the processor the instructions.
                    unsafe { $kernel(problem) };
                }
                // SAFETY: the processor has the instructions; the kernel takes problems of these sizes and layouts.
                unsafe { check($cases, $layouts, $order, wide) };
            })*
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use check_avx2;
