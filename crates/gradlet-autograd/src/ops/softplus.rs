//! The smooth rectifier, and the unit that is built from it.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Inputs, Op, Want};
use crate::operators::infallible;
use crate::var::Var;

/// y = ln(1 + e^(beta x)) / beta, or x where beta x > threshold
#[derive(Debug)]
struct Softplus<T> {
    beta: T,
    threshold: T,
}

impl<T: Float> Op<T> for Softplus<T> {
    type Arity = Fixed<1>;
    type Saves = Inputs;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        let Self { beta, threshold } = *self;
        Ok(x.map(|x| {
            let scaled = x * beta;
            if scaled > threshold {
                x
            } else {
                scaled.exp_().ln_1p() / beta
            }
        }))
    }

    /// dx = g * sigmoid(beta x), or g where beta x > threshold
    fn backward(&self, g: Var<T>, [x]: [Var<T>; 1], _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        let Self { beta, threshold } = *self;
        let straight = x.tensor().map(|x| x * beta > threshold);
        let slope = x
            .mul_scalar(beta)
            .sigmoid()
            .masked_fill(&straight, T::of(1.0))?;
        Ok([Some(g.mul(&slope)?)])
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
        infallible(Softplus { beta, threshold }.apply([self]))
    }

    /// `x * tanh(ln(1 + e^x))`.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * (t + x * (1 - t^2) * sigmoid(x))` with `t = tanh(ln(1 + e^x))`; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![0.0, 1000.0]);
    /// let y = x.mish();
    /// assert_eq!(y.to_vec(), [0.0, 1000.0]);
    /// let grads = y.sum(..)?.backward()?; // tanh(ln 2) = (2 - 1/2) / (2 + 1/2) at 0
    /// assert!(grads.wrt(&x).is_some_and(|dx| dx.allclose(&tensor![0.6, 1.0], 1e-6, 0.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.mish`
    pub fn mish(&self) -> Self {
        let gate = self.softplus(T::of(1.0), T::of(20.0)).tanh();
        infallible(self.mul(&gate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.softplus(1.0, 20.0)));
        gradcheck_everywhere(|x| x, |x| Ok(x.softplus(2.5, 1.5)));
        gradcheck_everywhere(|x| x, |x| Ok(x.mish()));
    }

    #[test]
    fn large_numbers_pass_unchanged() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1000.0, -1000.0]);
        let y = x.softplus(2.0, 20.0);
        assert_eq!(y.to_vec(), [2f64.ln() / 2.0, 1000.0, 0.0]);
        let grads = y.backward_with(tensor![f64; 2.0, 3.0, 5.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 3.0, 0.0]));
        assert_eq!(x.mish().to_vec()[..2], [0.0, 1000.0]);
        Ok(())
    }
}
