//! `Dataset`: inputs and the targets that belong to them, row by row.

use std::fmt;

use gradlet_tensor::{Element, Error, ErrorKind, Float, Result, Shape, Tensor};

use super::Batches;

/// Inputs and their targets: row `i` of one belongs to row `i` of the other.
///
/// A clone copies no data; parts and unshuffled batches are views.
///
/// # Example
///
/// ```
/// # use gradlet_nn::data::Dataset;
/// # use gradlet_tensor::{Tensor, tensor};
/// let digits = Dataset::new(Tensor::zeros([10, 64])?, Tensor::<i64>::zeros_of(10)?)?;
/// let (train, test) = digits.split_at(8)?;
/// assert_eq!((train.len(), test.len()), (8, 2));
///
/// let mut rng = gradlet_tensor::rng(42);
/// for (images, labels) in train.batches(3).shuffled(&mut rng) {
///     assert_eq!(images.shape()[0], labels.len()); // 3, 3 and 2
/// }
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct Dataset<T: Float = f32, L: Element = i64> {
    inputs: Tensor<T>,
    targets: Tensor<L>,
}

impl<T: Float, L: Element> Dataset<T, L> {
    /// The set of these inputs and targets. A tensor that is not in memory row by row (a transposed one) is copied.
    ///
    /// # Shape
    ///
    /// inputs `[rows, ..]`, targets `[rows, ..]`
    ///
    /// # Errors
    ///
    /// If the number of rows differs between inputs and targets, or one of them is a scalar.
    #[track_caller]
    pub fn new(inputs: Tensor<T>, targets: Tensor<L>) -> Result<Self> {
        let rows = rows(*inputs.shape())?;
        rows_agree(rows, *targets.shape())?;
        Ok(Self {
            inputs: inputs.contiguous(),
            targets: targets.contiguous(),
        })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.inputs.shape().first().copied().unwrap_or_default()
    }

    /// Whether the set has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All inputs.
    pub fn inputs(&self) -> &Tensor<T> {
        &self.inputs
    }

    /// All targets.
    pub fn targets(&self) -> &Tensor<L> {
        &self.targets
    }

    /// The first `n` rows, and the rest, as views.
    ///
    /// # Errors
    ///
    /// If `n` is greater than the number of rows.
    #[track_caller]
    pub fn split_at(&self, n: usize) -> Result<(Self, Self)> {
        let size = self.len();
        if n > size {
            return Err(Error::new(ErrorKind::RangeOutOfRange {
                op: "split_at",
                start: 0,
                length: n,
                axis: 0,
                size,
                shape: *self.inputs.shape(),
            }));
        }
        Ok((self.rows(0, n)?, self.rows(n, size - n)?))
    }

    /// Batches of `size` rows in order, as views; the last one may be smaller. A size of 0 counts as 1.
    pub fn batches(&self, size: usize) -> Batches<T, L> {
        Batches::new(self.clone(), size)
    }

    /// `length` rows from `start` on, as a view.
    #[track_caller]
    pub(super) fn rows(&self, start: usize, length: usize) -> Result<Self> {
        let inputs = self.inputs.narrow(0, start, length)?;
        let targets = self.targets.narrow(0, start, length)?;
        Ok(Self { inputs, targets })
    }

    /// A copy of the rows at these indices.
    #[track_caller]
    pub(super) fn gather(&self, indices: &[i64]) -> Result<Self> {
        let indices = Tensor::from_slice(indices, indices.len())?;
        let inputs = self.inputs.index_select(0, &indices)?;
        let targets = self.targets.index_select(0, &indices)?;
        Ok(Self { inputs, targets })
    }

    pub(super) fn into_parts(self) -> (Tensor<T>, Tensor<L>) {
        (self.inputs, self.targets)
    }
}

/// The size of the first axis.
#[track_caller]
fn rows(shape: Shape) -> Result<usize> {
    match shape[..] {
        [rows, ..] => Ok(rows),
        [] => Err(Error::new(ErrorKind::Rank {
            op: "dataset",
            expected: "rows along axis 0",
            shape,
        })),
    }
}

/// An error unless targets of this shape have `expected` rows.
#[track_caller]
fn rows_agree(expected: usize, targets: Shape) -> Result<()> {
    if rows(targets)? == expected {
        return Ok(());
    }
    let mut sizes = targets.to_vec();
    sizes[0] = expected;
    Err(Error::new(ErrorKind::ShapeMismatch {
        op: "dataset",
        expected: Shape::new(&sizes)?,
        found: targets,
    }))
}

/// Shows the shapes instead of the numbers.
impl<T: Float, L: Element> fmt::Debug for Dataset<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("inputs", self.inputs.shape())
            .field("targets", self.targets.shape())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::*;

    #[test]
    fn parts_are_views_of_all_rows() -> Result<()> {
        let set = Dataset::new(
            tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
            tensor![i64; 7, 8, 9],
        )?;
        let (a, b) = set.split_at(2)?;
        assert_eq!(a.inputs().to_vec(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(
            (b.inputs().to_vec(), b.targets().to_vec()),
            (vec![5.0, 6.0], vec![9])
        );
        let place = |x: &Dataset| x.inputs().as_slice().map(<[f32]>::as_ptr);
        assert_eq!(place(&a), place(&set));
        let (none, all) = set.split_at(0)?;
        assert!(none.is_empty() && all.len() == 3 && set.split_at(3)?.1.is_empty());
        Ok(())
    }

    #[test]
    fn a_cut_beyond_the_end_is_an_error() -> Result<()> {
        let set = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; 0, 1])?;
        let text = set.split_at(3).unwrap_err().to_string();
        assert!(
            text.starts_with(
                "split_at: 0..3 is out of range for axis 0 of size 2 in shape [2, 1] (at "
            ),
            "{text}"
        );
        Ok(())
    }

    #[test]
    fn rows_have_to_agree() {
        let text = |error: Error| error.to_string();
        let error = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; [1, 2]]).unwrap_err();
        assert!(
            text(error).starts_with("dataset: shapes differ: expected [2, 2], got [1, 2] (at ")
        );
        let error = Dataset::new(Tensor::scalar(1.0f32), tensor![i64; 1]).unwrap_err();
        assert!(text(error).starts_with("dataset: expected rows along axis 0, got shape [] (at "));
        assert!(Dataset::new(tensor![1.0], Tensor::scalar(1i64)).is_err());
    }

    #[test]
    fn strided_inputs_are_put_in_order_once() -> Result<()> {
        let set = Dataset::new(tensor![[1.0, 3.0], [2.0, 4.0]].t()?, tensor![0.5, 1.5])?;
        assert_eq!(set.inputs().as_slice(), Some(&[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!(
            format!("{set:?}"),
            "Dataset { inputs: [2, 2], targets: [2] }"
        );
        Ok(())
    }
}
