//! [`Real`]: the numbers in a slope's formula.

use std::ops::{Add, Div, Mul, Neg, Sub};

use gradlet_tensor::{Float, math};

/// A real number in the formula of a [`Pointwise`](crate::Pointwise) operation's slope: a plain one, one that carries
/// its derivative along, or all elements of a `Var` at once.
///
/// The formula reads as it does for plain numbers. A constant factor or divisor is a `T` on the right, as in `x *
/// T::of(2.0)`: as an `S` it would have a derivative of 0, and 0 times an infinite `x` is NaN. [`of`](Real::of) is for
/// constants on the left, as in `S::of(1.0) - x`.
pub trait Real<T: Float>:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<T, Output = Self>
    + Sub<T, Output = Self>
    + Mul<T, Output = Self>
    + Div<T, Output = Self>
{
    /// A constant.
    fn number(value: T) -> Self;

    /// `yes` where the condition holds for `self`, else `no`.
    ///
    /// Both are computed everywhere. A function that could overflow where it is not chosen needs a tame input there:
    /// `x.choose(above, S::of(0.0), x).exp()`.
    fn choose(self, holds: impl Fn(T) -> bool + Sync, yes: Self, no: Self) -> Self;

    /// |x|; its derivative is -1 below 0, and 1 elsewhere, at 0 too.
    fn abs(self) -> Self;
    /// e^x
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The hyperbolic sine.
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    fn cosh(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1 / (1 + e^-x)
    fn sigmoid(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// 1 / sqrt(x)
    fn rsqrt(self) -> Self;
    /// 1 / x
    fn reciprocal(self) -> Self;
    /// x^2
    fn square(self) -> Self;

    /// A constant, rounded once from `f64`.
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self::number(T::of(value))
    }
}

/// Methods that are compiled into the loops that call them.
macro_rules! functions {
    ($($name:ident: |$x:ident| $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self) -> Self {
            let $x = self;
            $value
        }
    )*};
}

// A method without a trait's name is that of `Float` here: the bound on `T` goes before the traits in scope.
impl<T: Float> Real<T> for T {
    #[inline(always)]
    fn number(value: T) -> Self {
        value
    }

    #[inline(always)]
    fn choose(self, holds: impl Fn(T) -> bool + Sync, yes: Self, no: Self) -> Self {
        if holds(self) { yes } else { no }
    }

    functions! {
        abs: |x| x.abs();
        exp: |x| math::exp(x);
        ln: |x| math::ln(x);
        sinh: |x| math::sinh(x);
        cosh: |x| math::cosh(x);
        tanh: |x| math::tanh(x);
        sigmoid: |x| math::sigmoid(x);
        erf: |x| math::erf(x);
        sqrt: |x| x.sqrt();
        rsqrt: |x| T::of(1.0) / x.sqrt();
        reciprocal: |x| T::of(1.0) / x;
        square: |x| x * x;
    }
}
