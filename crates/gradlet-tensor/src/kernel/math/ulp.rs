//! The distance of a result from the reference in units of the last place, for the tests and for
//! `examples/accuracy.rs`.

/// |y - exact| in spacings of the f32 at `exact` (the smaller spacing at a power of 2); 0 if y is the
/// f32 nearest `exact`.
pub(crate) fn error_f32(y: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if y.is_nan() && exact.is_nan() || y == rounded {
        return 0.0;
    }
    let spacing = if rounded.is_finite() {
        (rounded.abs().next_up() - rounded.abs()).min(rounded.abs() - rounded.abs().next_down())
    } else {
        0.0
    };
    let error = (f64::from(y) - exact).abs() / f64::from(spacing);
    if error.is_nan() { f64::INFINITY } else { error }
}
