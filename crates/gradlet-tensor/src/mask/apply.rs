//! A mask applied to a tensor: it keeps some elements, scaled, and makes the others 0.

use super::Mask;
use crate::element::Float;
use crate::error::Result;
use crate::kernel::bernoulli::BLOCK;
use crate::kernel::parallel::for_chunks;
use crate::kernel::select_scale::{select_scale, select_scale_in_place};
use crate::tensor::Tensor;

impl Mask {
    /// `y[i] = x[i] * scale` where kept and +0 elsewhere, even for NaN: elements are selected, not multiplied by 0.
    ///
    /// # Shape
    ///
    /// mask `[..., n]`, `x: [..., n] -> [..., n]`: nothing is broadcast
    ///
    /// # Errors
    ///
    /// If the shape of `x` is not the mask's, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mask = Mask::from_kept(&tensor![bool; true, false])?;
    /// assert_eq!(mask.apply(&tensor![1.5, f32::NAN], 2.0)?.to_vec(), [3.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn apply<T: Float>(&self, x: &Tensor<T>, scale: T) -> Result<Tensor<T>> {
        x.expect_shape("mask", self.shape)?;
        let x = x.row_major()?;
        let (x, words) = (x.as_slice().unwrap_or_default(), self.words.as_slice());
        Tensor::build(self.shape, |y| {
            for_chunks(y, 4 * BLOCK, |first, y| {
                select_scale(words, first, &x[first..first + y.len()], scale, y);
            });
        })
    }

    /// As [`apply`](Self::apply), in the memory of `x` if it is not shared.
    ///
    /// # Shape
    ///
    /// mask `[..., n]`, `x: [..., n] -> [..., n]`: nothing is broadcast
    ///
    /// # Errors
    ///
    /// If the shape of `x` is not the mask's, or memory does not hold the result.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Mask, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (mask, x) = (Mask::from_kept(&tensor![bool; true, false])?, tensor![1.5, 7.0]);
    /// assert_eq!(mask.apply_owned(x, 2.0)?.to_vec(), [3.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn apply_owned<T: Float>(&self, mut x: Tensor<T>, scale: T) -> Result<Tensor<T>> {
        x.expect_shape("mask", self.shape)?;
        let Some(y) = x.try_mut() else {
            return self.apply(&x, scale);
        };
        let words = self.words.as_slice();
        for_chunks(y, 4 * BLOCK, |first, y| {
            select_scale_in_place(words, first, y, scale);
        });
        Ok(x)
    }
}
