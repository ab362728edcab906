//! The state of a model, and a state put into a model.

use gradlet_tensor::{Error, ErrorKind, Result};

use super::{AnyTensor, State, Unmatched};
use crate::module::{Leaf, LeafMut, Module};

impl State {
    /// The state of a model whose type is not known, as [`Module::state`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Linear, Module, State};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let mut layer = Linear::new(2, 1, &mut gradlet_tensor::rng(1))?;
    /// let model: &mut dyn Module = &mut layer;
    /// let state = State::of(model);
    /// state.load_into(model)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(model: &dyn Module) -> Self {
        of(model)
    }

    /// Puts this into a model whose type is not known, as [`Module::load_state`].
    ///
    /// # Errors
    ///
    /// If that would return one.
    #[track_caller]
    pub fn load_into(&self, model: &mut dyn Module) -> Result<()> {
        load(model, self)
    }
}

/// The tensor of a leaf that is saved.
fn tensor_of(leaf: Leaf<'_>) -> Option<AnyTensor> {
    match leaf {
        Leaf::Parameter(parameter) => AnyTensor::of_parameter(parameter.as_any()),
        Leaf::Buffer(buffer) => AnyTensor::of_buffer(buffer.as_any()),
        Leaf::None | Leaf::Mode(_) | Leaf::Source(_) => None,
    }
}

/// The parameters and buffers of a model.
pub(crate) fn of(model: &dyn Module) -> State {
    let mut state = State::new();
    let _ = model.visit_leaves(&mut |path, leaf| {
        if let Some(tensor) = tensor_of(leaf) {
            state.insert(path.to_string(), tensor);
        }
        Ok(())
    });
    state
}

/// Puts a state into a model that it fits.
#[track_caller]
pub(crate) fn load(model: &mut dyn Module, state: &State) -> Result<()> {
    let (unmatched, different) = compared(&of(model), state);
    let Unmatched {
        missing,
        unexpected,
    } = unmatched;
    if missing.is_empty() && unexpected.is_empty() && different.is_empty() {
        put(model, state);
        return Ok(());
    }
    Err(Error::new(ErrorKind::StateMismatch {
        op: "load_state",
        missing,
        unexpected,
        different,
    }))
}

/// Puts what a model has of a state into it.
#[track_caller]
pub(crate) fn load_partly(model: &mut dyn Module, state: &State) -> Result<Unmatched> {
    let (unmatched, different) = compared(&of(model), state);
    if different.is_empty() {
        put(model, state);
        return Ok(unmatched);
    }
    Err(Error::new(ErrorKind::StateMismatch {
        op: "load_state_partly",
        missing: Vec::new(),
        unexpected: Vec::new(),
        different,
    }))
}

/// Paths that are in one of both alone, and what is different in both.
fn compared(model: &State, state: &State) -> (Unmatched, Vec<String>) {
    let (mut unmatched, mut different) = (Unmatched::default(), Vec::new());
    for (path, own) in model.iter() {
        let Some(given) = state.any(path) else {
            unmatched.missing.push(path.to_owned());
            continue;
        };
        let form = |tensor: &AnyTensor| format!("{} {}", tensor.element(), tensor.shape());
        let (own, given) = (form(own), form(given));
        if own != given {
            different.push(format!("{path} ({own} in the model, {given} in the state)"));
        }
    }
    let has = |path| model.any(path).is_some();
    let tied: Vec<_> = state.aliases().filter(|(alias, _)| has(alias)).collect();
    let others = state
        .paths()
        .filter(|path| !has(path) && tied.iter().all(|(_, of)| of != path));
    unmatched.unexpected = others.map(str::to_owned).collect();
    (unmatched, different)
}

fn put(model: &mut dyn Module, state: &State) {
    let _ = model.visit_leaves_mut(&mut |path, leaf| {
        let Some(tensor) = state.any(&path.to_string()) else {
            return Ok(());
        };
        match leaf {
            LeafMut::Parameter(parameter) => tensor.put_into_parameter(parameter.as_any_mut()),
            LeafMut::Buffer(buffer) => tensor.put_into_buffer(buffer.as_any_mut()),
            LeafMut::None | LeafMut::Mode(_) | LeafMut::Source(_) => {}
        }
        Ok(())
    });
}
