//! Rows of a table looked up by index.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::ops::pick::IndexAdd;
use crate::saves::Nothing;
use crate::var::Var;

/// y[i, ..] = x[indices[i], ..], where the row `padding` gets no gradient
#[derive(Debug)]
struct PaddedLookup {
    indices: Tensor<i64>,
    padding: i64,
    shape: Shape,
}

impl<T: Float> Op<T> for PaddedLookup {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.index_select(0, &self.indices)
    }

    /// dx[indices[i], ..] += g[i, ..] where indices[i] is not the padding
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let learns = self.indices.map(|index| index != self.padding);
        let places = Tensor::from_fn(self.indices.len(), |i| i as i64)?.masked_select(&learns)?;
        let add = IndexAdd {
            axis: 0,
            indices: self.indices.masked_select(&learns)?,
            shape: self.shape,
        };
        add.apply(&g.index_select(0, &places)?)
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The row of this matrix for each index.
    ///
    /// # Shape
    ///
    /// `weight: [n, d]`, indices `[...]` -> `[..., d]`
    ///
    /// # Gradient
    ///
    /// Each row of `g` is added to the row that it came from, as by
    /// [`Tensor::index_add`](gradlet_tensor::Tensor::index_add); the indices are saved.
    ///
    /// # Errors
    ///
    /// If this is not a matrix, an index is negative or too large, or the result would have more than eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let weight = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = weight.embedding(&tensor![i64; [1], [1], [0]])?;
    /// assert_eq!(y.shape(), [3, 1, 2]);
    /// assert_eq!(y.to_vec(), [3.0, 4.0, 3.0, 4.0, 1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.embedding`
    #[track_caller]
    pub fn embedding(&self, indices: &Tensor<i64>) -> Result<Self> {
        let shape = self.embedded_shape(indices)?;
        let rows = self.index_select(0, &indices.flatten(..)?);
        rows.map_err(|error| error.of("embedding"))?.reshape(&shape)
    }

    /// As [`embedding`](Self::embedding), but the row `padding` gets no gradient. A negative `padding` counts from the
    /// end.
    ///
    /// # Shape
    ///
    /// `weight: [n, d]`, indices `[...]` -> `[..., d]`
    ///
    /// # Errors
    ///
    /// If [`embedding`](Self::embedding) would return one, or `padding` is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let weight = Var::leaf(tensor![[0.0, 0.0], [3.0, 4.0]]);
    /// let y = weight.embedding_padded(&tensor![i64; 1, 1, 0], 0)?;
    /// assert_eq!(y.tensor(), &tensor![[3.0, 4.0], [3.0, 4.0], [0.0, 0.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&weight), Some(&tensor![[0.0, 0.0], [2.0, 2.0]]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn embedding_padded(&self, indices: &Tensor<i64>, padding: isize) -> Result<Self> {
        let shape = self.embedded_shape(indices)?;
        let row = self.shape().index(0, padding as i64);
        let row = row.map_err(|error| error.of("embedding_padded"))?;
        PaddedLookup {
            indices: indices.flatten(..)?,
            padding: row as i64,
            shape: *self.shape(),
        }
        .apply(self)
        .map_err(|error| error.of("embedding_padded"))?
        .reshape(&shape)
    }

    #[track_caller]
    fn embedded_shape(&self, indices: &Tensor<i64>) -> Result<Vec<usize>> {
        let [_, columns] = self.shape()[..] else {
            return Err(Error::new(ErrorKind::Rank {
                op: "embedding",
                expected: "a matrix of weights",
                shape: *self.shape(),
            }));
        };
        let mut shape = indices.shape().to_vec();
        shape.push(columns);
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([3, 2], 0.0, 1.0, &mut rng(1))?];
        for indices in [
            tensor![i64; [2, 0], [2, 2]].t()?,
            Tensor::scalar(1),
            Tensor::zeros_of([0, 2])?,
            tensor![i64; 1].broadcast_to([2, 2])?,
        ] {
            gradcheck(|x| x[0].embedding(&indices), &x)?;
            gradgradcheck(|x| x[0].embedding(&indices), &x)?;
            // The padding's row is constant here, so that finite differences do not see it either.
            let padded = |x: &[Var<f64>]| {
                let padding = Var::constant(Tensor::ones_of([1, 2])?);
                Var::cat(&[&padding, &x[0]], 0)?.embedding_padded(&indices, 0)
            };
            gradcheck(padded, &x)?;
            gradgradcheck(padded, &x)?;
        }
        Ok(())
    }

    #[test]
    fn the_padding_has_a_value_but_no_gradient() -> Result<()> {
        let weight = Var::leaf(tensor![[1.0], [2.0], [3.0]]);
        let y = weight.embedding_padded(&tensor![i64; 2, 0, 2, 1], -1)?;
        assert_eq!(y.to_vec(), [3.0, 1.0, 3.0, 2.0]);
        let g = tensor![[f32::NAN], [10.0], [1.0], [20.0]];
        let grads = y.backward_with(g)?;
        assert_eq!(grads.wrt(&weight), Some(&tensor![[10.0], [20.0], [0.0]]));
        Ok(())
    }

    #[test]
    fn repeated_indices_add_up() -> Result<()> {
        let weight = Var::leaf(tensor![[1.0], [2.0]]);
        let y = weight.embedding(&tensor![i64; [1, 1], [0, 1]])?;
        assert_eq!(y.shape(), [2, 2, 1]);
        let grads = y.backward_with(tensor![[[1.0], [2.0]], [[3.0], [4.0]]])?;
        assert_eq!(grads.wrt(&weight), Some(&tensor![[3.0], [7.0]]));
        Ok(())
    }

    #[test]
    fn rows_that_do_not_exist_are_errors() {
        let weight = Var::leaf(tensor![[1.0], [2.0]]);
        assert!(
            weight.embedding(&tensor![i64; 2]).is_err()
                && weight.embedding(&tensor![i64; -1]).is_err()
        );
        for padding in [2, -3, isize::MIN, isize::MAX] {
            let error = weight
                .embedding_padded(&tensor![i64; 0], padding)
                .unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::IndexOutOfRange { .. }),
                "{error}"
            );
        }
        let error = Var::leaf(tensor![1.0])
            .embedding(&tensor![i64; 0])
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Rank { .. }), "{error}");
    }
}
