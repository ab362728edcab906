//! The check of a dropout's probability.

use super::Mask;
use crate::error::{Error, ErrorKind, Result};

impl Mask {
    /// Returns an error unless `p` is in [0, 1]; the message begins with `op` and says what `p` is the probability of.
    ///
    /// # Errors
    ///
    /// If `p` is outside [0, 1] or NaN.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Mask;
    /// assert!(Mask::check_probability("Dropout", 0.5).is_ok());
    /// assert!(Mask::check_probability("Dropout", 1.5).is_err());
    /// ```
    #[track_caller]
    pub fn check_probability(op: &'static str, p: f64) -> Result<()> {
        if (0.0..=1.0).contains(&p) {
            return Ok(());
        }
        Err(Self::bad_probability(op, "in [0, 1]", p))
    }

    /// The error for a `p` outside the range `expected`, such as "in [0, 1)"; it guesses at the `p` that was meant.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::Mask;
    /// let error = Mask::bad_probability("GaussianDropout", "in [0, 1)", 1.0);
    /// assert!(error.to_string().starts_with("GaussianDropout: p must be in [0, 1), got 1"));
    /// ```
    #[track_caller]
    pub fn bad_probability(op: &'static str, expected: &'static str, p: f64) -> Error {
        let meant = if p > 1.0 && p <= 100.0 {
            format!("; in percent? that would be p = {}", p / 100.0)
        } else if (-1.0..0.0).contains(&p) {
            format!("; to keep {} of all, p = {}", -p, 1.0 + p)
        } else {
            String::new()
        };
        let remedy = format!(
            "; it is the probability that an element is zeroed (0 keeps all, 1 zeroes all), \
             not that it is kept, which is 1 - p{meant}"
        );
        Error::new(ErrorKind::OutOfRange {
            op,
            name: "p",
            expected,
            value: p,
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::DrawKey;
    use super::*;

    const KEY: DrawKey = DrawKey { seed: 7, call: 3 };

    #[test]
    fn a_probability_says_which_way_round_it_is() {
        let message = |p| Mask::draw([3], p, KEY).unwrap_err().to_string();
        let meaning = "it is the probability that an element is zeroed (0 keeps all, 1 zeroes all), \
                       not that it is kept, which is 1 - p";
        assert!(message(1.5).starts_with(&format!(
            "mask: p must be in [0, 1], got 1.5; {meaning}; in percent? that would be p = 0.015 (at "
        )));
        assert!(message(-0.25).starts_with(&format!(
            "mask: p must be in [0, 1], got -0.25; {meaning}; to keep 0.25 of all, p = 0.75 (at "
        )));
        assert!(message(f64::NAN).contains(&format!("got NaN; {meaning} (at ")));
    }
}
