//! [`Form`]: what a kind of dropout does, apart from its probability, its stream and its mode.

use std::fmt;

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{DrawKey, Shape};

use crate::mode::Mode;

/// A kind of dropout; [`Noise`](super::Noise) makes a layer of it.
pub trait Form: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// The layer's name, as it is printed.
    const NAME: &'static str;
    /// Whether p = 1 is outside its range.
    const BELOW_ONE: bool = false;

    /// The shape of what is drawn for an `x` of this shape, to which it broadcasts.
    ///
    /// # Errors
    ///
    /// A shape that this form does not take.
    #[track_caller]
    #[inline]
    fn noise_shape(&self, x: Shape) -> Result<Shape> {
        Ok(x)
    }

    /// The output in training, for a `p` above 0 that is in range.
    ///
    /// # Errors
    ///
    /// A shape that this form does not take, or more elements than memory holds.
    #[track_caller]
    fn perturb<T: Float>(&self, x: Var<T>, p: f64, key: DrawKey) -> Result<Var<T>>;

    /// The output in eval mode.
    ///
    /// # Errors
    ///
    /// More elements than memory holds.
    #[track_caller]
    #[inline]
    fn evaluate<T: Float>(&self, x: Var<T>, _p: f64) -> Result<Var<T>> {
        Ok(x)
    }

    /// What is printed behind p, such as `scaling=test`.
    fn setting(&self) -> String {
        String::new()
    }
}

/// The output of a form in a mode; a key is taken only where something is drawn.
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
