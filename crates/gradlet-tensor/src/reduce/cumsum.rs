//! Running sums, products and extremes.

use crate::element::{Element, Float};
use crate::error::Result;
use crate::kernel::{parallel, scan};
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
}

impl<T: Float> Tensor<T> {
    /// The running product along an axis: `y_i = x_0 * .. * x_i`, multiplied in f64.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; for a scalar, axis 0 is accepted too
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
    /// assert_eq!(tensor![2.0, 3.0, -1.0, 0.0].cumprod(0)?.to_vec(), [2.0, 6.0, -6.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cumprod`, `numpy.cumprod`
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Result<Self> {
        self.scan("cumprod", axis, scan::products)
    }
}

impl<T: Element> Tensor<T> {
    /// The largest element so far along an axis, and its index: the last of equal ones. From the first NaN on it is
    /// NaN, at the last NaN so far.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; for a scalar, axis 0 is accepted too
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
    /// let (values, indices) = tensor![1.0, 3.0, 2.0, 3.0].cummax(0)?;
    /// assert_eq!((values.to_vec(), indices.to_vec()), (vec![1.0, 3.0, 3.0, 3.0], vec![0, 1, 1, 3]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cummax`
    #[track_caller]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would be mispredicted"
    )]
    pub fn cummax(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        self.running("cummax", axis, |x, best| (x >= best) | (x != x))
    }

    /// The smallest element so far along an axis, and its index: the last of equal ones. From the first NaN on it is
    /// NaN, at the last NaN so far.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b], [a, n, b]`; for a scalar, axis 0 is accepted too
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
    /// let (values, indices) = tensor![3.0, 1.0, f32::NAN, 0.0].cummin(0)?;
    /// assert!(values.to_vec()[..2] == [3.0, 1.0] && values.to_vec()[3].is_nan());
    /// assert_eq!(indices.to_vec(), [0, 1, 2, 2]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cummin`
    #[track_caller]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would be mispredicted"
    )]
    pub fn cummin(&self, axis: isize) -> Result<(Self, Tensor<i64>)> {
        self.running("cummin", axis, |x, best| (x <= best) | (x != x))
    }

    /// The last element so far that replaced the one before, and its index.
    #[track_caller]
    fn running(
        &self,
        op: &'static str,
        axis: isize,
        replaces: impl Fn(T, T) -> bool + Sync,
    ) -> Result<(Self, Tensor<i64>)> {
        let indices = self.scan(op, axis, |x, sizes, y| {
            scan::places(x, sizes, y, &replaces);
        })?;
        Ok((self.gather(axis, &indices)?, indices))
    }

    /// The result of `scan` for blocks of rows along the axis: it gets several, the numbers of rows and columns of each,
    /// and their results to write.
    #[track_caller]
    pub(crate) fn scan<U: Element>(
        &self,
        op: &'static str,
        axis: isize,
        scan: impl Fn(&[T], [usize; 2], &mut [U]) + Sync,
    ) -> Result<Tensor<U>> {
        let (block, inner) = self.blocks_along(op, axis)?;
        let x = self.try_contiguous()?;
        let x = x.as_slice().unwrap_or_default();
        Tensor::build(*self.shape(), |out| {
            parallel::for_rows(out, x.len() / block.max(1), 4 * x.len(), |first, out| {
                let x = &x[first * block..][..out.len()];
                scan(x, [block / inner, inner], out);
            });
        })
    }

    /// The number of elements of a block that an axis goes through, and of each of its rows.
    #[track_caller]
    pub(crate) fn blocks_along(&self, op: &'static str, axis: isize) -> Result<(usize, usize)> {
        let axis = self.shape().axis_or_scalar_for(op, axis)?;
        let sizes = self.shape().get(axis..).unwrap_or_default();
        let block = Shape::new(sizes)?.numel();
        let inner = Shape::new(sizes.get(1..).unwrap_or_default())?.numel();
        Ok((block, inner))
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
    fn products_run_along_any_axis() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [0.0, 5.0, -6.0]];
        assert_eq!(x.cumprod(1)?, tensor![[1.0, 2.0, 6.0], [0.0, 0.0, 0.0]]);
        assert_eq!(x.cumprod(-2)?, tensor![[1.0, 2.0, 3.0], [0.0, 10.0, -18.0]]);
        assert_eq!(Tensor::scalar(2.0f32).cumprod(0)?, Tensor::scalar(2.0));
        assert_eq!(Tensor::zeros([2, 0])?.cumprod(1)?.shape(), [2, 0]);
        assert!(x.cumprod(2).is_err());
        Ok(())
    }

    #[test]
    fn the_last_of_equal_extremes_is_the_place_and_nan_stays() -> Result<()> {
        let nan = f32::NAN;
        let x = tensor![[2.0, 1.0, 2.0, 3.0, 3.0], [nan, 9.0, nan, 0.0, 1.0]];
        let (high, places) = x.cummax(1)?;
        assert_eq!(places, tensor![i64; [0, 0, 2, 3, 4], [0, 0, 2, 2, 2]]);
        assert_eq!(high.to_vec()[..5], [2.0, 2.0, 2.0, 3.0, 3.0]);
        assert!(high.to_vec()[5..].iter().all(|x| x.is_nan()));
        let (low, places) = x.t()?.cummin(0)?;
        assert_eq!(places.t()?, tensor![i64; [0, 1, 1, 1, 1], [0, 0, 2, 2, 2]]);
        assert_eq!(low.t()?.to_vec()[..5], [2.0, 1.0, 1.0, 1.0, 1.0]);
        // Down the columns, of which there are several in a row of memory.
        let down = x.cummin(0)?;
        assert_eq!(down.1, tensor![i64; [0; 5], [1, 0, 1, 1, 1]]);
        let low = down.0.to_vec();
        assert!(low[5].is_nan() && low[7].is_nan());
        assert_eq!((low[6], &low[8..]), (1.0, [0.0, 1.0].as_slice()));
        assert_eq!(tensor![i64; 3, 7, 7].cummax(0)?.1.to_vec(), [0, 1, 2]);
        let one = Tensor::scalar(3.0f32);
        assert_eq!(one.cummax(0)?, (one.clone(), Tensor::scalar(0)));
        for shape in [[0, 3], [3, 0]] {
            assert_eq!(Tensor::zeros(shape)?.cummin(1)?.1.shape(), shape);
        }
        assert!(x.cummax(2).is_err() && x.cummin(-3).is_err());
        Ok(())
    }

    #[test]
    fn scans_are_the_same_on_any_number_of_threads() -> Result<()> {
        let x = Tensor::<f32>::normal([300, 7, 90], 0.0, 1.0, &mut crate::rng(1))?;
        let run = || -> Result<_> { Ok((x.cumprod(1)?, x.cummax(2)?, x.cummin(1)?, x.cumsum(0)?)) };
        assert_eq!(crate::threads::with(1, run)?, crate::threads::with(3, run)?);
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
