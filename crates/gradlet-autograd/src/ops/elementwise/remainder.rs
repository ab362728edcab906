//! Remainders of divisions, with the sign of the divisor or of the dividend.

use gradlet_tensor::{Float, Result, Shape, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::operators::infallible;
use crate::saves::SomeInputs;
use crate::var::Var;

/// y = a - b q, where q is a / b rounded down or toward 0, both of one shape
#[derive(Debug)]
enum Rest {
    Remainder,
    Fmod,
}

impl<T: Float> Op<T> for Rest {
    type Arity = Fixed<2>;
    type Saves = SomeInputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        match self {
            Self::Remainder => a.remainder(b),
            Self::Fmod => a.fmod(b),
        }
    }

    /// da = g, db = -g q
    fn backward(
        &self,
        g: Var<T>,
        (saved, [want_a, want_b]): ([Option<Var<T>>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let db = match &saved {
            [Some(a), Some(b)] => want_b.then(|| {
                let quotient = match self {
                    Self::Remainder => a.tensor().div_floor(b.tensor())?,
                    Self::Fmod => a.tensor().div_trunc(b.tensor())?,
                };
                g.mul(&Var::constant(-quotient))
            })?,
            _ => None,
        };
        Ok([want_a.then(|| Ok(g))?, db])
    }

    fn keeps(&self, [_, want_b]: &[Want; 2]) -> [bool; 2] {
        [want_b.is_wanted(); 2]
    }

    fn name(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Rest {
    #[track_caller]
    fn of<T: Float>(self, name: &'static str, a: &Var<T>, b: &Var<T>) -> Result<Var<T>> {
        let shape = Shape::broadcast(a.shape(), b.shape()).map_err(|error| error.of(name))?;
        self.apply([
            &*a.broadcast_if_needed(shape)?,
            &*b.broadcast_if_needed(shape)?,
        ])
    }
}

impl<T: Float> Var<T> {
    /// The remainder of the quotient rounded down, `self - rhs * floor(self / rhs)`, after broadcasting. It has the
    /// sign of `rhs`; NaN where `rhs` is 0 or `self` infinite.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g`, and `-g * floor(self / rhs)`; both inputs are saved if that of `rhs` is wanted.
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
    /// let (x, divisor) = (Var::leaf(tensor![7.0, -7.0]), Var::leaf(tensor![3.0, 3.0]));
    /// let y = x.remainder(&divisor)?;
    /// assert_eq!(y.to_vec(), [1.0, 2.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![1.0, 1.0]));
    /// assert_eq!(grads.wrt(&divisor), Some(&tensor![-2.0, 3.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.remainder`
    #[track_caller]
    pub fn remainder(&self, rhs: &Self) -> Result<Self> {
        Rest::Remainder.of("remainder", self, rhs)
    }

    /// As [`remainder`](Self::remainder), for a number on the right.
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
    /// assert_eq!(Var::leaf(tensor![7.0, -7.0]).remainder_scalar(3.0).to_vec(), [1.0, 2.0]);
    /// ```
    pub fn remainder_scalar(&self, rhs: T) -> Self {
        infallible(self.remainder(&Self::constant(Tensor::scalar(rhs))))
    }

    /// The remainder of the quotient rounded toward 0, `self - rhs * trunc(self / rhs)`, after broadcasting. It has
    /// the sign of `self`; NaN where `rhs` is 0 or `self` infinite.
    ///
    /// # Shape
    ///
    /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
    ///
    /// # Gradient
    ///
    /// `g`, and `-g * trunc(self / rhs)`; both inputs are saved if that of `rhs` is wanted.
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
    /// let (x, divisor) = (Var::leaf(tensor![7.0, -7.0]), Var::leaf(tensor![3.0, 3.0]));
    /// let y = x.fmod(&divisor)?;
    /// assert_eq!(y.to_vec(), [1.0, -1.0]);
    /// let grads = y.sum(..)?.backward()?;
    /// assert_eq!(grads.wrt(&x), Some(&tensor![1.0, 1.0]));
    /// assert_eq!(grads.wrt(&divisor), Some(&tensor![-2.0, 2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.fmod`
    #[track_caller]
    pub fn fmod(&self, rhs: &Self) -> Result<Self> {
        Rest::Fmod.of("fmod", self, rhs)
    }

    /// As [`fmod`](Self::fmod), for a number on the right.
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
    /// assert_eq!(Var::leaf(tensor![7.0, -7.0]).fmod_scalar(3.0).to_vec(), [1.0, -1.0]);
    /// ```
    pub fn fmod_scalar(&self, rhs: T) -> Self {
        infallible(self.fmod(&Self::constant(Tensor::scalar(rhs))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck_everywhere, gradcheck_pairs};
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences() {
        // No quotient is a whole number, also of an input by itself.
        let divisor = |y: &Var<f64>| y.square().mul_scalar(0.37).add_scalar(0.61);
        gradcheck_pairs(|x| x, |x, y| x.remainder(&divisor(y)));
        gradcheck_pairs(|x| x, |x, y| x.fmod(&divisor(y).neg()));
        gradcheck_everywhere(|x| x, |x| Ok(x.remainder_scalar(-0.7)));
        gradcheck_everywhere(|x| x, |x| Ok(x.fmod_scalar(0.7)));
    }

    #[test]
    fn the_divisor_gets_the_rounded_quotient() -> Result<()> {
        let (x, divisor) = (Var::leaf(tensor![-7.5, 7.5]), Var::leaf(tensor![2.0]));
        for (y, expected, of_divisor) in [
            (x.remainder(&divisor)?, [0.5, 1.5], 4.0 - 30.0),
            (x.fmod(&divisor)?, [-1.5, 1.5], 3.0 - 30.0),
        ] {
            assert_eq!(y.to_vec(), expected);
            let grads = y.backward_with(tensor![1.0, 10.0])?;
            assert_eq!(grads.wrt(&x), Some(&tensor![1.0, 10.0]));
            assert_eq!(grads.wrt(&divisor), Some(&tensor![of_divisor]));
        }
        let sum = &x + 1.0;
        let value = sum.tensor().clone();
        let rest = sum.fmod_scalar(2.0);
        drop(sum);
        assert!(
            rest.is_tracked() && value.is_unshared(),
            "a number's gradient needs nothing"
        );
        Ok(())
    }
}
