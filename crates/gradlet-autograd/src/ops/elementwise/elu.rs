//! The exponential linear unit: plain, scaled, and with a slope that does not jump.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// From Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// y = scale x where x > 0, else scale alpha (e^(rate x) - 1)
#[derive(Clone, Copy, Debug)]
struct Elu<T> {
    alpha: T,
    scale: T,
    rate: T,
}

impl<T: Float> Pointwise<T> for Elu<T> {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let curved = self.alpha * math::expm1(x * self.rate);
        self.scale * if x > T::of(0.0) { x } else { curved }
    }

    /// scale where x > 0 or NaN, else scale alpha rate e^(rate x)
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let straight = |x: T| x > T::of(0.0) || x.is_nan();
        // 0 where x is not used, since the exponential could overflow there.
        let curved = (x.choose(straight, S::of(0.0), x) * self.rate).exp();
        let curved = curved * (self.alpha * self.rate);
        x.choose(straight, S::of(1.0), curved) * self.scale
    }
}

impl<T: Float> Var<T> {
    /// `x` where it is above 0, `alpha * (e^x - 1)` elsewhere; `PyTorch`'s default alpha is 1.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` where x is above 0 or NaN, `g * alpha * e^x` elsewhere, at 0 too; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-f32::INFINITY, 0.0, 3.0]);
    /// let y = x.elu(2.0);
    /// assert_eq!(y.to_vec(), [-2.0, 0.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 2.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.elu`
    pub fn elu(&self, alpha: T) -> Self {
        let (scale, rate) = (T::of(1.0), T::of(1.0));
        self.pointwise(Elu { alpha, scale, rate })
    }

    /// `x` where it is above 0, `alpha * (e^(x / alpha) - 1)` elsewhere, whose slope at 0 is 1 for any alpha but 0;
    /// `PyTorch`'s default alpha is 1.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` where x is above 0 or NaN, `g * e^(x / alpha)` elsewhere; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-f32::INFINITY, 0.0, 3.0]);
    /// let y = x.celu(2.0);
    /// assert_eq!(y.to_vec(), [-2.0, 0.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 1.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.celu`
    pub fn celu(&self, alpha: T) -> Self {
        let (scale, rate) = (T::of(1.0), T::of(1.0) / alpha);
        self.pointwise(Elu { alpha, scale, rate })
    }

    /// As [`elu`](Self::elu), `1.0507 * elu(x, 1.6733)`, with constants that keep the mean 0 and the variance 1 from
    /// layer to layer.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![-f32::INFINITY, 0.0, 1.0]);
    /// assert!(x.selu().tensor().allclose(&tensor![-1.7581, 0.0, 1.0507], 1e-4, 0.0));
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.selu`
    pub fn selu(&self) -> Self {
        let (alpha, scale, rate) = (T::of(SELU_ALPHA), T::of(SELU_SCALE), T::of(1.0));
        self.pointwise(Elu { alpha, scale, rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use crate::pointwise::check_pointwise;
    use gradlet_tensor::{Result, Tensor, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() {
        let away = |x: f64| x + 0.1f64.copysign(x);
        gradcheck_everywhere(away, |x| Ok(x.elu(0.7)));
        gradcheck_everywhere(away, |x| Ok(x.selu()));
        gradcheck_everywhere(away, |x| Ok(x.celu(0.7)));
        check_pointwise(
            Elu {
                alpha: 0.7,
                scale: 1.5,
                rate: 0.9,
            },
            Elu {
                alpha: 0.7,
                scale: 1.5,
                rate: 0.9,
            },
            &[0.0],
        );
    }

    #[test]
    fn zero_is_on_the_curved_side_and_large_numbers_do_not_overflow() -> Result<()> {
        let x = Var::leaf(tensor![f64; -1.0, 0.0, 1000.0]);
        let y = x.elu(2.0);
        assert_eq!(y.to_vec(), [2.0 * (-1f64).exp_m1(), 0.0, 1000.0]);
        let grads = y.backward_with(tensor![f64; 1.0, 1.0, 1.0])?;
        let expected = tensor![f64; 2.0 * (-1f64).exp(), 2.0, 1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
            "{grads:?}"
        );
        let nan = Var::leaf(tensor![f64; f64::NAN]);
        let grads = nan.elu(1.0).backward()?;
        assert_eq!(grads.wrt(&nan).map(Tensor::to_vec), Some(vec![1.0]));
        let celu = x.celu(0.5);
        assert_eq!(celu.to_vec(), [0.5 * (-2f64).exp_m1(), 0.0, 1000.0]);
        let grads = celu.backward_with(tensor![f64; 1.0, 1.0, 1.0])?;
        let expected = tensor![f64; (-2f64).exp(), 1.0, 1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-15, 0.0)),
            "{grads:?}"
        );
        let scale = x.selu().to_vec()[2] / 1000.0;
        assert!((scale - SELU_SCALE).abs() < 1e-15);
        Ok(())
    }
}
