//! Cosines of the angles between vectors.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Shape};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The cosine of the angle between vectors along the axes, after broadcasting: the sum of the products, each
    /// factor divided by its vector's norm, or by `eps` where the norm is smaller. The axes go away, or stay at size 1
    /// with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `x: [a, b], rhs: [a, b]`: `x.cosine_similarity(&rhs, 1, eps)` -> `[a]`; sizes of 1 and missing leading axes are
    /// repeated.
    ///
    /// # Gradient
    ///
    /// That of the formula: a shorter norm than `eps` is a constant. The inputs, norms and quotients are saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, or an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![[3.0, 4.0], [0.0, 2.0]]), Var::leaf(tensor![0.0, 1.0]));
    /// assert_eq!(x.cosine_similarity(&y, 1, 1e-8)?.tensor(), &tensor![0.8, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.cosine_similarity`
    #[track_caller]
    pub fn cosine_similarity(&self, rhs: &Self, axes: impl Axes, eps: f64) -> Result<Self> {
        let shape = Shape::broadcast(self.shape(), rhs.shape())
            .map_err(|error| error.of("cosine_similarity"))?;
        let axes = ReducedAxes::new("cosine_similarity", shape, &axes)?;
        let x = self.broadcast_if_needed(shape)?.normalize(2.0, axes, eps)?;
        let y = rhs.broadcast_if_needed(shape)?.normalize(2.0, axes, eps)?;
        x.mul(&y)?.sum(axes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Keep, Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let normal = |shape: &[usize], seed| Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(seed));
        let whole = [normal(&[2, 3, 4], 1)?, normal(&[2, 3, 4], 2)?];
        let part = [normal(&[3, 1], 3)?, normal(&[2, 1, 4], 4)?];
        for x in [whole, part] {
            for axis in 0..3 {
                gradcheck(|x| x[0].cosine_similarity(&x[1], axis, 1e-8), &x)?;
                gradgradcheck(|x| x[0].cosine_similarity(&x[1], Keep(axis), 0.9), &x)?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_vector_of_zeros_is_at_right_angles_to_all() -> Result<()> {
        let (x, y) = (
            Var::leaf(tensor![[0.0, 0.0]]),
            Var::leaf(tensor![[3.0, 4.0]]),
        );
        let cosine = x.cosine_similarity(&y, 1, 0.5)?;
        assert_eq!(cosine.to_vec(), [0.0]);
        let grads = cosine.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[1.2, 1.6]]));
        assert_eq!(grads.wrt(&y), Some(&tensor![[0.0, 0.0]]));
        assert!(x.cosine_similarity(&y, 2, 0.5).is_err());
        assert!(
            x.cosine_similarity(&Var::leaf(tensor![1.0, 2.0, 3.0]), 0, 0.5)
                .is_err()
        );
        Ok(())
    }
}
