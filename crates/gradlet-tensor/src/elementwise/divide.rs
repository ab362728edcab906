//! Rounded quotients and their remainders.

use crate::element::Float;
use crate::error::Result;
use crate::number::Number;
use crate::tensor::Tensor;

macro_rules! rounded {
    ($($method:ident, $scalar:ident: $what:literal, $values:literal, $source:literal, $pair:path;)*) => {
        /// Rounded quotients and remainders. Integers have no operator `/`: its result would not say how it rounds.
        impl<T: Number> Tensor<T> {$(
            #[doc = concat!($what, ", after broadcasting.")]
            ///
            /// # Shape
            ///
            /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
            ///
            /// # Errors
            ///
            /// If the shapes do not broadcast, or an integer is divided by 0, or the quotient of integers overflows, as
            /// that of the smallest number and -1 does.
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            /// # fn main() -> gradlet_tensor::Result<()> {
            #[doc = concat!(
                "let y = tensor![i64; 7, -7, 7].", stringify!($method), "(&tensor![i64; 2, 2, -2])?;",
            )]
            #[doc = concat!("assert_eq!(y.to_vec(), ", $values, ");")]
            #[doc = concat!("assert!(y.", stringify!($method), "(&tensor![i64; 0]).is_err());")]
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Source
            ///
            #[doc = $source]
            #[track_caller]
            pub fn $method(&self, rhs: &Self) -> Result<Self> {
                T::zip_(stringify!($method), self, rhs, |a, b| $pair(a, b))
            }

            #[doc = concat!("As [`", stringify!($method), "`](Self::", stringify!($method), "), by a number.")]
            ///
            /// # Errors
            ///
            /// If an integer is divided by 0, or the quotient of integers overflows.
            #[track_caller]
            pub fn $scalar(&self, rhs: T) -> T::Checked {
                T::checked_(T::map_(stringify!($scalar), self, rhs, |a, b| $pair(a, b)))
            }
        )*}
    };
}

rounded! {
    div_floor, div_floor_scalar: "The quotient rounded toward minus infinity", "[3, -4, -4]",
        "`torch.div` with `rounding_mode=\"floor\"`", Number::div_floor_;
    div_trunc, div_trunc_scalar: "The quotient rounded toward 0", "[3, -3, -3]",
        "`torch.div` with `rounding_mode=\"trunc\"`", Number::div_trunc_;
    remainder, remainder_scalar:
        "The remainder of the quotient rounded toward minus infinity: 0, or of the divisor's sign", "[1, 1, -1]",
        "`torch.remainder`, Python's `%`", Number::remainder_;
    fmod, fmod_scalar: "The remainder of the quotient rounded toward 0: 0, or of the dividend's sign", "[1, -1, 1]",
        "`torch.fmod`, Rust's `%`", Number::fmod_;
}

/// The floor of a / b, from the exact remainder: the rounded quotient may be on the wrong side of a whole number.
#[inline(always)]
pub(crate) fn floored<T: Float>(a: T, b: T) -> T {
    let (zero, one) = (T::of(0.0), T::of(1.0));
    if b == zero {
        return a / b;
    }
    let rest = a % b;
    let quotient = (a - rest) / b;
    let quotient = if rest != zero && (b < zero) != (rest < zero) {
        quotient - one
    } else {
        quotient
    };
    if quotient == zero {
        return zero.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > T::of(0.5) {
        floor + one
    } else {
        floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn quotients_are_rounded_as_named() -> Result<()> {
        let (x, y) = (
            tensor![f64; 7.0, -7.0, 7.0, 1.0],
            tensor![f64; 2.0, 2.0, -2.0, 0.0],
        );
        assert_eq!(x.div_floor(&y)?.to_vec(), [3.0, -4.0, -4.0, f64::INFINITY]);
        assert_eq!(x.div_trunc(&y)?.to_vec(), [3.0, -3.0, -3.0, f64::INFINITY]);
        let none = tensor![f64; -1.0, 1.0].div_floor(&tensor![f64; -2.0, 2.0])?;
        assert!(none.iter().all(|x| x == 0.0 && x.is_sign_positive()));
        // 0.9 / 0.1 rounds to 9, but 0.1 in f64 is a little more than a tenth.
        assert_eq!(
            tensor![f64; 0.9].div_floor(&tensor![f64; 0.1])?.to_vec(),
            [8.0]
        );
        assert_eq!(
            tensor![f64; 2.0, 0.0]
                .pow(&tensor![f64; 3.0, 0.0])?
                .to_vec(),
            [8.0, 1.0]
        );
        Ok(())
    }

    #[test]
    fn remainders_have_the_sign_of_the_divisor_or_of_the_dividend() -> Result<()> {
        let (a, b) = (tensor![5.5, -5.5], tensor![[2.0], [-2.0]]);
        assert_eq!(a.remainder(&b)?, tensor![[1.5, 0.5], [-0.5, -1.5]]);
        assert_eq!(a.fmod(&b)?, tensor![[1.5, -1.5], [1.5, -1.5]]);
        assert_eq!(a.remainder_scalar(-2.0).to_vec(), [-0.5, -1.5]);
        assert_eq!(a.fmod_scalar(-2.0).to_vec(), [1.5, -1.5]);
        let odd = tensor![1.0, f32::INFINITY, f32::NAN];
        let divisor = tensor![0.0, 1.0, 1.0];
        for y in [odd.remainder(&divisor)?, odd.fmod(&divisor)?] {
            assert!(y.iter().all(f32::is_nan), "{y}");
        }
        assert_eq!(
            a.remainder_scalar(f32::INFINITY).to_vec(),
            [5.5, f32::INFINITY]
        );
        assert_eq!(a.fmod_scalar(f32::INFINITY).to_vec(), [5.5, -5.5]);
        assert!(a.fmod(&tensor![1.0, 2.0, 3.0]).is_err());
        Ok(())
    }

    #[test]
    fn a_large_quotient_leaves_an_exact_remainder() {
        // 2^60 mod 3 = 1, and 2^61 mod 3 = 2.
        let x = tensor![f64; 1_152_921_504_606_846_976.0, -2_305_843_009_213_693_952.0];
        assert_eq!(x.fmod_scalar(3.0).to_vec(), [1.0, -2.0]);
        assert_eq!(x.remainder_scalar(3.0).to_vec(), [1.0, 1.0]);
    }
}
