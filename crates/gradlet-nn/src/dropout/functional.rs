//! Dropout as functions that take a mode and a generator.
//!
//! A function that draws takes one number from the generator; in eval mode and for p = 0 it takes none.

use gradlet_autograd::{Float, Result, Var, dropout_with};
use gradlet_tensor::{DrawKey, Mask};
use rand::Rng;

use super::{
    Alpha, AlphaChannels, Channels, Elements, Form, Gaussian, Scaling, Stream, apply, check,
};
use crate::mode::Mode;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $form:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// If `p` is out of range, or this form does not take the shape of `x`.
        #[track_caller]
        pub fn $name<T: Float>(
            x: &Var<T>,
            p: f64,
            mode: Mode,
            rng: &mut (impl Rng + ?Sized),
        ) -> Result<Var<T>> {
            call(stringify!($name), &$form, x, p, mode, rng)
        }
    )*};
}

functions! {
    /// `x` with each element zeroed with probability `p`, in [0, 1], and the others scaled by 1/(1 - p); `x` itself in
    /// eval mode. It is PyTorch's `F.dropout`, with a mode for `training`. The layer is [`Dropout`](crate::Dropout).
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Mode, dropout::functional};
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::constant(Tensor::ones([1000])?);
    /// let y = functional::dropout(&x, 0.2, Mode::Train, &mut rng(42))?;
    /// assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 1.25));
    /// # Ok(())
    /// # }
    /// ```
    dropout: Elements::default();
    /// `x` with whole channels zeroed; the layer is [`Dropout1d`](crate::Dropout1d).
    ///
    /// # Shape
    ///
    /// `[batch, channels, length]` or `[channels, length]`, the same out
    dropout1d: Channels::<1>;
    /// `x` with whole channels zeroed; the layer is [`Dropout2d`](crate::Dropout2d).
    ///
    /// # Shape
    ///
    /// `[batch, channels, height, width]` or `[batch, channels, length]`, the same out
    dropout2d: Channels::<2>;
    /// `x` with whole channels zeroed; the layer is [`Dropout3d`](crate::Dropout3d).
    ///
    /// # Shape
    ///
    /// `[batch, channels, depth, height, width]` or `[channels, depth, height, width]`, the same out
    dropout3d: Channels::<3>;
    /// Dropout that keeps mean 0 and variance 1; the layer is [`AlphaDropout`](crate::AlphaDropout).
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    alpha_dropout: Alpha;
    /// Alpha dropout of whole channels; the layer is [`FeatureAlphaDropout`](crate::FeatureAlphaDropout).
    ///
    /// # Shape
    ///
    /// `[batch, channels, ...] -> [batch, channels, ...]`
    feature_alpha_dropout: AlphaChannels;
    /// `x` times normal numbers of mean 1, for `p` in [0, 1); the layer is [`GaussianDropout`](crate::GaussianDropout).
    ///
    /// # Shape
    ///
    /// `[...] -> [...]`
    gaussian_dropout: Gaussian;
}

/// The output of [`dropout`] and its mask, for callers that need the mask again: aten's `native_dropout`, and caffe2's
/// `Dropout` with `ratio` for `p` and `is_test` for [`Mode::Eval`], in which the mask keeps every element.
///
/// `mask.apply(&g, 1.0 / (1.0 - p))` is the gradient for an incoming `g`: aten's `native_dropout_backward`, caffe2's
/// `DropoutGrad`.
///
/// # Shape
///
/// `[...] -> [...]`, and a mask of that shape with one bit for each element
///
/// # Errors
///
/// If `p` is outside [0, 1], or memory does not hold that many elements.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Mode, dropout::functional};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(Tensor::ones([1000])?);
/// let (y, mask) = functional::native_dropout(&x, 0.5, Mode::Train, &mut rng(42))?;
/// let g = Tensor::arange(0.0, 1000.0, 1.0)?;
/// let grads = y.backward_with(g.clone())?;
/// assert_eq!(grads.wrt(&x), Some(&mask.apply(&g, 2.0)?));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn native_dropout<T: Float>(
    x: &Var<T>,
    p: f64,
    mode: Mode,
    rng: &mut (impl Rng + ?Sized),
) -> Result<(Var<T>, Mask)> {
    check("native_dropout", false, p)?;
    if p == 0.0 || !mode.drops() {
        let all = Mask::draw(x.shape(), 0.0, DrawKey { seed: 0, call: 0 })?;
        return Ok((x.clone(), all));
    }
    let mask = Mask::draw(x.shape(), p, Stream::fork(rng).next_key())?;
    let y = dropout_with(x, mask.clone(), T::of(Scaling::Training.of_kept(p)))?;
    Ok((y, mask))
}

/// The output of dropout in training mode with a mask that depends on the key alone:
/// `tf.nn.experimental.stateless_dropout`, and `tf.nn.dropout` with a seed.
///
/// For each axis of `noise_shape`, `None` takes the size of the input, and `Some(1)` shares one draw along the axis; an
/// empty list draws for each element.
///
/// # Shape
///
/// `[...] -> [...]`
///
/// # Errors
///
/// If `p` is outside [0, 1], or `noise_shape` does not broadcast to the shape of `x`.
///
/// # Example
///
/// ```
/// # use gradlet_nn::dropout::functional;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{DrawKey, Tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, key) = (Var::constant(Tensor::ones([20, 30])?), DrawKey { seed: 1, call: 2 });
/// let y = functional::stateless_dropout(&x, 0.5, &[None, Some(1)], key)?;
/// assert!(y.tensor().sum(1)?.to_vec().iter().all(|&row| row == 0.0 || row == 60.0));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn stateless_dropout<T: Float>(
    x: &Var<T>,
    p: f64,
    noise_shape: &[Option<usize>],
    key: DrawKey,
) -> Result<Var<T>> {
    check("stateless_dropout", false, p)?;
    let form = if noise_shape.is_empty() {
        Elements::default()
    } else {
        Elements::with_noise_shape(noise_shape)
    };
    apply(&form, x.clone(), p, Mode::Train, || key)
}

#[track_caller]
fn call<F: Form, T: Float>(
    op: &'static str,
    form: &F,
    x: &Var<T>,
    p: f64,
    mode: Mode,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Var<T>> {
    check(op, F::BELOW_ONE, p)?;
    apply(form, x.clone(), p, mode, || Stream::fork(rng).next_key())
}
