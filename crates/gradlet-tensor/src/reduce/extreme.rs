//! The largest and smallest elements over chosen axes, and where they stand.

use crate::arrange::Order;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::fold;
use crate::reduce::{Blocks, kept};
use crate::shape::Axes;
use crate::shape::MAX_RANK;
use crate::tensor::Tensor;

/// `a` where it is larger or NaN.
#[inline(always)]
fn larger<T: Element>(a: T, b: T) -> T {
    if a > b || a != a { a } else { b }
}

/// `a` where it is smaller or NaN.
#[inline(always)]
fn smaller<T: Element>(a: T, b: T) -> T {
    if a < b || a != a { a } else { b }
}

impl<T: Element> Tensor<T> {
    #[track_caller]
    fn extreme(
        &self,
        op: &'static str,
        reduced: &[bool; MAX_RANK],
        f: impl Fn(T, T) -> T + Sync,
    ) -> Result<Self> {
        let shape = kept(&self.dims(), reduced);
        if self.is_empty() && !shape.is_empty() {
            return Err(Error::new(ErrorKind::Empty {
                op,
                shape: self.dims(),
            }));
        }
        let blocks = Blocks::new(self, reduced)?;
        blocks.reduce(
            shape,
            |x| fold::fold(x, x[0], &f),
            |x, out| fold::fold_rows(x, out, &f),
        )
    }

    /// The largest element over the axes, which go away; NaN where there is one.
    ///
    /// # Shape
    ///
    /// `max(1)`: `[a, b, c] -> [a, c]`; `max(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0], [7.0, 3.0]];
    /// assert_eq!(x.max(1)?.to_vec(), [5.0, 7.0]);
    /// assert_eq!(x.max(..)?.item()?, 7.0);
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
        let reduced = axes.select("max", &self.dims())?;
        self.extreme("max", &reduced, larger)?.without(&reduced)
    }

    /// As [`max`](Self::max), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `max_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0], [7.0, 3.0]];
    /// assert_eq!(x.max_keepdim(-1)?, tensor![[5.0], [7.0]]);
    /// assert_eq!(x.sub(&x.max_keepdim(-1)?)?, tensor![[-4.0, 0.0], [0.0, -4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn max_keepdim(&self, axes: impl Axes) -> Result<Self> {
        self.extreme(
            "max_keepdim",
            &axes.select("max_keepdim", &self.dims())?,
            larger,
        )
    }

    /// The smallest element over the axes, which go away; NaN where there is one.
    ///
    /// # Shape
    ///
    /// `min(1)`: `[a, b, c] -> [a, c]`; `min(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 5.0], [7.0, 3.0]].min(0)?.to_vec(), [1.0, 3.0]);
    /// assert!(Tensor::zeros([2, 0])?.min(1).is_err()); // two results, of no elements each
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
        let reduced = axes.select("min", &self.dims())?;
        self.extreme("min", &reduced, smaller)?.without(&reduced)
    }

    /// As [`min`](Self::min), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `min_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0], [7.0, 3.0]];
    /// assert_eq!(x.min_keepdim([0, 1])?, tensor![[1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn min_keepdim(&self, axes: impl Axes) -> Result<Self> {
        self.extreme(
            "min_keepdim",
            &axes.select("min_keepdim", &self.dims())?,
            smaller,
        )
    }

    /// The index of the first element that no other one `beats`.
    #[track_caller]
    pub(crate) fn arg(
        &self,
        op: &'static str,
        axis: isize,
        beats: impl Fn(T, T) -> bool + Sync,
    ) -> Result<Tensor<i64>> {
        let reduced = axis.select(op, &self.dims())?;
        let shape = kept(&self.dims(), &reduced);
        if self.is_empty() && !shape.is_empty() {
            return Err(Error::new(ErrorKind::Empty {
                op,
                shape: self.dims(),
            }));
        }
        Blocks::new(self, &reduced)?
            .reduce(
                shape,
                |x| fold::arg(x, &beats),
                |x, out| fold::arg_rows(x, out, &beats),
            )?
            .without(&reduced)
    }

    /// The index of the largest element along an axis, which goes away: the first of equal ones, or of the NaNs.
    ///
    /// # Shape
    ///
    /// `argmax(1)`: `[a, b, c] -> [a, c]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 5.0, 5.0], [9.0, f32::NAN, 0.0]];
    /// assert_eq!(x.argmax(1)?.to_vec(), [1, 1]); // the first 5; the NaN
    /// assert_eq!(x.argmax(0)?.to_vec(), [1, 1, 0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `numpy.argmax`; `torch.argmax` does not say which of equal elements it takes
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Result<Tensor<i64>> {
        self.arg("argmax", axis, |a, b| Order::Descending.before(a, b))
    }

    /// The index of the smallest element along an axis, which goes away: the first of equal ones, or of the NaNs.
    ///
    /// # Shape
    ///
    /// `argmin(1)`: `[a, b, c] -> [a, c]`; a scalar has an axis 0
    ///
    /// # Errors
    ///
    /// An axis out of range, or no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[5.0, 1.0, 1.0], [0.0, f32::NAN, 9.0]];
    /// assert_eq!(x.argmin(-1)?.to_vec(), [1, 1]); // the first 1; the NaN
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
    pub fn argmin(&self, axis: isize) -> Result<Tensor<i64>> {
        self.arg("argmin", axis, |a, best| {
            (a < best) | ((a != a) & (best == best))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Result;
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
        Ok(())
    }
}
