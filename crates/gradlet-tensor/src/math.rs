//! Functions of one number, `f32` or `f64`, written so that a loop over them becomes vector code.
//!
//! They give the same bits on every processor and system, and but for `powi`, and `sin`, `cos` and `tan` of numbers beyond
//! a million, they have no branches and no calls. `num_traits::Float` has functions of the same names, which call the
//! system's library for each element. `docs/reliability.md` lists the errors of ours.
//!
//! # Example
//!
//! ```
//! use gradlet_tensor::{Float, Tensor, math};
//!
//! fn swish<T: Float>(x: &Tensor<T>) -> Tensor<T> {
//!     x.map(|x| x * math::sigmoid(x))
//! }
//! ```

use crate::element::Float;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $method:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<T: Float>(x: T) -> T {
            x.$method()
        }
    )*};
}

/// The angle of the point `(x, y)` from the positive x axis, in `[-pi, pi]`.
#[inline(always)]
pub fn atan2<T: Float>(y: T, x: T) -> T {
    y.atan2_(x)
}

/// `sqrt(a^2 + b^2)`, also where the squares leave the range of the type; infinite if a or b is.
#[inline(always)]
pub fn hypot<T: Float>(a: T, b: T) -> T {
    a.hypot_(b)
}

/// x to the power of y, with the special cases of C's `pow`: 1 if x is 1 or y is 0, even beside NaN; NaN if x is negative
/// and finite, and y is not whole.
#[inline(always)]
pub fn pow<T: Float>(x: T, y: T) -> T {
    x.pow_(y)
}

/// x to a whole power by repeated squaring: the product of those x^(2^i) whose bit i is set in |n|, the smallest power
/// first, and its reciprocal if n is negative. Each product rounds; `pow` has a smaller error if n is large.
#[inline(always)]
pub fn powi<T: Float>(x: T, n: i32) -> T {
    x.powi_(n)
}

functions! {
    /// `e^x`
    exp = exp_;
    /// `e^x - 1`, with all digits near 0.
    expm1 = expm1_;
    /// The natural logarithm.
    ln = ln_;
    /// `ln(1 + x)`, with all digits near 0.
    log1p = log1p_;
    /// The logarithm to base 2; exact for powers of 2.
    log2 = log2_;
    /// The logarithm to base 10; exact for powers of 10.
    log10 = log10_;
    /// The sine of x in radians; NaN for infinite x.
    sin = sin_;
    /// The cosine of x in radians; NaN for infinite x.
    cos = cos_;
    /// The tangent of x in radians; NaN for infinite x.
    tan = tan_;
    /// The arc sine in `[-pi/2, pi/2]`; NaN outside `[-1, 1]`.
    asin = asin_;
    /// The arc cosine in `[0, pi]`; NaN outside `[-1, 1]`.
    acos = acos_;
    /// The arc tangent in `[-pi/2, pi/2]`.
    atan = atan_;
    /// The hyperbolic sine, with all digits near 0.
    sinh = sinh_;
    /// The hyperbolic cosine.
    cosh = cosh_;
    /// The hyperbolic tangent.
    tanh = tanh_;
    /// The inverse hyperbolic sine, with all digits near 0.
    asinh = asinh_;
    /// The inverse hyperbolic cosine, with all digits near 1; NaN below.
    acosh = acosh_;
    /// The inverse hyperbolic tangent, with all digits near 0; infinite at 1 and -1, NaN beyond.
    atanh = atanh_;
    /// `1 / (1 + e^-x)`
    sigmoid = sigmoid_;
    /// The error function, `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0 to x.
    erf = erf_;
    /// `x Phi(x)`, where `Phi(x)` is the probability that a standard normal number is below x.
    gelu = gelu_;
    /// `Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)`, the slope of `gelu`.
    gelu_slope = gelu_slope_;
    /// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, an approximation of `gelu`.
    gelu_tanh = gelu_tanh_;
    /// `x / (1 + e^-x)`
    silu = silu_;
}
