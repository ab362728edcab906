//! The Gaussian error linear unit by a hyperbolic tangent.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Inputs;
use crate::slope::Curve;
use crate::var::Var;

/// The factor of the cube; like the formula from Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415.
const CUBIC: f64 = 0.044_715;
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;
/// 2 u = x (LINEAR + LINEAR CUBIC x^2)
const LINEAR: f64 = 2.0 * SQRT_2_OVER_PI;

/// y = x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3)
#[derive(Clone, Copy, Debug)]
struct GeluTanh;

impl<T: Float> Op<T> for GeluTanh {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.map(T::gelu_tanh_))
    }

    /// dx = g s (1 + x (1 - s) v'), s = sigmoid(v), v = 2 u
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        Curve::backward(*self, g, &x)
    }
}

impl<T: Float> Curve<T> for GeluTanh {
    #[inline(always)]
    fn gradient(self, g: T, x: T) -> T {
        let (linear, cubic) = (T::of(LINEAR), T::of(LINEAR * CUBIC));
        let (one, square) = (T::of(1.0), x * x);
        let s = (x * (linear + cubic * square)).sigmoid_();
        let climb = x * (linear + T::of(3.0) * cubic * square);
        g * (s * (one + climb * (one - s)))
    }

    /// s (1 - s) (v' + w' + v' w (1 - 2 s)), w = x v'
    fn bend(self, x: &Var<T>) -> Result<Option<Var<T>>> {
        let (one, cubic) = (T::of(1.0), LINEAR * CUBIC);
        let square = x.square();
        let even = |factor: f64| {
            square
                .mul_scalar(T::of(factor * cubic))
                .add_scalar(T::of(LINEAR))
        };
        let s = x.mul(&even(1.0))?.sigmoid();
        let (rest, slope) = (s.neg().add_scalar(one), even(3.0));
        let twist = x.mul(&rest.sub(&s)?)?.mul(&slope)?.add_scalar(one);
        let tilt = slope.mul(&twist)?.add(&even(9.0))?;
        Ok(Some(s.mul(&rest)?.mul(&tilt)?))
    }
}

impl<T: Float> Var<T> {
    /// The approximation `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))` of [`gelu`](Self::gelu).
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// The derivative of the approximation, times `g`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0, 1.0, 3.0]);
    /// let (y, exact) = (x.gelu_tanh(), x.gelu());
    /// assert!(y.tensor().allclose(exact.tensor(), 0.0, 5e-4));
    /// assert!(!y.tensor().allclose(exact.tensor(), 0.0, 1e-4));
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.gelu(approximate="tanh")`
    pub fn gelu_tanh(&self) -> Self {
        infallible(GeluTanh.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.gelu_tanh()));
    }

    #[test]
    fn half_the_slope_at_0() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.gelu_tanh();
        let expected = tensor![f64; 0.0, 0.841_191_990_608_276_6];
        assert!(y.tensor().allclose(&expected, 1e-15, 1e-15), "{y}");
        let grads = y.backward_with(tensor![f64; 1.0, 1.0])?;
        let expected = tensor![f64; 0.5, 1.082_964_083_845_782_6];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-14, 1e-15)),
            "{grads:?}"
        );
        Ok(())
    }
}
