//! The numbers to calculate with: [`Number`], which floats and integers are, and [`Integer`].

use std::ops::{BitAnd, BitOr, BitXor, Not};

use crate::element::Element;
use crate::elementwise::Division;
use crate::error::{Result, raise};
use crate::kernel::scan;
use crate::linalg::integers;
use crate::shape::ReducedAxes;
use crate::tensor::Tensor;

/// A number to calculate with: every element type but `bool`.
///
/// Floats round, and are infinite where they leave their range. The arithmetic of integers is exact: where a result is
/// not a number of their type, methods return an error and operators panic, in every build.
pub trait Number: Element {
    /// The type of sums and products: `i64` for `i32` and `i64`, `u64` for `u8` and `u64`, a float's own type.
    type Sum: Number<Sum = Self::Sum>;
    /// What an operation returns that fails only where integers overflow: a tensor of floats, a `Result` of integers.
    type Checked;
    /// What is not the default where a result is not a number of this type.
    #[doc(hidden)]
    type Flag: Default;
    /// Below and above all other numbers.
    #[doc(hidden)]
    const ENDS: [Self; 2];

    #[doc(hidden)]
    fn add_(self, rhs: Self) -> (Self, Self::Flag);
    #[doc(hidden)]
    fn sub_(self, rhs: Self) -> (Self, Self::Flag);
    #[doc(hidden)]
    fn mul_(self, rhs: Self) -> (Self, Self::Flag);
    #[doc(hidden)]
    fn neg_(self) -> (Self, Self::Flag);
    #[doc(hidden)]
    fn abs_(self) -> (Self, Self::Flag);

    /// `f` of each pair of elements, after broadcasting, with an error where it sets a flag.
    #[doc(hidden)]
    #[track_caller]
    fn zip_(
        op: &'static str,
        lhs: &Tensor<Self>,
        rhs: &Tensor<Self>,
        f: impl Fn(Self, Self) -> (Self, Self::Flag) + Sync,
    ) -> Result<Tensor<Self>>;
    /// As `zip_`, into the left tensor.
    #[doc(hidden)]
    #[track_caller]
    fn zip_assign_(
        op: &'static str,
        lhs: &mut Tensor<Self>,
        rhs: &Tensor<Self>,
        f: impl Fn(Self, Self) -> (Self, Self::Flag) + Sync,
    ) -> Result<()>;
    /// As `zip_`, with a number on the right.
    #[doc(hidden)]
    #[track_caller]
    fn map_(
        op: &'static str,
        lhs: &Tensor<Self>,
        rhs: Self,
        f: impl Fn(Self, Self) -> (Self, Self::Flag) + Sync,
    ) -> Result<Tensor<Self>>;
    /// As `map_`, into the tensor.
    #[doc(hidden)]
    #[track_caller]
    fn map_assign_(
        op: &'static str,
        lhs: &mut Tensor<Self>,
        rhs: Self,
        f: impl Fn(Self, Self) -> (Self, Self::Flag) + Sync,
    ) -> Result<()>;
    #[doc(hidden)]
    #[track_caller]
    fn divide_(
        op: &'static str,
        division: Division,
        lhs: &Tensor<Self>,
        rhs: &Tensor<Self>,
    ) -> Result<Tensor<Self>>;
    #[doc(hidden)]
    #[track_caller]
    fn checked_(result: Result<Tensor<Self>>) -> Self::Checked;
    #[doc(hidden)]
    #[track_caller]
    fn sum_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<Self::Sum>>;
    #[doc(hidden)]
    #[track_caller]
    fn prod_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<Self::Sum>>;
    #[doc(hidden)]
    #[track_caller]
    fn cumsum_(x: &Tensor<Self>, axis: isize) -> Result<Tensor<Self::Sum>>;
    /// The product of tensors that are no scalars and whose inner sizes agree.
    #[doc(hidden)]
    #[track_caller]
    fn matmul_(lhs: &Tensor<Self>, rhs: &Tensor<Self>) -> Result<Tensor<Self::Sum>>;
}

macro_rules! floats {
    ($($t:ty),*) => {$(
        impl Number for $t {
            type Sum = Self;
            type Checked = Tensor<Self>;
            type Flag = ();
            const ENDS: [Self; 2] = [<$t>::NEG_INFINITY, <$t>::INFINITY];

            #[inline(always)]
            fn add_(self, rhs: Self) -> (Self, ()) {
                (self + rhs, ())
            }
            #[inline(always)]
            fn sub_(self, rhs: Self) -> (Self, ()) {
                (self - rhs, ())
            }
            #[inline(always)]
            fn mul_(self, rhs: Self) -> (Self, ()) {
                (self * rhs, ())
            }
            #[inline(always)]
            fn neg_(self) -> (Self, ()) {
                (-self, ())
            }
            #[inline(always)]
            fn abs_(self) -> (Self, ()) {
                (self.abs(), ())
            }

            #[inline]
            fn zip_(
                op: &'static str,
                lhs: &Tensor<Self>,
                rhs: &Tensor<Self>,
                f: impl Fn(Self, Self) -> (Self, ()) + Sync,
            ) -> Result<Tensor<Self>> {
                lhs.zip_for(op, rhs, |a, b| f(a, b).0)
            }
            #[inline]
            fn zip_assign_(
                op: &'static str,
                lhs: &mut Tensor<Self>,
                rhs: &Tensor<Self>,
                f: impl Fn(Self, Self) -> (Self, ()) + Sync,
            ) -> Result<()> {
                lhs.zip_in_place_for(op, rhs, |a, b| f(a, b).0)
            }
            #[inline]
            fn map_(
                _: &'static str,
                lhs: &Tensor<Self>,
                rhs: Self,
                f: impl Fn(Self, Self) -> (Self, ()) + Sync,
            ) -> Result<Tensor<Self>> {
                Ok(lhs.map(|a| f(a, rhs).0))
            }
            #[inline]
            fn map_assign_(
                _: &'static str,
                lhs: &mut Tensor<Self>,
                rhs: Self,
                f: impl Fn(Self, Self) -> (Self, ()) + Sync,
            ) -> Result<()> {
                lhs.map_in_place(|a| f(a, rhs).0);
                Ok(())
            }
            #[inline]
            fn divide_(op: &'static str, division: Division, lhs: &Tensor<Self>, rhs: &Tensor<Self>) -> Result<Tensor<Self>> {
                division.of_floats(op, lhs, rhs)
            }
            #[inline]
            fn checked_(result: Result<Tensor<Self>>) -> Tensor<Self> {
                result.unwrap_or_else(|error| raise(&error))
            }
            #[inline]
            fn sum_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<Self>> {
                x.sum_of_few_over(axes)
            }
            #[inline]
            fn prod_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<Self>> {
                x.prod_over(axes)
            }
            #[inline]
            fn cumsum_(x: &Tensor<Self>, axis: isize) -> Result<Tensor<Self>> {
                x.scan("cumsum", axis, scan::sums)
            }
            #[inline]
            fn matmul_(lhs: &Tensor<Self>, rhs: &Tensor<Self>) -> Result<Tensor<Self>> {
                lhs.product(rhs)
            }
        }
    )*};
}

floats! { f32, f64 }

/// An integer: `u8`, `i32`, `i64` or `u64`.
pub trait Integer:
    Number<Flag = Self, Sum = <Self as Integer>::Total, Checked = Result<Tensor<Self>>>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    /// [`Number::Sum`], as an integer.
    #[doc(hidden)]
    type Total: Integer<Total = Self::Total>;

    #[doc(hidden)]
    fn div_floor_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn div_trunc_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn remainder_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn fmod_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn shl_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn shr_(self, rhs: Self) -> (Self, Self);
    #[doc(hidden)]
    fn widen_(self) -> Self::Sum;
    /// The product, and its flag.
    #[doc(hidden)]
    fn times_(self, rhs: Self) -> (Self::Sum, Self::Sum);
    /// Numbers `[low, high]` of at most 33 bits with `low + high * 2^32` as this one.
    #[doc(hidden)]
    fn halves_(self) -> [i64; 2];
    /// The number of this type, if it is one.
    #[doc(hidden)]
    #[inline]
    fn exactly(x: i128) -> Option<Self> {
        let y = Self::from_integer(x);
        (y.to_integer() == Some(x)).then_some(y)
    }
}

// Flags are made of bits, without branches, so that loops vectorize. `MIN` is the sign's bit; of unsigned numbers, 0.
macro_rules! integers {
    ($($t:ty, $wide:ty, $sum:ty, $times:expr, $halves:expr;)*) => {$(
        #[allow(clippy::bad_bit_mask, clippy::cast_lossless, reason = "the same code serves all types")]
        impl Number for $t {
            type Sum = $sum;
            type Checked = Result<Tensor<Self>>;
            type Flag = Self;
            const ENDS: [Self; 2] = [<$t>::MIN, <$t>::MAX];

            #[inline(always)]
            fn add_(self, rhs: Self) -> (Self, Self) {
                let y = self.wrapping_add(rhs);
                let signed = (self ^ y) & (rhs ^ y) & Self::MIN;
                (y, if Self::MIN == 0 { Self::from(y < self) } else { signed })
            }
            #[inline(always)]
            fn sub_(self, rhs: Self) -> (Self, Self) {
                let y = self.wrapping_sub(rhs);
                let signed = (self ^ rhs) & (self ^ y) & Self::MIN;
                (y, if Self::MIN == 0 { Self::from(self < rhs) } else { signed })
            }
            #[inline(always)]
            fn mul_(self, rhs: Self) -> (Self, Self) {
                let wide = <$wide>::from(self) * <$wide>::from(rhs);
                let (y, high) = (wide as Self, (wide >> Self::BITS) as Self);
                (y, if Self::MIN == 0 { high } else { high ^ (y >> (Self::BITS - 1)) })
            }
            #[inline(always)]
            fn neg_(self) -> (Self, Self) {
                Self::sub_(0, self)
            }
            #[inline(always)]
            fn abs_(self) -> (Self, Self) {
                let y = if self & Self::MIN == 0 { self } else { self.wrapping_neg() };
                (y, y & Self::MIN)
            }

            fn zip_(
                op: &'static str,
                lhs: &Tensor<Self>,
                rhs: &Tensor<Self>,
                f: impl Fn(Self, Self) -> (Self, Self) + Sync,
            ) -> Result<Tensor<Self>> {
                lhs.zip_checked(op, rhs, f)
            }
            fn zip_assign_(
                op: &'static str,
                lhs: &mut Tensor<Self>,
                rhs: &Tensor<Self>,
                f: impl Fn(Self, Self) -> (Self, Self) + Sync,
            ) -> Result<()> {
                lhs.expect_assignable(op, rhs)?;
                *lhs = lhs.zip_checked(op, rhs, f)?;
                Ok(())
            }
            fn map_(
                op: &'static str,
                lhs: &Tensor<Self>,
                rhs: Self,
                f: impl Fn(Self, Self) -> (Self, Self) + Sync,
            ) -> Result<Tensor<Self>> {
                lhs.zip_checked(op, &Tensor::scalar(rhs), f)
            }
            fn map_assign_(
                op: &'static str,
                lhs: &mut Tensor<Self>,
                rhs: Self,
                f: impl Fn(Self, Self) -> (Self, Self) + Sync,
            ) -> Result<()> {
                *lhs = Self::map_(op, lhs, rhs, f)?;
                Ok(())
            }
            #[inline]
            fn divide_(op: &'static str, division: Division, lhs: &Tensor<Self>, rhs: &Tensor<Self>) -> Result<Tensor<Self>> {
                division.of_integers(op, lhs, rhs)
            }
            #[inline]
            fn checked_(result: Result<Tensor<Self>>) -> Result<Tensor<Self>> {
                result
            }
            #[inline]
            fn sum_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<$sum>> {
                x.checked_sum(axes)
            }
            #[inline]
            fn prod_(x: &Tensor<Self>, axes: ReducedAxes) -> Result<Tensor<$sum>> {
                x.checked_prod(axes)
            }
            #[inline]
            fn cumsum_(x: &Tensor<Self>, axis: isize) -> Result<Tensor<$sum>> {
                x.checked_cumsum(axis)
            }
            #[inline]
            fn matmul_(lhs: &Tensor<Self>, rhs: &Tensor<Self>) -> Result<Tensor<$sum>> {
                integers::product(lhs, rhs)
            }
        }

        #[allow(clippy::bad_bit_mask, clippy::cast_lossless, reason = "the same code serves all types")]
        impl Integer for $t {
            type Total = $sum;

            #[inline(always)]
            fn div_floor_(self, rhs: Self) -> (Self, Self) {
                let (quotient, flag) = self.div_trunc_(rhs);
                let rest = self.fmod_(rhs).0;
                let below = rest != 0 && (rest ^ rhs) & Self::MIN != 0;
                (quotient - Self::from(below), flag)
            }
            #[inline(always)]
            fn div_trunc_(self, rhs: Self) -> (Self, Self) {
                if rhs == 0 {
                    return (0, 1);
                }
                let (y, overflows) = self.overflowing_div(rhs);
                (y, overflows.into())
            }
            #[inline(always)]
            fn remainder_(self, rhs: Self) -> (Self, Self) {
                let (rest, flag) = self.fmod_(rhs);
                let other_side = rest != 0 && (rest ^ rhs) & Self::MIN != 0;
                (if other_side { rest + rhs } else { rest }, flag)
            }
            #[inline(always)]
            fn fmod_(self, rhs: Self) -> (Self, Self) {
                if rhs == 0 { (0, 1) } else { (self.wrapping_rem(rhs), 0) }
            }
            #[inline(always)]
            fn shl_(self, rhs: Self) -> (Self, Self) {
                (self.wrapping_shl(rhs as u32), rhs & !(Self::BITS as Self - 1))
            }
            #[inline(always)]
            fn shr_(self, rhs: Self) -> (Self, Self) {
                (self.wrapping_shr(rhs as u32), rhs & !(Self::BITS as Self - 1))
            }
            #[inline(always)]
            fn widen_(self) -> $sum {
                self.into()
            }
            #[inline(always)]
            fn times_(self, rhs: Self) -> ($sum, $sum) {
                $times(self, rhs)
            }
            #[inline(always)]
            fn halves_(self) -> [i64; 2] {
                $halves(self)
            }
        }
    )*};
}

integers! {
    u8, u16, u64, |a, b| (u64::from(a) * u64::from(b), 0), |x| [i64::from(x), 0];
    i32, i64, i64, |a, b| (i64::from(a) * i64::from(b), 0), |x| [i64::from(x), 0];
    i64, i128, i64, i64::mul_, |x| [x & LOW as i64, x >> 32];
    u64, u128, u64, u64::mul_, |x| [(x & LOW) as i64, (x >> 32) as i64];
}

/// The lower half of a number of 64 bits.
const LOW: u64 = 0xffff_ffff;
