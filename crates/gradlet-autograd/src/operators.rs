//! Operators on Vars: they panic with the message that the methods return.

use std::ops::{Add, Div, Mul, Neg, Sub};

use gradlet_tensor::{Error, Float, Result, Tensor};

use crate::var::Var;

/// The value of an operation, or a panic with its error: for operators, and for operations that accept every input.
#[track_caller]
pub(crate) fn infallible<X>(result: Result<X>) -> X {
    #[cold]
    #[track_caller]
    fn fail(error: &Error) -> ! {
        panic!("{error}")
    }
    match result {
        Ok(value) => value,
        Err(error) => fail(&error),
    }
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $owned:ident, $scalar:ident, $scalar_owned:ident, $op:tt;)*) => {$(
        impl<T: Float> $trait for &Var<T> {
            type Output = Var<T>;
            #[track_caller]
            fn $method(self, rhs: Self) -> Var<T> {
                infallible(Var::$method(self, rhs))
            }
        }

        impl<T: Float> $trait for Var<T> {
            type Output = Self;
            #[track_caller]
            fn $method(self, rhs: Self) -> Self {
                self $op &rhs
            }
        }

        impl<T: Float> $trait<&Var<T>> for Var<T> {
            type Output = Self;
            #[track_caller]
            fn $method(self, rhs: &Self) -> Self {
                infallible(self.$owned(rhs))
            }
        }

        impl<T: Float> $trait<Var<T>> for &Var<T> {
            type Output = Var<T>;
            #[track_caller]
            fn $method(self, rhs: Var<T>) -> Var<T> {
                self $op &rhs
            }
        }

        impl<T: Float> $trait<T> for &Var<T> {
            type Output = Var<T>;
            #[inline]
            fn $method(self, rhs: T) -> Var<T> {
                self.$scalar(rhs)
            }
        }

        impl<T: Float> $trait<T> for Var<T> {
            type Output = Self;
            #[inline]
            fn $method(self, rhs: T) -> Self {
                self.$scalar_owned(rhs)
            }
        }
    )*};
}

operators! {
    Add, add, add_owned, add_scalar, add_scalar_owned, +;
    Sub, sub, sub_owned, sub_scalar, sub_scalar_owned, -;
    Mul, mul, mul_owned, mul_scalar, mul_scalar_owned, *;
    Div, div, div_owned, div_scalar, div_scalar_owned, /;
}

/// Operators with a number on the left.
macro_rules! left {
    ($($t:ty)*) => {$(
        impl Add<Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn add(self, rhs: Var<$t>) -> Var<$t> {
                rhs.add_scalar_owned(self)
            }
        }

        impl Sub<Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn sub(self, rhs: Var<$t>) -> Var<$t> {
                (-rhs).add_scalar_owned(self)
            }
        }

        impl Mul<Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn mul(self, rhs: Var<$t>) -> Var<$t> {
                rhs.mul_scalar_owned(self)
            }
        }

        impl Div<Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn div(self, rhs: Var<$t>) -> Var<$t> {
                self / &rhs
            }
        }

        impl Add<&Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn add(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.add_scalar(self)
            }
        }

        impl Sub<&Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn sub(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.neg().add_scalar(self)
            }
        }

        impl Mul<&Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn mul(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.mul_scalar(self)
            }
        }

        impl Div<&Var<$t>> for $t {
            type Output = Var<$t>;
            #[inline]
            fn div(self, rhs: &Var<$t>) -> Var<$t> {
                &Var::constant(Tensor::scalar(self)) / rhs
            }
        }
    )*};
}

left!(f32 f64);

impl<T: Float> Var<T> {
    /// `self - term` for a number that is not differentiated.
    pub fn sub_scalar(&self, term: T) -> Self {
        self.add_scalar(-term)
    }

    /// As `mul`: both factors may be kept for the gradient, so the memory of neither can be reused.
    #[track_caller]
    fn mul_owned(self, rhs: &Self) -> Result<Self> {
        Self::mul(&self, rhs)
    }

    #[track_caller]
    fn div_owned(self, rhs: &Self) -> Result<Self> {
        Self::div(&self, rhs)
    }

    #[inline]
    fn sub_scalar_owned(self, term: T) -> Self {
        self.add_scalar_owned(-term)
    }
}

impl<T: Float> Neg for &Var<T> {
    type Output = Var<T>;
    fn neg(self) -> Var<T> {
        Var::neg(self)
    }
}

impl<T: Float> Neg for Var<T> {
    type Output = Self;
    fn neg(self) -> Self {
        self.neg_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Result, Tensor, Var};
    use gradlet_tensor::tensor;

    #[test]
    fn operators_mean_what_they_say() -> Result<()> {
        let (x, y) = (
            Var::leaf(tensor![f64; 1.0, 2.0]),
            Var::leaf(tensor![f64; 4.0, 8.0]),
        );
        let z =
            -(&x + &y) * 2.0 - (&x / &y) + (1.0 - &x) * (8.0 / &y) + (2.0 * &x) / 4.0 + (3.0 + &y)
                - 1.0;
        let (double, sum) = (|| &x * 2.0, || &y + 1.0);
        let owned = 1.0 - double() + 8.0 / sum() + 2.0 * sum() + (3.0 + double());
        assert_eq!(owned.to_vec(), [15.6, 22.0 + 8.0 / 9.0]);
        assert_eq!(z.to_vec(), [-3.75, -10.25]);
        let grads = z.backward_with(tensor![f64; 1.0, 1.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![-3.75, -2.625]));
        Ok(())
    }

    #[test]
    fn an_operator_reuses_the_memory_of_what_is_given_away_and_unshared() -> Result<()> {
        let place = |x: &Var| x.tensor().as_slice().map(<[f32]>::as_ptr);
        let (x, y) = (Var::leaf(tensor![1.0, 2.0]), Var::leaf(tensor![3.0, 4.0]));
        let sum = &x + &y;
        let first = place(&sum);
        let z = -((sum * 2.0 - &x) / 2.0 + &y);
        assert_eq!(place(&z), first);
        assert_eq!(z.to_vec(), [-6.5, -9.0]);
        let z = 2.0 * (1.0 + (1.0 - (z - 3.0)));
        assert_eq!(place(&z), first);
        let kept = z.clone();
        let other = z + 1.0;
        assert_eq!(
            (kept.to_vec(), other.to_vec()),
            (vec![23.0, 28.0], vec![24.0, 29.0])
        );
        // exp keeps its output for the gradient.
        let e = x.exp();
        let shifted = e.clone() + 1.0;
        drop(e);
        let grads = (shifted * 3.0).sum(..)?.backward()?;
        let slope = x.exp().mul_scalar(3.0);
        assert_eq!(grads.wrt(&x), Some(slope.tensor()));
        Ok(())
    }

    #[test]
    fn an_operator_panics_at_the_line_that_used_it() {
        let (x, y) = (
            Var::leaf(tensor![1.0, 2.0]),
            Var::leaf(tensor![1.0, 2.0, 3.0]),
        );
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| &x * &y)).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(
            text.starts_with("mul: shapes do not broadcast: [2] and [3]") && text.ends_with(&here),
            "{text}"
        );
    }
}
