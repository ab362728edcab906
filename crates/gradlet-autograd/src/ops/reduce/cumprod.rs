//! Running products.

use gradlet_tensor::{Float, Result, Tensor, fused};

use crate::op::{Fixed, One, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// `y_i = x_0 * .. * x_i` along an axis
#[derive(Debug)]
struct Cumprod {
    axis: isize,
}

impl<T: Float> Op<T> for Cumprod {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.cumprod(self.axis)
    }

    /// `dx_i = y_(i-1) r_i`, where `r_i = g_i + x_(i+1) r_(i+1)`: without a division, which zeros would forbid
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let axis = self.axis;
        let reversed = true;
        let rest = Recurrence { axis, reversed }.apply([&g, &x])?;
        let y = Self { axis }.apply(&x)?;
        shifted(&y, axis, T::one())?.mul(&rest)
    }
}

/// `y_i = a_i + b_i y_(i-1)` along an axis, or, reversed, `y_i = a_i + b_(i+1) y_(i+1)`
#[derive(Clone, Copy, Debug)]
struct Recurrence {
    axis: isize,
    reversed: bool,
}

impl<T: Float> Op<T> for Recurrence {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        if self.reversed {
            fused::recurrence_reversed(a, b, self.axis)
        } else {
            fused::recurrence(a, b, self.axis)
        }
    }

    /// `da` = s, the recurrence of g the other way; `db_i = s_i y_(i-1)`, or, reversed, `s_(i-1) y_i`
    fn backward(
        &self,
        g: Var<T>,
        ([a, b], [_, want_b]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let (axis, reversed) = (self.axis, !self.reversed);
        let s = Self { axis, reversed }.apply([&g, &b])?;
        let db = want_b.then(|| {
            let y = self.apply([&a, &b])?;
            let (before, here) = if self.reversed { (&s, &y) } else { (&y, &s) };
            shifted(before, axis, T::zero())?.mul(here)
        })?;
        Ok([Some(s), db])
    }
}

/// The element before each one along an axis, and `first` before the first.
fn shifted<T: Float>(x: &Var<T>, axis: isize, first: T) -> Result<Var<T>> {
    let size = x.tensor().size(axis)?;
    if size == 0 {
        return Ok(x.clone());
    }
    let first = x.tensor().narrow(axis, 0, 1)?.map(|_| first);
    Var::cat(
        &[&Var::constant(first), &x.narrow(axis, 0, size - 1)?],
        axis,
    )
}

impl<T: Float> Var<T> {
    /// The running product of the elements along an axis: `y_i = x_0 * .. * x_i`, multiplied in f64.
    ///
    /// # Shape
    ///
    /// `[a, n, b] -> [a, n, b]`; a scalar has an axis 0
    ///
    /// # Gradient
    ///
    /// `dx_i = y_(i-1) r_i`, where `r_i = g_i + x_(i+1) r_(i+1)`: two scans without a division, right where elements
    /// are 0. The input is saved.
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
    /// let x = Var::leaf(tensor![2.0, 0.0, 5.0]);
    /// let y = x.cumprod(0)?;
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 12.0, 0.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.cumprod`
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Result<Self> {
        if self.rank() == 0 {
            self.tensor().cumprod(axis)?;
            return Ok(self.clone());
        }
        Cumprod { axis }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradcheck_everywhere, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        gradcheck_everywhere(|x| x, |x| x.cumprod(-1));
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axis in [0, 1, -1] {
            gradcheck(|x| x[0].cumprod(axis), &x)?;
            gradgradcheck(|x| x[0].transpose(0, 1)?.cumprod(axis), &x)?;
        }
        // No zero, one, several.
        let zeros =
            [tensor![f64; [1.5, 2.0, 3.0, 0.5], [0.7, 0.0, 3.0, 2.0], [0.0, 5.0, 0.0, 2.0]]];
        gradcheck(|x| x[0].cumprod(1), &zeros)?;
        gradgradcheck(|x| x[0].cumprod(1), &zeros)?;
        let pair = [x[0].clone(), x[0].map(|x| x + 0.3)];
        for reversed in [false, true] {
            let op = Recurrence { axis: 1, reversed };
            gradcheck(|x| op.apply([&x[0], &x[1]]), &pair)?;
            gradgradcheck(|x| op.apply([&x[0], &x[1]]), &pair)?;
        }
        Ok(())
    }

    #[test]
    fn the_factors_beside_zeros_get_their_share() -> Result<()> {
        let x = Var::leaf(tensor![[2.0, 3.0, 4.0], [2.0, 0.0, 4.0], [0.0, 0.0, 4.0]]);
        let grads = x.cumprod(1)?.backward_with(
            tensor![[1.0, 10.0, 100.0]]
                .broadcast_to([3, 3])?
                .contiguous(),
        )?;
        // g_0 + g_1 x_1 + g_2 x_1 x_2, g_1 x_0 + g_2 x_0 x_2, g_2 x_0 x_1
        let expected = tensor![[1231.0, 820.0, 600.0], [1.0, 820.0, 0.0], [1.0, 0.0, 0.0]];
        assert_eq!(grads.wrt(&x), Some(&expected));
        assert!(x.cumprod(2).is_err() && Var::leaf(Tensor::scalar(1.0f32)).cumprod(1).is_err());
        Ok(())
    }
}
