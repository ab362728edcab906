//! Operators on Vars: they panic with the message that the methods return.

use std::ops::{Add, Div, Mul, Neg, Sub};

use gradlet_tensor::{Error, Float, Result, Tensor};

use crate::var::Var;

/// The value of an operation, or a panic with its error: for operators, and for operations that take every input.
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
    ($($trait:ident, $method:ident, $scalar:ident, $op:tt;)*) => {$(
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
                &self $op &rhs
            }
        }

        impl<T: Float> $trait<&Var<T>> for Var<T> {
            type Output = Self;
            #[track_caller]
            fn $method(self, rhs: &Self) -> Self {
                &self $op rhs
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
                self.$scalar(rhs)
            }
        }
    )*};
}

operators! {
    Add, add, add_scalar, +;
    Sub, sub, sub_scalar, -;
    Mul, mul, mul_scalar, *;
    Div, div, div_scalar, /;
}

/// A number on the left.
macro_rules! left {
    ($($t:ty)*) => {$(
        impl Add<&Var<$t>> for $t {
            type Output = Var<$t>;
            fn add(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.add_scalar(self)
            }
        }

        impl Sub<&Var<$t>> for $t {
            type Output = Var<$t>;
            fn sub(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.neg().add_scalar(self)
            }
        }

        impl Mul<&Var<$t>> for $t {
            type Output = Var<$t>;
            fn mul(self, rhs: &Var<$t>) -> Var<$t> {
                rhs.mul_scalar(self)
            }
        }

        impl Div<&Var<$t>> for $t {
            type Output = Var<$t>;
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
        Var::neg(&self)
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
        assert_eq!(z.to_vec(), [-3.75, -10.25]);
        let grads = z.backward_with(tensor![f64; 1.0, 1.0])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![-3.75, -2.625]));
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
