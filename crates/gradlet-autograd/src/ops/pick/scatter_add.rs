//! Elements added at indices along an axis.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

use crate::op::{Fixed, Op, Want};
use crate::saves::Nothing;
use crate::var::Var;

/// y = x, with y[i, indices[i, j, k], k] += source[i, j, k] for axis 1; the source has the shape of the indices
#[derive(Debug)]
pub(crate) struct ScatterAdd {
    pub(crate) axis: isize,
    pub(crate) indices: Tensor<i64>,
}

impl<T: Float> Op<T> for ScatterAdd {
    type Arity = Fixed<2>;
    type Saves = Nothing;

    fn forward(&self, [x, source]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let mut y = x.clone();
        y.scatter_add(self.axis, &self.indices, source)?;
        Ok(y)
    }

    fn forward_owned(&self, [mut x, source]: [Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.scatter_add(self.axis, &self.indices, &source)?;
        Ok(x)
    }

    /// dx = g, dsource[i, j, k] = g[i, indices[i, j, k], k]
    fn backward(&self, g: Var<T>, ((), wants): ((), [Want; 2])) -> Result<[Option<Var<T>>; 2]> {
        let picked = wants[1].then(|| g.gather(self.axis, &self.indices))?;
        Ok([wants[0].then(|| Ok(g))?, picked])
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// These elements, with the elements of `source` added at the indices; repeated indices add up as by
    /// [`Tensor::scatter_add`]: `y[i, indices[i, j, k], k] += source[i, j, k]` for axis 1.
    ///
    /// # Shape
    ///
    /// `x: [a, n, b]`, indices `[c, m, d]`, source at least that large in each axis -> `[a, n, b]`, with c <= a and
    /// d <= b; a scalar counts as `[1]`
    ///
    /// # Gradient
    ///
    /// dx = `g`; the source gets the elements of `g` that the indices name, and 0 where it is larger than the indices
    /// (PyTorch fails there). The indices are saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, an index is negative or too large, the numbers of axes differ, or there are more
    /// indices than elements of `x` along one of the other axes, or than elements of the source along any axis.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, source) = (Var::leaf(tensor![0.0, 0.5, 0.0]), Var::leaf(tensor![1.0, 10.0, 100.0]));
    /// let y = x.scatter_add(0, &tensor![i64; 2, 2, 0], &source)?;
    /// assert_eq!(y.to_vec(), [100.0, 0.5, 11.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.scatter_add`
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, indices: &Tensor<i64>, source: &Self) -> Result<Self> {
        let source = corner(source, *indices.shape())?;
        ScatterAdd {
            axis,
            indices: indices.clone(),
        }
        .apply([self, &source])
    }
}

/// The first elements of the source along each axis, as many as there are indices. The message of an error begins with
/// `scatter_add`.
#[track_caller]
pub(super) fn corner<T: Float>(source: &Var<T>, indices: Shape) -> Result<Var<T>> {
    fused::corner(source.tensor(), indices)?;
    let mut used = source.clone();
    if *used.shape() != indices {
        used = used.flatten(0..=0)?;
        let vector = [1];
        let sizes: &[usize] = if indices.rank() == 0 {
            &vector
        } else {
            &indices
        };
        for (axis, &size) in sizes.iter().enumerate() {
            used = used.narrow(axis as isize, 0, size)?;
        }
    }
    used.reshape(indices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let mut rng = rng(1);
        let mut make = |shape: [usize; 2]| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
        let xs = [make([3, 2])?, make([2, 3])?];
        for indices in [
            tensor![i64; [2, 0], [0, 0], [1, 2]],
            tensor![i64; [2], [2]],
            Tensor::zeros_of([0, 2])?,
        ] {
            let f = |x: &[Var<f64>]| x[0].scatter_add(0, &indices, &x[1].t()?);
            gradcheck(f, &xs)?;
            gradgradcheck(f, &xs)?;
        }
        let same = |x: &[Var<f64>]| x[0].scatter_add(1, &tensor![i64; [1, 0], [0, 0]], &x[0]);
        gradcheck(same, &xs[..1])?;
        gradgradcheck(same, &xs[..1])?;
        let scalars = [Tensor::scalar(1.5), Tensor::scalar(2.5)];
        let f = |x: &[Var<f64>]| x[0].scatter_add(0, &Tensor::scalar(0), &x[1]);
        gradcheck(f, &scalars)?;
        gradgradcheck(f, &scalars)?;
        let f = |x: &[Var<f64>]| x[0].scatter_add(0, &tensor![i64; 0], &x[1]);
        gradcheck(f, &scalars)?;
        let f = |x: &[Var<f64>]| {
            x[0].scatter_add(
                0,
                &Tensor::scalar(0),
                &Var::cat(&[&x[0].flatten(..)?, &x[1].flatten(..)?], 0)?,
            )
        };
        gradcheck(f, &scalars)
    }

    #[test]
    fn each_source_gets_the_gradient_of_its_target() -> Result<()> {
        let (x, source) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![3.0, 4.0, 5.0, 6.0]),
        );
        let y = x.scatter_add(0, &tensor![i64; 1, 1, 0], &source)?;
        assert_eq!(y.to_vec(), [6.0, 9.0]);
        assert_eq!(x.to_vec(), [1.0, 2.0]);
        let grads = y.backward_with(tensor![10.0, 20.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![10.0, 20.0]));
        assert_eq!(
            grads.wrt(&source).map(Tensor::to_vec),
            Some(vec![20.0, 20.0, 10.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn bad_indices_and_short_sources_are_errors() {
        let (x, source) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0]));
        assert!(x.scatter_add(0, &tensor![i64; 2], &source).is_err());
        assert!(x.scatter_add(1, &tensor![i64; 0], &source).is_err());
        assert!(x.scatter_add(0, &tensor![i64; 0, 1], &source).is_err());
        assert!(x.scatter_add(0, &tensor![i64; [0]], &source).is_err());
    }
}
