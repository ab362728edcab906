//! The exponential function.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Op, Output, Want};
use crate::operators::infallible;
use crate::var::Var;

/// y = e^x
#[derive(Debug)]
struct Exp;

impl<T: Float> Op<T> for Exp {
    type Arity = Fixed<1>;
    type Saves = Output;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        Ok(x.exp())
    }

    /// dx = g * y
    fn backward(&self, g: Var<T>, y: Var<T>, _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        Ok([Some(g.mul(&y)?)])
    }
}

impl<T: Float> Var<T> {
    /// e^x.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g * y`; the output is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let x = Var::leaf(tensor![0.0, -f32::INFINITY, 100.0]);
    /// assert_eq!(x.exp().to_vec(), [1.0, 0.0, f32::INFINITY]); // f32 ends near e^88.7
    /// ```
    pub fn exp(&self) -> Self {
        infallible(Exp.apply([self]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        gradcheck_everywhere(|x| x, |x| Ok(x.exp()));
    }

    #[test]
    fn values_and_gradients_are_the_exponential() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 1.0]);
        let y = x.exp();
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 1.0, 1f64.exp()], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.backward_with(tensor![f64; 1.0, 2.0])?;
        assert!(
            grads.wrt(&x).is_some_and(|dx| dx.allclose(
                &tensor![f64; 1.0, 2.0 * 1f64.exp()],
                1e-15,
                0.0
            )),
            "{grads:?}"
        );
        Ok(())
    }
}
