//! [`Rows`]: what a data set takes rows of; [`IntoBatch`]: what a loop gets of some of them.

use gradlet_autograd::Var;
use gradlet_tensor::{Element, Error, ErrorKind, Result, Tensor};

/// Rows that a [`Dataset`](crate::Dataset) takes some of.
///
/// Tensors have one row for each index of their first axis, and tuples of two or three `Rows` have rows of all their
/// parts. A type of your own reads or computes its rows when they are asked for.
///
/// # Example
///
/// Numbers that are read from text when a batch is made:
///
/// ```
/// use gradlet_nn::Dataset;
/// use gradlet_nn::data::Rows;
/// use gradlet_tensor::{Error, ErrorKind, Result, Tensor, tensor};
///
/// struct Lines(Vec<String>);
///
/// impl Rows for Lines {
///     type Part = Tensor;
///
///     fn row_count(&self) -> Result<usize> {
///         Ok(self.0.len())
///     }
///
///     fn rows_at(&self, rows: &Tensor<i64>) -> Result<Tensor> {
///         Tensor::from_fn([rows.len(), 1], |i| {
///             let row = rows.at(&[i]).unwrap_or_default();
///             self.0[row as usize].parse().unwrap_or(f32::NAN)
///         })
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let lines = Lines(vec!["0.5".to_owned(), "1.5".to_owned()]);
/// let set = Dataset::new(lines, tensor![i64; 0, 1])?;
/// for (x, label) in set.batches(1) {
///     assert_eq!(x.item()?, label.item()? as f32 + 0.5);
/// }
/// # Ok(())
/// # }
/// ```
pub trait Rows: Send + Sync + 'static {
    /// Some of the rows in memory, such as a tensor: what [`Dataset::map`](crate::Dataset::map) gets, and what the
    /// thread of [`Batches::prefetch`](crate::Batches::prefetch) hands over.
    type Part: IntoBatch;

    /// The number of rows.
    ///
    /// # Errors
    ///
    /// If this has no rows, as a scalar.
    #[track_caller]
    fn row_count(&self) -> Result<usize>;

    /// The rows with these numbers, which are within the number of rows, in their order; a number may come again.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    #[track_caller]
    fn rows_at(&self, rows: &Tensor<i64>) -> Result<Self::Part>;

    /// `length` rows from `start` on. Of a tensor they are a view.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    #[track_caller]
    fn row_range(&self, start: usize, length: usize) -> Result<Self::Part> {
        self.rows_at(&range(start, length)?)
    }

    /// What `Debug` of a data set shows of this: the shape of a tensor.
    fn describe(&self) -> String {
        let rows = self.row_count().unwrap_or_default();
        format!("{rows} rows")
    }
}

/// What becomes of the rows of a batch in a loop.
///
/// Tensors of floats become constant [`Var`]s, since they go into formulas with gradients; those of other types stay
/// tensors, since they are labels, indices or masks. Each part of a tuple becomes what it would alone.
///
/// # Example
///
/// ```
/// use gradlet_autograd::Var;
/// use gradlet_nn::data::IntoBatch;
/// use gradlet_tensor::{Tensor, tensor};
///
/// let (x, label): (Var, Tensor<i64>) = (tensor![0.5], tensor![i64; 3]).into_batch();
/// assert_eq!(x.to_vec(), [0.5]);
/// ```
pub trait IntoBatch: Send + 'static {
    /// What a loop gets.
    type Batch;

    /// This, as a loop gets it.
    fn into_batch(self) -> Self::Batch;
}

macro_rules! tensors {
    ($($t:ty => $batch:ty, $make:expr;)*) => {$(
        impl IntoBatch for Tensor<$t> {
            type Batch = $batch;

            fn into_batch(self) -> $batch {
                $make(self)
            }
        }
    )*};
}

tensors! {
    f32 => Var, Var::constant;
    f64 => Var<f64>, Var::constant;
    bool => Self, Self::from;
    u8 => Self, Self::from;
    i32 => Self, Self::from;
    i64 => Self, Self::from;
    u64 => Self, Self::from;
}

impl<T: Element> Rows for Tensor<T>
where
    Self: IntoBatch,
{
    type Part = Self;

    fn row_count(&self) -> Result<usize> {
        match self.shape().first() {
            Some(&count) => Ok(count),
            None => Err(Error::new(ErrorKind::Rank {
                op: "dataset",
                expected: "rows along axis 0",
                shape: *self.shape(),
            })),
        }
    }

    fn rows_at(&self, rows: &Tensor<i64>) -> Result<Self> {
        self.index_select(0, rows)
    }

    fn row_range(&self, start: usize, length: usize) -> Result<Self> {
        self.narrow(0, start, length)
    }

    fn describe(&self) -> String {
        self.shape().to_string()
    }
}

macro_rules! tuples {
    ($($($part:ident $name:ident),*;)*) => {$(
        impl<$($part: Rows),*> Rows for ($($part,)*) {
            type Part = ($($part::Part,)*);

            fn row_count(&self) -> Result<usize> {
                let ($($name,)*) = self;
                all_agree(&[$($name.row_count()?),*])
            }

            fn rows_at(&self, rows: &Tensor<i64>) -> Result<Self::Part> {
                let ($($name,)*) = self;
                Ok(($($name.rows_at(rows)?,)*))
            }

            fn row_range(&self, start: usize, length: usize) -> Result<Self::Part> {
                let ($($name,)*) = self;
                Ok(($($name.row_range(start, length)?,)*))
            }

            fn describe(&self) -> String {
                let ($($name,)*) = self;
                format!("({})", [$($name.describe()),*].join(", "))
            }
        }

        impl<$($part: IntoBatch),*> IntoBatch for ($($part,)*) {
            type Batch = ($($part::Batch,)*);

            fn into_batch(self) -> Self::Batch {
                let ($($name,)*) = self;
                ($($name.into_batch(),)*)
            }
        }
    )*};
}

tuples! {
    A a, B b;
    A a, B b, C c;
}

/// The first number of rows, or an error unless all others are the same.
#[track_caller]
pub(super) fn all_agree(counts: &[usize]) -> Result<usize> {
    let first = counts[0];
    match counts.iter().find(|&&count| count != first) {
        None => Ok(first),
        Some(&other) => Err(Error::new(ErrorKind::OutOfRange {
            op: "dataset",
            name: "the number of rows",
            expected: "the same in all inputs and targets",
            value: other as f64,
            remedy: format!(" and {first}"),
        })),
    }
}

/// The numbers of `length` rows from `start` on.
#[track_caller]
pub(super) fn range(start: usize, length: usize) -> Result<Tensor<i64>> {
    Tensor::from_fn(length, |i| (start + i) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn tuples_have_rows_of_all_their_parts() -> Result<()> {
        let rows = (
            tensor![[1.0], [2.0], [3.0]],
            tensor![i64; 7, 8, 9],
            tensor![bool; true, false, true],
        );
        assert_eq!(rows.row_count()?, 3);
        let (x, tokens, mask) = rows.rows_at(&tensor![i64; 2, 0])?.into_batch();
        assert_eq!((x.to_vec(), x.is_tracked()), (vec![3.0, 1.0], false));
        assert_eq!(
            (tokens, mask),
            (tensor![i64; 9, 7], tensor![bool; true, true])
        );
        assert_eq!(rows.row_range(1, 1)?.1, tensor![i64; 8]);
        assert_eq!(rows.describe(), "([3, 1], [3], [3])");
        let uneven = (tensor![1.0, 2.0], tensor![u8; 1]);
        let text = uneven.row_count().unwrap_err().to_string();
        let expected = "dataset: the number of rows must be the same in all inputs and targets, got 1 and 2 (at ";
        assert!(
            text.starts_with(expected) && text.contains("rows.rs"),
            "{text}"
        );
        Ok(())
    }
}
