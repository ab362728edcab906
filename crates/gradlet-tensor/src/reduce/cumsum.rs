//! Running sums.

use crate::element::Element;
use crate::error::Result;
use crate::kernel::parallel;
use crate::number::Number;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Number> Tensor<T> {
    /// The running sum along an axis: `y_i = x_0 + .. + x_i`. Floats are summed in f64, integers to an `i64` or `u64`.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; for a scalar, axis 0 is accepted too
    ///
    /// # Errors
    ///
    /// If the axis is out of range, or a sum of integers overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 2.0, 3.0].cumsum(0)?.to_vec(), [1.0, 3.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cumsum`, `numpy.cumsum`
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Result<Tensor<T::Sum>> {
        T::cumsum_(self, axis)
    }

    /// Running sums along an axis, as `sums(x, inner, y)` computes them for each block of rows of `inner` elements.
    #[track_caller]
    pub(crate) fn sums<U: Element>(
        &self,
        op: &'static str,
        axis: isize,
        sums: impl Fn(&[T], usize, &mut [U]) + Sync,
    ) -> Result<Tensor<U>> {
        let axis = self.shape().axis_or_scalar_for(op, axis)?;
        let sizes = self.shape().get(axis..).unwrap_or_default();
        let block = Shape::new(sizes)?.numel();
        let inner = Shape::new(sizes.get(1..).unwrap_or_default())?.numel();
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Tensor::build(*self.shape(), |out| {
            parallel::for_rows(out, x.len() / block.max(1), 4 * x.len(), |first, out| {
                for (y, x) in out
                    .chunks_exact_mut(block)
                    .zip(x[first * block..].chunks_exact(block))
                {
                    sums(x, inner, y);
                }
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn sums_run_along_any_axis() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(x.cumsum(1)?, tensor![[1.0, 3.0, 6.0], [4.0, 9.0, 15.0]]);
        assert_eq!(x.cumsum(-2)?, tensor![[1.0, 2.0, 3.0], [5.0, 7.0, 9.0]]);
        assert_eq!(
            x.t()?.cumsum(0)?,
            tensor![[1.0, 4.0], [3.0, 9.0], [6.0, 15.0]]
        );
        assert_eq!(Tensor::scalar(2.0f32).cumsum(-1)?, Tensor::scalar(2.0));
        assert_eq!(Tensor::zeros([2, 0])?.cumsum(1)?.shape(), [2, 0]);
        assert_eq!(Tensor::zeros([0, 2])?.cumsum(1)?.shape(), [0, 2]);
        assert!(x.cumsum(2).is_err());
        Ok(())
    }

    #[test]
    fn nan_spreads_to_all_that_follow() -> Result<()> {
        let y = tensor![1.0, f32::NAN, 2.0].cumsum(0)?.to_vec();
        assert!(y[0] == 1.0 && y[1].is_nan() && y[2].is_nan());
        Ok(())
    }

    #[test]
    fn single_precision_does_not_lose_small_summands() -> Result<()> {
        let mut x = Tensor::ones([101])?;
        x.make_mut_slice()[0] = 2f32.powi(24);
        assert_eq!(x.cumsum(0)?.at(&[100])?, 2f32.powi(24) + 100.0);
        Ok(())
    }
}
