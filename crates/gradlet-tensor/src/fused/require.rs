//! The check that all settings share: a number is in its range, or the error names the range.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};

/// Returns an error unless `holds` is true: `op: name must be expected, got value`.
///
/// # Errors
///
/// If `holds` is false.
#[track_caller]
#[inline]
pub fn require(
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
///
/// # Errors
///
/// If `holds` is false of the value or of the rounded one.
///
/// # Example
///
/// ```
/// use gradlet_tensor::fused;
///
/// let positive = |x: f64| x > 0.0;
/// assert!(fused::setting::<f64>("norm", "eps", "positive", 1e-50, positive).is_ok());
/// let error = fused::setting::<f32>("norm", "eps", "positive", 1e-50, positive).unwrap_err();
/// assert!(error.to_string().starts_with("norm: eps must be positive, got 1e-50, which is 0 as f32 (at "));
/// ```
#[track_caller]
pub fn setting<T: Float>(
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
