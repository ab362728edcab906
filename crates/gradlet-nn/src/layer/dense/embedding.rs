//! [`Embedding`]: a table of which indices pick the rows.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{Error, ErrorKind, Tensor};
use rand::Rng;

use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// The row of a table for each index: a vector that is learned for each of `num_embeddings` words.
///
/// The table starts as normal numbers of mean 0 and standard deviation 1, as in PyTorch.
/// [`padding`](Self::padding) names a row that stays as it is.
///
/// # Shape
///
/// indices `[...]` -> `[..., embedding_dim]`; `weight: [num_embeddings, embedding_dim]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::Embedding;
/// # use gradlet_tensor::{rng, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let words = Embedding::new(10_000, 64, &mut rng(42))?.padding(0)?;
/// let sentences = tensor![i64; [17, 4, 9], [230, 8, 0]]; // the second one is shorter
/// let y = words.forward(&sentences)?;
/// assert_eq!(y.shape(), [2, 3, 64]);
/// assert_eq!(y.select(0, 1)?.select(0, 2)?.to_vec(), [0.0; 64]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Embedding`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Embedding<T: Float = f32> {
    /// `[num_embeddings, embedding_dim]`
    pub weight: Parameter<T>,
    #[module(skip)]
    padding: Option<usize>,
    mode: Mode,
}

impl Embedding {
    /// A table with this number of rows, each of `embedding_dim` numbers.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many numbers.
    #[track_caller]
    pub fn new(
        num_embeddings: usize,
        embedding_dim: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(num_embeddings, embedding_dim, rng)
    }
}

impl<T: Float> Embedding<T> {
    /// As `new`, for any element type: `Embedding::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `new`.
    #[track_caller]
    pub fn new_of(
        num_embeddings: usize,
        embedding_dim: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let table = Tensor::normal([num_embeddings, embedding_dim], 0.0, 1.0, rng)?;
        Self::from_table(table)
    }

    /// A given table, such as a trained one; [`Module::freeze`] keeps it as it is.
    ///
    /// # Errors
    ///
    /// If it is not a matrix.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Embedding, Module};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut words = Embedding::from_table(tensor![[1.0, 2.0], [3.0, 4.0]])?;
    /// words.freeze();
    /// assert_eq!(words.forward(&tensor![i64; 1])?.to_vec(), [3.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.Embedding.from_pretrained`
    #[track_caller]
    pub fn from_table(table: Tensor<T>) -> Result<Self> {
        if table.rank() != 2 {
            return Err(Error::new(ErrorKind::Rank {
                op: "Embedding",
                expected: "a table [num_embeddings, embedding_dim]",
                shape: *table.shape(),
            }));
        }
        Ok(Self {
            weight: table.into(),
            padding: None,
            mode: Mode::Train,
        })
    }

    /// The same layer with a row for padding: it becomes zeros, and gets no gradient. A negative one counts from the
    /// end.
    ///
    /// # Errors
    ///
    /// If the table has no such row.
    #[track_caller]
    pub fn padding(mut self, row: isize) -> Result<Self> {
        let table = self.weight.tensor_mut();
        let row = table.shape().index(0, row as i64);
        let row = row.map_err(|error| error.of("Embedding"))?;
        let at = row as isize;
        table.slice_assign(0, at..=at, 1, &Tensor::scalar(T::zero()))?;
        self.padding = Some(row);
        Ok(self)
    }

    /// The row for each index.
    ///
    /// # Errors
    ///
    /// If an index is negative or not below the number of rows, or the result would have more than eight axes.
    #[track_caller]
    pub fn forward(&self, indices: &Tensor<i64>) -> Result<Var<T>> {
        let table = self.weight.leaf();
        let rows = match self.padding {
            Some(row) => table.embedding_padded(indices, row as isize),
            None => table.embedding(indices),
        };
        rows.map_err(|error| self.name_in(error.of("embedding")))
    }

    fn sizes(&self) -> String {
        let sizes: Vec<_> = self
            .weight
            .shape()
            .iter()
            .map(ToString::to_string)
            .collect();
        let padding = self.padding.map(|row| format!(", padding {row}"));
        sizes.join(" -> ") + &padding.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn rows_start_normal_and_the_padding_is_zero_and_learns_nothing() -> Result<()> {
        let layer = Embedding::<f64>::new_of(100, 50, &mut rng(1))?.padding(-1)?;
        let table = layer.weight.tensor();
        // 4,950 numbers: the standard errors of mean and variance are 0.014 and 0.02.
        let rest = table.narrow(0, 0, 99)?;
        let [mean, variance] = [rest.mean(..)?.item()?, rest.var(.., 1.0)?.item()?];
        assert!(
            mean.abs() < 0.07 && (variance - 1.0).abs() < 0.1,
            "{mean} {variance}"
        );
        assert_eq!(table.select(0, 99)?.to_vec(), [0.0; 50]);
        let y = layer.forward(&tensor![i64; [99, 3], [3, 99]])?;
        assert_eq!(y.shape(), [2, 2, 50]);
        let grads = y.sum(..)?.backward()?;
        let dweight = grads.get(layer.weight.id()).unwrap();
        assert_eq!(dweight.select(0, 99)?.to_vec(), [0.0; 50]);
        assert_eq!(dweight.select(0, 3)?.to_vec(), [2.0; 50]);
        assert_eq!(layer.describe(), "100 -> 50, padding 99");
        Ok(())
    }

    #[test]
    fn rows_that_do_not_exist_are_named() -> Result<()> {
        let layer = Embedding::from_table(tensor![[1.0, 2.0], [3.0, 4.0]])?;
        let name = "Embedding(2 -> 2): index 2 is out of range for axis 0 of size 2";
        for layer in [layer.clone(), layer.clone().padding(0)?] {
            let error = layer.forward(&tensor![i64; 0, 2]).unwrap_err().to_string();
            let name = name.replace(
                "2)",
                if layer.padding.is_some() {
                    "2, padding 0)"
                } else {
                    "2)"
                },
            );
            assert!(error.starts_with(&name), "{error}");
        }
        let error = layer.padding(2).unwrap_err().to_string();
        assert!(
            error.starts_with("Embedding: index 2 is out of range"),
            "{error}"
        );
        let error = Embedding::from_table(tensor![1.0]).unwrap_err().to_string();
        let expected =
            "Embedding: expected a table [num_embeddings, embedding_dim], got shape [1] (at ";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }
}
