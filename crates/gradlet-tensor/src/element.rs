//! The numbers that a tensor can hold: [`Element`], and among them [`Float`].

use std::fmt::{Debug, Display};

use crate::kernel::math::Math;
use crate::kernel::matmul::Gemm;
use crate::number::Number;
use crate::tensor::Tensor;

mod sealed {
    pub trait Sealed {}
}

/// A number that a [`Tensor`](crate::Tensor) can store: `bool`, `u8`, `i32`, `i64`, `u64`, `f32` or `f64`.
///
/// The trait is sealed: storage relies on facts about each type.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + PartialOrd + Debug + Display + Send + Sync + 'static
{
    /// The type's name, as errors and `Debug` print it.
    const NAME: &'static str;
    /// Whether every bit pattern is a value, so that recycled memory needs no clearing.
    #[doc(hidden)]
    const ANY_BITS: bool;

    /// The value as `f64`; `true` is 1, large `i64` round.
    fn to_f64(self) -> f64;
    /// The nearest value of this type; a float becomes an integer by truncation, saturating, NaN becoming 0.
    fn from_f64(value: f64) -> Self;
    /// The exact value of an integer or a `bool` (`f64` may not hold it); `None` for a float.
    #[doc(hidden)]
    fn to_integer(self) -> Option<i128>;
    /// The nearest value of this type.
    #[doc(hidden)]
    fn from_integer(value: i128) -> Self;
}

macro_rules! element {
    ($($t:ty, $name:literal, $to_integer:expr, $from_integer:expr;)*) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            const NAME: &'static str = $name;
            const ANY_BITS: bool = true;
            #[inline]
            #[allow(clippy::cast_lossless, reason = "64-bit integers have no lossless cast")]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline]
            fn from_f64(value: f64) -> Self { value as $t }
            #[inline]
            fn to_integer(self) -> Option<i128> { $to_integer(self) }
            #[inline]
            fn from_integer(value: i128) -> Self { $from_integer(value) }
        }
    )*};
}

macro_rules! integers {
    ($($t:ty, $name:literal;)*) => {
        element! {$(
            $t, $name, |x| Some(i128::from(x)), |x: i128| x.clamp(<$t>::MIN.into(), <$t>::MAX.into()) as $t;
        )*}
    };
}

integers! {
    u8, "u8";
    i32, "i32";
    i64, "i64";
    u64, "u64";
}

element! {
    f32, "f32", |_| None, |x| x as f32;
    f64, "f64", |_| None, |x| x as f64;
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const NAME: &'static str = "bool";
    // Only the bytes 0 and 1 are valid.
    const ANY_BITS: bool = false;
    #[inline]
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }
    #[inline]
    fn from_f64(value: f64) -> Self {
        value != 0.0
    }
    #[inline]
    fn to_integer(self) -> Option<i128> {
        Some(self.into())
    }
    #[inline]
    fn from_integer(value: i128) -> Self {
        value != 0
    }
}

/// A number with fractions: `f32` or `f64`.
///
/// `x.exp()` is from `num_traits` and calls the system's library; the functions of [`math`](crate::math), such as
/// `math::exp(x)`, are faster in loops and give the same bits on every system.
pub trait Float:
    Element + Number<Sum = Self, Checked = Tensor<Self>> + num_traits::Float + Math + Gemm
{
    /// The other type of floats: `f64` for `f32`, `f32` for `f64`.
    type Other: Float<Other = Self>;

    /// A literal of this type, rounded once from `f64`.
    fn of(value: f64) -> Self;
}

impl Float for f32 {
    type Other = f64;

    #[inline]
    fn of(value: f64) -> Self {
        value as f32
    }
}

impl Float for f64 {
    type Other = f32;

    #[inline]
    fn of(value: f64) -> Self {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round_truncate_and_saturate() {
        assert_eq!(u8::from_f64(300.7), 255);
        assert_eq!(i64::from_f64(-2.9), -2);
        assert_eq!(i64::from_f64(f64::NAN), 0);
        assert!(bool::from_f64(0.5));
        assert_eq!(f32::of(0.1), 0.1f32);
        assert_eq!(true.to_f64(), 1.0);
    }
}
