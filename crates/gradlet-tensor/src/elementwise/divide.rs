//! Rounded quotients and their remainders.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::remainder::zip_with_rest;
use crate::number::{Integer, Number};
use crate::shape::Shape;
use crate::tensor::Tensor;

macro_rules! rounded {
    ($($method:ident, $scalar:ident: $what:literal, $values:literal, $source:literal, $division:ident;)*) => {
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
                T::divide_(stringify!($method), Division::$division, self, rhs)
            }

            #[doc = concat!("As [`", stringify!($method), "`](Self::", stringify!($method), "), by a number.")]
            ///
            /// # Errors
            ///
            /// If an integer is divided by 0, or the quotient of integers overflows.
            #[track_caller]
            pub fn $scalar(&self, rhs: T) -> T::Checked {
                T::checked_(T::divide_(stringify!($scalar), Division::$division, self, &Tensor::scalar(rhs)))
            }
        )*}
    };
}

rounded! {
    div_floor, div_floor_scalar: "The quotient rounded toward minus infinity", "[3, -4, -4]",
        "`torch.div` with `rounding_mode=\"floor\"`", Floor;
    div_trunc, div_trunc_scalar: "The quotient rounded toward 0", "[3, -3, -3]",
        "`torch.div` with `rounding_mode=\"trunc\"`", Trunc;
    remainder, remainder_scalar:
        "The remainder of the quotient rounded toward minus infinity: 0, or of the divisor's sign", "[1, 1, -1]",
        "`torch.remainder`, Python's `%`", Remainder;
    fmod, fmod_scalar: "The remainder of the quotient rounded toward 0: 0, or of the dividend's sign", "[1, -1, 1]",
        "`torch.fmod`, Rust's `%`", Fmod;
}

/// What is asked of a division.
#[derive(Clone, Copy, Debug)]
pub enum Division {
    Floor,
    Trunc,
    Remainder,
    Fmod,
}

impl Division {
    #[track_caller]
    pub(crate) fn of_integers<T: Integer>(
        self,
        op: &'static str,
        lhs: &Tensor<T>,
        rhs: &Tensor<T>,
    ) -> Result<Tensor<T>> {
        match self {
            Self::Floor => lhs.zip_checked(op, rhs, T::div_floor_),
            Self::Trunc => lhs.zip_checked(op, rhs, T::div_trunc_),
            Self::Remainder => lhs.zip_checked(op, rhs, T::remainder_),
            Self::Fmod => lhs.zip_checked(op, rhs, T::fmod_),
        }
    }

    #[track_caller]
    pub(crate) fn of_floats<T: Float>(
        self,
        op: &'static str,
        lhs: &Tensor<T>,
        rhs: &Tensor<T>,
    ) -> Result<Tensor<T>> {
        let shape = Shape::broadcast_for(op, lhs.shape(), rhs.shape())?;
        match self {
            Self::Floor => lhs.zip_runs(rhs, shape, &|a, b, y| zip_with_rest(a, b, y, &floored)),
            Self::Trunc => lhs.zip_for(op, rhs, |a, b| (a / b).trunc()),
            Self::Remainder => lhs.zip_runs(rhs, shape, &|a, b, y| zip_with_rest(a, b, y, &beside)),
            Self::Fmod => lhs.zip_runs(rhs, shape, &|a, b, y| {
                zip_with_rest(a, b, y, &|_, _, rest| rest);
            }),
        }
    }
}

/// The remainder with the sign of the divisor.
#[inline(always)]
fn beside<T: Float>(_: T, b: T, rest: T) -> T {
    let zero = T::of(0.0);
    if rest != zero && (rest < zero) != (b < zero) {
        rest + b
    } else {
        rest
    }
}

/// The floor of a / b, from the exact remainder: the rounded quotient may be on the wrong side of a whole number.
#[inline(always)]
fn floored<T: Float>(a: T, b: T, rest: T) -> T {
    let (zero, one, half) = (T::of(0.0), T::of(1.0), T::of(0.5));
    let plain = a / b;
    let quotient = (a - rest) / b;
    // Selects of numbers: branches would keep the loop from vectorizing.
    let is_beside = rest != zero && (b < zero) != (rest < zero);
    let quotient = quotient - if is_beside { one } else { zero };
    let floor = quotient.floor();
    let floor = floor + if quotient - floor > half { one } else { zero };
    let floor = if quotient == zero {
        zero.copysign(plain)
    } else {
        floor
    };
    if b == zero { plain } else { floor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use rand::RngExt;

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

    /// Asserts that the methods agree with the system's remainder bit for bit, whatever the quotients around are.
    macro_rules! agrees_with_the_system {
        ($name:ident, $t:ident) => {
            #[test]
            fn $name() -> Result<()> {
                let mut rng = crate::rng(1);
                let mut numbers = |rows: usize| {
                    Tensor::<$t>::from_fn([rows, 70, 30], |i| match i / 50 % 3 {
                        0 => rng.random_range(-9.0..9.0),
                        1 => [0.0, -0.0, $t::NAN, $t::INFINITY, 1e-30, -1e30, 3.0, -7.0][i % 8],
                        _ => $t::from_bits(rng.random()),
                    })
                };
                let (a, b) = (numbers(3)?, numbers(3)?);
                let (row, column) = (b.narrow(1, 3, 1)?, b.narrow(2, 4, 1)?);
                let few = Tensor::from_fn([3, 30, 70], |i| i as $t - 3000.0)?.transpose(1, 2)?;
                for (a, b) in [
                    (&a, &b),
                    (&a, &row),
                    (&a, &column),
                    (&row, &a),
                    (&few, &a),
                    (&few, &few),
                ] {
                    let shape = Shape::broadcast(a.shape(), b.shape())?;
                    let (all_a, all_b) = (a.broadcast_to(shape)?, b.broadcast_to(shape)?);
                    let methods = [a.fmod(b)?, a.remainder(b)?, a.div_floor(b)?];
                    for (((a, b), rest), (beside, floor)) in all_a
                        .iter()
                        .zip(all_b.iter())
                        .zip(methods[0].iter())
                        .zip(methods[1].iter().zip(methods[2].iter()))
                    {
                        let exact = a % b;
                        let same =
                            |x: $t, y: $t| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
                        assert!(
                            same(rest, exact),
                            "{a:e} % {b:e}: {rest:e}, exactly {exact:e}"
                        );
                        let is_beside = exact != 0.0 && (exact < 0.0) != (b < 0.0);
                        let exact = if is_beside { exact + b } else { exact };
                        assert!(
                            same(beside, exact),
                            "{a:e} % {b:e}: {beside:e}, exactly {exact:e}"
                        );
                        if (a / b).abs() < 1e5 && b.is_finite() {
                            let down = (f64::from(a) - f64::from(a % b)) / f64::from(b);
                            let down = down.round() - f64::from(u8::from(is_beside));
                            assert!(
                                f64::from(floor) == down,
                                "{a:e} / {b:e}: {floor:e}, exactly {down:e}"
                            );
                        }
                    }
                }
                Ok(())
            }
        };
    }

    agrees_with_the_system! { remainders_are_those_of_the_system_f32, f32 }
    agrees_with_the_system! { remainders_are_those_of_the_system_f64, f64 }
}
