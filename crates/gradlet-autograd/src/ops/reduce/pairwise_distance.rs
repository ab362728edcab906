//! Distances between vectors.

use gradlet_tensor::{Axes, Float, Result, fused};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The p-norm over the axes of `x - rhs + eps`, after broadcasting. The axes go away, or stay at size 1 with
    /// [`Keep`](crate::Keep).
    ///
    /// PyTorch's default of eps is 1e-6. It is added to each difference, whatever its sign, so the distance of x to y is
    /// not exactly that of y to x.
    ///
    /// # Shape
    ///
    /// `x: [a, b], rhs: [a, b]`: `x.pairwise_distance(&rhs, 2.0, -1, eps)` -> `[a]`; sizes of 1 and missing leading axes
    /// are repeated.
    ///
    /// # Gradient
    ///
    /// That of [`norm`](Self::norm), which is 0 where the norm is 0, and its negative; the differences are saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast, an axis is out of range or named twice, eps is not finite, p is infinite and there
    /// are no elements to choose from, or p is subnormal, or becomes so or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, y) = (Var::leaf(tensor![[3.0, 4.0], [1.0, 1.0]]), Var::leaf(tensor![0.0, 0.0]));
    /// assert_eq!(x.pairwise_distance(&y, 1.0, -1, 0.0)?.tensor(), &tensor![7.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.pairwise_distance`
    #[track_caller]
    pub fn pairwise_distance(&self, rhs: &Self, p: f64, axes: impl Axes, eps: f64) -> Result<Self> {
        let op = "pairwise_distance";
        fused::setting::<T>(op, "eps", "finite", eps, f64::is_finite)?;
        let difference = self.sub(rhs).map_err(|error| error.of(op))?;
        let moved = difference.add_scalar(T::of(eps));
        moved.norm(p, axes).map_err(|error| error.of(op))
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
            for (axis, p) in [(0, 1.0), (1, 2.0), (-1, 3.0)] {
                gradcheck(|x| x[0].pairwise_distance(&x[1], p, axis, 1e-6), &x)?;
                gradgradcheck(|x| x[0].pairwise_distance(&x[1], p, Keep(axis), 0.1), &x)?;
            }
        }
        Ok(())
    }

    #[test]
    fn eps_is_added_to_each_difference() -> Result<()> {
        let (x, y) = (
            Var::leaf(tensor![[1.0, 5.0]]),
            Var::leaf(tensor![[2.0, 5.0]]),
        );
        assert_eq!(x.pairwise_distance(&y, 1.0, -1, 0.5)?.to_vec(), [1.0]);
        assert_eq!(y.pairwise_distance(&x, 1.0, -1, 0.5)?.to_vec(), [2.0]);
        // Equal vectors without it: no gradient.
        let grads = x.pairwise_distance(&x, 2.0, -1, 0.0)?.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 0.0]]));
        for error in [
            x.pairwise_distance(&y, 2.0, 2, 0.0).unwrap_err(),
            x.pairwise_distance(&y, 2.0, 1, f64::NAN).unwrap_err(),
            x.pairwise_distance(&Var::leaf(tensor![1.0, 2.0, 3.0]), 2.0, 0, 0.5)
                .unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.starts_with("pairwise_distance: "), "{text}");
        }
        Ok(())
    }
}
