//! Norms over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// y = (sum of |x|^p over the axes)^(1/p), p finite
#[derive(Debug)]
struct Norm {
    p: f64,
    axes: ReducedAxes,
}

impl<T: Float> Op<T> for Norm {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.norm(self.p, self.axes)
    }

    /// dx = g sign(x) (|x| / y)^(p - 1), 0 where x or y is 0; the ratio is at most 1, or at least 1 for p < 0
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let (p, zero, one) = (self.p, T::of(0.0), T::of(1.0));
        let sign = Var::constant(x.tensor().sign());
        let g = g.reshape(self.axes.kept())?;
        if p == 0.0 {
            return Ok(Var::constant(x.tensor().zeros_like()));
        }
        if p == 1.0 {
            return sign.mul(&g);
        }
        let y = x.norm(p, self.axes.keep())?;
        // Where y is 0, or NaN because there are no elements, it is neither a divisor nor differentiated.
        let none = x.is_empty();
        let flat = y.tensor().map(|y| none || y == zero);
        let (y, g) = (y.masked_fill(&flat, one)?, g.masked_fill(&flat, zero)?);
        if p == 2.0 {
            return x.mul(&g.div(&y)?);
        }
        let is_zero = x.tensor().map(|x| x == zero);
        let ratio = x.abs().div(&y)?.masked_fill(&is_zero, one)?;
        ratio.powf(T::of(p - 1.0)).mul(&sign)?.mul(&g)
    }
}

impl<T: Float> Var<T> {
    /// The p-norm over the axes: `(sum |x|^p)^(1/p)`, the largest `|x|` for p = inf, the smallest for p = -inf, the number
    /// of elements that are not 0 for p = 0. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `norm(2.0, 1)`: `[a, b, c] -> [a, c]`; `norm(2.0, Keep(1))`: `[a, b, c] -> [a, 1, c]`;
    /// `norm(2.0, ..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g * sign(x) * (|x| / y)^(p - 1)`, 0 where x or y is 0; for an infinite p, `g` with the sign of x, shared evenly
    /// among the elements with `|x| = y`; 0 for p = 0. The input is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or p is infinite and there are no elements to choose from.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![3.0, -4.0]);
    /// assert_eq!(x.norm(2.0, ..)?.item()?, 5.0);
    /// assert_eq!(x.norm(1.0, ..)?.item()?, 7.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..)?.item()?, 4.0);
    /// assert_eq!(x.norm(2.0, ..)?.backward()?.wrt(&x), Some(&tensor![0.6, -0.8]));
    /// let x = Var::leaf(tensor![[3.0, 4.0], [0.0, 2.0]]);
    /// let y = x.div(&x.norm(2.0, Keep(1))?)?; // rows of length 1
    /// assert_eq!(y.tensor(), &tensor![[0.6, 0.8], [0.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.vector_norm`
    #[track_caller]
    pub fn norm(&self, p: f64, axes: impl Axes) -> Result<Self> {
        if p == f64::INFINITY {
            return self.abs().max(axes).map_err(|error| error.of("norm"));
        }
        if p == f64::NEG_INFINITY {
            return self.abs().min(axes).map_err(|error| error.of("norm"));
        }
        let axes = ReducedAxes::new("norm", *self.shape(), &axes)?;
        Norm { p, axes }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?;
        let x = [x.map(|x| x + 0.1f64.copysign(x))];
        for p in [
            2.0,
            1.0,
            3.0,
            0.5,
            -1.0,
            0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            for axes in [vec![0], vec![-1, 0], vec![0, 1, 2]] {
                gradcheck(|x| x[0].norm(p, axes.as_slice()), &x)?;
                gradgradcheck(|x| x[0].transpose(0, 2)?.norm(p, axes.as_slice()), &x)?;
            }
            if p.is_finite() {
                gradgradcheck(|x| x[0].norm(p, 1), &[Tensor::zeros_of([3, 0])?])?;
            }
        }
        Ok(())
    }

    #[test]
    fn zeros_get_no_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[3.0, -4.0], [0.0, 0.0], [0.0, 2.0]]);
        for (p, expected) in [
            (2.0, [3.0 / 5.0, -4.0 / 5.0, 0.0, 0.0, 0.0, 1.0]),
            (1.0, [1.0, -1.0, 0.0, 0.0, 0.0, 1.0]),
        ] {
            let grads = x.norm(p, 1)?.sum(..)?.backward()?;
            let expected = Tensor::from_slice(expected, [3, 2])?;
            assert!(
                grads
                    .wrt(&x)
                    .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
                "{grads:?}"
            );
        }
        assert_eq!(x.norm(2.0, Keep([0, 1]))?.shape(), [1, 1]);
        let grads = x.norm(0.5, 1)?.sum(..)?.backward()?;
        let expected = tensor![[0.0, 0.0], [0.0, 1.0]];
        assert!(
            grads.wrt(&x).is_some_and(|dx| dx
                .narrow(0, 1, 2)
                .is_ok_and(|dx| dx.allclose(&expected, 1e-6, 0.0))),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn a_norm_of_0_by_a_negative_power_has_no_slope() -> Result<()> {
        for (x, p) in [(tensor![0.0, 1.0], -1.0), (tensor![0.0, 2.0, 3.0], -2.0)] {
            let x = Var::leaf(x);
            let grads = x.norm(p, 0)?.backward()?;
            let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
            assert!(dx.len() > 1 && dx.iter().all(|dx| *dx == 0.0), "{dx:?}");
        }
        Ok(())
    }

    #[test]
    fn large_powers_overflow_nowhere() -> Result<()> {
        let x = Var::leaf(tensor![0.3, -0.4]);
        let y = x.norm(100.0, 0)?;
        assert_eq!(y.item()?, 0.4);
        let grads = y.backward()?;
        let expected = tensor![0.75f32.powi(99), -1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-5, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn the_second_derivative_where_all_is_0_is_0() -> Result<()> {
        let x = Var::leaf(tensor![0.0, 0.0]);
        let first = grad(&x.norm(2.0, 0)?, &[&x], CreateGraph::Yes)?;
        let second = grad(&first[0].sum(..)?, &[&x], CreateGraph::No)?;
        assert_eq!(second[0].to_vec(), [0.0, 0.0]);
        Ok(())
    }
}
