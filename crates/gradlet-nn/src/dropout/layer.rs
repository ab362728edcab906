//! [`Noise`]: a layer of any form of dropout, and names for the common ones.

use std::fmt;

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{Mask, Shape};
use rand::Rng;

use super::alpha::{Alpha, AlphaChannels};
use super::elements::{Channels, Elements, Scaling};
use super::form::{Form, apply};
use super::gaussian::Gaussian;
use super::source::Source;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::{Children, Module, Name};

/// Zeroes each element with probability p and scales the others by 1/(1 - p) in training; the identity in eval mode.
///
/// The mask is drawn first, each bit exact to the last digit of p, and the gradient uses it again: given the mask,
/// dropout is linear. Elements are selected, not multiplied, so a dropped NaN or infinity is 0, forward and backward.
/// With p = 0 and in eval mode the output is the input itself, and nothing is drawn or recorded; with p = 1 outputs and
/// gradients are exactly 0.
///
/// [`scaling`](Noise::scaling) chooses classic dropout, [`noise_shape`](Noise::noise_shape) drops all elements along an
/// axis together. [`Noise`] lists the methods that all forms share.
///
/// # Shape
///
/// `[...] -> [...]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout, Forward, Module};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut dropout = Dropout::new(0.5, &mut rng(42))?;
/// let x = Var::constant(Tensor::ones([1000])?);
/// assert!(dropout.forward(&x)?.to_vec().iter().all(|&y| y == 0.0 || y == 2.0));
/// dropout.eval();
/// assert_eq!(dropout.forward(&x)?.tensor(), x.tensor());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// N. Srivastava and others, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014; scaled in
/// training, as `torch.nn.Dropout`.
pub type Dropout = Noise<Elements>;

/// Zeroes whole channels of `[batch, channels, length]` or `[channels, length]`, as `torch.nn.Dropout1d` and Keras'
/// `SpatialDropout1D` (there the channels come last).
pub type Dropout1d = Noise<Channels<1>>;

/// Zeroes whole channels of `[batch, channels, height, width]`, or of `[batch, channels, length]` as
/// `torch.nn.Dropout2d` still does; Keras' `SpatialDropout2D`.
pub type Dropout2d = Noise<Channels<2>>;

/// Zeroes whole channels of `[batch, channels, depth, height, width]` or `[channels, depth, height, width]`, as
/// `torch.nn.Dropout3d` and Keras' `SpatialDropout3D`.
pub type Dropout3d = Noise<Channels<3>>;

/// Dropout that keeps mean 0 and variance 1, for SELU nets, as `torch.nn.AlphaDropout`; formula and constants:
/// [`alpha_dropout_with`](super::alpha_dropout_with).
pub type AlphaDropout = Noise<Alpha>;

/// Alpha dropout of whole channels of `[batch, channels, ...]`, as `torch.nn.FeatureAlphaDropout`.
pub type FeatureAlphaDropout = Noise<AlphaChannels>;

/// Multiplies by normal numbers of mean 1 and standard deviation sqrt(p / (1 - p)), for p in [0, 1), as Keras'
/// `GaussianDropout`.
pub type GaussianDropout = Noise<Gaussian>;

/// A layer that applies a [`Form`] of dropout in training; in eval mode most forms return the input.
///
/// Random numbers come from the layer's own [`Source`], which takes its seed from the generator given to `new`. A clone
/// has a stream of its own, so `vec![dropout; 3]` are three layers with different masks;
/// [`twin`](super::twin) makes a copy that draws the same.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Dropout2d, Forward, Mode};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let dropout = Dropout2d::new(0.5, &mut rng(42))?;
/// let x = Var::constant(Tensor::ones([8, 16, 5, 5])?);
/// let y = dropout.forward(&x)?;
/// assert!(y.tensor().sum([2, 3])?.to_vec().iter().all(|&sum| sum == 0.0 || sum == 50.0));
/// let same = dropout.forward_as(Mode::Eval, &x)?; // whatever its own mode
/// assert_eq!(same.tensor(), x.tensor());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Noise<F> {
    form: F,
    source: Source,
    mode: Mode,
}

impl<F: Form> Noise<F> {
    /// A layer with this `p`, in [0, 1] ([0, 1) for `GaussianDropout`); takes one number from the generator.
    ///
    /// # Errors
    ///
    /// If `p` is outside that range.
    #[track_caller]
    pub fn new(p: f64, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Ok(Self {
            form: F::default(),
            source: Source::within(F::NAME, F::BELOW_ONE, p, rng)?,
            mode: Mode::Train,
        })
    }

    /// The probability that an element is zeroed.
    pub fn p(&self) -> f64 {
        self.source.p()
    }

    /// Sets the probability of later passes; a [`Schedule`](super::Schedule) sets it for a whole model.
    ///
    /// # Errors
    ///
    /// If `p` is outside the layer's range; the old one stays.
    #[track_caller]
    pub fn set_p(&mut self, p: f64) -> Result<()> {
        self.source.set_p(p)
    }

    /// The layer's probability and stream.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The layer's probability and stream, mutably: for example to put back the stream's state.
    pub fn source_mut(&mut self) -> &mut Source {
        &mut self.source
    }

    /// Starts a new stream of masks, seeded with a number from this generator.
    pub fn reseed(&mut self, rng: &mut (impl Rng + ?Sized)) {
        self.source.reseed(rng);
    }

    /// The output in the given mode, whatever the layer's own mode is: Keras' `training` argument.
    ///
    /// # Errors
    ///
    /// If the form does not take the shape of `x`.
    #[track_caller]
    pub fn forward_as<T: Float>(&self, mode: Mode, x: &Var<T>) -> Result<Var<T>> {
        self.run(mode, x.clone())
    }

    /// The output, written into the memory of `x` if nothing else holds it: PyTorch's `inplace`, except that a tensor
    /// which a graph saved is never overwritten.
    ///
    /// # Errors
    ///
    /// If the form does not take the shape of `x`.
    #[track_caller]
    pub fn forward_owned<T: Float>(&self, x: Var<T>) -> Result<Var<T>> {
        self.run(self.mode, x)
    }

    #[track_caller]
    fn run<T: Float>(&self, mode: Mode, x: Var<T>) -> Result<Var<T>> {
        let key = || self.source.next_key();
        apply(&self.form, x, self.p(), mode, key).map_err(|error| self.name_in(error))
    }

    fn setting(&self) -> String {
        format!("p={}{}, {}", self.p(), self.form.setting(), self.mode)
    }
}

impl Noise<Elements> {
    /// The mask of the next pass over elements of this shape, and the factor of those that it keeps; `None` if nothing is
    /// dropped.
    #[track_caller]
    pub(crate) fn draw(&self, shape: Shape) -> Result<Option<(Mask, f64)>> {
        if self.p() == 0.0 || !self.mode.drops() {
            return Ok(None);
        }
        let mask = self.form.mask(shape, self.p(), self.source.next_key())?;
        Ok(Some((mask, self.form.scaling.of_kept(self.p()))))
    }

    /// The same layer with scaling in training (the default) or at test time.
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.form.scaling = scaling;
        self
    }

    /// The same layer with a noise shape as in `tf.nn.dropout`: for each axis, `None` takes the size of the input, and
    /// `Some(1)` shares one draw. `[None, Some(1), None]` drops whole time series of `[batch, time, features]`.
    pub fn noise_shape(mut self, noise_shape: &[Option<usize>]) -> Self {
        self.form.noise_shape = Some(noise_shape.to_vec());
        self
    }
}

#[diagnostic::do_not_recommend]
impl<F: Form> Children for Noise<F> {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
        visit(Name::Field("source"), &self.source);
        visit(Name::Field("mode"), &self.mode);
    }

    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
        visit(Name::Field("source"), &mut self.source);
        visit(Name::Field("mode"), &mut self.mode);
    }

    fn kind(&self) -> &'static str {
        F::NAME
    }

    fn describe(&self) -> String {
        self.setting()
    }
}

impl<F: Form, T: Float> Forward<T> for Noise<F> {
    #[inline]
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.forward_as(self.mode, x)
    }
}

impl<F: Form> fmt::Display for Noise<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", F::NAME, self.setting())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_autograd::no_grad;
    use gradlet_tensor::{Tensor, rng, tensor};

    fn ones(n: usize) -> Var {
        Var::leaf(Tensor::ones([n]).unwrap())
    }

    #[test]
    fn training_draws_a_new_mask_each_call_and_scales_what_is_kept() -> Result<()> {
        let dropout = Dropout::new(0.2, &mut rng(1))?;
        let (first, second) = (
            dropout.forward(&ones(10_000))?,
            dropout.forward(&ones(10_000))?,
        );
        assert_ne!(first.tensor(), second.tensor());
        for y in [first, second] {
            assert!(y.to_vec().iter().all(|&y| y == 0.0 || y == 1.25));
            // The mean of 10,000 has a standard deviation of 0.005.
            assert!((y.tensor().mean(..)?.item()? - 1.0).abs() < 0.03);
        }
        Ok(())
    }

    #[test]
    fn eval_and_p_zero_return_the_input_itself_and_draw_nothing() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        dropout.eval();
        let x = ones(100);
        let y = dropout.forward(&x)?;
        assert_eq!((y.leaf_id(), y.tensor()), (x.leaf_id(), x.tensor()));
        dropout.train();
        let drawn = dropout.forward(&x)?;
        let fresh = Dropout::new(0.5, &mut rng(1))?;
        assert_eq!(
            drawn.tensor(),
            fresh.forward(&x)?.tensor(),
            "eval must not have advanced the stream"
        );
        assert_eq!(
            Dropout::new(0.0, &mut rng(1))?.forward(&x)?.leaf_id(),
            x.leaf_id()
        );
        Ok(())
    }

    #[test]
    fn p_one_gives_exact_zeros_both_ways() -> Result<()> {
        let dropout = Dropout::new(1.0, &mut rng(1))?;
        let x = Var::leaf(tensor![1.0, f32::NAN, f32::INFINITY]);
        let y = dropout.forward(&x)?;
        assert_eq!(y.to_vec(), [0.0; 3]);
        assert_eq!(
            y.backward_with(Tensor::ones([3])?)?
                .wrt(&x)
                .map(Tensor::to_vec),
            Some(vec![0.0; 3])
        );
        Ok(())
    }

    #[test]
    fn a_stack_of_clones_has_different_masks_and_the_same_ones_in_each_run() -> Result<()> {
        let masks = || -> Result<Vec<_>> {
            let stack = vec![Dropout::new(0.5, &mut rng(1))?; 3];
            let layers = stack.iter();
            layers
                .map(|layer| Ok(layer.forward(&ones(500))?.to_vec()))
                .collect()
        };
        let first = masks()?;
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
        assert_eq!(first, masks()?);
        // The last one is the original itself, whose draws no clone has changed.
        let alone = Dropout::new(0.5, &mut rng(1))?;
        assert_eq!(first[2], alone.forward(&ones(500))?.to_vec());
        Ok(())
    }

    #[test]
    fn gradients_flow_in_eval_and_use_the_mask_in_training() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        let x = ones(50);
        let y = dropout.forward(&x)?;
        let (value, grads) = (y.tensor().clone(), y.sum(..)?.backward()?);
        assert_eq!(grads.wrt(&x), Some(&value));
        dropout.eval();
        let grads = dropout.forward(&x)?.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(x.tensor()));
        no_grad(|| assert!(!dropout.forward(&(&x * 1.0)).unwrap().is_tracked()));
        Ok(())
    }

    #[test]
    fn a_bad_probability_says_which_way_round_it_is() {
        for p in [-0.1, 1.1, f64::NAN] {
            let error = Dropout::new(p, &mut rng(1)).unwrap_err().to_string();
            assert!(error.starts_with(&format!(
                "Dropout: p must be in [0, 1], got {p}; it is the probability that"
            )));
        }
    }

    #[test]
    fn it_prints_p_and_mode() -> Result<()> {
        let mut dropout = Dropout::new(0.5, &mut rng(1))?;
        assert_eq!(dropout.to_string(), "Dropout(p=0.5, train)");
        dropout.eval();
        assert_eq!(dropout.to_string(), "Dropout(p=0.5, eval)");
        Ok(())
    }
}
