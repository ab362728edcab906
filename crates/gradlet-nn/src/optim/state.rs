//! The tensors and numbers of steps that an optimizer keeps for each parameter.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Weak};

use gradlet_autograd::LeafId;
use gradlet_tensor::{Float, Tensor};

use crate::module::{Module, Path};
use crate::parameter::Parameter;

/// The state of the parameter with this id.
#[derive(Clone)]
pub(super) struct Entry<T: Float> {
    pub(super) id: LeafId,
    /// Dead when the parameter is.
    life: Weak<()>,
    pub(super) path: String,
    pub(super) steps: u64,
    /// The names of the tensors.
    pub(super) names: &'static [&'static str],
    pub(super) tensors: Vec<Tensor<T>>,
}

impl<T: Float> Entry<T> {
    pub(super) fn new(parameter: &Parameter<T>, path: String) -> Self {
        Self {
            id: parameter.id(),
            life: Arc::downgrade(parameter.life.get_or_init(Arc::default)),
            path,
            steps: 0,
            names: &[],
            tensors: Vec::new(),
        }
    }

    /// Keeps tensors of these names from now on: those that it has, and zeros in place of those that it has not.
    fn keep(&mut self, names: &'static [&'static str], like: &Tensor<T>) {
        // Names are constants of a rule: usually the same ones in each step.
        if ptr::eq(self.names, names) || self.names == names {
            return;
        }
        let place = |name| self.names.iter().position(|old| old == name);
        let tensors = names.iter().map(|name| {
            let old = place(name).and_then(|place| self.tensors.get(place));
            old.cloned().unwrap_or_else(|| like.zeros_like())
        });
        self.tensors = tensors.collect();
        self.names = names;
    }

    /// Whether the parameter has been dropped.
    pub(super) fn is_gone(&self) -> bool {
        self.life.strong_count() == 0
    }
}

/// The states of all parameters, in the order of their ids: models are built, and so visited, in nearly this order.
#[derive(Clone)]
pub(super) struct States<T: Float> {
    entries: Vec<Entry<T>>,
}

impl<T: Float> States<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Whether no parameter has a state yet.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter()
    }

    fn find(&self, id: LeafId) -> std::result::Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.id.cmp(&id))
    }

    #[inline]
    pub(super) fn get(&self, id: LeafId) -> Option<&Entry<T>> {
        self.find(id).ok().map(|place| &self.entries[place])
    }

    /// The state of this parameter, with tensors of these names; zeros before its first step.
    pub(super) fn of(
        &mut self,
        parameter: &Parameter<T>,
        path: &Path<'_>,
        names: &'static [&'static str],
    ) -> &mut Entry<T> {
        let place = self.find(parameter.id()).unwrap_or_else(|place| {
            let entry = Entry::new(parameter, path.to_string());
            self.entries.insert(place, entry);
            place
        });
        let entry = &mut self.entries[place];
        entry.keep(names, parameter.tensor());
        entry
    }

    /// Replaces the state of a parameter.
    pub(super) fn set(&mut self, entry: Entry<T>) {
        match self.find(entry.id) {
            Ok(place) => self.entries[place] = entry,
            Err(place) => self.entries.insert(place, entry),
        }
    }

    /// Gives the states of parameters with these ids to others.
    pub(super) fn hand_over(&mut self, mut moves: Vec<(LeafId, Entry<T>)>) {
        // All are taken out before any is put in: a parameter may give its state away and get a different one.
        for (from, to) in &mut moves {
            if let Ok(place) = self.find(*from) {
                let old = self.entries.remove(place);
                (to.steps, to.names, to.tensors) = (old.steps, old.names, old.tensors);
            }
        }
        moves.into_iter().for_each(|(_, to)| self.set(to));
    }

    /// Drops the states that `keep` is false for.
    pub(super) fn retain(&mut self, keep: impl Fn(&Entry<T>) -> bool) {
        self.entries.retain(keep);
    }

    /// An empty state for every parameter of `model` that has elements of this type, with the parameter.
    pub(super) fn blank(model: &dyn Module) -> Vec<(Entry<T>, &Parameter<T>)> {
        let mut blank = Vec::new();
        for (path, parameter) in model.named_parameters() {
            if let Some(parameter) = parameter.downcast_ref::<T>() {
                blank.push((Entry::new(parameter, path), parameter));
            }
        }
        blank
    }
}

/// Prints the number of states instead of their elements.
impl<T: Float> fmt::Debug for States<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States of {} parameters", self.len())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::*;

    #[test]
    fn tensors_keep_their_names_and_those_needed_later_start_from_zeros() {
        let p = Parameter::new(tensor![1.0, 2.0]);
        let mut states = States::new();
        let state = states.of(&p, &Path::Root, &["a", "b"]);
        (state.steps, state.tensors[1]) = (3, tensor![5.0, 6.0]);
        let state = states.of(&p, &Path::Root, &["b", "c", "a"]);
        assert_eq!(state.steps, 3);
        let zeros = tensor![0.0, 0.0];
        assert_eq!(state.tensors, [tensor![5.0, 6.0], zeros.clone(), zeros]);
    }
}
