//! The size of gradients as a whole, and bounds on it.

use gradlet_tensor::fused::require;
use gradlet_tensor::{Float, Result, Tensor};

use crate::gradients::Gradients;

/// PyTorch's: keeps the factor of gradients of 0 finite.
const EPS: f64 = 1e-6;
/// 2^100
const LARGE: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;

impl<T: Float> Gradients<T> {
    /// The p-norm of all gradients, of both types of floats, as if they were one vector: the p-norm of the gradients' own
    /// p-norms. It is 0 if there are none.
    ///
    /// The sums do not overflow where the norm does not, nor lose small numbers, and have the same bits on any number of
    /// threads.
    ///
    /// # Errors
    ///
    /// If p is subnormal, or becomes so or 0 by rounding to an element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, y) = (Var::leaf(tensor![4.0]), Var::leaf(tensor![3.0]));
    /// let mut grads = (&x * &y).sum(..)?.backward()?;
    /// assert_eq!(grads.norm(2.0)?, 5.0);
    /// assert_eq!(grads.norm(f64::INFINITY)?, 4.0);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.utils.get_total_norm`
    #[track_caller]
    pub fn norm(&self, p: f64) -> Result<f64> {
        let mut norms = Vec::new();
        self.norms_here(p, &mut norms)?;
        if let Some(across) = self.across() {
            across.norms_here(p, &mut norms)?;
        }
        if norms.is_empty() {
            return Ok(0.0);
        }
        let count = norms.len();
        Tensor::from_slice(norms, count)?.norm(p, ..)?.item()
    }

    /// The norms of the gradients of this element type, without those that have no elements.
    #[track_caller]
    fn norms_here(&self, p: f64, norms: &mut Vec<f64>) -> Result<()> {
        for (_, g) in self.iter().filter(|(_, g)| !g.is_empty()) {
            let norm = match g.norm(p, ..) {
                Ok(norm) => norm.item()?.to_f64(),
                Err(error) => return Err(error.of("Gradients::norm")),
            };
            // A norm of numbers of f32 may be too large for f32 alone.
            norms.push(if norm.is_infinite() {
                g.cast::<f64>().norm(p, ..)?.item()?
            } else {
                norm
            });
        }
        Ok(())
    }

    /// Multiplies all gradients by a number.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// // The mean over four batches.
    /// let x = Var::leaf(tensor![3.0]);
    /// let mut grads = x.clone().backward()?;
    /// for _ in 1..4 {
    ///     grads.add(&x.clone().backward()?)?;
    /// }
    /// grads.scale(1.0 / 4.0);
    /// assert_eq!(grads.wrt(&x), Some(&tensor![1.0]));
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn scale(&mut self, factor: f64) {
        self.scale_here(factor);
        if let Some(across) = self.across_mut() {
            across.scale_here(factor);
        }
    }

    fn scale_here(&mut self, factor: f64) {
        // Of a factor that the type holds with fewer digits, or not at all, a power of two is multiplied first.
        let shift = if T::of(factor).is_normal() || factor == 0.0 || !factor.is_finite() {
            1.0
        } else if factor.abs() < 1.0 {
            1.0 / LARGE
        } else {
            LARGE
        };
        let [shift, rest] = [shift, factor / shift].map(T::of);
        for (_, g) in self.iter_mut() {
            g.map_in_place(|g| g * shift * rest);
        }
    }

    /// Scales all gradients down so that their p-norm is at most `max_norm`, and returns the norm before.
    ///
    /// ```text
    /// g = g * min(1, max_norm / (norm + 1e-6))
    /// ```
    ///
    /// If a gradient is NaN, all are NaN afterwards; if one is infinite, it is NaN and the others are 0. The norm that is
    /// returned shows both, and so does [`is_finite`](Self::is_finite).
    ///
    /// # Errors
    ///
    /// If `max_norm` is negative or NaN, or p is subnormal. Nothing is changed then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, y) = (Var::leaf(tensor![4.0]), Var::leaf(tensor![3.0]));
    /// let mut grads = (&x * &y).sum(..)?.backward()?;
    /// assert_eq!(grads.clip_norm(1.0, 2.0)?, 5.0);
    /// assert!((grads.norm(2.0)? - 1.0).abs() < 1e-6);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.utils.clip_grad_norm_`
    #[track_caller]
    pub fn clip_norm(&mut self, max_norm: f64, p: f64) -> Result<f64> {
        let (op, holds) = ("Gradients::clip_norm", max_norm >= 0.0);
        require(holds, op, "max_norm", "at least 0", max_norm)?;
        let norm = self.norm(p)?;
        let factor = max_norm / (norm + EPS);
        if factor < 1.0 || factor.is_nan() {
            self.scale(factor);
        }
        Ok(norm)
    }

    /// Moves each element of the gradients into `[-limit, limit]`. NaN stays.
    ///
    /// # Errors
    ///
    /// If `limit` is negative or NaN. Nothing is changed then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![1.0, -4.0]);
    /// let mut grads = x.square().sum(..)?.backward()?;
    /// grads.clip_value(3.0)?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![2.0, -3.0]));
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.utils.clip_grad_value_`
    #[track_caller]
    pub fn clip_value(&mut self, limit: f64) -> Result<()> {
        let (op, holds) = ("Gradients::clip_value", limit >= 0.0);
        require(holds, op, "limit", "at least 0", limit)?;
        self.clip_here(limit);
        if let Some(across) = self.across_mut() {
            across.clip_here(limit);
        }
        Ok(())
    }

    fn clip_here(&mut self, limit: f64) {
        let (low, high) = (Some(T::of(-limit)), Some(T::of(limit)));
        for (_, g) in self.iter_mut() {
            *g = g.clamp(low, high);
        }
    }

    /// Whether every element of every gradient is finite.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0]);
    /// assert!(x.clone().backward()?.is_finite());
    /// assert!(!x.ln().backward()?.is_finite());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn is_finite(&self) -> bool {
        self.is_finite_here() && self.across().is_none_or(Gradients::is_finite_here)
    }

    fn is_finite_here(&self) -> bool {
        self.iter()
            .all(|(_, g)| g.is_finite().count_true() == g.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::var::Var;
    use gradlet_tensor::{tensor, threads};

    /// Gradients of these values, the second ones of the other type of floats.
    fn gradients(here: &Tensor<f64>, across: &Tensor) -> Result<(Var<f64>, Var, Gradients<f64>)> {
        let (x, y) = (Var::leaf(here.zeros_like()), Var::leaf(across.zeros_like()));
        let loss = (&x * &Var::constant(here.clone())).sum(..)?;
        let other = (&y * &Var::constant(across.clone())).sum(..)?;
        let grads = loss.add(&other.cast())?.backward()?;
        Ok((x, y, grads))
    }

    #[test]
    fn gradients_of_both_types_are_one_vector() -> Result<()> {
        let (x, y, mut grads) = gradients(&tensor![f64; 2.0, -3.0], &tensor![6.0])?;
        assert_eq!(grads.norm(2.0)?, 7.0);
        assert_eq!(grads.norm(1.0)?, 11.0);
        assert_eq!(grads.norm(f64::INFINITY)?, 6.0);
        assert_eq!(grads.norm(f64::NEG_INFINITY)?, 2.0);
        assert_eq!(grads.norm(0.0)?, 2.0);
        grads.clip_value(4.0)?;
        assert_eq!(grads.wrt(&y), Some(&tensor![4.0]));
        grads.scale(-0.5);
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; -1.0, 1.5]));
        assert_eq!(grads.wrt(&y), Some(&tensor![-2.0]));
        assert_eq!(Gradients::default().norm(2.0)?, 0.0);
        Ok(())
    }

    #[test]
    fn norms_overflow_only_if_they_are_too_large() -> Result<()> {
        let (huge, tiny) = (3e38f32, 1e-300);
        let (x, y, mut grads) = gradients(&tensor![f64; tiny], &tensor![huge, huge])?;
        let norm = f64::from(huge) * 2f64.sqrt();
        // Roundings.
        assert!((grads.norm(2.0)? / norm - 1.0).abs() < 1e-15);
        assert_eq!(grads.norm(1.0)?, f64::from(huge) * 2.0);
        // The factor is subnormal in f32.
        let before = grads.clip_norm(2f64.sqrt(), 2.0)?;
        assert!((before / norm - 1.0).abs() < 1e-15);
        let clipped = grads.wrt(&y).map(Tensor::to_vec).unwrap_or_default();
        assert!((clipped[0] - 1.0).abs() < 1e-6, "{clipped:?}");
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; tiny / f64::from(huge)]));
        let (_, _, grads) = gradients(&tensor![f64; 3e-200, 4e-200], &tensor![0.0])?;
        assert!((grads.norm(2.0)? / 5e-200 - 1.0).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn norms_have_the_same_bits_on_any_number_of_threads() -> Result<()> {
        let wide = Tensor::from_fn(200_000, |i| (i as f32 * 0.37).sin())?;
        let (_, _, grads) = gradients(&wide.cast(), &wide)?;
        for p in [1.0, 2.0, 3.0] {
            let alone = threads::with(1, || grads.norm(p))?;
            assert_eq!(
                threads::with(3, || grads.norm(p))?.to_bits(),
                alone.to_bits()
            );
        }
        Ok(())
    }

    #[test]
    fn what_is_not_finite_shows() -> Result<()> {
        let nan = f64::NAN;
        let (x, _, mut grads) = gradients(&tensor![f64; nan, 5.0], &tensor![1.0])?;
        assert!(!grads.is_finite());
        grads.clip_value(2.0)?;
        let clipped = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
        assert!(clipped[0].is_nan() && clipped[1] == 2.0);
        assert!(grads.clip_norm(1.0, 2.0)?.is_nan());
        assert!(grads.wrt(&x).is_some_and(|g| g.iter().all(f64::is_nan)));
        let (_, y, mut grads) = gradients(&tensor![f64; 1.0], &tensor![f32::INFINITY, 1.0])?;
        assert!(!grads.is_finite());
        assert_eq!(grads.clip_norm(1.0, 2.0)?, f64::INFINITY);
        let clipped = grads.wrt(&y).map(Tensor::to_vec).unwrap_or_default();
        assert!(clipped[0].is_nan() && clipped[1] == 0.0);
        let (_, _, grads) = gradients(&tensor![f64; 1.0], &tensor![1.0])?;
        assert!(grads.is_finite());
        Ok(())
    }

    #[test]
    fn senseless_bounds_are_refused_and_change_nothing() -> Result<()> {
        let (x, _, mut grads) = gradients(&tensor![f64; 5.0], &tensor![1.0])?;
        let refused = |error: gradlet_tensor::Error, expected: &str, line| {
            let text = error.to_string();
            assert!(text.starts_with(expected), "{text}");
            assert_eq!(error.location().line(), line);
        };
        for bound in [-1.0, f64::NAN] {
            let (line, error) = (line!(), grads.clip_norm(bound, 2.0).unwrap_err());
            let expected = "Gradients::clip_norm: max_norm must be at least 0, got ";
            refused(error, expected, line);
            let (line, error) = (line!(), grads.clip_value(bound).unwrap_err());
            let expected = "Gradients::clip_value: limit must be at least 0, got ";
            refused(error, expected, line);
        }
        let (line, error) = (line!(), grads.norm(1e-320).unwrap_err());
        refused(error, "Gradients::norm: p must be ", line);
        assert_eq!(grads.wrt(&x), Some(&tensor![f64; 5.0]));
        Ok(())
    }
}
