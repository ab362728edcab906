//! Branch-free exp, ln, tanh, sigmoid and erf for f32 and f64, written so that a loop over them
//! vectorizes.
//!
//! Selects only: no table, no data-dependent branch, no saturating cast (each would stop the
//! vectorizer) and no `mul_add`, so every CPU computes the same bits. Each function states its
//! error bound, which its tests sweep. Polynomial coefficients are weighted minimax fits by Remez
//! exchange in 60-digit arithmetic; the comment at each one gives the fitted function, the interval
//! and the error that is left. The other constants name their source.

// Inlining is what lets a caller's loop vectorize; a fitted coefficient is checked by the sweeps,
// not by eye; the letters are those of the formulas.
#![allow(
    clippy::inline_always,
    clippy::unreadable_literal,
    clippy::many_single_char_names
)]

mod erf;
mod exp;
mod ln;
mod tanh;
#[cfg(test)]
mod ulp;

/// `c0 + x (c1 + x (c2 + ...))`: written out, because the vectorizer does not see through an inner
/// loop.
macro_rules! poly {
    ($x:expr; $c:expr $(,)?) => { $c };
    ($x:expr; $c:expr, $($rest:expr),+ $(,)?) => { $c + $x * $crate::kernel::math::poly!($x; $($rest),+) };
}
pub(crate) use poly;

/// The functions above for whichever float a loop is over; the underscore keeps them apart from `num_traits::Float`'s.
pub trait Math: Sized {
    /// e^x
    fn exp_(self) -> Self;
    /// The natural logarithm.
    fn ln_(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh_(self) -> Self;
    /// 1 / (1 + e^-x)
    fn sigmoid_(self) -> Self;
    /// The error function.
    fn erf_(self) -> Self;
}

macro_rules! math {
    ($($t:ty: $exp:path, $ln:path, $tanh:path, $sigmoid:path, $erf:path;)*) => {$(
        impl Math for $t {
            #[inline(always)]
            fn exp_(self) -> Self { $exp(self) }
            #[inline(always)]
            fn ln_(self) -> Self { $ln(self) }
            #[inline(always)]
            fn tanh_(self) -> Self { $tanh(self) }
            #[inline(always)]
            fn sigmoid_(self) -> Self { $sigmoid(self) }
            #[inline(always)]
            fn erf_(self) -> Self { $erf(self) }
        }
    )*};
}

math! {
    f32: exp::exp_f32, ln::ln_f32, tanh::tanh_f32, tanh::sigmoid_f32, erf::erf_f32;
    f64: exp::exp_f64, ln::ln_f64, tanh::tanh_f64, tanh::sigmoid_f64, erf::erf_f64;
}
