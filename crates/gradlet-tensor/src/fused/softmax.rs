//! Softmax, its logarithm and the logarithm of a sum of exponentials, as in `SciPy`'s `special`.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::{parallel, softmax};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// `e^x_i / sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[0.0, 0.0], [1000.0, 0.0], [1.0, -f32::INFINITY]];
    /// assert_eq!(x.softmax(-1)?, tensor![[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.softmax`
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Self> {
        self.rows("softmax", self, axis, |[x, _], columns, y| {
            softmax::softmax(x, columns, y);
        })
    }

    /// `x_i - ln sum_j e^x_j` along an axis, without overflow.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1000.0, 0.0];
    /// assert_eq!(x.log_softmax(0)?.to_vec(), [0.0, -1000.0]);
    /// assert_eq!(x.softmax(0)?.ln().to_vec(), [0.0, -f32::INFINITY]); // log_softmax avoids this
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.log_softmax`
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Result<Self> {
        self.rows("log_softmax", self, axis, |[x, _], columns, y| {
            softmax::log_softmax(x, columns, y);
        })
    }

    /// Calls `fill` with stretches of rows of both along an axis, their length, and where their results go.
    #[track_caller]
    fn rows(
        &self,
        op: &'static str,
        other: &Self,
        axis: isize,
        fill: impl Fn([&[T]; 2], usize, &mut [T]) + Sync,
    ) -> Result<Self> {
        other.expect_shape(op, self.shape())?;
        if self.rank() == 0 {
            let (rows, other) = (self.reshape([1])?, other.reshape([1])?);
            return rows.rows(op, &other, axis, fill)?.reshape(());
        }
        let at = self.shape().axis_for(op, axis)?;
        if at + 1 != self.rank() {
            return self
                .transpose(axis, -1)?
                .rows(op, &other.transpose(axis, -1)?, -1, fill)?
                .transpose(axis, -1);
        }
        let columns = self.shape()[at];
        let (x, other) = (self.try_contiguous()?, other.try_contiguous()?);
        let x = x.as_slice().unwrap_or_default();
        let other = other.as_slice().unwrap_or_default();
        Self::build(*self.shape(), |out| {
            if out.is_empty() {
                return;
            }
            parallel::for_chunks(out, rows_of_part(columns) * columns, |start, out| {
                let part = start..start + out.len();
                fill([&x[part.clone()], &other[part]], columns, out);
            });
        })
    }
}

/// `y * (g - sum of g * y along an axis)`: the gradient of softmax, given its result y and the gradient of y.
///
/// # Shape
///
/// `y: [a, n, b], g: [a, n, b] -> [a, n, b]`; a scalar has an axis 0
///
/// # Errors
///
/// If the shapes differ, or the axis is out of range.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let y = tensor![0.0, 0.0].softmax(0)?;
/// assert_eq!(fused::softmax_gradient(&y, &tensor![1.0, 0.0], 0)?.to_vec(), [0.25, -0.25]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn softmax_gradient<T: Float>(y: &Tensor<T>, g: &Tensor<T>, axis: isize) -> Result<Tensor<T>> {
    y.rows("softmax_gradient", g, axis, |[y, g], columns, dx| {
        softmax::softmax_gradient(y, g, columns, dx);
    })
}

/// `g - e^y * sum of g along an axis`: the gradient of the logarithm of softmax, given its result y and the
/// gradient of y.
///
/// # Shape
///
/// `y: [a, n, b], g: [a, n, b] -> [a, n, b]`; a scalar has an axis 0
///
/// # Errors
///
/// If the shapes differ, or the axis is out of range.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let y = tensor![1000.0, 0.0].log_softmax(0)?;
/// assert_eq!(fused::log_softmax_gradient(&y, &tensor![1.0, 2.0], 0)?.to_vec(), [-2.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn log_softmax_gradient<T: Float>(
    y: &Tensor<T>,
    g: &Tensor<T>,
    axis: isize,
) -> Result<Tensor<T>> {
    y.rows("log_softmax_gradient", g, axis, |[y, g], columns, dx| {
        softmax::log_softmax_gradient(y, g, columns, dx);
    })
}

/// The number of rows in one part of split work.
pub(super) fn rows_of_part(columns: usize) -> usize {
    (parallel::PART / columns).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_axis_and_shape_works() -> Result<()> {
        let x = Tensor::<f64>::normal([3, 4, 2], 0.0, 1.0, &mut crate::rng(1))?;
        for axis in [-3, 1, 2] {
            let p = x.softmax(axis)?;
            assert!(
                p.sum(axis)?
                    .allclose(&Tensor::ones_of(*p.sum(axis)?.shape())?, 1e-14, 0.0)
            );
            assert!(x.log_softmax(axis)?.exp().allclose(&p, 1e-13, 0.0));
        }
        assert_eq!(Tensor::scalar(3.0f32).softmax(0)?.item()?, 1.0);
        assert_eq!(Tensor::zeros([0, 3])?.softmax(1)?.shape(), [0, 3]);
        assert_eq!(Tensor::zeros([3, 0])?.log_softmax(1)?.shape(), [3, 0]);
        assert!(x.softmax(3).is_err());
        Ok(())
    }

    /// Rows of f32 of many lengths: close together, far apart, all large, beyond what e^x can be.
    fn rows() -> Result<Vec<Tensor>> {
        let mut rng = crate::rng(1);
        let mut rows = Vec::new();
        for len in [1, 2, 7, 10, 33, 100, 1000, 4096] {
            for spread in [1e-3, 1.0, 10.0, 100.0, 1e4, 1e30] {
                for middle in [0.0, -50.0, 3e4] {
                    for _ in 0..4 {
                        rows.push(Tensor::normal(len, middle, spread, &mut rng)?);
                    }
                }
            }
        }
        Ok(rows)
    }

    /// The largest element, `x - largest` and `ln sum e^(x - largest)` of f32, in f64.
    fn exact(x: &Tensor) -> (f64, Vec<f64>, f64) {
        let x = x.map(f64::from).to_vec();
        let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let below: Vec<f64> = x.iter().map(|x| x - largest).collect();
        let sum: f64 = below.iter().map(|x| x.exp()).sum();
        (largest, below, sum.ln())
    }

    #[test]
    fn softmax_is_exact_but_for_what_rounds_in_the_distance_to_the_largest() -> Result<()> {
        let mut worst = 0f64;
        for x in rows()? {
            let (_, below, ln_sum) = exact(&x);
            for (p, d) in x.softmax(0)?.to_vec().into_iter().zip(below) {
                let exact = (d - ln_sum).exp();
                // Subnormal numbers have fewer digits.
                let error = (f64::from(p) - exact).abs() - f64::from(f32::from_bits(1));
                let bound = (3.0 - d) * f64::from(f32::EPSILON) * exact;
                worst = worst.max(error / bound.max(f64::MIN_POSITIVE));
            }
        }
        assert!((0.5..=1.0).contains(&worst), "{worst} times the bound");
        Ok(())
    }

    #[test]
    fn log_softmax_and_logsumexp_are_exact_beside_their_terms() -> Result<()> {
        let (mut log, mut sum) = (0f64, 0f64);
        for x in rows()? {
            let (largest, below, ln_sum) = exact(&x);
            for (y, d) in x.log_softmax(0)?.to_vec().into_iter().zip(below) {
                let bound = 2.0 * f64::from(f32::EPSILON) * (1.0 - d + ln_sum);
                log = log.max((f64::from(y) - (d - ln_sum)).abs() / bound);
            }
            let bound = f64::from(f32::EPSILON) * (1.0 + largest.abs() + ln_sum);
            let error = (f64::from(x.logsumexp(0)?.item()?) - (largest + ln_sum)).abs();
            sum = sum.max(error / bound);
        }
        assert!(
            (0.5..=1.0).contains(&log),
            "log_softmax: {log} times the bound"
        );
        assert!(
            (0.5..=1.0).contains(&sum),
            "logsumexp: {sum} times the bound"
        );
        Ok(())
    }
}
