//! `Optimizer`: the methods that every optimizer has.

use std::fmt;

use gradlet_autograd::Gradients;
use gradlet_tensor::{Float, Result};

use super::Copies;
use crate::module::Module;
use crate::state::State;

/// Any optimizer, for code that does not choose one. Each optimizer also has these methods itself.
///
/// # Example
///
/// ```
/// use gradlet_nn::optim::{Adam, Optimizer, Sgd};
///
/// let mut optimizers: Vec<Box<dyn Optimizer>> = vec![Box::new(Sgd::new(0.1)), Box::new(Adam::new(1e-3))];
/// for optimizer in &mut optimizers {
///     optimizer.set_learning_rate(optimizer.learning_rate() / 10.0);
/// }
/// assert_eq!(optimizers[0].learning_rate(), 0.01);
/// ```
pub trait Optimizer<T: Float = f32>: fmt::Debug + Send + Sync {
    /// Changes every parameter of `model` that is not frozen, by its gradient.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or a parameter has no gradient, or its shape or element type is not that of its
    /// gradient, or a parameter that is new has taken the place of a dropped one that has a state. Nothing is changed
    /// then.
    #[track_caller]
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients<T>) -> Result<()>;

    /// The factor of a step.
    fn learning_rate(&self) -> f64;

    /// Sets the factor of the steps to come. If it is negative, infinite or NaN, the next step returns an error.
    fn set_learning_rate(&mut self, learning_rate: f64);

    /// Sets the momentum of the steps to come: `momentum`, or `beta1`. If it is out of range, the next step returns an
    /// error.
    ///
    /// # Errors
    ///
    /// If the optimizer has neither.
    #[track_caller]
    fn set_momentum(&mut self, momentum: f64) -> Result<()>;

    /// The parameters that steps have copied so far because they were still held elsewhere.
    fn copies(&self) -> Copies;

    /// The number of gradients in the latest step that no parameter took: of inputs and retained values, of frozen
    /// parameters, or of a different model.
    fn untaken(&self) -> usize;

    /// The learning rate, the momentum, and all that is kept for the parameters of `model`, by path.
    fn state(&self, model: &dyn Module) -> State;

    /// Takes over the state of an optimizer of the same kind, for a model with the same paths.
    ///
    /// # Errors
    ///
    /// If a parameter's tensors are not all that this optimizer keeps, or have a different shape or element type, or the
    /// state has paths of no parameter. The error names all of these, and nothing is changed.
    #[track_caller]
    fn load_state(&mut self, model: &dyn Module, state: &State) -> Result<()>;

    /// Gives the states of parameters that are gone to those of `model` that have none, by path: after
    /// `model = model.clone()`, or after the model was built again.
    ///
    /// # Errors
    ///
    /// If the shapes differ, or the parameters of two models are gone that had the same path. Nothing is changed then.
    #[track_caller]
    fn adopt(&mut self, model: &dyn Module) -> Result<()>;

    /// Gives the states of the parameters of `from` to those of `to` at the same paths, in place of what those had.
    ///
    /// # Errors
    ///
    /// If `to` has no parameter of the same element type and shape at the path of one that has a state. Nothing is
    /// changed then.
    #[track_caller]
    fn move_states(&mut self, from: &dyn Module, to: &dyn Module) -> Result<()>;

    /// Drops what is kept for the parameters of `model`: their next step is like their first.
    fn forget(&mut self, model: &dyn Module);

    /// Drops what is kept for parameters that are gone, so that those which are in their places start afresh.
    fn forget_gone(&mut self);

    /// The number of parameters that something is kept for. Those that are gone count until the next step.
    fn state_count(&self) -> usize;
}
