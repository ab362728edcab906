//! Checks of command-line values, with messages that say what the range is.

/// Reads a count of one or more.
///
/// # Errors
/// If `text` is no whole number or is 0.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("must be a whole number, 1 or more".into()),
        Ok(n) => Ok(n),
    }
}

/// Reads a number above 0.
///
/// # Errors
/// If `text` is no number, not finite, or not above 0.
pub fn positive(text: &str) -> Result<f64, String> {
    number(text, "must be a number above 0", |v| v > 0.0)
}

/// Reads a number in [0, 1).
///
/// # Errors
/// If `text` is no number or lies outside.
pub fn below_one(text: &str) -> Result<f64, String> {
    number(text, "must lie in [0, 1)", |v| (0.0..1.0).contains(&v))
}

/// Reads a number in (0, 1).
///
/// # Errors
/// If `text` is no number or lies outside.
pub fn inside(text: &str) -> Result<f64, String> {
    number(text, "must lie between 0 and 1", |v| v > 0.0 && v < 1.0)
}

/// Reads a probability in [0, 1].
///
/// # Errors
/// If `text` is no number or lies outside.
pub fn probability(text: &str) -> Result<f64, String> {
    number(text, "must be a probability in [0, 1]", |v| {
        (0.0..=1.0).contains(&v)
    })
}

fn number(text: &str, range: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && holds(*v))
        .ok_or_else(|| range.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_start_at_one() {
        assert_eq!(count("1"), Ok(1));
        for bad in ["0", "-1", "1.5", "", "many"] {
            assert_eq!(
                count(bad),
                Err("must be a whole number, 1 or more".into()),
                "{bad}"
            );
        }
    }

    #[test]
    fn ranges_hold_at_their_ends() {
        assert!(positive("1e-9").is_ok() && positive("0").is_err() && positive("inf").is_err());
        assert!(below_one("0").is_ok() && below_one("1").is_err() && below_one("-0.1").is_err());
        assert!(inside("0.5").is_ok() && inside("0").is_err() && inside("1").is_err());
        assert!(probability("0").is_ok() && probability("1").is_ok());
        assert!(
            probability("1.5").is_err()
                && probability("NaN").is_err()
                && probability("half").is_err()
        );
    }
}
