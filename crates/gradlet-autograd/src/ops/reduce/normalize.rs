//! Elements divided by their norm.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The elements divided by their p-norm over the axes, or by `eps` where the norm is smaller.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// That of [`div`](Self::div) by [`norm`](Self::norm); by `eps`, `g / eps`. The input and the norms are saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, p is infinite and there are no elements to choose from, or p is
    /// subnormal, or becomes so or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[3.0, 4.0], [0.0, 0.0]]);
    /// let y = x.normalize(2.0, 1, 1e-12)?;
    /// assert_eq!(y.tensor(), &tensor![[0.6, 0.8], [0.0, 0.0]]);
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
        self.div(&norm.clamp(Some(T::of(eps)), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?;
        let x = [x.map(|x| x + 0.1f64.copysign(x))];
        for p in [1.0, 2.0, 3.0, f64::INFINITY] {
            for (axes, eps) in [(vec![0], 1e-12), (vec![-1, 0], 1e-12), (vec![1], 2.0)] {
                gradcheck(|x| x[0].normalize(p, axes.as_slice(), eps), &x)?;
                gradgradcheck(
                    |x| x[0].transpose(0, 2)?.normalize(p, axes.as_slice(), eps),
                    &x,
                )?;
            }
        }
        gradgradcheck(
            |x| x[0].normalize(2.0, 1, 1e-12),
            &[Tensor::zeros_of([3, 0])?],
        )
    }

    #[test]
    fn short_rows_are_divided_by_eps() -> Result<()> {
        let x = Var::leaf(tensor![[3.0, 4.0], [0.25, 0.0], [0.0, 0.0]]);
        let y = x.normalize(2.0, 1, 0.5)?;
        assert_eq!(y.tensor(), &tensor![[0.6, 0.8], [0.5, 0.0], [0.0, 0.0]]);
        let grads = y.narrow(0, 1, 2)?.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x),
            Some(&tensor![[0.0, 0.0], [2.0, 2.0], [2.0, 2.0]])
        );
        assert!(x.normalize(2.0, 2, 0.5).is_err());
        Ok(())
    }
}
