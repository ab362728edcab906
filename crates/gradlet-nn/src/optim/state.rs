//! The tensors and numbers of steps that an optimizer keeps for each parameter.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Weak};

use gradlet_autograd::LeafId;
use gradlet_tensor::{Float, Tensor};

use crate::module::{Module, Path};
use crate::parameter::Parameter;

/// The numbers that an optimizer keeps for one parameter, as [`Optimizer::state`](super::Optimizer::state) returns
/// them.
///
/// Parameters of a model have paths, which last longer than ids: saved with its path, a state can be given to the
/// parameter there by [`Optimizer::set_state`](super::Optimizer::set_state) in a different process.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T: Float = f32> {
    /// The path that the parameter had in the model when the state was made.
    pub path: String,
    /// The number of updates.
    pub steps: u64,
    /// The tensors, in the shape of the parameter, with PyTorch's names, such as `exp_avg`.
    pub tensors: Vec<(String, Tensor<T>)>,
}

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

    /// A copy of a state, with the names of its tensors.
    pub(super) fn named(&self, id: LeafId) -> Option<State<T>> {
        let entry = self.get(id)?;
        let named = entry.names.iter().zip(&entry.tensors);
        Some(State {
            path: entry.path.clone(),
            steps: entry.steps,
            tensors: named
                .map(|(name, tensor)| ((*name).to_owned(), tensor.clone()))
                .collect(),
        })
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
    use gradlet_tensor::{ErrorKind, Result, tensor};

    use super::super::tests::{gradients, weight};
    use super::super::{Optimizer, RmsProp, Sgd};
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

    #[test]
    fn a_state_is_set_if_its_names_and_shapes_are_those_of_the_optimizer() -> Result<()> {
        let mut rms = RmsProp::new(0.1).centered(true).momentum(0.5);
        let (mut p, other) = (weight([1.0, 2.0]), weight([1.0, 2.0]));
        let grads = gradients(&[&p], 1.0);
        rms.step(&mut p, &grads)?;
        let state = rms.state(&p).unwrap_or_else(|| panic!("no state"));
        let names: Vec<_> = state
            .tensors
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["square_avg", "grad_avg", "momentum_buffer"]);
        let mut any: Box<dyn Optimizer> = Box::new(rms.clone());
        any.set_state(&other, state.clone())?;
        assert_eq!(
            (any.state(&other).as_ref(), any.state_count()),
            (Some(&state), 2)
        );

        let mut sgd = Sgd::new(0.1).momentum(0.5);
        let (line, error) = (line!(), sgd.set_state(&p, state.clone()).unwrap_err());
        let expected = format!(
            "sgd: the parameter needs a state of [\"momentum_buffer\"], got [\"square_avg\", \"grad_avg\", \
             \"momentum_buffer\"] (at {}:{line})",
            file!()
        );
        assert_eq!(error.to_string(), expected);
        let wider = Parameter::new(tensor![1.0, 2.0, 3.0]);
        let error = rms.set_state(&wider, state.clone()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::ShapeMismatch { .. }),
            "{error}"
        );
        let wide = Parameter::new(Tensor::<f64>::zeros_of([2])?);
        let error = rms.set_state(&wide, state).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::ElementType { .. }),
            "{error}"
        );
        assert_eq!((rms.state_count(), sgd.state_count()), (1, 0));
        assert!(rms.state(&wide).is_none());
        Ok(())
    }
}
