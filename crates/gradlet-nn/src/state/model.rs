//! The state of a model, and a state put into a model.

use gradlet_tensor::Result;

use super::{AnyTensor, Misfit, State, Unmatched};
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
    Misfit::of(&of(model), state).refuse("load_state")?;
    put(model, state);
    Ok(())
}

/// Puts what a model has of a state into it.
#[track_caller]
pub(crate) fn load_partly(model: &mut dyn Module, state: &State) -> Result<Unmatched> {
    let mut misfit = Misfit::of(&of(model), state);
    let unmatched = std::mem::take(&mut misfit.unmatched);
    misfit.refuse("load_state_partly")?;
    put(model, state);
    Ok(unmatched)
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
