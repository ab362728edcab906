//! The rectifier with a slope on both sides.

use gradlet_tensor::Float;

use crate::pointwise::{Pointwise, Real};
use crate::saves::Inputs;
use crate::var::Var;

/// y = x where x > 0, else slope * x
#[derive(Clone, Copy, Debug)]
struct LeakyRelu<T> {
    slope: T,
}

impl<T: Float> Pointwise<T> for LeakyRelu<T> {
    type Saves = Inputs;
    const PIECEWISE_LINEAR: bool = true;

    #[inline(always)]
    fn value(self, x: T) -> T {
        if x > T::of(0.0) { x } else { x * self.slope }
    }

    /// 1 where x > 0, else slope
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        x.choose(|x| x > T::of(0.0), S::of(1.0), S::number(self.slope))
    }
}

impl<T: Float> Var<T> {
    /// `x` where it is above 0, `slope * x` elsewhere; `PyTorch`'s default slope is 0.01.
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` where x is above 0, `slope * g` elsewhere, at 0 too; the input is saved.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![-8.0, 0.0, 3.0]);
    /// let y = x.leaky_relu(0.25);
    /// assert_eq!(y.to_vec(), [-2.0, 0.0, 3.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.25, 0.25, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.leaky_relu`
    pub fn leaky_relu(&self, slope: T) -> Self {
        self.pointwise(LeakyRelu { slope })
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
        gradcheck_everywhere(|x| x + 0.1f64.copysign(x), |x| Ok(x.leaky_relu(0.2)));
        check_pointwise(LeakyRelu { slope: 0.1 }, LeakyRelu { slope: 0.1 }, &[0.0]);
    }

    #[test]
    fn zero_is_on_the_lower_side() -> Result<()> {
        let x = Var::leaf(tensor![-2.0, 0.0, 3.0]);
        let y = x.leaky_relu(0.5);
        assert_eq!(y.to_vec(), [-1.0, 0.0, 3.0]);
        let grads = y.backward_with(tensor![4.0, 4.0, 4.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![2.0, 2.0, 4.0]));
        Ok(())
    }
}
