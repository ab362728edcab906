//! Where the elements of some ranks are, without sorting the others: for medians and quantiles.

use crate::arrange::Order;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::parallel;
use crate::tensor::Tensor;

/// The cost of selecting among elements, in passes over them.
const WORK: usize = 16;

/// The index of the element of each rank in each row: rank 0 is the smallest element, and of equal elements the first
/// has the lowest rank. In a row with NaN it is the index of the first NaN, for all ranks.
///
/// # Shape
///
/// `x: [m, n]`, k ranks -> `[m, k]`
///
/// # Errors
///
/// If x is not a matrix, or a rank is not below the number of columns.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = tensor![[5.0, 1.0, 3.0], [0.0, f32::NAN, 2.0]];
/// assert_eq!(fused::at_ranks(&x, &[2, 0])?, tensor![i64; [0, 1], [1, 1]]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn at_ranks<T: Element>(x: &Tensor<T>, ranks: &[usize]) -> Result<Tensor<i64>> {
    x.shape().expect_rank("at_ranks", 2, "a matrix")?;
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    if let Some(&rank) = ranks.iter().find(|&&rank| rank >= columns) {
        return Err(Error::new(ErrorKind::IndexOutOfRange {
            op: "at_ranks",
            index: rank as i64,
            axis: 1,
            size: columns,
            shape: *x.shape(),
        }));
    }
    let mut ascending: Vec<usize> = (0..ranks.len()).collect();
    ascending.sort_by_key(|&i| ranks[i]);
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    Tensor::build([rows, ranks.len()].into(), |out| {
        parallel::for_rows(out, rows, WORK * x.len(), |first, out| {
            let mut pairs: Vec<(T, i64)> = Vec::with_capacity(columns);
            let rows = x[first * columns..].chunks_exact(columns);
            for (out, x) in out.chunks_exact_mut(ranks.len()).zip(rows) {
                if let Some(nan) = x.iter().position(|x| x != x) {
                    out.fill(nan as i64);
                    continue;
                }
                pairs.clear();
                pairs.extend(x.iter().copied().zip(0..));
                // What is left of a selected element is not above it, so the next one is found on its right.
                let mut start = 0;
                for &i in &ascending {
                    let rank = ranks[i];
                    if rank >= start {
                        pairs[start..].select_nth_unstable_by(rank - start, |a, b| {
                            Order::Ascending.compare(a, b)
                        });
                        start = rank + 1;
                    }
                    out[i] = pairs[rank].1;
                }
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;

    #[test]
    fn rows_without_elements_have_no_ranks() -> Result<()> {
        let none = Tensor::zeros([0, 3])?;
        assert_eq!(at_ranks(&none, &[1, 2])?.shape(), [0, 2]);
        assert_eq!(at_ranks(&Tensor::zeros([3, 0])?, &[])?.shape(), [3, 0]);
        assert!(at_ranks(&Tensor::zeros([3, 0])?, &[0]).is_err());
        assert!(at_ranks(&tensor![1.0, 2.0], &[0]).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn places_are_those_of_a_stable_sort(
            values in prop::collection::vec(-4..4i32, 60),
            ranks in prop::collection::vec(0..20usize, 0..6),
        ) {
            let x = Tensor::from_slice(values, [20, 3])?.t()?;
            let sorted = x.argsort(1, Order::Ascending)?;
            let columns: Vec<i64> = ranks.iter().map(|&rank| rank as i64).collect();
            let columns = Tensor::from_slice(columns, [ranks.len()])?;
            let run = || at_ranks(&x, &ranks);
            let found = crate::threads::with(1, run)?;
            prop_assert_eq!(&found, &sorted.index_select(1, &columns)?);
            prop_assert_eq!(&found, &crate::threads::with(3, run)?);
        }
    }
}
