//! [`Form`]: the part in which kinds of dropout differ; probability, stream and mode are common to all.

use std::fmt;

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{DrawKey, Shape};

use crate::mode::Mode;

/// A kind of dropout; [`Noise`](super::Noise) makes it a layer.
pub trait Form: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// The layer's printed name.
    const NAME: &'static str;
    /// Whether p = 1 is refused.
    const BELOW_ONE: bool = false;

    /// The shape of the noise for an `x` of this shape, to which it broadcasts.
    ///
    /// # Errors
    ///
    /// If this form does not take the shape.
    #[track_caller]
    #[inline]
    fn noise_shape(&self, x: Shape) -> Result<Shape> {
        Ok(x)
    }

    /// The output in training, for a `p` that is in range and above 0.
    ///
    /// # Errors
    ///
    /// If this form does not take the shape, or memory does not hold that many elements.
    #[track_caller]
    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>>;

    /// The output in eval mode.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    #[inline]
    fn evaluate<T: Float>(&self, x: Var<T>, _p: f64) -> Result<Var<T>> {
        Ok(x)
    }

    /// The text that is printed behind p, such as `, scaling=test`.
    fn setting(&self) -> String {
        String::new()
    }
}

/// The output of a form in a mode; `key` is called only if something is drawn.
#[track_caller]
#[inline]
pub(crate) fn apply<F: Form, T: Float>(
    form: &F,
    x: Var<T>,
    p: f64,
    mode: Mode,
    key: impl FnOnce() -> DrawKey,
) -> Result<Var<T>> {
    form.noise_shape(*x.shape())?;
    if p == 0.0 {
        Ok(x)
    } else if mode.drops() {
        form.perturb(x, p, key())
    } else {
        form.evaluate(x, p)
    }
}
