//! How alike vectors are: cosines; and vectors divided by their norms.

use crate::element::Float;
use crate::error::Result;
use crate::shape::{Axes, ReducedAxes, Shape};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keep, tensor};

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
