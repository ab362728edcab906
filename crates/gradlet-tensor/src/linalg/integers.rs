//! Products of integer matrices: exact, or an error where a sum of products is not a number of its type.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::integer as kernel;
use crate::kernel::parallel::for_rows;
use crate::number::Integer;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// From this many rows on, the right side's numbers are looked at before.
const OFTEN: usize = 8;

/// The products of matrices and vectors whose inner sizes agree.
#[track_caller]
pub(crate) fn product<T: Integer>(lhs: &Tensor<T>, rhs: &Tensor<T>) -> Result<Tensor<T::Sum>> {
    let is_vector = [lhs.rank() == 1, rhs.rank() == 1];
    let lhs = if is_vector[0] {
        lhs.unsqueeze(0)?
    } else {
        lhs.clone()
    };
    let rhs = if is_vector[1] {
        rhs.unsqueeze(1)?
    } else {
        rhs.clone()
    };
    let (lead, matrix) = lhs.shape().split_at(lhs.rank() - 2);
    let (other_lead, other) = rhs.shape().split_at(rhs.rank() - 2);
    let (m, k, n) = (matrix[0], matrix[1], other[1]);
    let batch = Shape::broadcast_for("matmul", &Shape::new(lead)?, &Shape::new(other_lead)?)?;
    let (mut left, mut right, mut shape) = (batch, batch, batch);
    left.push(m)?;
    left.push(k)?;
    right.push(k)?;
    right.push(n)?;
    if !is_vector[0] {
        shape.push(m)?;
    }
    if !is_vector[1] {
        shape.push(n)?;
    }
    let a = lhs.broadcast_to(left)?.try_contiguous()?;
    // A matrix on the right that all on the left are multiplied by is not repeated.
    let one = other_lead.iter().all(|&size| size == 1);
    let right = if one { *rhs.shape() } else { right };
    let b = rhs.broadcast_to(right)?.try_contiguous()?;
    let missed = AtomicUsize::new(usize::MAX);
    let y = Tensor::build(shape, |y| {
        let (a, b) = (
            a.as_slice().unwrap_or_default(),
            b.as_slice().unwrap_or_default(),
        );
        if y.is_empty() {
            return;
        }
        let rows = y.len() / n;
        // Looking at all numbers is worth it where each is used several times.
        let all_fit = rows >= OFTEN && kernel::all_fit(a, b, k);
        for_rows(y, rows, y.len().saturating_mul(k), |first, y| {
            for (row, y) in (first..).zip(y.chunks_exact_mut(n)) {
                let matrix = if one { 0 } else { row / m };
                let (a, b) = (&a[row * k..][..k], &b[matrix * k * n..][..k * n]);
                kernel::row_products(a, b, y, all_fit, |column| {
                    missed.fetch_min(row * n + column, Ordering::Relaxed);
                });
            }
        });
    })?;
    match missed.into_inner() {
        usize::MAX => Ok(y),
        at => Err(Error::new(ErrorKind::Overflow {
            op: "matmul",
            element: T::Sum::NAME,
            term: "the sum of products".to_owned(),
            indices: shape.indices(at),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseError;
    use rand::RngExt;

    fn agrees<T: Integer>(
        sizes: [usize; 3],
        kind: u32,
        wild: bool,
        seed: u64,
    ) -> Result<(), TestCaseError> {
        let mut rng = crate::rng(seed);
        let mut numbers = |shape: [usize; 3]| {
            Tensor::from_fn(shape, |_| {
                if wild && rng.random_range(0..4u32) == 0 {
                    T::ENDS[rng.random_range(0..2usize)]
                } else {
                    T::from_integer(rng.random_range(-3..4i32).into())
                }
            })
        };
        let [m, k, n] = sizes;
        let (a, b) = (numbers([2, k, m])?.transpose(1, 2)?, numbers([2, k, n])?);
        let (a, b) = match kind {
            0 => (a.select(0, 0)?, b.select(0, 1)?),
            1 => (a, b.select(0, 0)?),
            2 => (a.select(0, 1)?, b),
            _ => (a, b),
        };
        let batch: Vec<usize> = if kind == 0 { vec![] } else { vec![2] };
        let full = |x: &Tensor<T>, rows: usize, columns: usize| {
            x.broadcast_to([&batch[..], &[rows, columns]].concat().as_slice())?
                .reshape([batch.iter().product(), rows, columns])
        };
        let (left, right) = (full(&a, m, k)?, full(&b, k, n)?);
        let shape = Shape::from([left.shape()[0], m, n]);
        // 64 bits of each factor, and at most 8 products: split into halves, nothing leaves 128 bits.
        let exact = (0..shape.numel()).map(|at| {
            let [l, i, j] = shape.indices(at)[..] else {
                return None;
            };
            let mut parts = [0i128; 2];
            for p in 0..k {
                let a = left.at(&[l, i, p]).ok()?.to_integer()?;
                let b = right.at(&[l, p, j]).ok()?.to_integer()?;
                parts[0] += a * (b & 0xffff_ffff);
                parts[1] += a * (b >> 32);
            }
            let sum = parts[1].checked_mul(1 << 32)?.checked_add(parts[0])?;
            T::Sum::exactly(sum)
        });
        let exact: Vec<_> = exact.collect();
        match exact.iter().position(Option::is_none) {
            None => {
                let found: Vec<_> = a.matmul(&b)?.iter().map(Some).collect();
                prop_assert!(found == exact, "{a:?} x {b:?}");
            }
            Some(at) => {
                let text = a.matmul(&b).map_err(|error| error.to_string()).unwrap_err();
                let indices = shape.indices(at);
                let start = format!(
                    "matmul: {} overflows: the sum of products at {:?} (at ",
                    T::Sum::NAME,
                    &indices[1 - batch.len()..]
                );
                prop_assert!(text.starts_with(&start), "{text}: {start}");
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn products_agree_with_exact_arithmetic(
            sizes in prop::array::uniform3(0..7usize), kind in 0..4u32, wild: bool, seed: u64,
        ) {
            agrees::<u8>(sizes, kind, wild, seed)?;
            agrees::<i32>(sizes, kind, wild, seed)?;
            agrees::<i64>(sizes, kind, wild, seed)?;
            agrees::<u64>(sizes, kind, wild, seed)?;
        }
    }

    #[test]
    fn vectors_count_as_rows_and_columns() -> Result<()> {
        let (a, v) = (tensor![i32; [1, 2], [3, 4]], tensor![i32; 10, -1]);
        assert_eq!(v.dot(&v)?, Tensor::scalar(101i64));
        assert_eq!(a.matmul(&v)?, tensor![i64; 8, 26]);
        assert_eq!(v.matmul(&a)?, tensor![i64; 7, 16]);
        assert_eq!(v.outer(&v)?, tensor![i32; [100, -10], [-10, 1]]);
        let batch = Tensor::stack(&[&a, &a.t()?], 0)?;
        assert_eq!(batch.matmul(&v)?, tensor![i64; [8, 26], [7, 16]]);
        assert_eq!(batch.bmm(&batch)?.select(0, 0)?, a.matmul(&a)?);
        let text = |result: Result<Tensor<i64>>| result.unwrap_err().to_string();
        let high = tensor![i64; i64::MAX, 1];
        assert!(
            text(high.dot(&high)).starts_with("dot: i64 overflows: the sum of products at [] ")
        );
        assert!(
            text(a.cast().matmul(&high))
                .starts_with("matmul: i64 overflows: the sum of products at [0] ")
        );
        assert!(text(a.cast().matmul(&tensor![i64; 1])).starts_with("matmul: inner sizes differ"));
        Ok(())
    }

    #[test]
    fn partial_sums_may_leave_the_type() -> Result<()> {
        let (a, b) = (
            tensor![i64; [i64::MAX, i64::MAX, -2]],
            tensor![i64; [2, 1], [-2, 1], [1, i64::MAX]],
        );
        assert_eq!(a.matmul(&b)?, tensor![i64; [-2, 0]]);
        assert_eq!(a.select(0, 0)?.dot(&b.select(1, 0)?)?.item()?, -2);
        // 300 products of 2^62 are more than any sum: of i32, too.
        let low = Tensor::<i32>::full_of([300], i32::MIN)?;
        assert!(low.dot(&low).is_err());
        assert_eq!(
            low.narrow(0, 0, 1)?.dot(&low.narrow(0, 0, 1)?)?.item()?,
            1 << 62
        );
        Ok(())
    }

    #[test]
    fn large_products_are_the_same_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::<i32>::from_fn([90, 70], |i| (i * 7919 % 1009) as i32 - 500)?;
        let run = || x.matmul(&x.t()?);
        let one = crate::threads::with(1, run)?;
        assert_eq!(one, crate::threads::with(3, run)?);
        assert_eq!(one.cast::<f64>(), x.cast::<f64>().matmul(&x.t()?.cast())?);
        Ok(())
    }
}
