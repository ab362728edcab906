//! Covariances and correlations of rows.

use crate::element::Float;
use crate::error::Result;
use crate::fused::{observations, setting, variables};
use crate::kernel::matmul::{Matrix, Start, matmul};
use crate::kernel::parallel::for_rows;
use crate::shape::Keep;
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
    /// `torch.cov`, without weights, which [`cov_weighted`](Self::cov_weighted) takes
    #[track_caller]
    pub fn cov(&self, correction: f64) -> Result<Self> {
        setting::<T>("cov", "correction", "finite", correction, f64::is_finite)?;
        let (rows, shape) = variables("cov", *self.shape())?;
        let x = self.reshape(rows)?;
        let distances = x.sub(&x.mean(Keep(1))?)?;
        let products = products_of_rows(&distances)?.reshape(shape)?;
        Ok(products / T::of((rows[1] as f64 - correction).max(0.0)))
    }

    /// The covariances of variables as by [`cov`](Self::cov), of observations that count by their weights:
    /// `sum_k w[k] d[i, k] d[j, k] / max(sum w - correction s, 0)`, where the distances d are from means weighted by w.
    /// An observation was made `fweights[k]` times, 1 if not given, and counts by `aweights[k]`, which only matter
    /// relative to each other; w is the product of both, and s is `sum (w aweights) / sum w`, or 1 without `aweights`.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [m, m]`; `[n] -> []`; `[] -> []`; weights `[n]`
    ///
    /// # Errors
    ///
    /// If there are more than two axes, the correction is not finite as an element, there is not one weight for each
    /// observation, a weight is below 0 or NaN, or weights are given and their products sum to 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, twice) = (tensor![[0.0, 1.0], [2.0, 1.0]], tensor![i64; 1, 2]);
    /// let expected = tensor![[0.0, 1.0, 1.0], [2.0, 1.0, 1.0]].cov(1.0)?;
    /// assert!(x.cov_weighted(1.0, Some(&twice), None)?.allclose(&expected, 1e-6, 0.0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cov`, with weights
    #[track_caller]
    pub fn cov_weighted(
        &self,
        correction: f64,
        fweights: Option<&Tensor<i64>>,
        aweights: Option<&Self>,
    ) -> Result<Self> {
        let op = "cov_weighted";
        setting::<T>(op, "correction", "finite", correction, f64::is_finite)?;
        let (rows, shape) = variables(op, *self.shape())?;
        let times = observations(op, rows[1], fweights, aweights)?;
        let weights = aweights.map_or(Ok(times.clone()), |aweights| times.mul(aweights))?;
        let total = weights.sum(..)?;
        let squares = aweights.map_or(Ok(weights.clone()), |aweights| weights.mul(aweights))?;
        let taken = squares.sum(..)?.div(&total)?.mul_scalar(T::of(correction));
        let x = self.reshape(rows)?;
        let distances = x.sub(&x.mul(&weights)?.sum(Keep(1))?.div(&total)?)?;
        let products = distances.mul(&weights)?.matmul(&distances.t()?)?;
        let divisor = total.sub(&taken)?.maximum_scalar(T::of(0.0));
        products.div(&divisor)?.reshape(shape)
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

    /// Numbers that PyTorch computed.
    #[test]
    fn observations_count_by_their_weights() -> Result<()> {
        let x = tensor![f64; [1.0, 2.0, 6.0, 3.0], [2.0, 2.0, 5.0, -1.0]];
        let (f, a) = (tensor![i64; 1, 2, 0, 3], tensor![f64; 0.5, 1.0, 2.0, 0.25]);
        let [f, a] = [(Some(&f), None), (None, Some(&a))];
        let both = (f.0, a.1);
        for ((f, a), correction, expected) in [
            (f, 1.0, [2.0 / 3.0, -1.2, 2.7]),
            (f, 0.0, [5.0 / 9.0, -1.0, 2.25]),
            (a, 1.0, [251.0 / 35.0, 186.0 / 35.0, 387.0 / 70.0]),
            (a, 0.0, [1004.0 / 225.0, 248.0 / 75.0, 3.44]),
            (both, 1.0, [32.0 / 65.0, -54.0 / 65.0, 27.0 / 13.0]),
            (both, 0.0, [64.0 / 169.0, -108.0 / 169.0, 270.0 / 169.0]),
            ((None, None), 1.0, [14.0 / 3.0, 3.0, 6.0]),
        ] {
            let [first, between, second] = expected;
            let y = x.cov_weighted(correction, f, a)?;
            let expected = tensor![f64; [first, between], [between, second]];
            assert!(y.allclose(&expected, 1e-14, 0.0), "{y} {expected}");
            let row = x.select(0, 0)?.cov_weighted(correction, f, a)?;
            assert!((row.item()? - first).abs() < 1e-14);
        }
        Ok(())
    }

    #[test]
    fn weights_that_do_not_fit_are_errors() -> Result<()> {
        let x = tensor![[1.0, 2.0], [2.0, 5.0]];
        let message = |f: Option<Tensor<i64>>, a: Option<Tensor>| {
            let result = x.cov_weighted(1.0, f.as_ref(), a.as_ref());
            result.unwrap_err().to_string()
        };
        for (message, start) in [
            (
                message(Some(tensor![i64; 1, -1]), None),
                "fweights must be at least 0, got -1",
            ),
            (
                message(None, Some(tensor![1.0, f32::NAN])),
                "aweights must be at least 0, got NaN",
            ),
            (
                message(Some(tensor![i64; 0, 2]), Some(tensor![1.0, 0.0])),
                "the sum of weights must be above 0, got 0",
            ),
            (message(Some(tensor![i64; 1]), None), ""),
            (message(None, Some(tensor![[1.0, 1.0]])), ""),
        ] {
            assert!(
                message.starts_with(&format!("cov_weighted: {start}")),
                "{message}"
            );
        }
        assert!(x.cov_weighted(f64::NAN, None, None).is_err());
        let none = Tensor::zeros([2, 0])?;
        let y = none.cov_weighted(1.0, None, None)?;
        assert!(y.shape() == [2, 2] && y.iter().all(f32::is_nan));
        assert!(
            none.cov_weighted(1.0, None, Some(&Tensor::zeros(0)?))
                .is_err()
        );
        assert!(x.unsqueeze(0)?.cov_weighted(1.0, None, None).is_err());
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
}
