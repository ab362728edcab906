//! [`Dual`]: a number that carries its derivative along, so that a formula yields its own derivative.

use std::f64::consts::FRAC_2_SQRT_PI;
use std::ops::{Add, Div, Mul, Neg, Sub};

use gradlet_tensor::Float;

use crate::pointwise::real::Real;

/// A value and its derivative: numbers, or terms over `Var`s.
#[derive(Clone, Copy)]
pub(super) struct Dual<S> {
    x: S,
    d: S,
}

/// The derivative of a formula.
#[inline(always)]
pub(super) fn derivative<T: Float, S: Real<T>>(x: S, f: impl Fn(Dual<S>) -> Dual<S>) -> S {
    let d = S::of(1.0);
    f(Dual { x, d }).d
}

impl<S: Copy + Mul<Output = S>> Dual<S> {
    /// The value of a function at this number, and its derivative, from the function's slope there.
    #[inline(always)]
    fn chain(self, x: S, slope: S) -> Self {
        let d = slope * self.d;
        Self { x, d }
    }
}

/// All operators at once, since the bounds of each one need the others.
trait Arithmetic:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
}

impl<S> Arithmetic for S where
    S: Copy
        + Add<Output = S>
        + Sub<Output = S>
        + Mul<Output = S>
        + Div<Output = S>
        + Neg<Output = S>
{
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $op:tt, |$a:ident, $b:ident| $d:expr;)*) => {$(
        impl<S: Arithmetic> $trait for Dual<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, $b: Self) -> Self {
                let $a = self;
                Self { x: $a.x $op $b.x, d: $d }
            }
        }
    )*};
}

operators! {
    Add, add, +, |a, b| a.d + b.d;
    Sub, sub, -, |a, b| a.d - b.d;
    Mul, mul, *, |a, b| a.d * b.x + a.x * b.d;
    Div, div, /, |a, b| (a.d - a.x / b.x * b.d) / b.x;
}

impl<S: Arithmetic> Neg for Dual<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            x: -self.x,
            d: -self.d,
        }
    }
}

macro_rules! operators_with_a_constant {
    ($($trait:ident, $method:ident, $op:tt, |$d:ident, $b:ident| $derivative:expr;)*) => {$(
        impl<T: Float, S: Real<T>> $trait<T> for Dual<S> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, $b: T) -> Self {
                let $d = self.d;
                Self { x: self.x $op $b, d: $derivative }
            }
        }
    )*};
}

operators_with_a_constant! {
    Add, add, +, |d, _b| d;
    Sub, sub, -, |d, _b| d;
    Mul, mul, *, |d, b| d * b;
    Div, div, /, |d, b| d / b;
}

impl<T: Float, S: Real<T>> Real<T> for Dual<S> {
    #[inline(always)]
    fn number(value: T) -> Self {
        let (x, d) = (S::number(value), S::of(0.0));
        Self { x, d }
    }

    #[inline(always)]
    fn choose(self, holds: impl Fn(T) -> bool + Sync, yes: Self, no: Self) -> Self {
        Self {
            x: self.x.choose(&holds, yes.x, no.x),
            d: self.x.choose(&holds, yes.d, no.d),
        }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self {
            x: self.x.abs(),
            d: self.x.choose(|x| x < T::of(0.0), -self.d, self.d),
        }
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let e = self.x.exp();
        self.chain(e, e)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.x.ln(), self.x.reciprocal())
    }

    #[inline(always)]
    fn sinh(self) -> Self {
        self.chain(self.x.sinh(), self.x.cosh())
    }

    #[inline(always)]
    fn cosh(self) -> Self {
        self.chain(self.x.cosh(), self.x.sinh())
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        let t = self.x.tanh();
        self.chain(t, S::of(1.0) - t * t)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        let s = self.x.sigmoid();
        self.chain(s, s * (S::of(1.0) - s))
    }

    #[inline(always)]
    fn erf(self) -> Self {
        let bell = (-self.x.square()).exp();
        self.chain(self.x.erf(), bell * T::of(FRAC_2_SQRT_PI))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.x.sqrt();
        self.chain(root, root.reciprocal() * T::of(0.5))
    }

    #[inline(always)]
    fn rsqrt(self) -> Self {
        let r = self.x.rsqrt();
        self.chain(r, r * r * r * T::of(-0.5))
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        let r = self.x.reciprocal();
        self.chain(r, -(r * r))
    }

    #[inline(always)]
    fn square(self) -> Self {
        self.chain(self.x.square(), self.x * T::of(2.0))
    }
}
