//! Operations on the bits of integers, and arithmetic that wraps around.

use std::ops::{BitAnd, BitOr, BitXor};

use crate::error::Result;
use crate::number::Integer;
use crate::tensor::Tensor;

macro_rules! plain {
    ($($method:ident: $what:literal, $example:literal, $f:expr;)*) => {
        /// Arithmetic that wraps around, and operations on bits.
        impl<T: Integer> Tensor<T> {$(
            #[doc = concat!($what, ", after broadcasting.")]
            ///
            /// # Shape
            ///
            /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
            ///
            /// # Errors
            ///
            /// If the shapes do not broadcast.
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            /// # fn main() -> gradlet_tensor::Result<()> {
            #[doc = $example]
            /// # Ok(())
            /// # }
            /// ```
            #[track_caller]
            pub fn $method(&self, rhs: &Self) -> Result<Self> {
                self.zip_for(stringify!($method), rhs, $f)
            }
        )*}
    };
}

plain! {
    bit_and: "The bits that are set in both numbers",
        "assert_eq!(tensor![i64; 12, -1].bit_and(&tensor![i64; 10])?.to_vec(), [8, 10]);", BitAnd::bitand;
    bit_or: "The bits that are set in at least one number",
        "assert_eq!(tensor![i64; 12, -1].bit_or(&tensor![i64; 10])?.to_vec(), [14, -1]);", BitOr::bitor;
    bit_xor: "The bits that are set in exactly one number",
        "assert_eq!(tensor![i64; 12, -1].bit_xor(&tensor![i64; 10])?.to_vec(), [6, -11]);", BitXor::bitxor;
    wrapping_add: "`self + rhs` modulo 2 to the number of bits of the type",
        "assert_eq!(tensor![u8; 255, 7].wrapping_add(&tensor![u8; 2])?.to_vec(), [1, 9]);", sum;
    wrapping_sub: "`self - rhs` modulo 2 to the number of bits of the type",
        "assert_eq!(tensor![u8; 1, 7].wrapping_sub(&tensor![u8; 2])?.to_vec(), [255, 5]);", difference;
    wrapping_mul: "`self * rhs` modulo 2 to the number of bits of the type",
        "assert_eq!(tensor![u8; 128, 7].wrapping_mul(&tensor![u8; 3])?.to_vec(), [128, 21]);", product;
}

#[inline(always)]
fn sum<T: Integer>(a: T, b: T) -> T {
    a.add_(b).0
}

#[inline(always)]
fn difference<T: Integer>(a: T, b: T) -> T {
    a.sub_(b).0
}

#[inline(always)]
fn product<T: Integer>(a: T, b: T) -> T {
    a.mul_(b).0
}

macro_rules! shifts {
    ($($method:ident: $what:literal, $values:literal, $f:expr;)*) => {
        /// Shifts.
        impl<T: Integer> Tensor<T> {$(
            #[doc = concat!($what, ", after broadcasting.")]
            ///
            /// # Shape
            ///
            /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
            ///
            /// # Errors
            ///
            /// If the shapes do not broadcast, or a shift is negative or at least the number of bits of the type.
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            /// # fn main() -> gradlet_tensor::Result<()> {
            #[doc = concat!(
                "assert_eq!(tensor![i32; 5, -5].", stringify!($method), "(&tensor![i32; 1])?.to_vec(), ", $values, ");",
            )]
            #[doc = concat!("assert!(tensor![i32; 5].", stringify!($method), "(&tensor![i32; 32]).is_err());")]
            /// # Ok(())
            /// # }
            /// ```
            #[track_caller]
            pub fn $method(&self, rhs: &Self) -> Result<Self> {
                self.zip_checked(stringify!($method), rhs, $f)
            }
        )*}
    };
}

shifts! {
    shl: "The bits shifted to the left by `rhs`: zeros come in, and bits that leave the number are lost", "[10, -10]",
        Integer::shl_;
    shr: "The bits shifted to the right by `rhs`: copies of the sign's bit, or zeros in unsigned numbers, come in",
        "[2, -3]", Integer::shr_;
}

impl<T: Integer> Tensor<T> {
    /// Every bit turned over.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![i32; 0, 5].bit_not().to_vec(), [-1, -6]);
    /// ```
    pub fn bit_not(&self) -> Self {
        self.map(|x| !x)
    }

    /// `-x` modulo 2 to the number of bits of the type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// assert_eq!(tensor![u8; 0, 1, 255].wrapping_neg().to_vec(), [0, 255, 1]);
    /// assert_eq!(tensor![i64; i64::MIN].wrapping_neg().to_vec(), [i64::MIN]);
    /// ```
    pub fn wrapping_neg(&self) -> Self {
        self.map(|x| x.neg_().0)
    }
}
