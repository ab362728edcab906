//! Norms over axes.

use gradlet_tensor::{Axes, Float, Result, Shape, Tensor};

use crate::op::{Fixed, Inputs, Op, Want};
use crate::ops::sum::reduced_shapes;
use crate::var::Var;

/// y = (sum of |x|^p over the axes)^(1/p), p finite
#[derive(Debug)]
struct Norm {
    p: f64,
    axes: Vec<isize>,
    kept: Shape,
    to: Shape,
}

impl<T: Float> Op<T> for Norm {
    type Arity = Fixed<1>;
    type Saves = Inputs;

    fn forward(&mut self, [x]: [&Tensor<T>; 1]) -> Result<Tensor<T>> {
        x.norm(self.p, self.axes.as_slice())?.reshape(self.to)
    }

    /// dx = g sign(x) |x|^(p - 1) y^(1 - p), 0 where x = 0
    fn backward(&self, g: Var<T>, [x]: [Var<T>; 1], _: [Want; 1]) -> Result<[Option<Var<T>>; 1]> {
        let (p, one) = (self.p, T::of(1.0));
        let is_zero = |x: &Var<T>| x.tensor().map(|x| x == T::of(0.0));
        let sign = Var::constant(x.tensor().sign());
        let g = g.reshape(self.kept)?;
        if p == 0.0 {
            return Ok([Some(Var::constant(x.tensor().zeros_like()))]);
        }
        if p == 1.0 {
            return Ok([Some(sign.mul(&g)?)]);
        }
        let y = x.norm(p, self.axes.as_slice())?.reshape(self.kept)?;
        // Where all elements are 0 so is their sign; 1 keeps the power finite there.
        let y = y.masked_fill(&is_zero(&y), one)?;
        let powers = if p == 2.0 {
            x
        } else {
            let size = x.abs().masked_fill(&is_zero(&x), one)?;
            size.powf(T::of(p - 1.0)).mul(&sign)?
        };
        Ok([Some(powers.mul(&g.mul(&y.powf(T::of(1.0 - p)))?)?)])
    }
}

impl<T: Float> Var<T> {
    /// The p-norm over the axes, which go away: `(sum |x|^p)^(1/p)`, the largest `|x|` for p = inf, the smallest for
    /// p = -inf, the number of elements that are not 0 for p = 0.
    ///
    /// # Shape
    ///
    /// `norm(2.0, 1)`: `[a, b, c] -> [a, c]`; `norm(2.0, ..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g * sign(x) * |x|^(p - 1) * y^(1 - p)`, 0 where x is 0; for an infinite p `g` with the sign of x, shared evenly
    /// among the elements of that size; 0 for p = 0. The input is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice; no elements to choose from for an infinite p.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![3.0, -4.0]);
    /// assert_eq!(x.norm(2.0, ..)?.item()?, 5.0);
    /// assert_eq!(x.norm(1.0, ..)?.item()?, 7.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..)?.item()?, 4.0);
    /// assert_eq!(x.norm(2.0, ..)?.backward()?.wrt(&x), Some(&tensor![0.6, -0.8]));
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
            return self.abs().max(axes);
        }
        if p == f64::NEG_INFINITY {
            return self.abs().min(axes);
        }
        let (kept, to) = reduced_shapes("norm", self.dims(), &axes)?;
        let selected = axes.select("norm", &self.dims())?;
        let axes = (0..self.rank()).filter(|&axis| selected[axis]);
        Norm {
            p,
            axes: axes.map(|axis| axis as isize).collect(),
            kept,
            to,
        }
        .apply([self])
    }

    /// As [`norm`](Self::norm), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `norm_keepdim(2.0, 1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `norm`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[3.0, 4.0], [0.0, 2.0]]);
    /// let y = x.div(&x.norm_keepdim(2.0, 1)?)?; // rows of length 1
    /// assert_eq!(y.tensor(), &tensor![[0.6, 0.8], [0.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn norm_keepdim(&self, p: f64, axes: impl Axes) -> Result<Self> {
        let (kept, _) = reduced_shapes("norm_keepdim", self.dims(), &axes)?;
        self.norm(p, axes)?.reshape(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

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
        }
        gradcheck(|x| x[0].norm(2.0, 1), &[Tensor::zeros_of([3, 0])?])
    }

    #[test]
    fn zeros_get_no_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[3.0, -4.0], [0.0, 0.0], [0.0, 2.0]]);
        for (p, expected) in [
            (2.0, [3.0 / 5.0, -4.0 / 5.0, 0.0, 0.0, 0.0, 1.0]),
            (1.0, [1.0, -1.0, 0.0, 0.0, 0.0, 1.0]),
        ] {
            let grads = x.norm(p, 1)?.sum(..)?.backward()?;
            let expected = Tensor::from_vec(expected, [3, 2])?;
            assert!(
                grads
                    .wrt(&x)
                    .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
                "{grads:?}"
            );
        }
        assert_eq!(x.norm_keepdim(2.0, [0, 1])?.shape(), [1, 1]);
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
}
