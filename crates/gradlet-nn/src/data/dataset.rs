//! `Dataset`: inputs and the targets that belong to them, row by row.

use std::fmt;
use std::sync::Arc;

use gradlet_tensor::{Error, ErrorKind, Result, Tensor};
use rand::Rng;

use super::rows::{all_agree, range};
use super::{Batches, IntoBatch, Mapped, Rows, Step, Unmapped};

/// Inputs and their targets: row `i` of one belongs to row `i` of the other.
///
/// Inputs and targets are tensors of any element types, tuples of them, or any other [`Rows`]. A loop over batches gets
/// tensors of floats as constant `Var`s, for losses such as `mse_loss`, and labels, tokens and masks as tensors.
///
/// A clone copies no data, and neither do parts, subsets and folds: they share inputs and targets and hold the numbers of
/// their rows. Unshuffled batches of adjacent rows are views; all others copy their rows when they are made.
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
pub struct Dataset<X = Tensor, Y = Tensor<i64>, M = Unmapped> {
    data: Arc<(X, Y)>,
    /// The numbers of the rows, or none for all of the data.
    numbers: Option<Tensor<i64>>,
    /// Where the rows begin among the numbers, or in the data.
    start: usize,
    length: usize,
    step: M,
}

impl<X: Rows, Y: Rows> Dataset<X, Y> {
    /// The set of these inputs and targets.
    ///
    /// A tensor that is not in memory row by row, such as a transposed one, is used as it is; `contiguous()` puts it in
    /// order once, where its batches would do so each time.
    ///
    /// # Shape
    ///
    /// inputs `[rows, ..]`, targets `[rows, ..]`
    ///
    /// # Errors
    ///
    /// If the number of rows differs between inputs and targets, or one of them is a scalar.
    #[track_caller]
    pub fn new(inputs: X, targets: Y) -> Result<Self> {
        let length = all_agree(&[inputs.row_count()?, targets.row_count()?])?;
        Ok(Self {
            data: Arc::new((inputs, targets)),
            numbers: None,
            start: 0,
            length,
            step: Unmapped,
        })
    }

    /// The same set, of whose batches a loop gets what `f` makes of the inputs and targets, which are as they were given,
    /// such as tensors.
    ///
    /// `f` runs when a batch is made: for [`prefetch`](Batches::prefetch) on its thread. A loop gets a `Result`, with the
    /// error if `f` returns one.
    ///
    /// # Example
    ///
    /// Bytes become numbers in [0, 1] batch by batch, so that the set needs a quarter of the memory:
    ///
    /// ```
    /// # use gradlet_nn::data::Dataset;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let set = Dataset::new(tensor![u8; [0, 51], [102, 255]], tensor![u8; 7, 3])?;
    /// let set = set.map(|pixels, labels| Ok((pixels.cast::<f32>().div_scalar(255.0), labels.cast::<i64>())));
    /// for batch in set.batches(2) {
    ///     let (x, labels) = batch?;
    ///     assert_eq!((x.to_vec(), labels.to_vec()), (vec![0.0, 0.2, 0.4, 1.0], vec![7, 3]));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<A: IntoBatch, B: IntoBatch, F>(&self, f: F) -> Dataset<X, Y, Mapped<F>>
    where
        F: Fn(X::Part, Y::Part) -> Result<(A, B)>,
    {
        Dataset {
            data: Arc::clone(&self.data),
            numbers: self.numbers.clone(),
            start: self.start,
            length: self.length,
            step: Mapped::new(f),
        }
    }
}

impl<X: Rows, Y: Rows, M: Clone> Dataset<X, Y, M> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the set has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All inputs of the set, in its order. Adjacent rows of a tensor are a view.
    ///
    /// # Errors
    ///
    /// If memory does not hold the copy of rows that are not adjacent, or `Rows` of your own return an error.
    #[track_caller]
    pub fn inputs(&self) -> Result<X::Part> {
        self.all(&self.data.0)
    }

    /// All targets of the set, in its order. Adjacent rows of a tensor are a view.
    ///
    /// # Errors
    ///
    /// If memory does not hold the copy of rows that are not adjacent, or `Rows` of your own return an error.
    #[track_caller]
    pub fn targets(&self) -> Result<Y::Part> {
        self.all(&self.data.1)
    }

    /// The first `n` rows, and the rest.
    ///
    /// # Errors
    ///
    /// If `n` is greater than the number of rows.
    #[track_caller]
    pub fn split_at(&self, n: usize) -> Result<(Self, Self)> {
        if n > self.length {
            return Err(Error::new(ErrorKind::OutOfRange {
                op: "split_at",
                name: "n",
                expected: "at most the number of rows",
                value: n as f64,
                remedy: format!(" of {}", self.length),
            }));
        }
        Ok((self.part(0, n), self.part(n, self.length - n)))
    }

    /// Batches of `size` rows in order; the last one may be smaller. A size of 0 counts as 1.
    pub fn batches(&self, size: usize) -> Batches<X, Y, M> {
        Batches::new(self.clone(), size)
    }

    /// `length` rows from `start` on, which are within the set.
    pub(super) fn part(&self, start: usize, length: usize) -> Self {
        Self {
            start: self.start + start,
            length,
            ..self.clone()
        }
    }

    /// The rows of the data with these numbers, which are within it.
    pub(super) fn with_numbers(&self, numbers: Tensor<i64>) -> Self {
        let mut set = self.clone();
        set.set_numbers(numbers);
        set
    }

    /// Makes this the rows of the data with these numbers, which are within it.
    pub(super) fn set_numbers(&mut self, numbers: Tensor<i64>) {
        (self.start, self.length) = (0, numbers.len());
        self.numbers = Some(numbers);
    }

    /// The order of a set that [`set_numbers`](Self::set_numbers) changed.
    pub(super) fn order(&self) -> Option<&Tensor<i64>> {
        self.numbers.as_ref()
    }

    /// The numbers of the rows in the data.
    #[track_caller]
    pub(super) fn numbers(&self) -> Result<Tensor<i64>> {
        match &self.numbers {
            Some(numbers) => numbers.row_range(self.start, self.length),
            None => range(self.start, self.length),
        }
    }

    /// The numbers in the data of the rows at these places of the set.
    #[track_caller]
    pub(super) fn numbers_at(&self, places: &Tensor<i64>) -> Result<Tensor<i64>> {
        self.numbers()?.index_select(0, places)
    }

    /// The numbers of the rows in the data, in a random order.
    #[track_caller]
    pub(super) fn permuted(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Tensor<i64>> {
        match &self.numbers {
            None => Tensor::permutation_from(self.start as i64, self.length, rng),
            Some(numbers) => {
                let order = Tensor::<i64>::permutation(self.length, rng)?;
                numbers
                    .narrow(0, self.start, self.length)?
                    .index_select(0, &order)
            }
        }
    }

    /// All rows of the inputs or targets.
    #[track_caller]
    fn all<R: Rows>(&self, rows: &R) -> Result<R::Part> {
        let numbers = self.numbers.as_ref().map(|_| self.numbers()).transpose()?;
        Self::taken(rows, numbers.as_ref(), (self.start, self.length))
    }

    /// Rows of the inputs or targets: those with these numbers, or all from `start` on.
    #[track_caller]
    fn taken<R: Rows>(
        rows: &R,
        numbers: Option<&Tensor<i64>>,
        (start, length): (usize, usize),
    ) -> Result<R::Part> {
        match numbers {
            Some(numbers) => rows.rows_at(numbers),
            None => rows.row_range(start, length),
        }
    }

    /// What becomes of `length` rows from `start` on in a batch.
    #[track_caller]
    pub(super) fn prepared(&self, start: usize, length: usize) -> Result<M::Parts>
    where
        M: Step<X::Part, Y::Part>,
    {
        let ((x, y), start) = (&*self.data, self.start + start);
        let numbers = match &self.numbers {
            Some(numbers) => Some(numbers.row_range(start, length)?),
            None => None,
        };
        let (numbers, range) = (numbers.as_ref(), (start, length));
        let x = Self::taken(x, numbers, range)?;
        self.step.run(x, Self::taken(y, numbers, range)?)
    }
}

impl<X, Y, M: Clone> Clone for Dataset<X, Y, M> {
    fn clone(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            numbers: self.numbers.clone(),
            step: self.step.clone(),
            ..*self
        }
    }
}

/// Shows the shapes instead of the numbers.
impl<X: Rows, Y: Rows, M> fmt::Debug for Dataset<X, Y, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (x, y) = &*self.data;
        f.debug_struct("Dataset")
            .field("inputs", &format_args!("{}", x.describe()))
            .field("targets", &format_args!("{}", y.describe()))
            .field("rows", &self.length)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::Var;
    use gradlet_tensor::{rng, tensor};

    use super::*;

    #[test]
    fn parts_are_views_of_all_rows() -> Result<()> {
        let set = Dataset::new(
            tensor![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
            tensor![i64; 7, 8, 9],
        )?;
        let (a, b) = set.split_at(2)?;
        assert_eq!(a.inputs()?.to_vec(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(
            (b.inputs()?.to_vec(), b.targets()?.to_vec()),
            (vec![5.0, 6.0], vec![9])
        );
        let place = |x: Tensor| x.as_slice().map(<[f32]>::as_ptr);
        assert_eq!(place(a.inputs()?), place(set.inputs()?));
        let (none, all) = set.split_at(0)?;
        assert!(none.is_empty() && all.len() == 3 && set.split_at(3)?.1.is_empty());
        assert_eq!(all.split_at(1)?.1.split_at(1)?.1.targets()?.to_vec(), [9]);
        let [random, _] = set.random_split([1, 2], &mut rng(0))?;
        let chosen = random.map(|x, y| Ok((x, y))).subset(&[0])?;
        assert!(Arc::ptr_eq(&chosen.data, &set.data));
        Ok(())
    }

    #[test]
    fn a_cut_beyond_the_end_is_an_error() -> Result<()> {
        let set = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; 0, 1])?;
        let text = set.split_at(3).unwrap_err().to_string();
        let expected = "split_at: n must be at most the number of rows, got 3 of 2 (at ";
        assert!(text.starts_with(expected), "{text}");
        Ok(())
    }

    #[test]
    fn rows_have_to_agree() {
        let text = |error: Error| error.to_string();
        let error = Dataset::new(tensor![[1.0], [2.0]], tensor![i64; [1, 2]]).unwrap_err();
        assert!(text(error).starts_with(
            "dataset: the number of rows must be the same in all inputs and targets, got 1 and 2 (at "
        ));
        let error = Dataset::new(Tensor::scalar(1.0f32), tensor![i64; 1]).unwrap_err();
        let error = text(error);
        assert!(error.starts_with("dataset: expected rows along axis 0, got shape [] (at "));
        assert!(error.contains("dataset.rs"), "{error}");
        assert!(Dataset::new(tensor![1.0], Tensor::scalar(1i64)).is_err());
    }

    #[test]
    fn inputs_and_targets_have_any_element_types() -> Result<()> {
        let set: Dataset<Tensor<i64>, Tensor<f64>> =
            Dataset::new(tensor![i64; [1, 2], [3, 4]], tensor![f64; 0.5, 1.5])?;
        let batches: Vec<(Tensor<i64>, Var<f64>)> = set.batches(2).into_iter().collect();
        assert_eq!(batches[0].0, tensor![i64; [1, 2], [3, 4]]);
        assert_eq!(batches[0].1.to_vec(), [0.5, 1.5]);
        assert_eq!(
            format!("{set:?}"),
            "Dataset { inputs: [2, 2], targets: [2], rows: 2, .. }"
        );
        let two = Dataset::new((tensor![1.0, 2.0], tensor![u8; 3, 4]), tensor![2.0, 3.0])?;
        for ((x, kind), y) in two.batches(1) {
            assert_eq!(
                f32::from(kind.item()?),
                y.sub(&x)?.item()? + x.item()? + 1.0
            );
        }
        Ok(())
    }

    #[test]
    fn a_function_is_called_for_each_batch_that_is_made() -> Result<()> {
        let set = Dataset::new(tensor![[1.0], [2.0], [3.0]], tensor![i64; 0, 1, 2])?;
        let calls = std::cell::Cell::new(0);
        let mapped = set.map(|x, labels| {
            calls.set(calls.get() + 1);
            let refused = labels.eq_scalar(1).any(..)?.item()?;
            let x = if refused {
                x.reshape([7])?
            } else {
                x.mul_scalar(2.0)
            };
            Ok((x, labels.eq_scalar(0)))
        });
        let (_, rest) = mapped.split_at(1)?;
        assert_eq!(calls.get(), 0);
        let mut batches = rest.batches(1).into_iter();
        let text = batches.next().map(|batch| batch.unwrap_err().to_string());
        assert!(text.is_some_and(|text| {
            text.starts_with("reshape: [1, 1] has 1 elements, [7] has 7 (at ")
        }));
        let (x, first) = batches.next().transpose()?.unwrap();
        assert_eq!((x.to_vec(), first), (vec![6.0], tensor![bool; false]));
        assert!(batches.next().is_none() && calls.get() == 2);
        Ok(())
    }
}
