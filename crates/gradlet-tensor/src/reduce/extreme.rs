//! The largest and smallest elements over chosen axes, and where they are.

use crate::arrange::Order;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::fold;
use crate::reduce::Blocks;
use crate::shape::{Axes, ReducedAxes};
use crate::tensor::Tensor;

/// `a` if it is larger or NaN, else `b`.
#[inline(always)]
pub(crate) fn larger<T: Element>(a: T, b: T) -> T {
    if a > b || a != a { a } else { b }
}

/// `a` if it is smaller or NaN, else `b`.
#[inline(always)]
pub(crate) fn smaller<T: Element>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

impl<T: Element> Tensor<T> {
    /// Returns an error if a result has no elements to choose from.
    #[track_caller]
    pub(crate) fn expect_choice(&self, op: &'static str, axes: ReducedAxes) -> Result<()> {
        if self.is_empty() && axes.output().numel() != 0 {
            return Err(Error::new(ErrorKind::Empty {
                op,
                shape: *self.shape(),
            }));
        }
        Ok(())
    }

    #[track_caller]
    pub(crate) fn extreme(
        &self,
        op: &'static str,
        axes: ReducedAxes,
        f: impl Fn(T, T) -> T + Sync,
    ) -> Result<Self> {
        self.expect_choice(op, axes)?;
        Blocks::new(self, axes)?.reduce(
            |x| fold::fold(x, x[0], &f),
            |x, out| fold::fold_rows(x, out, &f),
        )
    }

    /// The largest element over the axes; NaN if any of them is NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `max(1)`: `[a, b, c] -> [a, c]`; `max(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `max(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0], [7.0, 3.0]];
    /// assert_eq!(x.max(1)?, tensor![5.0, 7.0]);
    /// assert_eq!(x.max(..)?.item()?, 7.0);
    /// assert_eq!(x.sub(&x.max(Keep(1))?)?, tensor![[-4.0, 0.0], [0.0, -4.0]]);
    /// assert!(tensor![1.0, f32::NAN, 2.0].max(0)?.item()?.is_nan());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amax`
    #[track_caller]
    pub fn max(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("max", *self.shape(), &axes)?;
        self.extreme("max", axes, larger)
    }

    /// The smallest element over the axes; NaN if any of them is NaN.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `min(1)`: `[a, b, c] -> [a, c]`; `min(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `min(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0], [7.0, 3.0]];
    /// assert_eq!(x.min(0)?, tensor![1.0, 3.0]);
    /// assert_eq!(x.min(Keep([0, 1]))?, tensor![[1.0]]);
    /// assert!(Tensor::zeros([2, 0])?.min(1).is_err()); // two results, neither with elements to choose from
    /// assert_eq!(Tensor::zeros([0, 2])?.min(1)?.shape(), [0]); // no results
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.amin`
    #[track_caller]
    pub fn min(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("min", *self.shape(), &axes)?;
        self.extreme("min", axes, smaller)
    }

    /// The index of the first element that no other element beats.
    #[track_caller]
    pub(crate) fn arg(
        &self,
        op: &'static str,
        axes: impl Axes,
        beats: impl Fn(T, T) -> bool + Sync,
    ) -> Result<Tensor<i64>> {
        let axes = ReducedAxes::new(op, *self.shape(), &axes)?;
        self.expect_choice(op, axes)?;
        Blocks::new(self, axes)?.reduce(
            |x| fold::arg(x, &beats),
            |x, out| fold::arg_rows(x, out, &beats),
        )
    }

    /// The index of the largest element over the axes: the first if several are equal, the first NaN if there is one.
    /// Over several axes, elements are numbered in row-major order. The axes go away, or stay at size 1 with
    /// [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `argmax(1)`: `[a, b, c] -> [a, c]`; `argmax(Keep(1))`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 5.0], [9.0, f32::NAN, 0.0]];
    /// assert_eq!(x.argmax(1)?.to_vec(), [1, 1]); // the first 5; the NaN
    /// assert_eq!(x.argmax(..)?.item()?, 4); // of all six
    /// assert_eq!(x.argmax(Keep(0))?, tensor![i64; [1, 1, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.argmax`; `torch.argmax` does not say which of equal elements it takes
    #[track_caller]
    pub fn argmax(&self, axes: impl Axes) -> Result<Tensor<i64>> {
        self.arg("argmax", axes, |a, b| Order::Descending.before(a, b))
    }

    /// The index of the smallest element over the axes: the first if several are equal, the first NaN if there is one.
    /// Over several axes, elements are numbered in row-major order. The axes go away, or stay at size 1 with
    /// [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `argmin(1)`: `[a, b, c] -> [a, c]`; `argmin(Keep(1))`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[5.0, 1.0, 1.0], [0.0, f32::NAN, 9.0]];
    /// assert_eq!(x.argmin(-1)?.to_vec(), [1, 1]); // the first 1; the NaN
    /// assert_eq!(x.argmin(Keep(-1))?, tensor![i64; [1], [1]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.argmin`; `torch.argmin` does not say which of equal elements it takes
    #[track_caller]
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch would keep the loop from vectorizing"
    )]
    pub fn argmin(&self, axes: impl Axes) -> Result<Tensor<i64>> {
        self.arg("argmin", axes, |a, best| {
            (a < best) | ((a != a) & (best == best))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Result;
    use crate::shape::Keep;
    use crate::tensor;

    #[test]
    fn extremes_take_the_first_and_keep_nan() -> Result<()> {
        let x = tensor![[1.0, 5.0, 5.0], [f32::NAN, 2.0, f32::NAN]];
        assert_eq!(x.argmax(1)?.to_vec(), [1, 0]);
        assert_eq!(x.argmin(0)?.to_vec(), [1, 1, 1]);
        assert!(x.max(..)?.item()?.is_nan());
        assert_eq!(x.max(1)?.to_vec()[0], 5.0);
        assert_eq!(x.min(0)?.to_vec()[1], 2.0);
        assert!(x.min(0)?.to_vec()[0].is_nan() && x.max(0)?.to_vec()[2].is_nan());
        assert_eq!(tensor![i64; 3, 7, 7].argmax(0)?.item()?, 1);
        assert_eq!(
            tensor![i64; [3, 7], [9, 7]].argmax(Keep(0))?,
            tensor![i64; [1, 0]]
        );
        Ok(())
    }

    #[test]
    fn indices_over_several_axes_count_in_row_major_order() -> Result<()> {
        let x = tensor![i64; [[0, 1], [2, 9]], [[5, 4], [3, 8]]];
        assert_eq!(x.argmax(..)?.item()?, 3);
        assert_eq!(x.argmax([0, 2])?.to_vec(), [2, 1]); // of 0, 1, 5, 4 and of 2, 9, 3, 8
        assert_eq!(x.transpose(0, 2)?.argmax(..)?.item()?, 6);
        assert_eq!(x.argmin(Keep([1, 2]))?, tensor![i64; [[0]], [[2]]]);
        Ok(())
    }
}
