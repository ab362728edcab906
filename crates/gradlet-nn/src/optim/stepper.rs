//! [`Stepper`]: an optimizer of any [`Rule`], and the walk over a model's parameters.

use std::iter;

use gradlet_autograd::Gradients;
use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::Optimizer;
use super::groups::{Group, Groups, Turn};
use super::rule::{Pass, Rule};
use super::state::{Entry, States};
use crate::module::Module;
use crate::parameter::{AnyParameter, Parameter};
use crate::require::require;
use crate::state::State;

/// The parameters that steps had to copy because their values were still held elsewhere: by the graph of a kept output
/// or second loss, which saved the weights, or by a clone of the tensor.
///
/// Copying keeps those values right and costs memory and time. In a loop that should not copy, both numbers stay 0. The
/// tensors of the optimizer itself are not counted: a clone shares them until either makes a step, which copies them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Parameters copied; one that is copied in each of ten steps counts ten times.
    pub parameters: u64,
    /// Their values' size in bytes.
    pub bytes: u64,
}

/// An optimizer that moves each parameter as its [`Rule`] says: [`Sgd`](super::Sgd), [`Adam`](super::Adam) and others are
/// names for it.
///
/// The tensors that a rule keeps of a parameter are its state. A state belongs to the parameter itself, wherever it is
/// moved, and is freed by the first step after the parameter was dropped. A clone of a parameter is a new one, without
/// a state: a step refuses to start afresh in place of a dropped parameter, until [`Stepper::adopt`] gives it that
/// one's state, or [`Stepper::forget_gone`] drops it. A step changes every parameter that is not frozen, each in one
/// pass, or none. Parameters that are still held elsewhere are copied first: see [`Stepper::copies`].
#[derive(Clone, Debug)]
pub struct Stepper<R: Rule, T: Float = f32> {
    pub(super) rule: R,
    pub(super) learning_rate: f64,
    allow_missing_gradients: bool,
    maximize: bool,
    copies: Copies,
    untaken: usize,
    pub(super) groups: Groups<R>,
    pub(super) states: States<T>,
}

impl<R: Rule, T: Float> Stepper<R, T> {
    /// An optimizer with this learning rate and the rule's default settings. If a setting is out of range,
    /// [`Stepper::step`] returns an error.
    pub fn new(learning_rate: f64) -> Self {
        Self::with(learning_rate, R::default())
    }

    /// An optimizer with this learning rate and rule. If a setting is out of range, [`Stepper::step`] returns an error.
    pub fn with(learning_rate: f64, rule: R) -> Self {
        Self {
            rule,
            learning_rate,
            allow_missing_gradients: false,
            maximize: false,
            copies: Copies::default(),
            untaken: 0,
            groups: Groups::new(),
            states: States::new(),
        }
    }

    /// Lets [`Stepper::step`] leave parameters without a gradient as they are, instead of returning an error. If no
    /// parameter at all has one, the step is an error still.
    pub fn allow_missing_gradients(mut self) -> Self {
        self.allow_missing_gradients = true;
        self
    }

    /// Sets whether steps go up the gradients, to maximize an objective, and not down. Weight decay shrinks parameters in
    /// both directions. Each step up takes a pass over the gradients more than one down.
    pub fn maximize(mut self, maximize: bool) -> Self {
        self.maximize = maximize;
        self
    }

    /// The factor of a step.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Sets the factor of the steps to come. If it is negative, infinite or NaN, the next step returns an error.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Sets the momentum of the steps to come: the rule's `momentum`, or its `beta1`. If it is out of range, the next step
    /// returns an error.
    ///
    /// # Errors
    ///
    /// If the rule has neither.
    #[track_caller]
    pub fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        let Some(setting) = self.rule.momentum_mut() else {
            let expected = "a setting of the optimizer";
            return require(false, R::NAME, "momentum", expected, momentum);
        };
        *setting = momentum;
        Ok(())
    }

    /// The parameters that steps have copied so far because they were still held elsewhere.
    pub fn copies(&self) -> Copies {
        self.copies
    }

    /// The number of gradients in the latest step that no parameter took: of inputs and retained values, of frozen
    /// parameters, or of a different model.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Parameter, optim::Sgd};
    /// # use gradlet_tensor::tensor;
    /// let (mut weight, factor) = (Parameter::new(tensor![2.0]), Parameter::new(tensor![3.0]));
    /// let grads = weight.leaf().mul(&factor.leaf())?.backward()?;
    /// let mut optimizer = Sgd::new(0.1);
    /// optimizer.step(&mut weight, &grads)?;
    /// assert_eq!(optimizer.untaken(), 1);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn untaken(&self) -> usize {
        self.untaken
    }

    /// Changes every parameter of `model` that is not frozen, by its gradient.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or a group has no parameter, or a parameter has no gradient, or its shape or
    /// element type is not that of its gradient, or a parameter that is new has taken the place of a dropped one that
    /// has a state: see [`Stepper::adopt`]. Nothing is changed then.
    #[track_caller]
    pub fn step(&mut self, model: &mut (impl Module + ?Sized), grads: &Gradients<T>) -> Result<()> {
        let mut own = Turn::new(0, self.own())?;
        let mut turns = self.groups.turns(&own.group, model)?;
        let (taken, known) = self.survey(model, grads)?;
        // A state whose parameter was not met may be that of one that is gone.
        if known < self.states.len() && self.states.iter().any(Entry::is_gone) {
            self.refuse_successors(model)?;
            self.forget_gone();
        }
        self.untaken = grads.len() - taken;
        model.visit_parameters_mut(&mut |path, parameter| {
            let (id, frozen) = (parameter.id(), parameter.is_frozen());
            let Some((parameter, g)) = parameter.downcast_mut::<T>().zip(grads.get(id)) else {
                return Ok(());
            };
            if frozen {
                return Ok(());
            }
            let up;
            let g = if self.maximize {
                // A product, which every program has: the loop of `neg` would be one more.
                up = g.mul_scalar(T::of(-1.0));
                &up
            } else {
                g
            };
            let turn = self.groups.turn(id, &mut own, &mut turns);
            let kept = turn.kept;
            let state = (!kept.is_empty()).then(|| self.states.of(parameter, path, kept));
            let p = parameter.tensor_mut();
            if !p.is_unshared() {
                self.copies.parameters += 1;
                self.copies.bytes += p.size_bytes() as u64;
            }
            let Group {
                rule,
                learning_rate,
            } = &turn.group;
            rule.update(Pass {
                rule,
                learning_rate: *learning_rate,
                latest: &mut turn.latest,
                state,
                p,
                g,
            })
        })
    }

    /// The number of parameters that take a gradient, and of those that have a state; or the error if one of them
    /// cannot be updated.
    #[track_caller]
    fn survey(
        &self,
        model: &(impl Module + ?Sized),
        grads: &Gradients<T>,
    ) -> Result<(usize, usize)> {
        let (op, expected) = (R::NAME, T::NAME);
        let (mut taken, mut known, mut missing, mut refused) = (0, 0, false, None);
        model.visit_parameters(&mut |path, parameter| {
            if parameter.is_frozen() || refused.is_some() {
                return Ok(());
            }
            let (g, state) = (grads.get(parameter.id()), self.states.get(parameter.id()));
            known += usize::from(state.is_some());
            match (parameter.downcast_ref::<T>(), g) {
                (None, _) => {
                    let path = path.to_string();
                    refused = Some((ErrorKind::ElementType { op, path, expected }, None));
                }
                (Some(_), None) => missing = true,
                (Some(parameter), Some(g)) => {
                    taken += 1;
                    let of_state = state.map_or(&[][..], |state| &state.tensors);
                    refused = misfit(op, parameter, iter::once(g).chain(of_state))
                        .map(|kind| (kind, Some(path.to_string())));
                }
            }
            Ok(())
        })?;
        // Made here and not in the closure, so that it names the caller's line.
        match refused {
            Some((kind, None)) => return Err(Error::new(kind)),
            Some((kind, Some(path))) => return Err(at_parameter(Error::new(kind), &path)),
            None => {}
        }
        if missing && (taken == 0 || !self.allow_missing_gradients) {
            let named = model.named_parameters();
            let lacks = |p: &dyn AnyParameter| !p.is_frozen() && grads.get(p.id()).is_none();
            let first = named.into_iter().find(|(_, parameter)| lacks(*parameter));
            let path = first.map_or_else(String::new, |(path, _)| path);
            return Err(Error::new(ErrorKind::MissingGradient { op, path, taken }));
        }
        Ok((taken, known))
    }
}

/// The error if one of these tensors does not have the parameter's shape: its tensor may have been replaced since its
/// state was made.
#[inline]
fn misfit<'a, T: Float>(
    op: &'static str,
    parameter: &Parameter<T>,
    mut tensors: impl Iterator<Item = &'a Tensor<T>>,
) -> Option<ErrorKind> {
    let shape = parameter.shape();
    let found = tensors.find(|tensor| tensor.shape() != shape)?.shape();
    let (expected, found) = (*shape, *found);
    Some(ErrorKind::ShapeMismatch {
        op,
        expected,
        found,
    })
}

/// The error with the parameter at this path, which is empty if it is the model itself.
pub(super) fn at_parameter(error: Error, path: &str) -> Error {
    let space = if path.is_empty() { "" } else { " " };
    error.within(|_| format!("parameter{space}{path}: "))
}

impl<R: Rule, T: Float> Optimizer<T> for Stepper<R, T> {
    fn step(&mut self, model: &mut dyn Module, grads: &Gradients<T>) -> Result<()> {
        self.step(model, grads)
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.set_learning_rate(learning_rate);
    }

    fn set_momentum(&mut self, momentum: f64) -> Result<()> {
        self.set_momentum(momentum)
    }

    fn copies(&self) -> Copies {
        self.copies()
    }

    fn untaken(&self) -> usize {
        self.untaken()
    }

    fn state(&self, model: &dyn Module) -> State {
        self.state(model)
    }

    fn load_state(&mut self, model: &dyn Module, state: &State) -> Result<()> {
        self.load_state(model, state)
    }

    fn adopt(&mut self, model: &dyn Module) -> Result<()> {
        self.adopt(model)
    }

    fn move_states(&mut self, from: &dyn Module, to: &dyn Module) -> Result<()> {
        self.move_states(from, to)
    }

    fn forget(&mut self, model: &dyn Module) {
        self.forget(model);
    }

    fn forget_gone(&mut self) {
        self.forget_gone();
    }

    fn state_count(&self) -> usize {
        self.state_count()
    }
}
