//! Loops over integers that find overflow as they go: flags of all results are collected without branches.

use crate::number::Integer;

vectorized! {
    /// `y[i] = f(a[i], b[i])`; returns all flags together.
    fn zip<T: Integer, F: Fn(T, T) -> (T, T)>(a: &[T], b: &[T], y: &mut [T], f: &F) -> T {
        let mut flags = T::default();
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            let (value, flag) = f(a, b);
            *y = value;
            flags = flags | flag;
        }
        flags
    }

    /// `y[i] = f(x[i])`; returns all flags together.
    fn map<T: Integer, F: Fn(T) -> (T, T)>(x: &[T], y: &mut [T], f: &F) -> T {
        let mut flags = T::default();
        for (y, &x) in y.iter_mut().zip(x) {
            let (value, flag) = f(x);
            *y = value;
            flags = flags | flag;
        }
        flags
    }
}

/// `y[i] = f(a[i * step_a], b[i * step_b])`; returns all flags together: 0 if each result is one.
#[inline]
pub(crate) fn zip_strided<T: Integer, F: Fn(T, T) -> (T, T)>(
    (a, step_a): (&[T], usize),
    (b, step_b): (&[T], usize),
    y: &mut [T],
    f: &F,
) -> T {
    match (step_a, step_b) {
        (1, 1) => zip(a, b, y, f),
        (0, 1) => {
            let a = a[0];
            map(b, y, &|b| f(a, b))
        }
        (1, 0) => {
            let b = b[0];
            map(a, y, &|a| f(a, b))
        }
        _ => {
            let mut flags = T::default();
            for (i, y) in y.iter_mut().enumerate() {
                let (value, flag) = f(a[i * step_a], b[i * step_b]);
                *y = value;
                flags = flags | flag;
            }
            flags
        }
    }
}
