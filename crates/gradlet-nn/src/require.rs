//! The check that all settings share: a number is in its range, or the error names the range.

use gradlet_tensor::{Error, ErrorKind, Result};

/// An error unless `holds` is true: `op: name must be expected, got value`.
#[track_caller]
#[inline]
pub(crate) fn require(
    holds: bool,
    op: &'static str,
    name: &'static str,
    expected: &'static str,
    value: f64,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    let remedy = String::new();
    Err(Error::new(ErrorKind::OutOfRange {
        op,
        name,
        expected,
        value,
        remedy,
    }))
}

/// An error unless `value` is finite and not negative.
#[track_caller]
#[inline]
pub(crate) fn amount(op: &'static str, name: &'static str, value: f64) -> Result<()> {
    let holds = value.is_finite() && value >= 0.0;
    require(holds, op, name, "finite and not negative", value)
}

/// An error unless `value` is in `[0, 1)`.
#[track_caller]
#[inline]
pub(crate) fn share(op: &'static str, name: &'static str, value: f64) -> Result<()> {
    require((0.0..1.0).contains(&value), op, name, "in [0, 1)", value)
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
}
