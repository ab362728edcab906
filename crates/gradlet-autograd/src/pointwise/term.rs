//! [`Term`]: a `Var` in the place of a number, for formulas whose derivatives are recorded.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use gradlet_tensor::{Float, Result, Tensor};

use crate::operators::infallible;
use crate::pointwise::real::Real;
use crate::var::Var;

/// The Vars of one formula. They are kept here, so that a handle to one can be `Copy`, as the numbers of a formula are.
pub(super) struct Sheet<T: Float>(RefCell<Vec<Var<T>>>);

/// A constant, or a Var on a sheet.
#[derive(Clone, Copy)]
pub(super) enum Term<'a, T: Float> {
    Constant(T),
    Var(&'a Sheet<T>, usize),
}

impl<T: Float> Default for Sheet<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T: Float> Sheet<T> {
    /// Adds a Var.
    pub(super) fn put(&self, var: Var<T>) -> Term<'_, T> {
        let mut vars = self.0.borrow_mut();
        vars.push(var);
        Term::Var(self, vars.len() - 1)
    }

    fn get(&self, place: usize) -> Var<T> {
        self.0.borrow()[place].clone()
    }
}

impl<T: Float> Term<'_, T> {
    /// The product with `g`.
    pub(super) fn into_factor_of(self, g: &Var<T>) -> Result<Var<T>> {
        match self {
            Self::Constant(factor) => Ok(g.mul_scalar(factor)),
            Self::Var(sheet, place) => g.mul(&sheet.get(place)),
        }
    }

    fn into_var(self) -> Var<T> {
        match self {
            Self::Constant(value) => constant(value),
            Self::Var(sheet, place) => sheet.get(place),
        }
    }

    /// One function of a constant or of a Var.
    fn map(self, constant: fn(T) -> T, var: fn(&Var<T>) -> Var<T>) -> Self {
        match self {
            Self::Constant(x) => Self::Constant(constant(x)),
            Self::Var(sheet, place) => sheet.put(var(&sheet.get(place))),
        }
    }
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $op:tt, |$x:ident, $c:ident| $right:expr, |$k:ident, $y:ident| $left:expr;)*) => {$(
        impl<T: Float> $trait for Term<'_, T> {
            type Output = Self;

            fn $method(self, rhs: Self) -> Self {
                match (self, rhs) {
                    (Self::Constant(a), Self::Constant(b)) => Self::Constant(a $op b),
                    (Self::Var(sheet, a), Self::Var(_, b)) => {
                        sheet.put(&sheet.get(a) $op &sheet.get(b))
                    }
                    (Self::Var(sheet, a), Self::Constant($c)) => {
                        let $x = sheet.get(a);
                        sheet.put($right)
                    }
                    (Self::Constant($k), Self::Var(sheet, b)) => {
                        let $y = sheet.get(b);
                        sheet.put($left)
                    }
                }
            }
        }

        impl<T: Float> $trait<T> for Term<'_, T> {
            type Output = Self;

            fn $method(self, rhs: T) -> Self {
                self $op Self::Constant(rhs)
            }
        }
    )*};
}

operators! {
    Add, add, +, |x, c| x.add_scalar(c), |k, y| y.add_scalar(k);
    Sub, sub, -, |x, c| x.add_scalar(-c), |k, y| &constant(k) - &y;
    Mul, mul, *, |x, c| times(x, c), |k, y| times(y, k);
    Div, div, /, |x, c| x.div_scalar(c), |k, y| &constant(k) / &y;
}

fn constant<T: Float>(value: T) -> Var<T> {
    Var::constant(Tensor::scalar(value))
}

/// x c, without a pass over memory where c is 1, as a number's derivative by itself is.
fn times<T: Float>(x: Var<T>, c: T) -> Var<T> {
    if c == T::of(1.0) { x } else { x.mul_scalar(c) }
}

impl<T: Float> Neg for Term<'_, T> {
    type Output = Self;

    fn neg(self) -> Self {
        self.map(|x| -x, Var::neg)
    }
}

/// Functions that numbers and `Var`s have.
macro_rules! functions {
    ($($name:ident)*) => {$(
        fn $name(self) -> Self {
            self.map(Real::$name, Var::$name)
        }
    )*};
}

impl<T: Float> Real<T> for Term<'_, T> {
    functions! { exp ln sinh cosh tanh sigmoid erf sqrt rsqrt reciprocal square }

    fn number(value: T) -> Self {
        Self::Constant(value)
    }

    fn choose(self, holds: impl Fn(T) -> bool + Sync, yes: Self, no: Self) -> Self {
        match self {
            Self::Constant(x) if holds(x) => yes,
            Self::Constant(_) => no,
            Self::Var(sheet, place) => {
                let condition = sheet.get(place).tensor().map(holds);
                let chosen = Var::where_cond(&condition, &yes.into_var(), &no.into_var());
                sheet.put(infallible(chosen))
            }
        }
    }

    fn abs(self) -> Self {
        // -0 + 0 is 0.
        self.choose(|x| x < T::of(0.0), -self, self) + T::of(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn arithmetic_has_the_bits_of_numbers() {
        /// 5 / 49 is not 5 times 1 / 49, and zeros have signs.
        const NUMBERS: [f64; 4] = [0.0, -0.0, 5.0, 49.0];
        fn formulas<S: Real<f64>>(x: S, k: f64) -> [S; 9] {
            let c = S::number(k);
            [
                x.abs(),
                c + x,
                c - x,
                c * x,
                c / x,
                x + k,
                x - k,
                x * k,
                x / k,
            ]
        }
        let sheet = Sheet::default();
        for k in NUMBERS {
            let terms = formulas(sheet.put(Var::constant(tensor![f64; NUMBERS])), k);
            let by_terms = terms.map(|y| y.into_var().to_vec());
            for (i, x) in NUMBERS.into_iter().enumerate() {
                let bits = |y: f64| if y.is_nan() { None } else { Some(y.to_bits()) };
                let numbers = formulas(x, k).map(bits);
                assert_eq!(by_terms.each_ref().map(|y| bits(y[i])), numbers, "{x} {k}");
            }
        }
    }
}
