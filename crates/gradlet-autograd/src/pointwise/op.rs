//! [`Pointwise`]: an operation on each element by itself, by its value and its slope.

use std::any::type_name;
use std::fmt::{self, Debug};

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, One, Op, Want, method_name};
use crate::operators::infallible;
use crate::pointwise::dual::derivative;
use crate::pointwise::real::Real;
use crate::pointwise::term::Sheet;
use crate::saves::{Inputs, Output, Saves};
use crate::var::Var;

/// An operation on each element by itself: its value and its slope, each written once.
///
/// The slope is computed in one pass over the gradient's memory. Second derivatives are computed in one pass too, from
/// the same formula on dual numbers; where they are recorded themselves, the formula is applied to `Var`s.
///
/// `value` and `slope` are to be `#[inline(always)]`, so that the loops over them become vector code.
///
/// # Example
///
/// ```
/// use gradlet_autograd::{Inputs, Pointwise, Real, Result, Tensor, Var, gradcheck, gradgradcheck};
///
/// /// y = sqrt(1 + x^2)
/// #[derive(Clone, Copy, Debug)]
/// struct Hyperbola;
///
/// impl Pointwise<f64> for Hyperbola {
///     type Saves = Inputs;
///
///     #[inline(always)]
///     fn value(self, x: f64) -> f64 {
///         (1.0 + x * x).sqrt()
///     }
///
///     /// x / sqrt(1 + x^2)
///     #[inline(always)]
///     fn slope<S: Real<f64>>(self, x: S) -> S {
///         x * (x.square() + 1.0).rsqrt()
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let x = Tensor::from_slice([1.0, -2.0], [2])?;
/// gradcheck(|x| Ok(x[0].pointwise(Hyperbola)), &[x.clone()])?;
/// gradgradcheck(|x| Ok(x[0].pointwise(Hyperbola)), &[x])?;
/// # Ok(())
/// # }
/// ```
pub trait Pointwise<T: Float>: Copy + Debug + Sync + 'static {
    /// The number that the slope is a function of: the input with [`Inputs`], the output with [`Output`].
    type Saves: SavesOne;

    /// Whether the slope is constant except for jumps, so that the second derivative is 0.
    const PIECEWISE_LINEAR: bool = false;

    /// The value.
    fn value(self, x: T) -> T;

    /// The derivative of the value, given the saved input or output.
    fn slope<S: Real<T>>(self, saved: S) -> S;

    /// `g` times the slope, on numbers: for an operation with a formula that is faster or more exact than the product.
    #[inline(always)]
    fn gradient(self, g: T, saved: T) -> T {
        g * self.slope(saved)
    }
}

/// The `Var` that a [`Pointwise`] operation may save: its one input with [`Inputs`], or its [`Output`].
pub trait SavesOne: Saves {
    /// The one `Var` that is saved.
    #[doc(hidden)]
    fn one<T: Float>(view: Self::View<T, One>) -> Var<T>;
}

impl SavesOne for Inputs {
    #[inline]
    fn one<T: Float>(x: Var<T>) -> Var<T> {
        x
    }
}

impl SavesOne for Output {
    #[inline]
    fn one<T: Float>(y: Var<T>) -> Var<T> {
        y
    }
}

/// y = value(x)
struct Each<P>(P);

impl<T: Float, P: Pointwise<T>> Op<T> for Each<P> {
    type Arity = One;
    type Saves = P::Saves;

    #[inline]
    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let op = self.0;
        Ok(x.map(|x| op.value(x)))
    }

    /// dx = g slope(v), where v is saved
    fn backward(&self, g: Var<T>, saved: <P::Saves as Saves>::View<T, One>) -> Result<Var<T>> {
        times_slope(self.0, g, &P::Saves::one(saved))
    }

    fn name(&self) -> String {
        method_name(type_name::<P>())
    }
}

/// y = g slope(v)
struct Slope<P>(P);

impl<T: Float, P: Pointwise<T>> Op<T> for Slope<P> {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [g, v]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        g.zip(v, gradient(self.0))
    }

    /// dg = h slope(v), dv = h g slope'(v)
    fn backward(
        &self,
        h: Var<T>,
        ([g, v], [want_g, want_v]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let dv = match want_v {
            _ if P::PIECEWISE_LINEAR => None,
            want_v => want_v.then(|| times_bend(self.0, h.mul(&g)?, &v))?,
        };
        let dg = want_g.then(|| times_slope(self.0, h, &v))?;
        Ok([dg, dv])
    }

    fn name(&self) -> String {
        method_name(type_name::<P>()) + "_slope"
    }
}

/// One function for the two loops that use it: two functions of the same text would be compiled twice.
#[inline(always)]
fn gradient<T: Float, P: Pointwise<T>>(op: P) -> impl Fn(T, T) -> T + Sync {
    move |g, v| op.gradient(g, v)
}

/// `g slope(v)`, written over `g` if nothing is recorded and no other handle holds that memory.
fn times_slope<T: Float, P: Pointwise<T>>(op: P, g: Var<T>, v: &Var<T>) -> Result<Var<T>> {
    if g.is_tracked() || v.is_tracked() {
        return Slope(op).apply([&g, v]);
    }
    let mut dx = g.into_tensor();
    dx.zip_in_place(v.tensor(), gradient(op))?;
    Ok(Var::constant(dx))
}

/// `g slope'(v)`, likewise.
fn times_bend<T: Float, P: Pointwise<T>>(op: P, g: Var<T>, v: &Var<T>) -> Result<Var<T>> {
    if g.is_tracked() || v.is_tracked() {
        let sheet = Sheet::default();
        let bend = derivative(sheet.put(v.clone()), |v| op.slope(v));
        return bend.into_factor_of(&g);
    }
    let mut dv = g.into_tensor();
    dv.zip_in_place(v.tensor(), |g, v| g * derivative(v, |v| op.slope(v)))?;
    Ok(Var::constant(dv))
}

impl<P: Debug> Debug for Each<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<P: Debug> Debug for Slope<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slope of {:?}", self.0)
    }
}

impl<T: Float> Var<T> {
    /// Applies the operation to each element: see [`Pointwise`].
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Gradient
    ///
    /// `g` times the operation's slope; the input or the output is saved.
    #[inline]
    pub fn pointwise<P: Pointwise<T>>(&self, op: P) -> Self {
        infallible(Each(op).apply(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    /// y = x^2
    #[derive(Clone, Copy, Debug)]
    struct Parabola;

    impl Pointwise<f32> for Parabola {
        type Saves = Inputs;

        fn value(self, x: f32) -> f32 {
            x * x
        }

        fn slope<S: Real<f32>>(self, x: S) -> S {
            x * 2.0
        }
    }

    #[test]
    fn a_gradient_that_nobody_else_holds_is_written_over() -> Result<()> {
        let x = Var::constant(tensor![1.0, -2.0]);
        let g = Var::constant(tensor![3.0, 5.0]);
        let place = |t: &Tensor| t.as_slice().map(<[f32]>::as_ptr);
        let before = place(g.tensor());
        let kept = times_slope(Parabola, g.clone(), &x)?;
        assert_eq!(
            (kept.to_vec(), g.to_vec()),
            (vec![6.0, -20.0], vec![3.0, 5.0])
        );
        let written = times_slope(Parabola, g, &x)?;
        assert_eq!(written.to_vec(), [6.0, -20.0]);
        assert_eq!(place(written.tensor()), before);
        Ok(())
    }

    #[test]
    fn what_is_tracked_is_differentiated_by_both() -> Result<()> {
        let (g, x) = (Var::leaf(tensor![3.0, 5.0]), Var::leaf(tensor![1.0, -2.0]));
        let dx = times_slope(Parabola, g.clone(), &x)?;
        let grads = dx.backward_with(tensor![1.0, 10.0])?;
        assert_eq!(grads.wrt(&g).map(Tensor::to_vec), Some(vec![2.0, -40.0]));
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![6.0, 100.0]));
        Ok(())
    }

    #[test]
    fn records_are_printed_as_the_operation() -> Result<()> {
        let x = Var::leaf(tensor![1.0]);
        assert_eq!(format!("{:?}", Each(Parabola)), "Parabola");
        let dx = times_slope(Parabola, Var::constant(tensor![1.0]), &x)?;
        assert_eq!(format!("{:?}", dx.history), "slope of Parabola");
        Ok(())
    }
}
