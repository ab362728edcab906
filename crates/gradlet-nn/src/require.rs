//! The ranges that several settings share.

pub(crate) use gradlet_tensor::fused::{require, setting};
use gradlet_tensor::{Float, Result};

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
