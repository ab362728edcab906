//! Slices added at indices along an axis.

use gradlet_tensor::{Error, Float, Result, Tensor};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// These elements, with the slices of `source` along an axis added to the slices that the indices name; repeated
    /// indices add up as by [`Tensor::index_add`].
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[m]`, source `[a, m, b]` -> `[a, n, b]`; a scalar counts as one element along an axis 0
    ///
    /// # Gradient
    ///
    /// dx = `g`; the source gets the slices of `g` that the indices name. The indices are saved.
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
    /// let (x, rows) = (Var::leaf(tensor![[0.5], [0.0]]), Var::leaf(tensor![[1.0], [10.0], [100.0]]));
    /// let y = x.index_add(0, &tensor![i64; 1, 0, 1], &rows)?;
    /// assert_eq!(y.tensor(), &tensor![[10.5], [101.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&rows), Some(&tensor![[1.0], [1.0], [1.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.index_add`
    #[track_caller]
    pub fn index_add(&self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<Self> {
        let name = |error: Error| error.of("index_add");
        let (mut shape, mut column) = (*self.shape(), *self.shape());
        let count = if self.rank() == 0 { 1 } else { indices.len() };
        indices.expect_shape("index_add", count)?;
        column.fill(1);
        if self.rank() > 0 {
            let at = shape.axis(axis).map_err(name)?;
            (shape[at], column[at]) = (count, count);
        }
        source.tensor().expect_shape("index_add", shape)?;
        let all = indices.reshape(column).map_err(name)?.broadcast_to(shape)?;
        self.scatter_add(axis, &all, source).map_err(name)
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
        for indices in [tensor![i64; 2, 0, 2, 2], Tensor::zeros_of(0)?] {
            let xs = [make([2, 3, 2])?, make([2, 2, indices.len()])?];
            let f = |x: &[Var<f64>]| x[0].index_add(-2, &indices, &x[1].transpose(1, 2)?);
            gradcheck(f, &xs)?;
            gradgradcheck(f, &xs)?;
        }
        let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
        let f = |x: &[Var<f64>]| x[0].index_add(0, &tensor![i64; 0], &x[1].square());
        gradcheck(f, &scalars)?;
        gradgradcheck(f, &scalars)
    }

    #[test]
    fn each_source_gets_the_gradient_of_its_target() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![3.0, 4.0, 5.0]),
        );
        let y = x.index_add(0, &tensor![i64; 1, 1, 0], &source)?;
        assert_eq!((y.to_vec(), x.to_vec()), (vec![6.0, 9.0], vec![1.0, 2.0]));
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![10.0, 20.0]));
        assert_eq!(grads.wrt(&source), Some(&tensor![20.0, 20.0, 10.0]));
        assert!(x.index_add(0, &tensor![i64; 2, 0, 0], &source).is_err());
        assert!(x.index_add(0, &tensor![i64; 0], &source).is_err());
        assert!(x.index_add(0, &tensor![i64; [0, 0, 0]], &source).is_err());
        let scalar = Var::leaf(Tensor::scalar(1.0f32));
        let error = scalar
            .index_add(0, &tensor![i64; 0, 0], &scalar)
            .unwrap_err();
        assert!(error.to_string().starts_with("index_add: "), "{error}");
        Ok(())
    }
}
