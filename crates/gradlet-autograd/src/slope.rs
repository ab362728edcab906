//! [`Curve`]: a function of one number whose gradient is computed in one pass, to any order.

use std::fmt::Debug;

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Inputs, Op, Want};
use crate::var::Var;

/// A function of one number, by its slope and the slope's derivative.
pub(crate) trait Curve<T: Float>: Copy + Debug + Sync + 'static {
    /// `g` times the slope, given `v`: the function's input or its output, whichever is saved. Linear in `g`.
    ///
    /// To be `#[inline(always)]`, as is what it calls, for the loop over it to be vectorized.
    fn gradient(self, g: T, v: T) -> T;

    /// The derivative of the slope by `v`; `None` where it is 0 for every `v`.
    fn bend(self, v: &Var<T>) -> Result<Option<Var<T>>>;

    /// What the function's backward returns; written into `g` where its memory is unshared and nothing is recorded.
    fn backward(self, g: Var<T>, v: &Var<T>) -> Result<[Option<Var<T>>; 1]> {
        if g.is_tracked() || v.is_tracked() {
            return Ok([Some(Slope(self).apply([&g, v])?)]);
        }
        let mut dx = g.into_tensor();
        dx.zip_in_place(v.tensor(), |g, v| self.gradient(g, v))?;
        Ok([Some(Var::constant(dx))])
    }
}

/// y = g slope(v)
#[derive(Debug)]
struct Slope<C>(C);

impl<T: Float, C: Curve<T>> Op<T> for Slope<C> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&mut self, [g, v]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        let curve = self.0;
        g.zip(v, |g, v| curve.gradient(g, v))
    }

    /// dg = h slope(v), dv = h g slope'(v)
    fn backward(
        &self,
        h: Var<T>,
        [g, v]: [Var<T>; 2],
        [want_g, want_v]: [Want; 2],
    ) -> Result<[Option<Var<T>>; 2]> {
        let dv = match want_v.then(|| self.0.bend(&v))?.flatten() {
            Some(bend) => Some(h.mul(&g)?.mul(&bend)?),
            None => None,
        };
        Ok([want_g.then(|| Slope(self.0).apply([&h, &v]))?, dv])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    /// y = x^2
    #[derive(Clone, Copy, Debug)]
    struct Parabola;

    impl Curve<f32> for Parabola {
        fn gradient(self, g: f32, x: f32) -> f32 {
            2.0 * g * x
        }

        fn bend(self, _: &Var<f32>) -> Result<Option<Var<f32>>> {
            Ok(Some(Var::constant(Tensor::scalar(2.0))))
        }
    }

    fn dx(g: Var, x: &Var) -> Result<Var> {
        let [dx] = Parabola.backward(g, x)?;
        Ok(dx.unwrap_or_else(|| Var::constant(tensor![f32::NAN])))
    }

    #[test]
    fn a_gradient_that_nobody_else_holds_is_written_over() -> Result<()> {
        let x = Var::constant(tensor![1.0, -2.0]);
        let g = Var::constant(tensor![3.0, 5.0]);
        let place = |t: &Tensor| t.as_slice().map(<[f32]>::as_ptr);
        let before = place(g.tensor());
        let kept = dx(g.clone(), &x)?;
        assert_eq!(
            (kept.to_vec(), g.to_vec()),
            (vec![6.0, -20.0], vec![3.0, 5.0])
        );
        let written = dx(g, &x)?;
        assert_eq!(written.to_vec(), [6.0, -20.0]);
        assert_eq!(place(written.tensor()), before);
        Ok(())
    }

    #[test]
    fn what_is_tracked_is_differentiated_by_both() -> Result<()> {
        let (g, x) = (Var::leaf(tensor![3.0, 5.0]), Var::leaf(tensor![1.0, -2.0]));
        let grads = dx(g.clone(), &x)?.backward_with(tensor![1.0, 10.0])?;
        assert_eq!(grads.wrt(&g).map(Tensor::to_vec), Some(vec![2.0, -40.0]));
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![6.0, 100.0]));
        Ok(())
    }
}
