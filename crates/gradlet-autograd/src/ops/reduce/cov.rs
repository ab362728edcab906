//! Covariances and correlations of rows.

use gradlet_tensor::fused::{observations, setting, variables};
use gradlet_tensor::{Float, Keep, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// `y[i, j] = sum_k d[i, k] d[j, k] / max(n - correction, 0)`, where d[i, k] = x[i, k] - `mean_k` x[i, k]
#[derive(Debug)]
struct Cov {
    correction: f64,
}

impl<T: Float> Op<T> for Cov {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.cov(self.correction)
    }

    /// dx = (g + g^T) d / max(n - correction, 0); the distances of a row sum to 0, and so does its gradient
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let rows = match x.shape()[..] {
            [m, n] => [m, n],
            _ => [1, x.len()],
        };
        let (row, g) = (x.reshape(rows)?, g.reshape([rows[0], rows[0]])?);
        let distances = row.sub(&row.mean(Keep(1))?)?;
        let divisor = T::of((rows[1] as f64 - self.correction).max(0.0));
        let both = g.add(&g.t()?)?.div_scalar(divisor);
        both.matmul(&distances)?.reshape(x.shape())
    }
}

impl<T: Float> Var<T> {
    /// The covariances of variables, each of which has its observations in a row: `y[i, j]` is the sum of the products
    /// of the distances of rows i and j from their means, divided by `max(n - correction, 0)` for n columns. A vector
    /// is one variable, and its result the variance.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [m, m]`; `[n] -> []`; `[] -> []`
    ///
    /// # Gradient
    ///
    /// `(g + g^T)` times the distances from the means, divided likewise. The input is saved.
    ///
    /// # Errors
    ///
    /// If there are more than two axes, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]);
    /// let y = x.cov(1.0)?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, -1.0], [-1.0, 1.0]]);
    /// let grads = y.select(0, 0)?.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![[-0.5, 0.0, 0.5], [-0.5, 0.0, 0.5]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cov`, without weights
    #[track_caller]
    pub fn cov(&self, correction: f64) -> Result<Self> {
        Cov { correction }.apply(self)
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
    /// # Gradient
    ///
    /// That of the formula, also for `aweights`; its factors are saved.
    ///
    /// # Errors
    ///
    /// If there are more than two axes, the correction is not finite as an element, there is not one weight for each
    /// observation, a weight is below 0 or NaN, or weights are given and their products sum to 0.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 3.0]);
    /// let y = x.cov_weighted(0.0, Some(&tensor![i64; 1, 2]), None)?;
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(y.backward()?.wrt(&x).map(|dx| dx.round().to_vec()), Some(vec![-1.0, 1.0]));
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
        let times = observations(op, rows[1], fweights, aweights.map(Self::tensor))?;
        let times = Self::constant(times);
        let weights = aweights.map_or(Ok(times.clone()), |aweights| times.mul(aweights))?;
        let total = weights.sum(..)?;
        let squares = aweights.map_or(Ok(weights.clone()), |aweights| weights.mul(aweights))?;
        let taken = squares.sum(..)?.div(&total)?.mul_scalar(T::of(correction));
        let x = self.reshape(rows)?;
        let distances = x.sub(&x.mul(&weights)?.sum(Keep(1))?.div(&total)?)?;
        let products = distances.mul(&weights)?.matmul(&distances.t()?)?;
        let divisor = total.sub(&taken)?.clamp(Some(T::of(0.0)), None);
        products.div(&divisor)?.reshape(shape)
    }

    /// The correlations of variables, each of which has its observations in a row: their covariances, divided by both
    /// standard deviations, and so in `[-1, 1]`; NaN for a variable that does not vary. A vector is one variable.
    ///
    /// # Shape
    ///
    /// `[m, n] -> [m, m]`; `[n] -> []`; `[] -> []`
    ///
    /// # Gradient
    ///
    /// That of the formula, 0 where rounding leads beyond `[-1, 1]`; its factors are saved.
    ///
    /// # Errors
    ///
    /// If there are more than two axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[0.0, 1.0, 2.0], [9.0, 8.0, 7.0]]);
    /// assert_eq!(x.corrcoef()?.tensor(), &tensor![[1.0, -1.0], [-1.0, 1.0]]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![3, 4], vec![5], vec![1, 3]] {
            let x = [Tensor::<f64>::normal(
                shape.as_slice(),
                0.0,
                1.0,
                &mut rng(1),
            )?];
            for correction in [0.0, 1.0, 0.5] {
                gradcheck(|x| x[0].cov(correction), &x)?;
                gradgradcheck(|x| x[0].cov(correction), &x)?;
            }
            gradcheck(|x| x[0].add(&x[0].square())?.corrcoef(), &x)?;
            gradgradcheck(|x| x[0].corrcoef(), &x)?;
        }
        let times = tensor![i64; 2, 0, 1, 3];
        let x = [
            Tensor::<f64>::normal([3, 4], 0.0, 1.0, &mut rng(3))?,
            tensor![f64; 0.5, 1.0, 2.0, 0.25],
        ];
        for times in [None, Some(&times)] {
            let f = |x: &[Var<f64>]| x[0].cov_weighted(0.5, times, Some(&x[1]));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
            gradcheck(|x| x[0].cov_weighted(1.0, times, None), &x[..1])?;
        }
        gradgradcheck(
            |x| x[0].t()?.cov(1.0),
            &[Tensor::<f64>::normal([4, 2], 0.0, 1.0, &mut rng(2))?],
        )
    }

    #[test]
    fn values_are_those_of_tensors() -> Result<()> {
        let x = tensor![[1.0, 2.0, 6.0], [2.0, 2.0, 5.0]];
        for x in [
            x.clone(),
            x.select(0, 1)?,
            Tensor::scalar(2.0),
            Tensor::zeros([2, 0])?,
        ] {
            let var = Var::leaf(x.clone());
            for (found, expected) in [
                (var.cov(1.0)?, x.cov(1.0)?),
                (var.cov(0.0)?, x.cov(0.0)?),
                (var.corrcoef()?, x.corrcoef()?),
            ] {
                assert_eq!(found.shape(), expected.shape());
                let bits = |x: &Tensor| x.iter().map(f32::to_bits).collect::<Vec<_>>();
                assert_eq!(bits(found.tensor()), bits(&expected));
            }
        }
        let (times, weights) = (tensor![i64; 1, 0, 2], tensor![0.5, 2.0, 0.25]);
        let var = Var::leaf(x.clone());
        let found = var.cov_weighted(1.0, Some(&times), Some(&Var::leaf(weights.clone())))?;
        let expected = x.cov_weighted(1.0, Some(&times), Some(&weights))?;
        assert_eq!(found.tensor(), &expected);
        let error = var
            .cov_weighted(1.0, Some(&times.neg()?), None)
            .unwrap_err();
        let start = "cov_weighted: fweights must be at least 0, got -1 (at ";
        assert!(error.to_string().starts_with(start), "{error}");
        let cube = Var::leaf(x.unsqueeze(0)?);
        assert!(cube.cov_weighted(1.0, None, None).is_err());
        assert!(cube.cov(1.0).is_err() && cube.corrcoef().is_err());
        assert!(Var::leaf(x).cov(f64::INFINITY).is_err());
        Ok(())
    }
}
