//! Arithmetic, with broadcasting: methods that return errors, operators that panic with the same text.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Sub, SubAssign};

use crate::element::Float;
use crate::error::{Result, raise};
use crate::number::Number;
use crate::tensor::Tensor;

macro_rules! binary {
    ($(
        $method:ident, $scalar:ident, $assign:ident, $trait:ident, $assign_trait:ident, $op:tt, $number:ident,
        $checked:ty, $errors:literal, $pair:path;
    )*) => {$(
        impl<T: $number> Tensor<T> {
            #[doc = concat!("`self ", stringify!($op), " rhs`, elementwise, after broadcasting.")]
            ///
            /// # Shape
            ///
            /// `[..., n], [..., n] -> [..., n]`; sizes of 1 and missing leading axes are repeated.
            ///
            /// # Errors
            ///
            /// If the shapes do not broadcast.
            #[doc = $errors]
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            /// # fn main() -> gradlet_tensor::Result<()> {
            #[doc = concat!("let y = tensor![6.0, 3.0].", stringify!($method), "(&tensor![[1.0], [2.0]])?;")]
            #[doc = concat!(
                "assert_eq!(y, tensor![[6.0 ", stringify!($op), " 1.0, 3.0 ", stringify!($op), " 1.0], ",
                "[6.0 ", stringify!($op), " 2.0, 3.0 ", stringify!($op), " 2.0]]);",
            )]
            /// # Ok(())
            /// # }
            /// ```
            #[track_caller]
            pub fn $method(&self, rhs: &Self) -> Result<Self> {
                T::zip_(stringify!($method), self, rhs, |a, b| $pair(a, b))
            }

            #[doc = concat!("`self ", stringify!($op), " rhs` for a number on the right.")]
            #[doc = $errors]
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            #[doc = concat!(
                "assert_eq!(tensor![6.0, 3.0].", stringify!($scalar), "(2.0).to_vec(), ",
                "[6.0 ", stringify!($op), " 2.0, 3.0 ", stringify!($op), " 2.0]);",
            )]
            /// ```
            #[track_caller]
            pub fn $scalar(&self, rhs: T) -> $checked {
                T::checked_(T::map_(stringify!($scalar), self, rhs, |a, b| $pair(a, b)))
            }

            #[doc = concat!("`self ", stringify!($op), "= rhs` after broadcasting `rhs`; in place if unshared.")]
            ///
            /// # Shape
            ///
            /// `self: [..., n], rhs: [..., n]`, whose sizes of 1 and missing leading axes are repeated
            ///
            /// # Errors
            ///
            /// If `rhs` does not broadcast to this shape. The elements are then unchanged.
            #[doc = $errors]
            ///
            /// # Example
            ///
            /// ```
            /// # use gradlet_tensor::tensor;
            /// # fn main() -> gradlet_tensor::Result<()> {
            /// let mut x = tensor![6.0, 3.0];
            #[doc = concat!("x.", stringify!($assign), "(&tensor![2.0])?;")]
            #[doc = concat!(
                "assert_eq!(x.to_vec(), [6.0 ", stringify!($op), " 2.0, 3.0 ", stringify!($op), " 2.0]);",
            )]
            /// # Ok(())
            /// # }
            /// ```
            #[track_caller]
            pub fn $assign(&mut self, rhs: &Self) -> Result<()> {
                T::zip_assign_(stringify!($assign), self, rhs, |a, b| $pair(a, b))
            }
        }

        impl<T: $number> $trait for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, rhs: Self) -> Tensor<T> {
                Tensor::$method(self, rhs).unwrap_or_else(|error| raise(&error))
            }
        }

        impl<T: $number> $trait for Tensor<T> {
            type Output = Self;
            #[track_caller]
            fn $method(mut self, rhs: Self) -> Self {
                if self.can_hold_result_with(&rhs) { self $op &rhs } else { &self $op rhs }
            }
        }

        impl<T: $number> $trait<&Tensor<T>> for Tensor<T> {
            type Output = Self;
            #[track_caller]
            fn $method(mut self, rhs: &Self) -> Self {
                if !self.can_hold_result_with(rhs) {
                    return &self $op rhs;
                }
                $assign_trait::$assign(&mut self, rhs);
                self
            }
        }

        impl<T: $number> $trait<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, mut rhs: Tensor<T>) -> Tensor<T> {
                if !rhs.can_hold_result_with(self) {
                    return self $op &rhs;
                }
                let result = T::zip_assign_(stringify!($method), &mut rhs, self, |b, a| $pair(a, b));
                result.unwrap_or_else(|error| raise(&error));
                rhs
            }
        }

        impl<T: $number> $trait<T> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, rhs: T) -> Tensor<T> {
                T::map_(stringify!($scalar), self, rhs, |a, b| $pair(a, b)).unwrap_or_else(|error| raise(&error))
            }
        }

        impl<T: $number> $trait<T> for Tensor<T> {
            type Output = Self;
            #[track_caller]
            fn $method(mut self, rhs: T) -> Self {
                $assign_trait::$assign(&mut self, rhs);
                self
            }
        }

        impl<T: $number> $assign_trait<&Tensor<T>> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, rhs: &Self) {
                Tensor::$assign(self, rhs).unwrap_or_else(|error| raise(&error));
            }
        }

        impl<T: $number> $assign_trait<T> for Tensor<T> {
            #[track_caller]
            fn $assign(&mut self, rhs: T) {
                T::map_assign_(stringify!($scalar), self, rhs, |a, b| $pair(a, b)).unwrap_or_else(|error| raise(&error));
            }
        }

        binary!(left f32, $trait, $method, $op);
        binary!(left f64, $trait, $method, $op);
    )*};
    (left $t:ty, $trait:ident, $method:ident, $op:tt) => {
        impl $trait<&Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            #[inline]
            fn $method(self, rhs: &Tensor<$t>) -> Tensor<$t> {
                rhs.map(|b| self $op b)
            }
        }

        impl $trait<Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            #[inline]
            fn $method(self, mut rhs: Tensor<$t>) -> Tensor<$t> {
                rhs.map_in_place(|b| self $op b);
                rhs
            }
        }
    };
}

binary! {
    add, add_scalar, add_assign, Add, AddAssign, +, Number, T::Checked, "Integers fail where they overflow.", Number::add_;
    sub, sub_scalar, sub_assign, Sub, SubAssign, -, Number, T::Checked, "Integers fail where they overflow.", Number::sub_;
    mul, mul_scalar, mul_assign, Mul, MulAssign, *, Number, T::Checked, "Integers fail where they overflow.", Number::mul_;
    div, div_scalar, div_assign, Div, DivAssign, /, Float, Self, "", quotient;
}

macro_rules! left_of_integers {
    ($($trait:ident $method:ident $op:tt: $($t:ty)*;)*) => {$($(
        impl $trait<&Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            #[inline]
            #[track_caller]
            fn $method(self, rhs: &Tensor<$t>) -> Tensor<$t> {
                &Tensor::scalar(self) $op rhs
            }
        }

        impl $trait<Tensor<$t>> for $t {
            type Output = Tensor<$t>;
            #[inline]
            #[track_caller]
            fn $method(self, rhs: Tensor<$t>) -> Tensor<$t> {
                self $op &rhs
            }
        }
    )*)*};
}

left_of_integers! {
    Add add +: u8 i32 i64 u64;
    Sub sub -: u8 i32 i64 u64;
    Mul mul *: u8 i32 i64 u64;
}

#[inline(always)]
fn quotient<T: Float>(a: T, b: T) -> (T, T::Flag) {
    (a / b, T::Flag::default())
}

impl<T: Number> Tensor<T> {
    /// Whether the memory of this tensor, which is given away, can hold the result of an operation with `other`. For
    /// integers it never does, since all results are checked before any is written.
    #[inline]
    fn can_hold_result_with(&mut self, other: &Self) -> bool {
        size_of::<T::Flag>() == 0
            && self.shape() == other.shape()
            && other.as_slice().is_some()
            && self.try_mut().is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::{ErrorKind, Result, Tensor, tensor};

    #[test]
    fn operators_and_methods_agree() -> Result<()> {
        let (a, b) = (tensor![[1.0, 2.0], [3.0, 4.0]], tensor![10.0, 20.0]);
        assert_eq!(&a + &b, a.add(&b)?);
        assert_eq!((&a - &b).to_vec(), [-9.0, -18.0, -7.0, -16.0]);
        assert_eq!((&a * &b).to_vec(), [10.0, 40.0, 30.0, 80.0]);
        assert_eq!((&b / &a).to_vec(), [10.0, 10.0, 10.0 / 3.0, 5.0]);
        assert_eq!((1.0 - &a).to_vec(), [0.0, -1.0, -2.0, -3.0]);
        assert_eq!((-&a).to_vec(), [-1.0, -2.0, -3.0, -4.0]);
        let mut c = a.clone();
        c += &b;
        c /= 2.0;
        assert_eq!(
            (c.to_vec(), a.to_vec()),
            (vec![5.5, 11.0, 6.5, 12.0], vec![1.0, 2.0, 3.0, 4.0])
        );
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_broadcast_are_errors_or_panics_with_the_same_text() {
        let (a, b) = (tensor![1.0, 2.0], tensor![1.0, 2.0, 3.0]);
        let error = a.add(&b).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::Broadcast {
                op: "add",
                axis: 0,
                ..
            }
        ));
        let panic = std::panic::catch_unwind(|| &a + &b).unwrap_err();
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(
            text.starts_with("add: shapes do not broadcast: [2] and [3]")
                && text.contains("arith.rs"),
            "{text}"
        );
        assert!(a.clone().add_assign(&tensor![[1.0], [2.0]]).is_err());
    }

    #[test]
    fn an_operator_writes_into_what_is_given_away_and_unshared() -> Result<()> {
        let place = |x: &Tensor| x.as_slice().map(<[f32]>::as_ptr);
        let (x, y) = (tensor![6.0, 8.0], tensor![2.0, 4.0]);
        let kept = x.map(|x| x);
        let first = place(&kept);
        let left = kept - &y;
        assert_eq!((place(&left), left.to_vec()), (first, vec![4.0, 4.0]));
        let right = &x / left;
        assert_eq!((place(&right), right.to_vec()), (first, vec![1.5, 2.0]));
        let both = right * y.map(|y| y);
        assert_eq!((place(&both), both.to_vec()), (first, vec![3.0, 8.0]));
        let number = 12.0 / both;
        assert_eq!((place(&number), number.to_vec()), (first, vec![4.0, 1.5]));
        // The left one is shared, so that the right one's memory is taken.
        let sum = x.clone() - number;
        assert_eq!((place(&sum), sum.to_vec()), (first, vec![2.0, 6.5]));
        assert_eq!(x.to_vec(), [6.0, 8.0]);
        // Neither has the shape of the result, or both are shared.
        let grid = tensor![[1.0], [2.0]] - x.clone();
        assert_eq!(grid, tensor![[-5.0, -7.0], [-4.0, -6.0]]);
        assert_eq!((x.clone() - y.clone()).to_vec(), [4.0, 4.0]);
        // The rows of one are the columns of the other.
        let turned = grid.t()? - tensor![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(turned, tensor![[-6.0, -6.0], [-10.0, -10.0]]);
        Ok(())
    }

    #[test]
    fn empty_and_scalar_tensors_broadcast() -> Result<()> {
        let empty = Tensor::zeros([0, 3])?;
        assert_eq!(empty.add(&tensor![1.0, 2.0, 3.0])?.shape(), [0, 3]);
        assert_eq!(
            Tensor::scalar(2.0f32).mul(&tensor![1.0, 2.0])?.to_vec(),
            [2.0, 4.0]
        );
        Ok(())
    }
}
