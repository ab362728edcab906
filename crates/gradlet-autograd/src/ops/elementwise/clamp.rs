//! Bounds from below and above.

use gradlet_tensor::{Float, Result};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = min(max(x, low), high)
#[derive(Clone, Copy, Debug)]
struct Clamp<T> {
    low: Option<T>,
    high: Option<T>,
}

impl<T: Float> Clamp<T> {
    #[inline(always)]
    fn is_inside(self, x: T) -> bool {
        self.low.is_none_or(|low| x > low) && self.high.is_none_or(|high| x < high)
    }
}

impl<T: Float> Pointwise<T> for Clamp<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let x = match self.low {
            Some(low) if x < low || low.is_nan() => low,
            _ => x,
        };
        match self.high {
            Some(high) if x > high || high.is_nan() => high,
            _ => x,
        }
    }

    /// 1 strictly between the bounds, else 0
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.choose(|x| self.is_inside(x), S::of(1.0), S::of(0.0))
    }

    /// A choice, since a product would be NaN for an infinite `g`.
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        if self.is_inside(x) { g } else { T::of(0.0) }
    }
}

impl<T: Float> Var<T> {
    /// x, but at least `low` and then at most `high`, if given; NaN stays NaN, and a bound that is NaN makes every
    /// element NaN.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` strictly between the bounds, 0 at and beyond them and for NaN, as in `PyTorch` 2.15; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-2.0, -1.0, 0.5, 1.0]);
    /// let y = x.clamp(Some(-1.0), Some(1.0));
    /// assert_eq!(y.to_vec(), [-1.0, -1.0, 0.5, 1.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.clamp` with numbers
    pub fn clamp(&self, low: Option<T>, high: Option<T>) -> Self {
        self.pointwise(Clamp { low, high })
    }

    /// x, but at least `low` and then at most `high`, if given, element by element after broadcasting.
    ///
    /// # Shape
    ///
    /// `self: [..., n], low: [..., n], high: [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g` to the one that was taken, half of it to each of two equal ones, as by [`maximum`](Self::maximum) and
    /// [`minimum`](Self::minimum); the inputs of each comparison are saved.
    ///
    /// # Errors
    ///
    /// If the shapes do not broadcast.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (x, low) = (Var::leaf(tensor![1.0, 3.0, 0.0]), Var::leaf(tensor![1.0]));
    /// let y = x.clamp_between(Some(&low), None)?;
    /// assert_eq!(y.to_vec(), [1.0, 3.0, 1.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![0.5, 1.0, 0.0]));
    /// assert_eq!(grads.wrt(&low), Some(&tensor![1.5]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.clamp` with tensors
    #[track_caller]
    pub fn clamp_between(&self, low: Option<&Self>, high: Option<&Self>) -> Result<Self> {
        let y = match low {
            Some(low) => self
                .maximum(low)
                .map_err(|error| error.of("clamp_between"))?,
            None => self.clone(),
        };
        match high {
            Some(high) => y.minimum(high).map_err(|error| error.of("clamp_between")),
            None => Ok(y),
        }
    }

    /// x clamped between `low` and `high`; `PyTorch`'s defaults are -1 and 1.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` strictly between the bounds, 0 at and beyond them; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.5, 1.0]);
    /// let y = x.hardtanh(-1.0, 1.0);
    /// assert_eq!(y.to_vec(), [-1.0, 0.5, 1.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.hardtanh`
    pub fn hardtanh(&self, low: T, high: T) -> Self {
        self.clamp(Some(low), Some(high))
    }

    /// x clamped between 0 and 6.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` strictly between 0 and 6, 0 elsewhere; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-3.0, 0.5, 6.0]);
    /// let y = x.relu6();
    /// assert_eq!(y.to_vec(), [0.0, 0.5, 6.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.relu6`
    pub fn relu6(&self) -> Self {
        self.hardtanh(T::of(0.0), T::of(6.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck_everywhere, gradcheck_pairs};
    use crate::pointwise::{check_gradient, check_pointwise};
    use gradlet_tensor::{Result, Tensor, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.clamp(Some(-0.5), None)));
        gradcheck_everywhere(|x| x, |x| Ok(x.hardtanh(-0.3, 0.4)));
        // Its second derivative is 0: a square makes it depend on x.
        gradcheck_everywhere(|x| x, |x| Ok(x.clamp(None, Some(0.5)).square()));
        gradcheck_pairs(
            |x| x,
            |x, y| x.clamp_between(Some(&y.sub_scalar(0.3)), Some(&y.add_scalar(0.3))),
        );
        check_pointwise(
            Clamp {
                low: Some(-0.5),
                high: None,
            },
            Clamp {
                low: Some(-0.5),
                high: None,
            },
            &[-0.5],
        );
        check_pointwise(
            Clamp {
                low: Some(-0.5),
                high: Some(1.5),
            },
            Clamp {
                low: Some(-0.5),
                high: Some(1.5),
            },
            &[-0.5, 1.5],
        );
        check_gradient(
            Clamp {
                low: Some(-0.5),
                high: Some(1.5),
            },
            &[-0.5, 1.5],
        );
    }

    #[test]
    fn nothing_flows_at_a_bound_or_beyond() -> Result<()> {
        let x = Var::leaf(tensor![-2.0, -1.0, 0.0, 1.0, 2.0, f32::NAN]);
        let y = x.clamp(Some(-1.0), Some(1.0));
        assert_eq!(y.to_vec()[..5], [-1.0, -1.0, 0.0, 1.0, 1.0]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn tensor_bounds_share_the_gradient_where_they_are_met() -> Result<()> {
        let (x, low) = (Var::leaf(tensor![1.0, 3.0]), Var::leaf(tensor![1.0, 2.0]));
        let y = x.clamp_between(Some(&low), None)?;
        let grads = y.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.5, 1.0]));
        assert_eq!(grads.wrt(&low).map(Tensor::to_vec), Some(vec![0.5, 0.0]));
        assert_eq!(x.clamp_between(None, None)?.to_vec(), [1.0, 3.0]);
        Ok(())
    }
}
