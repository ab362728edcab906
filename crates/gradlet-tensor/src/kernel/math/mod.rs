//! Branch-free functions of f32 and f64, written so that a loop over them vectorizes; sin, cos and tan have one branch,
//! for large numbers.
//!
//! They use only selects: no table, no data-dependent branch, no saturating cast (each would stop the
//! vectorizer) and no `mul_add`, so every CPU computes the same bits. Each function states its
//! error bound, which its tests sweep. Polynomial coefficients are weighted minimax fits by Remez
//! exchange in 60-digit arithmetic; the comment at each polynomial gives the fitted function, the
//! interval and the error that is left. The comments at other constants name their source.

#![allow(
    clippy::unreadable_literal,
    reason = "a fitted coefficient is checked by the sweeps, not by eye"
)]

mod arc;
mod atan2;
mod double;
mod erf;
mod exp;
mod far;
mod function;
mod gelu;
mod hyperbolic;
mod hypot;
mod ln;
mod log;
mod pow;
#[cfg(test)]
mod reference;
mod rest;
mod silu;
mod sinh;
#[cfg(test)]
mod sweep;
mod tanh;
mod trig;
mod trig_f64;
#[cfg(test)]
mod ulp;

pub(crate) use function::Math;

/// `c0 + x (c1 + x (c2 + ...))`, written out, because the vectorizer does not see through an inner
/// loop.
macro_rules! poly {
    ($x:expr; $c:expr $(,)?) => { $c };
    ($x:expr; $c:expr, $($rest:expr),+ $(,)?) => { $c + $x * $crate::kernel::math::poly!($x; $($rest),+) };
}
pub(crate) use poly;
