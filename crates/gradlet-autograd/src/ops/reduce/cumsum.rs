//! Running sums.

use gradlet_tensor::{Float, Result, Tensor, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// `y_i` = `x_0` + .. + `x_i` along an axis, or `x_i` + .. + `x_n`
#[derive(Debug)]
struct Cumsum {
    axis: isize,
    reversed: bool,
}

impl<T: Float> Op<T> for Cumsum {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        if self.reversed {
            fused::cumsum_reversed(x, self.axis)
        } else {
            x.cumsum(self.axis)
        }
    }

    /// `dx_i` = `g_i` + .. + `g_n`, or `g_0` + .. + `g_i`
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let (axis, reversed) = (self.axis, !self.reversed);
        Self { axis, reversed }.apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// The running sum of the elements along an axis: `y_i = x_0 + .. + x_i`, summed in f64.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// `g` summed from the other end; nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
    /// let y = x.cumsum(0)?;
    /// assert_eq!(y.to_vec(), [1.0, 3.0, 6.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![3.0, 2.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cumsum`
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Result<Self> {
        let reversed = false;
        Cumsum { axis, reversed }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.cumsum(-1));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axis in [0, 1, -1] {
            gradcheck(|x| x[0].cumsum(axis), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 1)?.cumsum(axis), &x)?;
        }
        Ok(())
    }

    #[test]
    fn the_gradient_sums_from_the_other_end() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0]);
        let y = x.cumsum(0)?;
        assert_eq!(y.to_vec(), [1.0, 3.0, 6.0]);
        let grads = y.backward_with(tensor![1.0, 10.0, 100.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![111.0, 110.0, 100.0])
        );
        assert!(x.cumsum(1).is_err());
        Ok(())
    }
}
