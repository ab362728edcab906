//! Conditions combined: and, or, not; whether any or all are true, and how many.

use crate::error::Result;
use crate::kernel::fold;
use crate::reduce::Blocks;
use crate::shape::{Axes, ReducedAxes};
use crate::tensor::Tensor;

impl Tensor<bool> {
    /// Whether both are true, for each pair of elements after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, 2.0, 3.0];
    /// let inside = x.gt(&tensor![1.0])?.logical_and(&x.lt(&tensor![3.0])?)?;
    /// assert_eq!(inside.to_vec(), [false, true, false]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn logical_and(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("logical_and", rhs, |a, b| a && b)
    }

    /// Whether at least one is true, for each pair of elements after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (rows, columns) = (tensor![bool; [true], [false]], tensor![bool; false, true]);
    /// assert_eq!(rows.logical_or(&columns)?, tensor![bool; [true, true], [false, true]]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn logical_or(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("logical_or", rhs, |a, b| a || b)
    }

    /// Whether exactly one is true, for each pair of elements after broadcasting.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (a, b) = (tensor![bool; true, true, false], tensor![bool; true, false, false]);
    /// assert_eq!(a.logical_xor(&b)?.to_vec(), [false, true, false]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn logical_xor(&self, rhs: &Self) -> Result<Self> {
        self.zip_for("logical_xor", rhs, |a, b| a != b)
    }

    /// Whether it is false, for each element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![1.0, f32::NAN];
    /// assert_eq!(x.lt(&tensor![2.0])?.logical_not().to_vec(), [false, true]); // ge would be false at NaN
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn logical_not(&self) -> Self {
        self.map(|a| !a)
    }

    /// Whether any element over the axes is true; false if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `any(1)`: `[a, b, c] -> [a, c]`; `any(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `any(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, f32::NAN], [2.0, 3.0]];
    /// assert_eq!(x.is_nan().any(1)?.to_vec(), [true, false]); // rows that hold a NaN
    /// let rows = x.is_nan().any(Keep(1))?.broadcast_to(x.shape())?;
    /// assert_eq!(x.masked_fill(&rows, 0.0)?, tensor![[0.0, 0.0], [2.0, 3.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn any(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("any", *self.shape(), &axes)?;
        self.fold_over(axes, false, |a, b| a || b)
    }

    /// Whether all elements over the axes are true; true if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `all(1)`: `[a, b, c] -> [a, c]`; `all(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `all(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, f32::NAN], [2.0, 3.0]];
    /// assert_eq!(x.is_finite().all(1)?.to_vec(), [false, true]);
    /// assert_eq!(x.is_finite().all(Keep(1))?, tensor![bool; [false], [true]]);
    /// assert!(!x.is_finite().all(..)?.item()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn all(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("all", *self.shape(), &axes)?;
        self.fold_over(axes, true, |a, b| a && b)
    }

    #[track_caller]
    fn fold_over(
        &self,
        axes: ReducedAxes,
        first: bool,
        f: impl Fn(bool, bool) -> bool + Sync,
    ) -> Result<Self> {
        let columns = |x: &[bool], out: &mut [bool]| {
            out.fill(first);
            for row in x.chunks_exact(out.len()) {
                out.iter_mut().zip(row).for_each(|(y, &x)| *y = f(*y, x));
            }
        };
        Blocks::new(self, axes)?.reduce(|x| fold::fold(x, first, &f), columns)
    }

    /// The number of true elements over the axes. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `count(1)`: `[a, b, c] -> [a, c]`; `count(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `count(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    /// assert_eq!(x.gt_scalar(2.5).count(1)?.to_vec(), [1, 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn count(&self, axes: impl Axes) -> Result<Tensor<i64>> {
        let axes = ReducedAxes::new("count", *self.shape(), &axes)?;
        let columns = |x: &[bool], out: &mut [i64]| {
            out.fill(0);
            for row in x.chunks_exact(out.len()) {
                out.iter_mut()
                    .zip(row)
                    .for_each(|(y, &x)| *y += i64::from(x));
            }
        };
        Blocks::new(self, axes)?.reduce(|x| fold::count(x) as i64, columns)
    }

    /// The number of elements that are true.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 2.0, 3.0].gt(&tensor![1.5])?.count_true(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn count_true(&self) -> usize {
        fold::count(self.contiguous().as_slice().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Keep;
    use crate::tensor;

    #[test]
    fn tables_of_truth() -> Result<()> {
        let (a, b) = (tensor![bool; [false], [true]], tensor![bool; false, true]);
        assert_eq!(a.logical_and(&b)?.to_vec(), [false, false, false, true]);
        assert_eq!(a.logical_or(&b)?.to_vec(), [false, true, true, true]);
        assert_eq!(a.logical_xor(&b)?.to_vec(), [false, true, true, false]);
        assert_eq!(a.logical_not().to_vec(), [true, false]);
        assert_eq!(b.count_true(), 1);
        Ok(())
    }

    #[test]
    fn any_and_all_over_axes_and_over_nothing() -> Result<()> {
        let x = tensor![bool; [true, false], [true, true]];
        assert_eq!(x.all(0)?.to_vec(), [true, false]);
        assert_eq!(x.any(1)?.to_vec(), [true, true]);
        assert_eq!(x.all(Keep(1))?, tensor![bool; [false], [true]]);
        assert_eq!(x.any(Keep(..))?, tensor![bool; [true]]);
        assert_eq!((x.all(..)?.item()?, x.any(..)?.item()?), (false, true));
        let none = Tensor::<bool>::zeros_of([0, 2])?;
        assert_eq!(none.all(0)?.to_vec(), [true, true]);
        assert_eq!(none.any(0)?.to_vec(), [false, false]);
        assert_eq!(
            Tensor::<bool>::zeros_of([2, 0])?.any(1)?.to_vec(),
            [false, false]
        );
        assert!(tensor![bool; true].select(0, 0)?.any(-1)?.item()?);
        assert_eq!(x.count(0)?.to_vec(), [2, 1]);
        assert_eq!(x.t()?.count(Keep(0))?, tensor![i64; [1, 2]]);
        assert_eq!(
            (x.count(..)?.item()?, none.count(0)?.to_vec()),
            (3, vec![0, 0])
        );
        Ok(())
    }
}
