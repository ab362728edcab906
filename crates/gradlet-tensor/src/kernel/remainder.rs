//! Loops over the remainders of floats, which are found by blocks: quickly where all quotients are small enough.

use crate::element::Float;

/// The number of elements of a block.
const BLOCK: usize = 64;

vectorized! {
    /// `y[i] = finish(a, b, a % b)` with `a = a[i * step_a]` and `b = b[i * step_b]`
    pub(crate) fn zip_with_rest<T: Float, F: Fn(T, T, T) -> T>(
        (a, step_a): (&[T], usize),
        (b, step_b): (&[T], usize),
        y: &mut [T],
        finish: &F,
    ) {
        let mut copies = [[T::default(); BLOCK]; 2];
        let [copy_a, copy_b] = &mut copies;
        for (i, y) in y.chunks_mut(BLOCK).enumerate() {
            let a = block(&a[i * BLOCK * step_a..], step_a, &mut copy_a[..y.len()]);
            let b = block(&b[i * BLOCK * step_b..], step_b, &mut copy_b[..y.len()]);
            let mut all_right = true;
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                let (rest, is_right) = a.rest_(b);
                *y = finish(a, b, rest);
                all_right &= is_right;
            }
            if !all_right {
                with_any_rest(a, b, y, finish);
            }
        }
    }
}

/// The elements of x at every `step`: as they lie there, or copied.
#[inline(always)]
fn block<'a, T: Float>(x: &'a [T], step: usize, copy: &'a mut [T]) -> &'a [T] {
    if step == 1 {
        return &x[..copy.len()];
    }
    for (i, y) in copy.iter_mut().enumerate() {
        *y = x[i * step];
    }
    copy
}

/// As the loop above, for quotients of any size; this calls the system's library.
#[cold]
#[inline(never)]
fn with_any_rest<T: Float>(a: &[T], b: &[T], y: &mut [T], finish: &impl Fn(T, T, T) -> T) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = finish(a, b, a % b);
    }
}
