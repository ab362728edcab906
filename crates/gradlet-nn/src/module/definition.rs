//! The trait `Module`, and what a leaf of a model can be.

use std::any::type_name;

use gradlet_autograd::Result;

use super::{Name, Path, Summary, evaluating, path, walk};
use crate::dropout::Source;
use crate::mode::Mode;
use crate::parameter::{AnyBuffer, AnyParameter};

/// What a module holds, and whether it is training.
///
/// `#[derive(Module)]` writes it: every field is a child, and a field that is
/// none takes `#[module(skip)]`. Written by hand, only [`Module::children`]
/// and [`Module::children_mut`] are needed; both must name the same children
/// in the same order. What a module computes is [`Forward`](crate::Forward)'s matter.
///
/// All methods but [`Module::evaluating`] and [`Module::sampling`] work on `dyn Module`; in a `Box` those do, too.
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
    note = "add `#[module(skip)]` to the field if it holds no parameters, layers or mode",
    note = "otherwise derive `Module` for its type, or wrap a tensor in `Parameter` or `Buffer`"
)]
pub trait Module: Send + Sync {
    /// Hands each child to `visit`, under its name and in the order of declaration.
    fn children<'a>(&'a self, visit: &mut dyn FnMut(Name<'a>, &'a dyn Module));

    /// [`Module::children`], mutably: the same ones in the same order.
    fn children_mut<'a>(&'a mut self, visit: &mut dyn FnMut(Name<'a>, &'a mut dyn Module));

    /// What this is itself when it is no composite. Only `Parameter`, `Buffer`, `Mode`, `Source` and
    /// what passes through to them (`Box`, `Option`) answer; children of a leaf are not visited.
    #[inline]
    fn as_leaf(&self) -> Leaf<'_> {
        Leaf::None
    }

    /// [`Module::as_leaf`], mutably.
    #[inline]
    fn as_leaf_mut(&mut self) -> LeafMut<'_> {
        LeafMut::None
    }

    /// The type's short name, such as `Linear`. When empty, a summary leaves the module out.
    fn kind(&self) -> &'static str {
        path::short(type_name::<Self>())
    }

    /// What a summary puts in parentheses behind the kind, such as `64 -> 128` or `p=0.5, train`.
    fn describe(&self) -> String {
        String::new()
    }

    /// Sets the mode of every layer, at every depth.
    fn set_mode(&mut self, mode: Mode) {
        walk::each_mode(self, |own| *own = mode);
    }

    /// [`Module::set_mode`] with [`Mode::Train`].
    fn train(&mut self) {
        self.set_mode(Mode::Train);
    }

    /// [`Module::set_mode`] with [`Mode::Eval`].
    fn eval(&mut self) {
        self.set_mode(Mode::Eval);
    }

    /// Whether any layer is training; false where there is no [`Mode`] at all.
    fn training(&self) -> bool {
        walk::training(self)
    }

    /// Runs `f` in eval mode, then restores the mode that each layer had before,
    /// also when `f` returns an error or panics.
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

    /// As [`evaluating`](Module::evaluating), with dropout kept on: each forward inside is one sample of the net's
    /// predictions. [`monte_carlo`](crate::monte_carlo) takes their mean and variance.
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

    /// Hands every leaf below to `visit`, with its path, until an error.
    ///
    /// # Errors
    ///
    /// The first one that `visit` returns; nothing is visited after it.
    fn visit_leaves<'a>(
        &'a self,
        visit: &mut dyn FnMut(&Path<'_>, Leaf<'a>) -> Result<()>,
    ) -> Result<()> {
        walk::visit_leaves(self, visit)
    }

    /// [`Module::visit_leaves`], mutably.
    ///
    /// # Errors
    ///
    /// The first one that `visit` returns; nothing is visited after it.
    fn visit_leaves_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, LeafMut<'_>) -> Result<()>,
    ) -> Result<()> {
        walk::visit_leaves_mut(self, visit)
    }

    /// Hands every parameter below to `visit`, with its path, until an error.
    ///
    /// # Errors
    ///
    /// The first one that `visit` returns; nothing is visited after it.
    fn visit_parameters<'a>(
        &'a self,
        visit: &mut dyn FnMut(&Path<'_>, &'a dyn AnyParameter) -> Result<()>,
    ) -> Result<()> {
        walk::visit_parameters(self, visit)
    }

    /// [`Module::visit_parameters`], mutably: what an optimizer steps through.
    /// It allocates nothing; a path becomes text only when it is printed.
    ///
    /// # Errors
    ///
    /// The first one that `visit` returns; nothing is visited after it.
    fn visit_parameters_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, &mut dyn AnyParameter) -> Result<()>,
    ) -> Result<()> {
        walk::visit_parameters_mut(self, visit)
    }

    /// Every parameter below under its path, such as `hidden.weight`.
    fn named_parameters(&self) -> Vec<(String, &dyn AnyParameter)> {
        walk::named_parameters(self)
    }

    /// Every buffer below under its path.
    fn named_buffers(&self) -> Vec<(String, &dyn AnyBuffer)> {
        walk::named_buffers(self)
    }

    /// Every dropout's [`Source`] below, under its path: its probability, and the stream that its masks come from.
    fn named_sources(&self) -> Vec<(String, &Source)> {
        walk::named_sources(self)
    }

    /// Hands every dropout's [`Source`] below to `visit`, with its path, until an error: to set probabilities, to reseed
    /// streams or to put back their states.
    ///
    /// # Errors
    ///
    /// The first one that `visit` returns; nothing is visited after it.
    fn visit_sources_mut(
        &mut self,
        visit: &mut dyn FnMut(&Path<'_>, &mut Source) -> Result<()>,
    ) -> Result<()> {
        walk::visit_sources_mut(self, visit)
    }

    /// The number of elements in all parameters below, frozen ones included.
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

    /// The model as a tree, to be printed: layers, shapes, counts and modes.
    fn summary(&self) -> Summary {
        Summary::of(self)
    }
}

/// What a module is itself, if it is no composite.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    /// A composite, or nothing.
    None,
    /// A tensor that is trained.
    Parameter(&'a dyn AnyParameter),
    /// A tensor that is kept but not trained.
    Buffer(&'a dyn AnyBuffer),
    /// A layer's mode.
    Mode(Mode),
    /// Where a dropout's masks come from.
    Source(&'a Source),
}

/// [`Leaf`], mutably.
#[derive(Debug)]
pub enum LeafMut<'a> {
    /// A composite, or nothing.
    None,
    /// A tensor that is trained.
    Parameter(&'a mut dyn AnyParameter),
    /// A tensor that is kept but not trained.
    Buffer(&'a mut dyn AnyBuffer),
    /// A layer's mode.
    Mode(&'a mut Mode),
    /// Where a dropout's masks come from.
    Source(&'a mut Source),
}
