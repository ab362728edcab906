//! Slices replaced at indices along an axis.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use super::scatter::overwritten;
use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with y[.., indices[i], ..] = source[.., i, ..]
#[derive(Debug)]
struct IndexCopy {
    axis: isize,
    indices: Tensor<i64>,
}

impl<T: Float> Op<T> for IndexCopy {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        y.index_copy(self.axis, &self.indices, source)?;
        Ok(y)
    }

    fn forward_owned(&self, [mut x, source]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.index_copy(self.axis, &self.indices, &source)?;
        Ok(x)
    }

    /// dx = g with zeros at the indices, dsource[.., i, ..] = g[.., indices[i], ..] where it was not overwritten
    fn backward(
        &self,
        g: Var<T>,
        ((), [want_x, want_source]): ((), [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let (axis, indices, zero) = (self.axis, self.indices.clone(), T::of(0.0));
        let mut shape = *g.shape();
        let mut once = Shape::from(1);
        let mut columns = Shape::from(indices.len());
        if let Ok(at) = shape.axis(axis) {
            (once, columns) = (shape, shape);
            once.fill(1);
            columns.fill(1);
            (once[at], columns[at], shape[at]) = (shape[at], indices.len(), indices.len());
        }
        let picked = want_source.then(|| {
            let picked = g.index_select(axis, &indices)?;
            match overwritten(axis, &indices.reshape(columns)?, once)? {
                Some(lost) => picked.masked_fill(&lost, zero),
                None => Ok(picked),
            }
        })?;
        let zeros = Var::constant(Tensor::scalar(zero).broadcast_to(shape)?);
        let fill = Self { axis, indices };
        Ok([want_x.then(|| fill.apply_owned([g, zeros]))?, picked])
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// These elements, with the slices along an axis that the indices name replaced by the slices of `source`. Of several
    /// sources for one slice, the last is taken.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[m]`, source `[a, m, b]` -> `[a, n, b]`; a scalar counts as one element along an axis 0
    ///
    /// # Gradient
    ///
    /// `g` with zeros at the indices; the source gets the slices of `g` that the indices name, and 0 where a later source
    /// was taken (PyTorch gives `g` to all sources of one slice). The indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the indices are not a vector, or the shape of
    /// the source does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, rows) = (Var::leaf(tensor![[1.0], [2.0], [3.0]]), Var::leaf(tensor![[10.0], [20.0]]));
    /// let y = x.index_copy(0, &tensor![i64; 2, 0], &rows)?;
    /// assert_eq!(y.tensor(), &tensor![[20.0], [2.0], [10.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[0.0], [1.0], [0.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.index_copy`, which may take any of several sources
    #[track_caller]
    pub fn index_copy(&self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<Self> {
        let indices = indices.clone();
        IndexCopy { axis, indices }.apply([self, source])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: [usize; 3]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        for indices in [
            tensor![i64; 2, 0],
            tensor![i64; 2, 0, 2, 2],
            Tensor::zeros_of(0)?,
        ] {
            let xs = [make([2, 3, 2])?, make([2, 2, indices.len()])?];
            let f = |x: &[Var<f64>]| x[0].index_copy(-2, &indices, &x[1].transpose(1, 2)?);
            gradcheck(f, &xs)?;
            gradgradcheck(f, &xs)?;
        }
        let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
        let f = |x: &[Var<f64>]| x[0].index_copy(0, &tensor![i64; 0], &x[1].square());
        gradcheck(f, &scalars)?;
        gradgradcheck(f, &scalars)
    }

    #[test]
    fn the_gradient_goes_to_the_slices_that_were_taken() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![[1.0, 2.0], [3.0, 4.0]]),
            Var::leaf(tensor![[5.0, 6.0, 7.0], [8.0, 9.0, 10.0]]),
        );
        let y = x.index_copy(1, &tensor![i64; 0, 0, 1], &source)?;
        assert_eq!(y.tensor(), &tensor![[6.0, 7.0], [9.0, 10.0]]);
        let grads = y.backward_with(tensor![[f32::NAN, 2.0], [3.0, 4.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 0.0], [0.0, 0.0]]));
        let dsource = grads.wrt(&source).map(Tensor::to_vec).unwrap_or_default();
        assert!(dsource[1].is_nan());
        assert_eq!(
            (dsource[0], &dsource[2..]),
            (0.0, &[2.0, 0.0, 3.0, 4.0][..])
        );
        assert!(x.index_copy(0, &tensor![i64; 2], &x).is_err());
        assert!(x.index_copy(0, &tensor![i64; 0], &x).is_err());
        Ok(())
    }
}
