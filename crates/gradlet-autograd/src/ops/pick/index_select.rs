//! Slices picked by index.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., i, ..] = x[.., indices[i], ..]
#[derive(Debug)]
struct IndexSelect {
    axis: isize,
    indices: Tensor<i64>,
    shape: Shape,
}

impl<T: Float> Op<T> for IndexSelect {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.index_select(self.axis, &self.indices)
    }

    /// dx[.., indices[i], ..] += g[.., i, ..]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let Self {
            axis,
            ref indices,
            shape,
        } = *self;
        IndexAdd {
            axis,
            indices: indices.clone(),
            shape,
        }
        .apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

/// y[.., indices[i], ..] += x[.., i, ..], from zeros
#[derive(Debug)]
pub(crate) struct IndexAdd {
    pub(crate) axis: isize,
    pub(crate) indices: Tensor<i64>,
    pub(crate) shape: Shape,
}

impl<T: Float> Op<T> for IndexAdd {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        // A view, whose copy is made where the rows are added.
        let mut y = Tensor::scalar(T::of(0.0)).broadcast_to(self.shape)?;
        y.index_add(self.axis, &self.indices, x)?;
        Ok(y)
    }

    /// dx[.., i, ..] = g[.., indices[i], ..]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.index_select(self.axis, &self.indices)
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The slices along an axis that the indices name, in their order.
    ///
    /// # Shape
    ///
    /// `[a, n, b]`, indices `[m]` -> `[a, m, b]`; `[]`, indices `[1]` -> `[]`
    ///
    /// # Gradient
    ///
    /// Each slice of `g` is added to the slice that it came from, as by
    /// [`Tensor::index_add`](gradlet_tensor::Tensor::index_add); the indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, or the indices are not a vector.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]);
    /// let y = x.index_select(0, &tensor![i64; 1, 1, 0])?;
    /// assert_eq!(y.tensor(), &tensor![[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[1.0, 1.0], [2.0, 2.0]]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Tensor<i64>) -> Result<Self> {
        IndexSelect {
            axis,
            indices: indices.clone(),
            shape: *self.shape(),
        }
        .apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([2, 3, 2], 0.0, 1.0, &mut rng(1))?];
        for indices in [tensor![i64; 2, 0, 2, 2], Tensor::zeros_of(0)?] {
            gradcheck(|x| x[0].index_select(1, &indices), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 1)?.index_select(0, &indices), &x)?;
        }
        let scalar = [Tensor::scalar(1.5)];
        gradcheck(|x| x[0].index_select(0, &tensor![i64; 0]), &scalar)?;
        gradgradcheck(|x| x[0].index_select(-1, &tensor![i64; 0]), &scalar)
    }

    #[test]
    fn repeated_indices_add_up() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        let y = x.index_select(0, &tensor![i64; 2, 2, 0])?;
        assert_eq!(y.to_vec(), [3.0, 3.0, 1.0]);
        let grads = y.backward_with(tensor![1.0, 10.0, 100.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![100.0, 0.0, 11.0])
        );
        assert!(x.index_select(0, &tensor![i64; 3]).is_err());
        Ok(())
    }
}
