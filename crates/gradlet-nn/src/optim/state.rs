//! The tensors and numbers of steps that an optimizer keeps for each parameter.

use std::fmt;

use gradlet_autograd::LeafId;
use gradlet_tensor::{Float, Tensor};

/// The tensors kept for one parameter, in its shape, and its number of updates.
#[derive(Clone)]
pub(super) struct State<T: Float> {
    pub(super) steps: u64,
    pub(super) tensors: Vec<Tensor<T>>,
}

/// The states of all parameters, in the order of their ids: models are built, and so visited, in nearly this order.
#[derive(Clone)]
pub(super) struct States<T: Float>(Vec<(LeafId, State<T>)>);

impl<T: Float> States<T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether no parameter has a state yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, id: LeafId) -> std::result::Result<usize, usize> {
        self.0.binary_search_by(|(entry, _)| entry.cmp(&id))
    }

    pub(super) fn get(&self, id: LeafId) -> Option<&State<T>> {
        self.find(id).ok().map(|place| &self.0[place].1)
    }

    /// The state of this parameter, of at least `count` tensors; zeros before its first step.
    pub(super) fn of(&mut self, id: LeafId, p: &Tensor<T>, count: usize) -> &mut State<T> {
        let place = self.find(id).unwrap_or_else(|place| {
            let tensors = Vec::with_capacity(count);
            self.0.insert(place, (id, State { steps: 0, tensors }));
            place
        });
        let state = &mut self.0[place].1;
        while state.tensors.len() < count {
            state.tensors.push(p.zeros_like());
        }
        state
    }
}

/// Prints the number of states instead of their elements.
impl<T: Float> fmt::Debug for States<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States of {} parameters", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::*;
    use crate::parameter::Parameter;

    #[test]
    fn a_tensor_needed_later_starts_from_zeros_beside_those_kept() {
        let p = Parameter::new(tensor![1.0, 2.0]);
        let mut states = States::new();
        let state = states.of(p.id(), p.tensor(), 1);
        (state.steps, state.tensors[0]) = (3, tensor![5.0, 6.0]);
        let state = states.of(p.id(), p.tensor(), 2);
        assert_eq!(state.steps, 3);
        assert_eq!(state.tensors, [tensor![5.0, 6.0], tensor![0.0, 0.0]]);
    }
}
