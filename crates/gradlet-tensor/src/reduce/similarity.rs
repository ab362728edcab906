//! How alike rows are: covariances, correlations, cosines; and rows divided by their norms.

use crate::element::Float;
use crate::error::Result;
use crate::fused::setting;
use crate::kernel::matmul::{Matrix, Start, matmul};
use crate::kernel::parallel::for_rows;
use crate::shape::{Axes, Keep, ReducedAxes, Shape};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The covariances of variables, each of which has its observations in a row: `y[i, j]` is the sum of the products
    /// of the distances of rows i and j from their means, divided by `max(n - correction, 0)` for n columns. A vector
    /// is one variable, and its result the variance.
    ///
    /// A correction of 1 gives the unbiased estimate, 0 the covariance of the elements themselves.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [m, m]`; `[n] -> []`; `[] -> []`
    ///
    /// # Errors
    ///
    /// If there are more than two axes, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]];
    /// assert_eq!(x.cov(1.0)?, tensor![[1.0, -1.0], [-1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cov`, without weights
    #[track_caller]
    pub fn cov(&self, correction: f64) -> Result<Self> {
        setting::<T>("cov", "correction", "finite", correction, f64::is_finite)?;
        let (rows, shape) = variables("cov", *self.shape())?;
        let x = self.reshape(rows)?;
        let distances = x.sub(&x.mean(Keep(1))?)?;
        let products = products_of_rows(&distances)?.reshape(shape)?;
        Ok(products / T::of((rows[1] as f64 - correction).max(0.0)))
    }

    /// The correlations of variables, each of which has its observations in a row: their covariances, divided by both
    /// standard deviations, and so in `[-1, 1]`; NaN for a variable that does not vary. A vector is one variable.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [m, m]`; `[n] -> []`; `[] -> []`
    ///
    /// # Errors
    ///
    /// If there are more than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 1.0, 2.0], [9.0, 8.0, 7.0]];
    /// assert_eq!(x.corrcoef()?, tensor![[1.0, -1.0], [-1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.corrcoef`
    #[track_caller]
    pub fn corrcoef(&self) -> Result<Self> {
        let cov = self.cov(1.0).map_err(|error| error.of("corrcoef"))?;
        if cov.rank() == 0 {
            return cov.div(&cov);
        }
        let deviations = cov.diag(0)?.sqrt();
        let y = cov.div(&deviations.unsqueeze(1)?)?.div(&deviations)?;
        Ok(y.clamp(Some(T::of(-1.0)), Some(T::of(1.0))))
    }

    /// The elements divided by their p-norm over the axes, or by `eps` where the norm is smaller.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, p is infinite and there are no elements to choose from, or p is
    /// subnormal, or becomes so or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[3.0, 4.0], [0.0, 0.0]];
    /// assert_eq!(x.normalize(2.0, 1, 1e-12)?, tensor![[0.6, 0.8], [0.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.normalize`
    #[track_caller]
    pub fn normalize(&self, p: f64, axes: impl Axes, eps: f64) -> Result<Self> {
        let axes = ReducedAxes::new("normalize", *self.shape(), &axes)?;
        let norm = self
            .norm(p, axes.keep())
            .map_err(|error| error.of("normalize"))?;
        self.div(&norm.maximum_scalar(T::of(eps)))
    }

    /// The cosine of the angle between vectors along the axes, after broadcasting: the sum of the products, each
    /// factor divided by its vector's norm, or by `eps` where the norm is smaller. The axes go away, or stay at size 1
    /// with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `x: [a, b], rhs: [a, b]`: `x.cosine_similarity(&rhs, 1, eps)` -> `[a]`; sizes of 1 and missing leading axes are
    /// repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, or an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (tensor![[3.0, 4.0], [0.0, 0.0]], tensor![4.0, 3.0]);
    /// assert!(x.cosine_similarity(&y, 1, 1e-8)?.allclose(&tensor![0.96, 0.0], 1e-6, 0.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.cosine_similarity`
    #[track_caller]
    pub fn cosine_similarity(&self, rhs: &Self, axes: impl Axes, eps: f64) -> Result<Self> {
        let shape = Shape::broadcast_for("cosine_similarity", self.shape(), rhs.shape())?;
        let axes = ReducedAxes::new("cosine_similarity", shape, &axes)?;
        let x = self.broadcast_to(shape)?.normalize(2.0, axes, eps)?;
        let y = rhs.broadcast_to(shape)?.normalize(2.0, axes, eps)?;
        x.mul(&y)?.sum(axes)
    }
}

/// From this many rows and columns on, strips of rows are multiplied apart.
const SPLIT: [usize; 2] = [128, 512];
/// Rows of a strip, and those of one where there are more than `LOW * LOW_STRIPS` rows.
const LOW: usize = 64;
const LOW_STRIPS: usize = 4;
const HIGH: usize = 128;

/// The products of each row with each, `x x^T`: of a strip of rows with those from its first on, each strip on one
/// thread, and the others mirrored.
#[track_caller]
fn products_of_rows<T: Float>(x: &Tensor<T>) -> Result<Tensor<T>> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    if rows < SPLIT[0] || columns < SPLIT[1] {
        return x.matmul(&x.t()?);
    }
    let x = x.try_contiguous()?;
    let x = x.as_slice().unwrap_or_default();
    let height = if rows > LOW * LOW_STRIPS { HIGH } else { LOW };
    let strips = rows.div_ceil(height);
    let sizes = |strip: usize| {
        let first = strip * height;
        [first, height.min(rows - first), rows - first]
    };
    let products = Tensor::<T>::build([strips, height * rows].into(), |out| {
        for_rows(out, strips, strips * height * columns, |first, out| {
            for (strip, out) in (first..).zip(out.chunks_exact_mut(height * rows)) {
                let [first, m, n] = sizes(strip);
                let (out, rest) = out.split_at_mut(m * n);
                rest.fill(T::of(0.0));
                let matrix = |row_stride, column_stride| Matrix {
                    data: x,
                    offset: first * columns,
                    row_stride,
                    column_stride,
                };
                let (left, right) = (matrix(columns, 1), matrix(1, columns));
                matmul([m, columns, n], left, right, out, Start::Zero);
            }
        });
    })?;
    let products = products.as_slice().unwrap_or_default();
    Tensor::build([rows, rows].into(), |out| {
        for (strip, products) in products.chunks_exact(height * rows).enumerate() {
            let [first, m, n] = sizes(strip);
            for (row, products) in (first..first + m).zip(products.chunks_exact(n)) {
                out[row * rows + first..][..n].copy_from_slice(products);
                for (column, &product) in (first..).zip(products) {
                    out[column * rows + row] = product;
                }
            }
        }
    })
}

/// The shape of variables as rows, and of a result for each pair of them.
#[track_caller]
fn variables(op: &'static str, shape: Shape) -> Result<(Shape, Shape)> {
    match shape[..] {
        [m, n] => Ok(([m, n].into(), [m, m].into())),
        [] | [_] => Ok(([1, shape.numel()].into(), Shape::SCALAR)),
        _ => {
            shape.expect_rank(op, 2, "a matrix or a vector")?;
            Ok((shape, shape))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn covariances_divide_by_what_is_left() -> Result<()> {
        let x = tensor![f64; [1.0, 2.0, 6.0], [2.0, 2.0, 5.0]];
        // Distances [-2, -1, 3] and [-1, -1, 2].
        let expected = tensor![f64; [7.0, 4.5], [4.5, 3.0]];
        assert!(x.cov(1.0)?.allclose(&expected, 1e-15, 0.0));
        assert!(
            x.cov(0.0)?
                .allclose(&expected.mul_scalar(2.0 / 3.0), 1e-15, 0.0)
        );
        let r = 4.5 / 21f64.sqrt();
        assert!(
            x.corrcoef()?
                .allclose(&tensor![f64; [1.0, r], [r, 1.0]], 1e-15, 0.0)
        );
        let row = x.select(0, 0)?;
        assert_eq!((row.cov(1.0)?.item()?, row.corrcoef()?.item()?), (7.0, 1.0));
        assert!(Tensor::scalar(3.0f32).cov(1.0)?.item()?.is_nan());
        assert_eq!(Tensor::scalar(3.0f32).cov(0.0)?.item()?, 0.0);
        assert!(tensor![1.0, 1.0].corrcoef()?.item()?.is_nan());
        assert!(x.unsqueeze(0)?.cov(1.0).is_err() && x.unsqueeze(0)?.corrcoef().is_err());
        assert!(x.cov(f64::NAN).is_err());
        Ok(())
    }

    #[test]
    fn covariances_of_many_rows_are_those_of_few() -> Result<()> {
        // Whole numbers, whose mean in each row is 0 and whose products have no rounding.
        let half = Tensor::<f64>::normal([259, 256], 0.0, 9.0, &mut crate::rng(1))?.trunc();
        let x = Tensor::cat(&[&half, &half.neg()], 1)?;
        let all = x.cov(0.0)?;
        for rows in [0, 100, 195] {
            let few = x.narrow(0, rows, 64)?;
            let square = |y: &Tensor<f64>| y.narrow(0, rows, 64)?.narrow(1, rows, 64);
            assert_eq!(square(&all)?, few.cov(0.0)?);
        }
        let pair = Tensor::cat(&[&x.narrow(0, 3, 1)?, &x.narrow(0, 258, 1)?], 0)?;
        assert_eq!(all.at(&[3, 258])?, pair.cov(0.0)?.at(&[0, 1])?);
        assert_eq!(all, all.t()?);
        Ok(())
    }

    #[test]
    fn rows_are_divided_by_norms_of_at_least_eps() -> Result<()> {
        let x = tensor![f64; [3.0, -4.0], [0.5, 0.0]];
        assert_eq!(
            x.normalize(1.0, 1, 1.0)?,
            tensor![f64; [3.0 / 7.0, -4.0 / 7.0], [0.5, 0.0]]
        );
        assert_eq!(x.normalize(f64::INFINITY, .., 0.0)?, x.div_scalar(4.0));
        let large = x.mul_scalar(1e200);
        assert!(large.normalize(2.0, -1, 1e-12)?.allclose(
            &tensor![f64; [0.6, -0.8], [1.0, 0.0]],
            1e-15,
            0.0
        ));
        let cosines = large.cosine_similarity(&tensor![f64; 0.0, 1e-300], -1, 0.0)?;
        assert!(cosines.allclose(&tensor![f64; -0.8, 0.0], 1e-15, 0.0));
        assert_eq!(x.cosine_similarity(&x, Keep(0), 10.0)?.shape(), [1, 2]);
        assert!(x.normalize(2.0, 2, 0.0).is_err() && x.cosine_similarity(&x, 2, 0.0).is_err());
        assert!(
            x.cosine_similarity(&tensor![f64; 1.0, 2.0, 3.0], 0, 0.0)
                .is_err()
        );
        Ok(())
    }
}
