//! Loops over integers that find overflow as they go: flags of all results are collected without branches.

use std::array;

use super::scan;
use crate::element::Element;
use crate::number::{Integer, Number};

vectorized! {
    /// `y[i] = f(a[i], b[i])`; returns all flags together.
    fn zip<T: Integer>(a: &[T], b: &[T], y: &mut [T], f: &impl Fn(T, T) -> (T, T)) -> T {
        let mut flags = T::default();
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            let (value, flag) = f(a, b);
            *y = value;
            flags = flags | flag;
        }
        flags
    }
}

/// `y[r, c]` = the sum of `x[.., c]` up to row r, in blocks of these numbers of rows and columns; returns all flags
/// together.
pub(crate) fn running_sums<T: Integer>(x: &[T], sizes: [usize; 2], y: &mut [T::Sum]) -> T::Sum {
    let none = T::Sum::default();
    let largest = bits_of_magnitudes(x).to_integer().filter(|&bits| bits >= 0);
    let bound = largest.and_then(|largest| largest.checked_mul(sizes[0] as i128));
    if bound.is_some_and(|bound| T::Sum::exactly(bound).is_some()) {
        // No sum can leave its type, and no flag needs to be looked at.
        let add = |sum: T::Sum, x: T, _| sum.add_(x.widen_()).0;
        scan::run(x, sizes, y, |row| row, |_| none, add, |sum| sum);
        return none;
    }
    let mut flags = none;
    let add = |sum: T::Sum, x: T, _| {
        let (sum, flag) = sum.add_(x.widen_());
        flags = flags | flag;
        sum
    };
    scan::run(x, sizes, y, |row| row, |_| none, add, |sum| sum);
    flags
}

/// `y[i] = f(x[i])`; returns all flags together.
fn map<T: Integer>(x: &[T], y: &mut [T], f: &impl Fn(T) -> (T, T)) -> T {
    let mut flags = T::default();
    for (y, &x) in y.iter_mut().zip(x) {
        let (value, flag) = f(x);
        *y = value;
        flags = flags | flag;
    }
    flags
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

/// The number of elements whose halves are summed in 64 bits.
const STRETCH: usize = 1 << 31;
/// The number of columns worked on at a time.
const COLUMNS: usize = 64;
/// The number of rows whose products are added at a time.
const PAIRED: usize = 4;
/// The number of partial products side by side.
const LANES: usize = 8;

vectorized! {
    /// The sums of both halves of at most `STRETCH` numbers.
    fn total_of_stretch<T: Integer>(x: &[T]) -> [i64; 2] {
        let mut sums = [0; 2];
        for &x in x {
            let [low, high] = x.halves_();
            sums = [sums[0] + low, sums[1] + high];
        }
        sums
    }

    /// The sums of both halves of the products of at most `STRETCH` pairs, and the products' flags.
    fn dot_of_stretch<T: Integer>(a: &[T], b: &[T]) -> ([i64; 2], T::Sum) {
        let (mut sums, mut flags) = ([0; 2], T::Sum::default());
        for (&a, &b) in a.iter().zip(b) {
            let (product, flag) = a.times_(b);
            let [low, high] = product.halves_();
            sums = [sums[0] + low, sums[1] + high];
            flags = flags | flag;
        }
        (sums, flags)
    }

    /// Adds the halves of rows of `columns` elements, from column `first` on, to `sums`.
    fn add_rows<T: Integer>(x: &[T], columns: usize, first: usize, width: usize, sums: &mut [[i64; COLUMNS]; 2]) {
        let [low, high] = sums;
        for row in x.chunks_exact(columns) {
            let row = &row[first..first + width];
            for ((&x, low), high) in row.iter().zip(&mut *low).zip(&mut *high) {
                let halves = x.halves_();
                *low += halves[0];
                *high += halves[1];
            }
        }
    }

    /// `y[c] = sum_r a[r] * b[r, c]`; returns all flags together, also those of partial sums.
    fn add_products<T: Integer>(a: &[T], b: &[T], y: &mut [T::Sum]) -> T::Sum {
        y.fill(T::Sum::default());
        let mut flags = T::Sum::default();
        for (&a, b) in a.iter().zip(b.chunks_exact(y.len())) {
            for (y, &b) in y.iter_mut().zip(b) {
                let (product, flag) = a.times_(b);
                let (sum, carry) = y.add_(product);
                *y = sum;
                flags = flags | flag | carry;
            }
        }
        flags
    }

    /// As `add_products`, where no flag can be set: `PAIRED` rows of `b` at a time.
    fn add_small_products<T: Integer>(a: &[T], b: &[T], y: &mut [T::Sum]) {
        y.fill(T::Sum::default());
        let columns = y.len();
        let mut pairs = a.chunks_exact(PAIRED).zip(b.chunks_exact(PAIRED * columns));
        for (a, b) in &mut pairs {
            let rows: [&[T]; PAIRED] = array::from_fn(|i| &b[i * columns..][..columns]);
            for (c, y) in y.iter_mut().enumerate() {
                for (a, row) in a.iter().zip(rows) {
                    *y = y.add_(a.times_(row[c]).0).0;
                }
            }
        }
        let done = a.len() / PAIRED * PAIRED;
        for (&a, b) in a[done..].iter().zip(b[done * columns..].chunks_exact(columns)) {
            for (y, &b) in y.iter_mut().zip(b) {
                *y = y.add_(a.times_(b).0).0;
            }
        }
    }

    /// All bits of the magnitudes together: a number that is at least the largest of them and less than twice that; a
    /// negative one if the lowest number of a type is there, whose magnitude the type does not have.
    fn bits_of_magnitudes<T: Integer>(x: &[T]) -> T {
        x.iter().fold(T::default(), |bits, x| bits | x.abs_().0)
    }

    /// `out[c]` = the product of each `LANES`th or `COLUMNS`th number; returns all flags together.
    fn multiply_rows<T: Integer>(x: &[T], columns: usize, first: usize, out: &mut [T::Sum]) -> T::Sum {
        out.fill(T::Sum::from_f64(1.0));
        let mut flags = T::Sum::default();
        for row in x.chunks(columns) {
            for (y, &x) in out.iter_mut().zip(&row[first..]) {
                let (product, flag) = y.mul_(x.widen_());
                *y = product;
                flags = flags | flag;
            }
        }
        flags
    }
}

/// A number from the sums of its halves.
fn whole([low, high]: [i64; 2]) -> i128 {
    i128::from(low) + (i128::from(high) << 32)
}

/// The exact sum.
pub(crate) fn total<T: Integer>(x: &[T]) -> i128 {
    x.chunks(STRETCH).map(|x| whole(total_of_stretch(x))).sum()
}

/// `out[c] = finish(sum_r x[r, first + c])`, of rows of `columns` elements
pub(crate) fn column_totals<T: Integer, U>(
    x: &[T],
    columns: usize,
    first: usize,
    out: &mut [U],
    finish: &impl Fn(i128) -> U,
) {
    for (i, out) in out.chunks_mut(COLUMNS).enumerate() {
        let mut totals = [0; COLUMNS];
        for x in x.chunks(STRETCH.saturating_mul(columns)) {
            let mut sums = [[0; COLUMNS]; 2];
            add_rows(x, columns, first + i * COLUMNS, out.len(), &mut sums);
            let [low, high] = sums;
            for ((total, low), high) in totals.iter_mut().zip(low).zip(high) {
                *total += whole([low, high]);
            }
        }
        for (out, total) in out.iter_mut().zip(totals) {
            *out = finish(total);
        }
    }
}

/// The product, if its type holds it.
pub(crate) fn product<T: Integer>(x: &[T]) -> Option<T::Sum> {
    let mut lanes = [T::Sum::default(); LANES];
    let mut flags = multiply_rows(x, LANES, 0, &mut lanes);
    let mut product = T::Sum::from_f64(1.0);
    for lane in lanes {
        let flag;
        (product, flag) = product.mul_(lane);
        flags = flags | flag;
    }
    if flags == T::Sum::default() {
        return Some(product);
    }
    exact_product(x.iter())
}

/// `out[c] = finish` of the product of column c, if its type holds it.
pub(crate) fn column_products<T: Integer, U>(
    x: &[T],
    out: &mut [U],
    finish: &impl Fn(Option<T::Sum>) -> U,
) {
    let columns = out.len();
    for (i, out) in out.chunks_mut(COLUMNS).enumerate() {
        let first = i * COLUMNS;
        let mut lanes = [T::Sum::default(); COLUMNS];
        let lanes = &mut lanes[..out.len()];
        let flags = multiply_rows(x, columns, first, lanes);
        for ((c, out), &lane) in out.iter_mut().enumerate().zip(&*lanes) {
            *out = finish(if flags == T::Sum::default() {
                Some(lane)
            } else {
                let x = x.get(first + c..).unwrap_or_default();
                exact_product(x.iter().step_by(columns))
            });
        }
    }
}

/// The product, one number after the other: a partial one may leave the type, and the whole one not.
fn exact_product<'a, T: Integer>(x: impl Iterator<Item = &'a T> + Clone) -> Option<T::Sum> {
    if x.clone().any(|&x| x == T::default()) {
        return Some(T::Sum::default());
    }
    let mut product = 1i128;
    for x in x {
        product = product.checked_mul(x.to_integer()?)?;
        // No integer but 0 makes it smaller.
        if product.unsigned_abs() > 1 << 64 {
            return None;
        }
    }
    T::Sum::exactly(product)
}

/// Whether no sum of `k` products of a number of `a` and one of `b` can leave its type.
pub(crate) fn all_fit<T: Integer>(a: &[T], b: &[T], k: usize) -> bool {
    let largest = |x: &[T]| {
        x.iter()
            .filter_map(|x| x.to_integer())
            .fold(0, |m, x| x.unsigned_abs().max(m))
    };
    let bound = largest(a)
        .checked_mul(largest(b))
        .and_then(|bound| bound.checked_mul(k as u128));
    bound.is_some_and(|bound| {
        i128::try_from(bound).is_ok_and(|bound| T::Sum::exactly(bound).is_some())
    })
}

/// `y[c] = sum_k a[k] * b[k, c]`. Calls `missed` with each c whose sum is not a number of the type; `all_fit` says that
/// there is none.
pub(crate) fn row_products<T: Integer>(
    a: &[T],
    b: &[T],
    y: &mut [T::Sum],
    all_fit: bool,
    mut missed: impl FnMut(usize),
) {
    let none = T::Sum::default();
    let columns = y.len();
    if all_fit && columns > 1 {
        add_small_products(a, b, y);
        return;
    }
    if let [y] = y {
        let mut all = (0, none);
        for (a, b) in a.chunks(STRETCH).zip(b.chunks(STRETCH)) {
            let (sums, flags) = dot_of_stretch(a, b);
            all = (all.0 + whole(sums), all.1 | flags);
        }
        if let (Some(sum), true) = (T::Sum::exactly(all.0), all.1 == none) {
            *y = sum;
            return;
        }
    } else if add_products(a, b, y) == none {
        return;
    }
    for (c, y) in y.iter_mut().enumerate() {
        let column = b.get(c..).unwrap_or_default().iter().step_by(columns);
        match exact_dot(a.iter().zip(column)) {
            Some(sum) => *y = sum,
            None => missed(c),
        }
    }
}

/// The sum of products, if its type holds it: the sum of 128 bits and the number of times that it has wrapped around.
fn exact_dot<'a, T: Integer>(pairs: impl Iterator<Item = (&'a T, &'a T)>) -> Option<T::Sum> {
    let (mut sum, mut turns) = (0i128, 0);
    for (a, b) in pairs {
        // Products of unsigned numbers may have 128 bits; too large for any sum, they never become smaller.
        let product = a.to_integer()?.saturating_mul(b.to_integer()?);
        let wraps;
        (sum, wraps) = sum.overflowing_add(product);
        turns += if wraps { product.signum() } else { 0 };
    }
    if turns == 0 {
        T::Sum::exactly(sum)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_fit_up_to_the_last_number_of_their_type() {
        let root = 3_037_000_499i64; // the whole part of the root of 2^63
        assert!(all_fit(&[-root], &[root], 1) && !all_fit(&[root + 1], &[1, -root - 1], 1));
        assert!(!all_fit(&[root], &[root], 2) && all_fit(&[root], &[root / 2], 2));
        assert!(all_fit(&[u64::MAX], &[1], 1) && !all_fit(&[u64::MAX], &[2], 1));
        assert!(
            all_fit(&[i32::MIN], &[i32::MIN], 1) && !all_fit(&[i64::MIN], &[i64::MIN], usize::MAX)
        );
        assert!(all_fit::<u8>(&[], &[255], usize::MAX) && !all_fit(&[i64::MIN], &[1], 1));
    }
}
