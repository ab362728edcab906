//! Rounding to whole numbers, and the sign: functions that are flat between their steps.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{One, Op};
use crate::operators::infallible;
use crate::saves::Nothing;
use crate::var::Var;

/// y = a whole number near x, or the sign of x
#[derive(Clone, Copy, Debug)]
enum Steps {
    Floor,
    Ceil,
    Round,
    Trunc,
    Sign,
}

impl<T: Float> Op<T> for Steps {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(match self {
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Round => x.round(),
            Self::Trunc => x.trunc(),
            Self::Sign => x.sign(),
        })
    }

    /// dx = 0
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(Var::constant(g.tensor().zeros_like()))
    }

    fn name(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl<T: Float> Var<T> {
    /// The largest whole number that is not above x.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.5, 2.5, 0.0]);
    /// let y = x.floor();
    /// assert_eq!(y.to_vec(), [-2.0, 2.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.floor`
    pub fn floor(&self) -> Self {
        infallible(Steps::Floor.apply(self))
    }

    /// The smallest whole number that is not below x.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.5, 2.5, 0.0]);
    /// let y = x.ceil();
    /// assert_eq!(y.to_vec(), [-1.0, 3.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.ceil`
    pub fn ceil(&self) -> Self {
        infallible(Steps::Ceil.apply(self))
    }

    /// The nearest whole number; the even one if two are equally near.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.5, 2.5, 0.0]);
    /// let y = x.round();
    /// assert_eq!(y.to_vec(), [-2.0, 2.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.round`
    pub fn round(&self) -> Self {
        infallible(Steps::Round.apply(self))
    }

    /// The whole number next to x on the side of 0.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.5, 2.5, 0.0]);
    /// let y = x.trunc();
    /// assert_eq!(y.to_vec(), [-1.0, 2.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.trunc`
    pub fn trunc(&self) -> Self {
        infallible(Steps::Trunc.apply(self))
    }

    /// The sign: -1 if x is below 0, 0 at 0, 1 above; 0 for NaN.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// 0; nothing is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-1.5, 2.5, 0.0]);
    /// let y = x.sign();
    /// assert_eq!(y.to_vec(), [-1.0, 1.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.0, 0.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.sign`
    pub fn sign(&self) -> Self {
        infallible(Steps::Sign.apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::gradcheck_everywhere;
    use gradlet_tensor::tensor;

    type Function = fn(&Var<f64>) -> Var<f64>;

    const ALL: [Function; 5] = [Var::floor, Var::ceil, Var::round, Var::trunc, Var::sign];

    #[test]
    fn gradients_agree_with_finite_differences() {
        for f in ALL {
            gradcheck_everywhere(|x| x, |x| Ok(f(x)));
            // The gradient of this is f(x).
            gradcheck_everywhere(|x| x, |x| f(x).mul(x));
        }
    }

    #[test]
    fn the_gradient_is_0_even_at_a_step_and_at_nan() -> Result<()> {
        let x = Var::leaf(tensor![f64; 0.0, 0.5, f64::NAN, f64::INFINITY]);
        for f in ALL {
            let grads = f(&x).backward_with(tensor![f64; 1.0, 2.0, 3.0, 4.0])?;
            assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.0; 4]));
        }
        assert!(format!("{:?}", x.ceil()).ends_with("Ceil)"));
        Ok(())
    }
}
