//! Tensors of evenly spaced numbers.

use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Tensor;

impl Tensor {
    /// The numbers `start, start + step, ..` before `end`: element i is `start + i * step`, computed in `f64`.
    ///
    /// The number of elements is `(end - start) / step`, rounded up. Rounding errors of the quotient can make it one
    /// more or less, as in PyTorch and NumPy; [`linspace`](Self::linspace) takes the number itself.
    ///
    /// # Errors
    ///
    /// If the step is 0, not finite or leads away from `end`, an end is not finite, the element type does not hold one
    /// of the numbers (1e39 is infinite in `f32`), or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::arange(0.0, 1.0, 0.25)?.to_vec(), [0.0, 0.25, 0.5, 0.75]);
    /// assert_eq!(Tensor::arange(3.0, 0.0, -1.0)?.to_vec(), [3.0, 2.0, 1.0]);
    /// assert_eq!(Tensor::arange(1.0, 1.3, 0.1)?.to_vec(), [1.0, 1.1, 1.2, 1.3]); // 0.3 / 0.1 is above 3
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.arange`, for floats
    #[inline]
    #[track_caller]
    pub fn arange(start: f64, end: f64, step: f64) -> Result<Self> {
        Self::arange_of(start, end, step)
    }

    /// `count` numbers at equal distances, from `start` to `end`, both included; only `start` if `count` is 1.
    ///
    /// # Errors
    ///
    /// If an end is not finite, or infinite in the element type, or memory does not hold that many elements.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 5)?.to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 1)?.to_vec(), [0.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linspace`
    #[inline]
    #[track_caller]
    pub fn linspace(start: f64, end: f64, count: usize) -> Result<Self> {
        Self::linspace_of(start, end, count)
    }
}

impl<T: Element> Tensor<T> {
    /// As [`arange`](Tensor::arange), for every element type. Integers are rounded toward 0; if start, end and step are
    /// integers, too, they are exact up to the type's limits.
    ///
    /// # Errors
    ///
    /// If `arange` would give an error, or an element is outside the range of the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<i64>::arange_of(0.0, 6.0, 2.0)?.to_vec(), [0, 2, 4]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn arange_of(start: f64, end: f64, step: f64) -> Result<Self> {
        let (op, last) = ("arange", "the last element");
        expect_held::<T>(op, "start", start)?;
        expect_held::<f64>(op, "end", end)?;
        let leads = start == end || (start < end) == (step > 0.0);
        if !(step.is_finite() && step != 0.0 && leads) {
            return Err(Error::new(ErrorKind::OutOfRange {
                op,
                name: "step",
                expected: "nonzero and lead from start to end",
                value: step,
                remedy: format!(" for {start}..{end}"),
            }));
        }
        if let Some([start, end, step]) = integers::<T>([start, end, step]) {
            let count = (end - start + step - step.signum()) / step;
            let at = |i: i128| start + i * step;
            let greatest = at((count - 1).max(0));
            if T::from_integer(greatest).to_integer() != Some(greatest) {
                return Err(not_held::<T>(op, last, greatest as f64));
            }
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            return Self::from_fn(count, |i| T::from_integer(at(i as i128)));
        }
        let (down, up) = scaling(start, end);
        let quotient = (end * down - start * down) / (step * down);
        // A small quotient may have been rounded to 0.
        let least = if start == end { 0.0 } else { 1.0 };
        let count = quotient.ceil().clamp(least, usize::MAX as f64);
        let at = |i: f64| (start * down + i * (step * down)) * up;
        expect_held::<T>(op, last, at((count - 1.0).max(0.0)))?;
        Self::from_fn(count as usize, |i| T::from_f64(at(i as f64)))
    }

    /// As [`linspace`](Tensor::linspace), for every element type; integers are rounded toward 0.
    ///
    /// # Errors
    ///
    /// If `linspace` would give an error, or an end is outside the range of the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(Tensor::<f64>::linspace_of(0.0, 1.0, 3)?.to_vec(), [0.0, 0.5, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn linspace_of(start: f64, end: f64, count: usize) -> Result<Self> {
        expect_held::<T>("linspace", "start", start)?;
        expect_held::<T>("linspace", "end", end)?;
        let (down, up) = scaling(start, end);
        let (start, end) = (start * down, end * down);
        let last = count.saturating_sub(1);
        let step = (end - start) / last.max(1) as f64;
        // Counting from the nearer end makes both ends exact.
        Self::from_fn(count, |i| {
            let x = if i == 0 || i * 2 < last {
                start + i as f64 * step
            } else {
                end - (last - i) as f64 * step
            };
            T::from_f64(x * up)
        })
    }
}

/// The factors for a range's numbers before and after the calculation: 1, or powers of 2 if its width overflows.
pub(super) fn scaling(start: f64, end: f64) -> (f64, f64) {
    if (end - start).is_finite() {
        (1.0, 1.0)
    } else {
        (0.25, 4.0)
    }
}

/// These numbers as integers, if the element type has only integers and all of them are some: `f64` would round results
/// of more than 53 bits.
fn integers<T: Element>(numbers: [f64; 3]) -> Option<[i128; 3]> {
    /// 2^100, which keeps sums and products of them from overflowing.
    const LIMIT: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;
    T::default().to_integer()?;
    let all = numbers.iter().all(|x| x.fract() == 0.0 && x.abs() < LIMIT);
    all.then_some(numbers.map(|x| x as i128))
}

/// Returns an error unless `value` is finite and the element type holds it, rounded.
#[track_caller]
pub(super) fn expect_held<T: Element>(
    op: &'static str,
    name: &'static str,
    value: f64,
) -> Result<()> {
    let nearest = T::from_f64(value);
    let held = match nearest.to_integer() {
        Some(integer) => integer == value as i128,
        None => nearest.to_f64().is_finite(),
    };
    if held && value.is_finite() {
        Ok(())
    } else {
        Err(not_held::<T>(op, name, value))
    }
}

#[track_caller]
#[cold]
fn not_held<T: Element>(op: &'static str, name: &'static str, value: f64) -> Error {
    let remedy = if value.is_finite() {
        format!(", which is {} as {}", T::from_f64(value), T::NAME)
    } else {
        String::new()
    };
    let expected = "in the range of the element type";
    Error::new(ErrorKind::OutOfRange {
        op,
        name,
        expected,
        value,
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn ranges_end_where_they_should() -> Result<()> {
        assert_eq!(
            Tensor::arange(0.0, 1.0, 0.25)?.to_vec(),
            [0.0, 0.25, 0.5, 0.75]
        );
        assert_eq!(Tensor::arange(3.0, 0.0, -2.0)?.to_vec(), [3.0, 1.0]);
        assert_eq!(Tensor::arange(1.0, 1.0, 1.0)?.len(), 0);
        assert!(Tensor::arange(0.0, 1.0, 0.0).is_err() && Tensor::arange(0.0, 1.0, -1.0).is_err());
        assert!(Tensor::arange(0.0, f64::NAN, 1.0).is_err());
        assert_eq!(
            Tensor::linspace(-1.0, 1.0, 5)?.to_vec(),
            [-1.0, -0.5, 0.0, 0.5, 1.0]
        );
        assert_eq!(Tensor::linspace(2.0, 3.0, 1)?.to_vec(), [2.0]);
        assert!(
            Tensor::linspace(0.0, f64::INFINITY, 3).is_err()
                && Tensor::linspace(f64::NAN, 1.0, 1).is_err()
        );
        assert_eq!(Tensor::eye(2)?, tensor![[1.0, 0.0], [0.0, 1.0]]);
        Ok(())
    }

    fn message<T: Element>(made: Result<Tensor<T>>) -> String {
        made.unwrap_err().to_string()
    }

    #[test]
    fn a_range_that_never_reaches_its_end_is_an_error() -> Result<()> {
        let expected = "arange: step must be nonzero and lead from start to end, got ";
        for (end, step) in [
            (-0.5, 1.0),
            (0.5, -1.0),
            (1.0, 0.0),
            (0.0, 0.0),
            (-1e-300, 1e300),
        ] {
            let text = message(Tensor::arange(0.0, end, step));
            assert!(text.starts_with(expected), "{text}");
        }
        let infinity = f64::INFINITY;
        for (start, end) in [(infinity, 1.0), (0.0, infinity), (0.0, f64::NAN)] {
            let text = message(Tensor::arange(start, end, 1.0));
            assert!(
                text.contains(" must be in the range of the element type"),
                "{text}"
            );
        }
        assert!(message(Tensor::arange(0.0, 1.0, infinity)).starts_with(expected));
        assert_eq!(Tensor::arange(2.0, 2.0, -1.0)?.len(), 0);
        assert_eq!(
            Tensor::<f64>::arange_of(0.0, 1e-300, 1e300)?.to_vec(),
            [0.0]
        );
        Ok(())
    }

    #[test]
    fn elements_that_the_type_does_not_hold_are_an_error() -> Result<()> {
        let text = message(Tensor::linspace(0.0, -1e39, 2));
        let expected = "linspace: end must be in the range of the element type, got -1e39, which is -inf as f32 (at ";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            message(Tensor::arange(0.0, 1e39, 1e38))
                .starts_with("arange: the last element must be in the range")
        );
        assert_eq!(Tensor::arange(0.0, 1e39, 2e39)?.to_vec(), [0.0]);
        let text = message(Tensor::<u8>::arange_of(0.0, 300.0, 1.0));
        let expected = "arange: the last element must be in the range of the element type, got 299, which is 255 as u8 (at ";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(
            Tensor::<u8>::arange_of(255.0, -1.0, -85.0)?.to_vec(),
            [255, 170, 85, 0]
        );
        assert!(Tensor::<u64>::arange_of(-1.0, 2.0, 1.0).is_err());
        assert!(Tensor::<bool>::arange_of(0.0, 3.0, 1.0).is_err());
        assert_eq!(
            Tensor::<bool>::arange_of(0.0, 2.0, 1.0)?.to_vec(),
            [false, true]
        );
        assert!(Tensor::<i64>::linspace_of(0.0, 2f64.powi(63), 3).is_err());
        assert_eq!(
            Tensor::<i32>::linspace_of(-0.9, 255.9, 2)?.to_vec(),
            [0, 255]
        );
        Ok(())
    }

    #[test]
    fn integers_are_exact_up_to_the_last() -> Result<()> {
        let two_53 = 1i64 << 53;
        let x = Tensor::<i64>::arange_of(two_53 as f64, (two_53 + 4) as f64, 1.0)?;
        assert_eq!(x.to_vec(), [two_53, two_53 + 1, two_53 + 2, two_53 + 3]);
        let x = Tensor::<i64>::arange_of(2f64.powi(63) - 1024.0, 2f64.powi(63), 1.0)?;
        assert_eq!((x.len(), x.at(&[1023])?), (1024, i64::MAX));
        let x = Tensor::<i64>::arange_of(-(2f64.powi(63)), 2f64.powi(63), 2f64.powi(62))?;
        assert_eq!(x.to_vec(), [i64::MIN, i64::MIN / 2, 0, 1 << 62]);
        // The width, 2^53 + 1, is not a number of f64.
        let x = Tensor::<i64>::arange_of(-1.0, two_53 as f64, two_53 as f64)?;
        assert_eq!(x.to_vec(), [-1, two_53 - 1]);
        assert_eq!(
            Tensor::<i64>::arange_of(5.0, -2.0, -3.0)?.to_vec(),
            [5, 2, -1]
        );
        assert_eq!(Tensor::<i64>::arange_of(0.0, 2.5, 1.0)?.to_vec(), [0, 1, 2]);
        assert!(Tensor::<i64>::arange_of(0.0, 1e300, 1e299).is_err());
        assert!(Tensor::<i64>::arange_of(0.0, f64::MAX, 1.0).is_err());
        Ok(())
    }

    #[test]
    fn a_width_that_overflows_is_walked_all_the_same() -> Result<()> {
        let x = Tensor::<f64>::linspace_of(-1e308, 1e308, 5)?;
        assert_eq!(x.to_vec(), [-1e308, -0.5e308, 0.0, 0.5e308, 1e308]);
        let x = Tensor::<f64>::linspace_of(f64::MAX, -f64::MAX, 2)?;
        assert_eq!(x.to_vec(), [f64::MAX, -f64::MAX]);
        let (most, half) = (2f64.powi(1023), 2f64.powi(1022));
        let x = Tensor::<f64>::arange_of(-most, most, half)?;
        assert_eq!(x.to_vec(), [-most, -half, 0.0, half]);
        assert_eq!(
            Tensor::<f64>::arange_of(1e308, -1e308, -1e308)?.to_vec(),
            [1e308, 0.0]
        );
        Ok(())
    }
}
