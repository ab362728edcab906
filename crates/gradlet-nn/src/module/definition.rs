//! The traits `Children` and `Module`.

use std::any::type_name;

use gradlet_autograd::{Error, Result};

use super::{Leaf, LeafMut, Name, Path, Summary, evaluating, naming, path, walk};
use crate::buffer::AnyBuffer;
use crate::dropout::Source;
use crate::mode::Mode;
use crate::parameter::AnyParameter;
use crate::state::{self, State, Unmatched};

/// What a part of a model says about itself: its children, or the leaf that it is, and how a summary shows it.
///
/// `#[derive(Module)]` writes the `impl`: every field is a child unless it is marked `#[module(skip)]`. Written by hand,
/// only `children` and `children_mut` are needed; both must name the same children in the same order. Every type with
/// `Children` is a [`Module`].
///
/// # Example
///
/// ```
/// use gradlet_nn::module::{Children, Name};
/// use gradlet_nn::{Linear, Module};
///
/// struct Twins(Linear, Linear);
///
/// impl Children for Twins {
///     fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module)) {
///         visit(Name::Field("left"), &self.0);
///         visit(Name::Field("right"), &self.1);
///     }
///
///     fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module)) {
///         visit(Name::Field("left"), &mut self.0);
///         visit(Name::Field("right"), &mut self.1);
///     }
/// }
///
/// let mut rng = gradlet_tensor::rng(1);
/// let mut twins = Twins(Linear::new(2, 3, &mut rng)?, Linear::new(2, 3, &mut rng)?);
/// twins.eval();
/// assert_eq!(twins.named_parameters()[3].0, "right.bias");
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Module`",
    label = "not a `Module`",
    note = "derive `Module` for the type, or wrap a tensor in `Parameter` or `Buffer`",
    note = "`#[module(skip)]` leaves a field out: what it holds is then neither trained, nor saved, nor set to eval mode"
)]
pub trait Children: Send + Sync {
    /// Calls `visit` with each child and its name, in the order of declaration.
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module));

    /// Calls `visit` as [`Children::children`] does, mutably: with the same children in the same order.
    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module));

    /// The leaf that this module is, or `Leaf::None`. Only `Parameter`, `Buffer`, `Mode`, `Source` and
    /// a `Box` or `Option` of them are leaves; children of a leaf are not visited.
    #[inline]
    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::None
    }

    /// The leaf that this module is, mutably, or `LeafMut::None`.
    #[inline]
    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::None
    }

    /// Whether the modes in this module stay as they are when that of a model around it is set, as in
    /// [`AlwaysEval`](crate::AlwaysEval).
    #[inline]
    fn keeps_mode(&self) -> bool {
        false
    }

    /// The type's short name, such as `Linear`. If it is empty, a summary leaves the module out.
    fn kind(&self) -> &'static str {
        path::short(type_name::<Self>())
    }

    /// The text that a summary shows in parentheses after the kind, such as `64 -> 128` or `p=0.5, train`.
    fn describe(&self) -> String {
        String::new()
    }
}

/// A part of a model: everything that follows from walking over its [`Children`].
///
/// `#[derive(Module)]` writes `impl Children`, and every type with [`Children`] is a `Module`. None of these methods can
/// be overridden: they do the same to a part whether they are called on it, on a `Box` of it or on the whole model. The
/// computation is in [`Forward`](crate::Forward).
///
/// All methods except [`Module::evaluating`], [`Module::sampling`] and those of states work on `dyn Module`; these need
/// it in a `Box`, or [`State::of`] and [`State::load_into`]. So programs that load no state do without that code.
///
/// # Example
///
/// ```
/// use gradlet_nn::{Mode, Module, Parameter};
/// use gradlet_tensor::Tensor;
///
/// #[derive(Module)]
/// # #[module(crate = gradlet_nn)]
/// struct Scale {
///     weight: Parameter,
///     mode: Mode,
///     #[module(skip)]
///     label: String,
/// }
///
/// let mut model = vec![Scale {
///     weight: Parameter::new(Tensor::zeros([3, 2])?),
///     mode: Mode::Train,
///     label: "first".into(),
/// }];
/// assert_eq!(model.named_parameters()[0].0, "0.weight");
/// assert_eq!(model.parameter_count(), 6);
/// model.eval();
/// assert!(!model.training());
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Module`",
    label = "not a `Module`",
    note = "derive `Module` for the type, or wrap a tensor in `Parameter` or `Buffer`",
    note = "`#[module(skip)]` leaves a field out: what it holds is then neither trained, nor saved, nor set to eval mode"
)]
pub trait Module: Children {
    /// Sets the mode of every layer, at every depth, except in [`AlwaysEval`](crate::AlwaysEval).
    fn set_mode(&mut self, mode: Mode) {
        walk::each_mode(self, |own| *own = mode);
    }

    /// Sets [`Mode::Train`] in every layer, at every depth.
    fn train(&mut self) {
        self.set_mode(Mode::Train);
    }

    /// Sets [`Mode::Eval`] in every layer, at every depth.
    fn eval(&mut self) {
        self.set_mode(Mode::Eval);
    }

    /// Whether any layer is training; false if the module has no [`Mode`].
    fn training(&self) -> bool {
        walk::training(self)
    }

    /// Runs `f` in eval mode, then gives each layer the mode it had before,
    /// even if `f` returns an error or panics.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Mode, Module};
    /// let mut model = (Mode::Train, Mode::Eval);
    /// assert!(model.evaluating(|m| !m.training()));
    /// assert_eq!(model, (Mode::Train, Mode::Eval));
    /// ```
    fn evaluating<R>(&mut self, f: impl FnOnce(&Self) -> R) -> R
    where
        Self: Sized,
    {
        evaluating::within(self, Mode::Eval, f)
    }

    /// Runs `f` as [`evaluating`](Module::evaluating) does, but with dropout on: each forward pass in it is one sample
    /// of the net's predictions. [`monte_carlo`](crate::monte_carlo) returns their mean and variance.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Dropout, Forward, Mode, Module};
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::{Tensor, rng};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (mut model, x) = (Dropout::new(0.5, &mut rng(1))?, Var::constant(Tensor::ones([100])?));
    /// model.eval();
    /// let dropped = model.sampling(|m| m.forward(&x))?;
    /// assert!(dropped.to_vec().contains(&0.0) && !model.forward(&x)?.to_vec().contains(&0.0));
    /// # Ok(())
    /// # }
    /// ```
    fn sampling<R>(&mut self, f: impl FnOnce(&Self) -> R) -> R
    where
        Self: Sized,
    {
        evaluating::within(self, Mode::Sample, f)
    }

    /// Calls `visit` with every leaf below and its path, until it returns an error.
    ///
    /// # Errors
    ///
    /// If `visit` returns one; nothing is visited after it.
    fn visit_leaves<'a>(
        &'a self,
        visit: &mut dyn FnMut(&Path<'_>, Leaf<'a>) -> Result<()>,
    ) -> Result<()> {
        walk::visit_leaves(self, visit)
    }

    /// Calls `visit` as [`Module::visit_leaves`] does, mutably.
    ///
    /// # Errors
    ///
    /// If `visit` returns one; nothing is visited after it.
    fn visit_leaves_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, LeafMut<'_>) -> Result<()>,
    ) -> Result<()> {
        walk::visit_leaves_mut(self, visit)
    }

    /// Calls `visit` with every parameter below and its path, until it returns an error.
    ///
    /// # Errors
    ///
    /// If `visit` returns one; nothing is visited after it.
    fn visit_parameters<'a>(
        &'a self,
        visit: &mut dyn FnMut(&Path<'_>, &'a dyn AnyParameter) -> Result<()>,
    ) -> Result<()> {
        walk::visit_parameters(self, visit)
    }

    /// Calls `visit` as [`Module::visit_parameters`] does, mutably, as optimizers need it.
    /// It allocates nothing; a path becomes text only when it is printed.
    ///
    /// # Errors
    ///
    /// If `visit` returns one; nothing is visited after it.
    fn visit_parameters_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, &mut dyn AnyParameter) -> Result<()>,
    ) -> Result<()> {
        walk::visit_parameters_mut(self, visit)
    }

    /// Every parameter below with its path, such as `hidden.weight`.
    fn named_parameters(&self) -> Vec<(String, &dyn AnyParameter)> {
        walk::named_parameters(self)
    }

    /// Every buffer below with its path.
    fn named_buffers(&self) -> Vec<(String, &dyn AnyBuffer)> {
        walk::named_buffers(self)
    }

    /// The [`Source`] of every dropout below, with its path: the probability, and the stream of its masks.
    fn named_sources(&self) -> Vec<(String, &Source)> {
        walk::named_sources(self)
    }

    /// Calls `visit` with the [`Source`] of every dropout below and its path, until it returns an error: to set
    /// probabilities, to reseed streams or to put back their states.
    ///
    /// # Errors
    ///
    /// If `visit` returns one; nothing is visited after it.
    fn visit_sources_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, &mut Source) -> Result<()>,
    ) -> Result<()> {
        walk::visit_sources_mut(self, visit)
    }

    /// The number of elements in all parameters below, including frozen ones.
    fn parameter_count(&self) -> usize {
        walk::parameter_count(self)
    }

    /// Takes every parameter below out of training.
    fn freeze(&mut self) {
        walk::each_parameter(self, AnyParameter::freeze);
    }

    /// Puts every parameter below back into training.
    fn unfreeze(&mut self) {
        walk::each_parameter(self, AnyParameter::unfreeze);
    }

    /// The error with this layer's kind and description in front, as a summary shows them: `Linear(64 -> 10): ...`.
    ///
    /// All layers of gradlet name themselves so. No error can tell a layer's path in the model, since nothing is between
    /// the model's `forward` and the layer's.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Forward, Linear, Module};
    /// # use gradlet_autograd::{Result, Var};
    /// # use gradlet_tensor::{Tensor, rng};
    /// #[derive(Module)]
    /// # #[module(crate = gradlet_nn)]
    /// struct Halved {
    ///     inner: Linear,
    /// }
    ///
    /// impl Forward for Halved {
    ///     fn forward(&self, x: &Var) -> Result<Var> {
    ///         let half = x.narrow(1, 0, 32).map_err(|error| self.name_in(error))?;
    ///         self.inner.forward(&half)
    ///     }
    /// }
    ///
    /// let model = Halved { inner: Linear::new(32, 10, &mut rng(1))? };
    /// let error = model.forward(&Var::constant(Tensor::zeros([8, 20])?)).unwrap_err();
    /// assert!(error.to_string().starts_with("Halved: narrow: 0..32 is out of range for axis 1 of size 20"));
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    #[must_use]
    fn name_in(&self, error: Error) -> Error {
        naming::named(error, self.kind(), &self.describe())
    }

    /// The parameters and buffers, by path: all that a trained model knows.
    ///
    /// Modes and the sources of dropout are not in it, nor is what an optimizer keeps. Nothing is copied until the
    /// model or the state changes.
    fn state(&self) -> State
    where
        Self: Sized,
    {
        state::of(self)
    }

    /// Puts a state into the parameters and buffers, which keep their ids and stay frozen if they are.
    ///
    /// # Errors
    ///
    /// If the state lacks a path or has one too many, or a tensor has a different shape or element type. The error names
    /// all of these, and the model stays as it is.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Linear, Module};
    /// # use gradlet_tensor::{Result, rng};
    /// # fn main() -> Result<()> {
    /// let mut model = Linear::new(2, 1, &mut rng(1))?;
    /// let best = model.state();
    /// model.weight.tensor_mut().map_in_place(|_| 0.0);
    /// model.load_state(&best)?;
    /// assert_eq!(model.state(), best);
    ///
    /// let error = Linear::new(3, 1, &mut rng(1))?.load_state(&best).unwrap_err();
    /// assert!(error.to_string().starts_with(
    ///     "load_state: the state does not fit: different are weight (expected f32 [1, 3], got f32 [1, 2])"
    /// ));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    fn load_state(&mut self, state: &State) -> Result<()>
    where
        Self: Sized,
    {
        state::load(self, state)
    }

    /// As [`load_state`](Module::load_state), but paths that only one of both has are returned and left alone.
    ///
    /// # Errors
    ///
    /// If a tensor has a different shape or element type. The model stays as it is then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Linear, Module, State};
    /// # use gradlet_tensor::{rng, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (mut model, mut state) = (Linear::new(2, 1, &mut rng(1))?, State::new());
    /// state.insert("bias", tensor![0.5]);
    /// state.insert("scale", tensor![2.0]);
    /// let unmatched = model.load_state_partly(&state)?;
    /// assert_eq!((unmatched.missing, unmatched.unexpected), (vec!["weight".into()], vec!["scale".into()]));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    fn load_state_partly(&mut self, state: &State) -> Result<Unmatched>
    where
        Self: Sized,
    {
        state::load_partly(self, state)
    }

    /// The model as a tree to print: layers, shapes, counts and modes.
    fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

impl<M: Children + ?Sized> Module for M {}
