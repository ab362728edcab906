//! Picking elements by index, and changing them.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::elementwise::zip_in_place;
use super::parallel::{PART, for_parts, pays};

/// Elements of a slice, and the step between them.
type Steps<'a, T> = (&'a [T], usize);

/// `y[i] = x[i * step_x + indices[i * step_i] * step]`; returns whether all indices are in `0..size`.
pub(crate) fn gather<T: Copy>(
    (x, step_x): Steps<'_, T>,
    (indices, step_i): Steps<'_, i64>,
    (size, step): (usize, usize),
    y: &mut [T],
) -> bool {
    let place = |index: i64| usize::try_from(index).ok().filter(|&place| place < size);
    match (step_x, step_i, step) {
        (0, 1, 1) => {
            let (row, mut inside) = (&x[..size], true);
            for (y, &index) in y.iter_mut().zip(indices) {
                match row.get(usize::try_from(index).unwrap_or(size)) {
                    Some(&x) => *y = x,
                    None => inside = false,
                }
            }
            inside
        }
        (1, 0, _) => place(indices[0]).is_some_and(|place| {
            y.copy_from_slice(&x[place * step..][..y.len()]);
            true
        }),
        _ => y.iter_mut().enumerate().fold(true, |inside, (i, y)| {
            let found = place(indices[i * step_i]);
            if let Some(place) = found {
                *y = x[i * step_x + place * step];
            }
            inside & found.is_some()
        }),
    }
}

vectorized! {
    /// Whether all indices are in `0..size`.
    fn are_inside(indices: &[i64], size: usize) -> bool {
        let last = size as i64 - 1;
        // Negative if an index or what is left behind it is.
        indices
            .iter()
            .fold(0, |any, &index| any | index | last.wrapping_sub(index))
            >= 0
    }
}

/// Whether all indices are in `0..size`.
pub(crate) fn all_inside(indices: &[i64], size: usize) -> bool {
    if !pays(indices.len()) {
        return are_inside(indices, size);
    }
    let outside = AtomicBool::new(false);
    for_parts(indices.len().div_ceil(PART), |part| {
        let start = part * PART;
        let end = indices.len().min(start + PART);
        if !are_inside(&indices[start..end], size) {
            outside.store(true, Ordering::Relaxed);
        }
    });
    !outside.into_inner()
}

/// `y[i * step_y + (indices[i * step_i] - places.start) * step]` becomes `f` of itself and `source[i * step_s]`, for i below
/// `length`. The index of a row that has only one (`step_i` 0) may be outside the places; the row then changes nothing.
pub(crate) fn scatter<T: Copy, F: Fn(T, T) -> T>(
    (y, step_y): (&mut [T], usize),
    (indices, step_i): Steps<'_, i64>,
    (source, step_s): Steps<'_, T>,
    (places, step): (Range<usize>, usize),
    length: usize,
    f: &F,
) {
    if step_i == 0 {
        let place = indices[0] as usize;
        if places.contains(&place) {
            let y = &mut y[(place - places.start) * step..];
            combine((y, step_y), (source, step_s), length, f);
        }
        return;
    }
    if (step_y, step_i, step_s, step) == (0, 1, 1, 1) {
        for (&index, &x) in indices[..length].iter().zip(&source[..length]) {
            let y = &mut y[index as usize - places.start];
            *y = f(*y, x);
        }
        return;
    }
    for i in 0..length {
        let y = &mut y[i * step_y + (indices[i * step_i] as usize - places.start) * step];
        *y = f(*y, source[i * step_s]);
    }
}

/// `y[i * step_y] = f(y[i * step_y], x[i * step_x])` for i below `length`
pub(crate) fn combine<T: Copy, F: Fn(T, T) -> T>(
    (y, step_y): (&mut [T], usize),
    (x, step_x): Steps<'_, T>,
    length: usize,
    f: &F,
) {
    match (step_y, step_x) {
        (1, 1) => zip_in_place(&mut y[..length], &x[..length], f),
        (1, 0) => {
            let x = x[0];
            y[..length].iter_mut().for_each(|y| *y = f(*y, x));
        }
        _ => {
            for i in 0..length {
                y[i * step_y] = f(y[i * step_y], x[i * step_x]);
            }
        }
    }
}
