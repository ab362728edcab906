//! `Optimizer`: the methods that every optimizer has.

use std::fmt;

use gradlet_autograd::Gradients;
use gradlet_tensor::{Float, Result};

use super::Copies;
use crate::module::Module;

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
    /// gradient. Nothing is changed then.
    #[track_caller]
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients<T>) -> Result<()>;

    /// The factor of a step.
    fn learning_rate(&self) -> f64;

    /// Sets the factor of the steps to come. If it is negative, infinite or NaN, the next step returns an error.
    fn set_learning_rate(&mut self, learning_rate: f64);

    /// The parameters that steps have copied so far because they were still held elsewhere.
    fn copies(&self) -> Copies;

    /// The number of gradients in the latest step that no parameter took: of inputs and retained values, of frozen
    /// parameters, or of a different model.
    fn untaken(&self) -> usize;
}
