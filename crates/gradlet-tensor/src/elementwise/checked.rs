//! Elementwise functions of integers that fail where the result is not a number of the type.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::kernel::integer as kernel;
use crate::number::Integer;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Integer> Tensor<T> {
    /// The tensor of `f` of each pair of elements, after broadcasting, or an error that shows the first pair for which
    /// `f` gives a flag that is not 0.
    #[track_caller]
    pub(crate) fn zip_checked(
        &self,
        op: &'static str,
        rhs: &Self,
        f: impl Fn(T, T) -> (T, T) + Sync,
    ) -> Result<Self> {
        let shape = Shape::broadcast_for(op, self.shape(), rhs.shape())?;
        let flagged = AtomicBool::new(false);
        let y = self.zip_runs(rhs, shape, &|a, b, y| {
            if kernel::zip_strided(a, b, y, &f) != T::default() {
                flagged.store(true, Ordering::Relaxed);
            }
        })?;
        if flagged.into_inner() {
            let (a, b) = (self.broadcast_to(shape)?, rhs.broadcast_to(shape)?);
            let mut pairs = a.iter().zip(b.iter()).enumerate();
            if let Some((at, (a, b))) = pairs.find(|&(_, (a, b))| f(a, b).1 != T::default()) {
                return Err(Error::new(fault(op, a, b, shape.indices(at))));
            }
        }
        Ok(y)
    }
}

/// Why the operation has no result for these numbers, which are at these indices of the result.
#[cold]
fn fault<T: Integer>(op: &'static str, a: T, b: T, indices: Vec<usize>) -> ErrorKind {
    let plain = op.trim_end_matches("_scalar").trim_end_matches("_assign");
    let sign = match plain {
        "neg" => return overflow::<T>(op, format!("-({a})"), indices),
        "abs" => return overflow::<T>(op, format!("|{a}|"), indices),
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "shl" => "<<",
        "shr" => ">>",
        "div_floor" | "div_trunc" => "/",
        _ => "%",
    };
    let term = format!("{a} {sign} {b}");
    match sign {
        "<<" | ">>" => ErrorKind::OutOfRange {
            op,
            name: "shift",
            expected: "at least 0 and less than the number of bits",
            value: b.to_f64(),
            remedy: format!(": {term} in {} at {indices:?}", T::NAME),
        },
        "/" | "%" if b == T::default() => ErrorKind::DivisionByZero { op, term, indices },
        _ => overflow::<T>(op, term, indices),
    }
}

fn overflow<T: Integer>(op: &'static str, term: String, indices: Vec<usize>) -> ErrorKind {
    let element = T::NAME;
    ErrorKind::Overflow {
        op,
        element,
        term,
        indices,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseError;
    use rand::RngExt;

    /// A method, and its result for one pair of numbers and the type's limits, if it has one.
    type Method<T> = (
        fn(&Tensor<T>, &Tensor<T>) -> Result<Tensor<T>>,
        fn(i128, i128, [i128; 2]) -> Option<i128>,
    );

    /// The quotient rounded down, in two steps: of the distance from 0, then the sign.
    fn floor(a: i128, b: i128) -> Option<i128> {
        let rounded = |up: i128| (a.abs() + up) / b.abs();
        let same_side = (a < 0) == (b < 0);
        (b != 0).then(|| {
            if same_side {
                rounded(0)
            } else {
                -rounded(b.abs() - 1)
            }
        })
    }

    fn wrapped(x: Option<i128>, [low, high]: [i128; 2]) -> Option<i128> {
        Some((x? - low).rem_euclid(high - low + 1) + low)
    }

    fn shift(b: i128, [low, high]: [i128; 2]) -> Option<u32> {
        let bits = (high - low + 1).ilog2();
        u32::try_from(b).ok().filter(|&b| b < bits)
    }

    fn methods<T: Integer>() -> [Method<T>; 20] {
        [
            (Tensor::add, |a, b, _| Some(a + b)),
            (Tensor::sub, |a, b, _| Some(a - b)),
            (Tensor::mul, |a, b, _| a.checked_mul(b)),
            (Tensor::wrapping_add, |a, b, ends| {
                wrapped(Some(a + b), ends)
            }),
            (Tensor::wrapping_sub, |a, b, ends| {
                wrapped(Some(a - b), ends)
            }),
            // The product of the lowest halves is enough, if the other parts are reduced before they are added.
            (Tensor::wrapping_mul, |a, b, ends| {
                let low = wrapped(Some(a * (b & 0xffff_ffff)), ends)?;
                let high = wrapped(Some(a * (b >> 32 & 0xffff_ffff)), ends)?;
                wrapped(Some(low + wrapped(high.checked_mul(1 << 32), ends)?), ends)
            }),
            (
                |x, _| Ok(x.wrapping_neg()),
                |a, _, ends| wrapped(Some(-a), ends),
            ),
            (|x, _| x.neg(), |a, _, _| Some(-a)),
            (|x, _| x.abs(), |a, _, _| Some(a.abs())),
            (|x, _| Ok(x.sign()), |a, _, _| Some(a.signum())),
            (Tensor::div_floor, |a, b, _| floor(a, b)),
            (Tensor::remainder, |a, b, _| Some(a - b * floor(a, b)?)),
            (Tensor::div_trunc, |a, b, _| a.checked_div(b)),
            (Tensor::fmod, |a, b, _| a.checked_rem(b)),
            (Tensor::shl, |a, b, ends| {
                wrapped(Some(a << shift(b, ends)?), ends)
            }),
            (Tensor::shr, |a, b, ends| Some(a >> shift(b, ends)?)),
            (Tensor::bit_and, |a, b, _| Some(a & b)),
            (Tensor::bit_or, |a, b, _| Some(a | b)),
            (Tensor::bit_xor, |a, b, _| Some(a ^ b)),
            (
                |x, _| Ok(x.bit_not()),
                |a, _, ends| Some(if ends[0] == 0 { ends[1] - a } else { !a }),
            ),
        ]
    }

    /// Small numbers, and among them some of the largest if `wild`; as they lie in memory, transposed, one row
    /// repeated, or a single one.
    fn numbers<T: Integer>(
        columns: usize,
        kind: usize,
        wild: bool,
        seed: u64,
    ) -> Result<Tensor<T>> {
        let mut rng = crate::rng(seed);
        let (low, high) = (T::ENDS[0].to_integer(), T::ENDS[1].to_integer());
        let x = Tensor::from_fn([5, columns], |_| {
            let small = rng.random_range(-1..9i32).into();
            let places = [low, high, low.map(|low| low + 1), high.map(|high| high - 3)];
            let large = places[rng.random_range(0..4usize)]
                .filter(|_| wild && rng.random_range(0..4u32) == 0);
            T::from_integer(large.unwrap_or(small))
        })?;
        match kind {
            0 => Ok(x),
            1 => x.reshape([columns, 5])?.transpose(0, 1),
            2 => x.narrow(0, 1, 1),
            _ => Ok(Tensor::scalar(T::from_integer(
                rng.random_range(-1..9i32).into(),
            ))),
        }
    }

    fn agrees<T: Integer>(x: &Tensor<T>, y: &Tensor<T>) -> Result<(), TestCaseError> {
        let exact = |x: T| x.to_integer().unwrap_or_default();
        let ends = T::ENDS.map(exact);
        let shape = Shape::broadcast(x.shape(), y.shape())?;
        let (a, b) = (x.broadcast_to(shape)?, y.broadcast_to(shape)?);
        let pairs: Vec<_> = a.iter().map(exact).zip(b.iter().map(exact)).collect();
        for (i, (method, of)) in methods::<T>().into_iter().enumerate() {
            let fits = |y: &i128| (ends[0]..=ends[1]).contains(y);
            let expected: Vec<_> = pairs
                .iter()
                .map(|&(a, b)| of(a, b, ends).filter(fits))
                .collect();
            // Methods of one tensor do not look at the other one, nor at its shape.
            let of_one = [6, 7, 8, 9, 19].contains(&i);
            let result = if of_one { method(&a, y) } else { method(x, y) };
            match expected.iter().position(Option::is_none) {
                None => {
                    let result: Vec<_> = result?.iter().map(|y| Some(exact(y))).collect();
                    prop_assert!(result == expected, "{i} of {x:?} and {y:?}");
                }
                Some(at) => {
                    let text = result.map_err(|error| error.to_string()).unwrap_err();
                    let place = format!(" at {:?} (at ", shape.indices(at));
                    let number = format!("{}", pairs[at].0);
                    prop_assert!(
                        text.contains(&place) && text.contains(&number),
                        "{i}: {text}"
                    );
                }
            }
        }
        let mut z = a.contiguous();
        let (assigned, sum) = (z.add_assign(y), a.add(y));
        prop_assert_eq!(assigned.is_ok(), sum.is_ok());
        prop_assert_eq!(z, sum.unwrap_or(a.clone()));
        if let Ok(number) = y.item() {
            let pairs = [
                (a.mul_scalar(number), a.mul(y)),
                (a.remainder_scalar(number), a.remainder(y)),
            ];
            for (of_number, of_tensor) in pairs {
                prop_assert_eq!(of_number.ok(), of_tensor.ok());
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn methods_agree_with_exact_arithmetic(
            columns in prop_oneof![1 => Just(0usize), 6 => 1..5usize, 1 => Just(17_000)],
            kinds in prop::array::uniform2(0..4usize), wild in prop::array::uniform2(any::<bool>()), seed: u64,
        ) {
            macro_rules! check {
                ($($t:ty)*) => {$(
                    let x = numbers::<$t>(columns, kinds[0], wild[0], seed)?;
                    agrees(&x, &numbers::<$t>(columns, kinds[1], wild[1], seed ^ 1)?)?;
                )*};
            }
            check! { u8 i32 i64 u64 }
        }
    }

    #[test]
    fn messages_show_the_numbers_and_the_place() {
        let (low, high) = (tensor![i32; [0, i32::MIN]], i32::MAX);
        let x = tensor![i32; 1, high];
        let at = |line: u32| format!(" (at {}:{line})", file!());
        let (line, error) = (line!(), x.add(&tensor![i32; [0], [1]]).unwrap_err());
        let expected = "add: i32 overflows: 2147483647 + 1 at [1, 1]".to_owned() + &at(line);
        assert_eq!(error.to_string(), expected);
        for (result, start) in [
            (
                x.mul_scalar(-2),
                "mul_scalar: i32 overflows: 2147483647 * -2 at [1] (at ",
            ),
            (
                x.clone().sub_assign(&tensor![i32; -3]).map(|()| x.clone()),
                "sub_assign: i32 overflows: 2147483647 - -3 at [1] ",
            ),
            (low.neg(), "neg: i32 overflows: -(-2147483648) at [0, 1] "),
            (low.abs(), "abs: i32 overflows: |-2147483648| at [0, 1] "),
            (
                low.div_trunc_scalar(-1),
                "div_trunc_scalar: i32 overflows: -2147483648 / -1 at [0, 1] ",
            ),
            (
                x.div_floor_scalar(0),
                "div_floor_scalar: division by zero: 1 / 0 at [0] ",
            ),
            (
                x.remainder(&tensor![i32; 1, 0]),
                "remainder: division by zero: 2147483647 % 0 at [1] ",
            ),
            (
                x.shl(&tensor![i32; 32]),
                "shl: shift must be at least 0 and less than the number of bits, got 32: 1 << 32 in i32 at [0] ",
            ),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.starts_with(start), "{text}");
        }
    }

    #[test]
    fn operators_panic_with_the_text_of_the_method() {
        let x = tensor![u8; 7, 250];
        let text = |f: fn(Tensor<u8>) -> Tensor<u8>| {
            let x = x.clone();
            let panic = std::panic::catch_unwind(move || f(x)).unwrap_err();
            panic.downcast_ref::<String>().cloned().unwrap_or_default()
        };
        for (panic, error) in [
            (text(|x| &x + &x), x.add(&x)),
            (text(|x| &x - 8), x.sub_scalar(8)),
            (text(|x| x * 2), x.mul_scalar(2)),
            (text(|x| 9 - &x), Tensor::scalar(9).sub(&x)),
            (text(|x| 2 * x), Tensor::scalar(2).mul(&x)),
            (text(|x| -x), x.neg()),
            (text(|x| -&x), x.neg()),
        ] {
            let error = error.unwrap_err().to_string();
            let message = |text: &str| text.split(" (at ").next().map(str::to_owned);
            assert!(
                panic.contains("checked.rs") && message(&panic) == message(&error),
                "{panic}"
            );
        }
        assert_eq!((&x - 7).to_vec(), [0, 243]);
        assert_eq!((250 - &x).to_vec(), [243, 0]);
        assert_eq!((5 + x).to_vec(), [12, 255]);
        assert_eq!((-3 * tensor![i32; [4, -5]]).to_vec(), [-12, 15]);
        assert_eq!((1u64 - tensor![u64; 1, 0]).to_vec(), [0, 1]);
    }
}
