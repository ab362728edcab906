//! The check that all settings share: a number is in its range, or the error names the range.

use gradlet_tensor::{Error, ErrorKind, Float, Result};

/// Returns an error unless `holds` is true: `op: name must be expected, got value`.
#[track_caller]
#[inline]
pub(crate) fn require(
    holds: bool,
    op: &'static str,
    name: &'static str,
    expected: &'static str,
    value: f64,
) -> Result<()> {
    refuse(!holds, op, name, expected, value, String::new)
}

#[track_caller]
#[inline]
fn refuse(
    refused: bool,
    op: &'static str,
    name: &'static str,
    expected: &'static str,
    value: f64,
    remedy: impl Fn() -> String,
) -> Result<()> {
    if !refused {
        return Ok(());
    }
    let remedy = remedy();
    Err(Error::new(ErrorKind::OutOfRange {
        op,
        name,
        expected,
        value,
        remedy,
    }))
}

/// Returns an error unless the value is in range, before and after it is rounded to the element type.
#[track_caller]
pub(crate) fn setting<T: Float>(
    op: &'static str,
    name: &'static str,
    expected: &'static str,
    value: f64,
    holds: impl Fn(f64) -> bool,
) -> Result<()> {
    require(holds(value), op, name, expected, value)?;
    let rounded = T::of(value).to_f64();
    refuse(!holds(rounded), op, name, expected, value, || {
        format!(", which is {rounded} as {}", T::NAME)
    })
}

/// Returns an error unless `value` is finite and not negative.
#[track_caller]
#[inline]
pub(crate) fn amount<T: Float>(op: &'static str, name: &'static str, value: f64) -> Result<()> {
    let holds = |x: f64| x.is_finite() && x >= 0.0;
    setting::<T>(op, name, "finite and not negative", value, holds)
}

/// Returns an error unless `value` is in `[0, 1)`.
#[track_caller]
#[inline]
pub(crate) fn share<T: Float>(op: &'static str, name: &'static str, value: f64) -> Result<()> {
    setting::<T>(op, name, "in [0, 1)", value, |x| (0.0..1.0).contains(&x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_name_range_and_value_and_names_the_callers_line() {
        assert!(require(true, "sgd", "momentum", "in [0, 1)", 0.5).is_ok());
        let error = require(false, "sgd", "momentum", "in [0, 1)", 1.5).unwrap_err();
        let expected = format!(
            "sgd: momentum must be in [0, 1), got 1.5 (at {}:{})",
            file!(),
            line!() - 4
        );
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_rounding_puts_out_of_range_is_refused_for_that_type() {
        let nearly_1 = 1.0 - 1e-9;
        assert!(share::<f64>("sgd", "momentum", nearly_1).is_ok());
        let text = share::<f32>("sgd", "momentum", nearly_1)
            .unwrap_err()
            .to_string();
        let expected = "sgd: momentum must be in [0, 1), got 0.999999999, which is 1 as f32 (at ";
        assert!(text.starts_with(expected), "{text}");
        assert!(amount::<f64>("sgd", "learning_rate", 1e39).is_ok());
        let text = amount::<f32>("sgd", "learning_rate", 1e39)
            .unwrap_err()
            .to_string();
        assert!(text.contains(", which is inf as f32 (at "), "{text}");
    }
}
