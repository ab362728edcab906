//! The smooth rectifier.

use gradlet_tensor::{Float, math};

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), without overflow
#[inline(always)]
pub(crate) fn softplus<T: Float>(x: T) -> T {
    let above = if x > T::of(0.0) { x } else { T::of(0.0) };
    above + math::log1p(math::exp(-x.abs()))
}

/// y = ln(1 + e^(beta x)) / beta, or x where beta x > threshold
#[derive(Clone, Copy, Debug)]
struct Softplus<T> {
    beta: T,
    threshold: T,
}

impl<T: Float> Pointwise<T> for Softplus<T> {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let scaled = x * self.beta;
        let curved = softplus(scaled) / self.beta;
        if scaled > self.threshold { x } else { curved }
    }

    /// sigmoid(beta x), or 1 where beta x > threshold
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let curved = (x * self.beta).sigmoid();
        x.choose(|x| x * self.beta > self.threshold, S::of(1.0), curved)
    }
}

impl<T: Float> Var<T> {
    /// `ln(1 + e^(beta * x)) / beta`, and x itself where `beta * x` is above the threshold; `PyTorch`'s defaults are 1 and
    /// 20.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * sigmoid(beta * x)`, and `g` above the threshold; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1000.0]);
    /// let y = x.softplus(1.0, 20.0);
    /// assert!(y.tensor().allclose(&tensor![2f32.ln(), 1000.0], 1e-6, 0.0));
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.5, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.softplus`
    pub fn softplus(&self, beta: T, threshold: T) -> Self {
        self.pointwise(Softplus { beta, threshold })
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
        gradcheck_everywhere(|x| x, |x| Ok(x.softplus(1.0, 20.0)));
        gradcheck_everywhere(|x| x, |x| Ok(x.softplus(2.5, 1.5)));
        check_pointwise(
            Softplus {
                beta: 2.5,
                threshold: 1.5,
            },
            Softplus {
                beta: 2.5,
                threshold: 1.5,
            },
            &[0.6],
        );
    }

    #[test]
    fn large_numbers_pass_unchanged() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1000.0, -1000.0]);
        let y = x.softplus(2.0, 20.0);
        assert_eq!(y.to_vec(), [2f64.ln() / 2.0, 1000.0, 0.0]);
        let grads = y.backward_with(tensor![f64; 2.0, 3.0, 5.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 3.0, 0.0]));
        Ok(())
    }
}
