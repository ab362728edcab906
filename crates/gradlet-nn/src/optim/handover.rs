//! What an optimizer keeps for its parameters, to hand over and drop.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Shape};

use super::state::{Entry, States};
use super::stepper::at_parameter;
use super::{Rule, Stepper};
use crate::module::Module;

impl<R: Rule, T: Float> Stepper<R, T> {
    /// Gives the states of parameters that are gone to those of `model` that have none, by path: after
    /// `model = model.clone()`, or after the model was built again.
    ///
    /// # Errors
    ///
    /// If the shapes differ, or the parameters of two models are gone that had the same path: [`Self::move_states`] can
    /// tell those apart while the models exist. Nothing is changed then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Parameter, optim::Adam};
    /// # use gradlet_tensor::tensor;
    /// let mut weight = Parameter::new(tensor![2.0]);
    /// let mut optimizer = Adam::new(0.1);
    /// let grads = weight.leaf().backward()?;
    /// optimizer.step(&mut weight, &grads)?;
    /// weight = weight.clone();
    /// let grads = weight.leaf().backward()?;
    /// assert!(optimizer.step(&mut weight, &grads).is_err()); // rather than to start afresh in silence
    /// optimizer.adopt(&weight)?; // or optimizer.forget_gone()
    /// optimizer.step(&mut weight, &grads)?;
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn adopt(&mut self, model: &dyn Module) -> Result<()> {
        let mut moves = Vec::new();
        for (to, parameter) in States::<T>::blank(model) {
            if self.states.get(to.id).is_some() {
                continue;
            }
            let mut gone = self
                .states
                .iter()
                .filter(|from| from.is_gone() && from.path == to.path);
            let Some(from) = gone.next() else { continue };
            if gone.next().is_some() {
                let reason = "would get the states of two parameters that are gone: use move_states before the models \
                              are dropped";
                return Err(Self::conflict(to.path, reason));
            }
            Self::fit(from, parameter.shape(), &to.path)?;
            moves.push((from.id, to));
        }
        self.states.hand_over(moves);
        Ok(())
    }

    /// Gives the states of the parameters of `from` to those of `to` at the same paths, in place of what those had.
    /// Both models exist, as after `let next = model.clone()`; what the parameters of `from` have afterwards is as
    /// before their first step.
    ///
    /// # Errors
    ///
    /// If `to` has no parameter of the same element type and shape at the path of one that has a state. Nothing is
    /// changed then.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::{Parameter, optim::Sgd};
    /// # use gradlet_tensor::tensor;
    /// let mut weight = Parameter::new(tensor![2.0]);
    /// let mut optimizer = Sgd::new(0.1).momentum(0.9);
    /// let grads = weight.leaf().backward()?;
    /// optimizer.step(&mut weight, &grads)?;
    /// let next = weight.clone();
    /// optimizer.move_states(&weight, &next)?;
    /// assert!(optimizer.state(&weight).any("step").is_none() && optimizer.state(&next).any("step").is_some());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn move_states(&mut self, from: &dyn Module, to: &dyn Module) -> Result<()> {
        let mut targets = States::<T>::blank(to);
        targets.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let mut moves = Vec::new();
        for (from, _) in States::<T>::blank(from) {
            let Some(state) = self.states.get(from.id) else {
                continue;
            };
            let place = targets.binary_search_by(|(to, _)| to.path.cmp(&from.path));
            let Ok(place) = place else {
                let reason = "has a state, and the model to move it to has no parameter of its type at this path";
                return Err(Self::conflict(from.path, reason));
            };
            let (to, parameter) = &targets[place];
            Self::fit(state, parameter.shape(), &to.path)?;
            moves.push((from.id, Entry::new(parameter, to.path.clone())));
        }
        self.states.hand_over(moves);
        Ok(())
    }

    /// Drops what is kept for the parameters of `model`: their next step is like their first.
    pub fn forget(&mut self, model: &dyn Module) {
        let mut ids: Vec<_> = States::<T>::blank(model)
            .iter()
            .map(|(entry, _)| entry.id)
            .collect();
        ids.sort_unstable();
        self.states
            .retain(|entry| ids.binary_search(&entry.id).is_err());
    }

    /// Drops what is kept for parameters that are gone, so that those which are in their places start afresh.
    pub fn forget_gone(&mut self) {
        self.states.retain(|entry| !entry.is_gone());
    }

    /// The number of parameters that something is kept for. Those that are gone count until the next step.
    pub fn state_count(&self) -> usize {
        self.states.len()
    }

    /// Refuses a step of `model` if a parameter without a state is where one that is gone had one.
    #[track_caller]
    pub(super) fn refuse_successors(&self, model: &(impl Module + ?Sized)) -> Result<()> {
        let mut successor = None;
        model.visit_parameters(&mut |path, parameter| {
            let is_new = || self.states.get(parameter.id()).is_none();
            if successor.is_none() && parameter.downcast_ref::<T>().is_some() && is_new() {
                let path = path.to_string();
                let mut gone = self.states.iter().filter(|entry| entry.is_gone());
                successor = gone.any(|entry| entry.path == path).then_some(path);
            }
            Ok(())
        })?;
        let reason = "has no state, but the state of a parameter that is gone is kept at its path: if the model was \
                      cloned or built again, take the states over with adopt(&model); to start afresh, drop them with \
                      forget_gone()";
        match successor {
            Some(path) => Err(Self::conflict(path, reason)),
            None => Ok(()),
        }
    }

    #[track_caller]
    fn conflict(path: String, reason: &str) -> Error {
        let (op, reason) = (R::NAME, reason.to_owned());
        Error::new(ErrorKind::OptimizerState { op, path, reason })
    }

    /// An error unless the kept tensors have the shape of the parameter at this path.
    #[track_caller]
    fn fit(entry: &Entry<T>, shape: &Shape, path: &str) -> Result<()> {
        for tensor in &entry.tensors {
            let fits = tensor.expect_shape(R::NAME, shape);
            fits.map_err(|error| at_parameter(error, path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::tensor;

    use super::super::Adam;
    use super::super::tests::{gradients, weight};
    use super::*;
    use crate::parameter::Parameter;

    #[track_caller]
    fn step(adam: &mut Adam, model: &mut Vec<Parameter>) -> Result<()> {
        let grads = gradients(&model.iter().collect::<Vec<_>>(), 1.0);
        adam.step(model, &grads)
    }

    fn pair() -> Vec<Parameter> {
        vec![weight([1.0, 2.0]), weight([3.0, 4.0])]
    }

    fn steps(adam: &Adam, model: &[Parameter]) -> Vec<Option<i64>> {
        let steps = |parameter| adam.state(parameter).get("step")?.item();
        let steps = |parameter| steps(parameter).ok();
        model.iter().map(|parameter| steps(parameter)).collect()
    }

    #[test]
    fn a_copy_in_place_of_a_stepped_model_does_not_start_afresh_in_silence() -> Result<()> {
        for frozen in [false, true] {
            let (mut adam, mut model) = (Adam::new(0.5), pair());
            step(&mut adam, &mut model)?;
            model[0] = model[0].clone();
            let grads = gradients(&[&model[0], &model[1]], 1.0);
            if frozen {
                model[0].freeze();
            }
            let before = model[1].tensor().clone();
            let (line, error) = (line!(), adam.step(&mut model, &grads).unwrap_err());
            let expected = format!(
                "adam: parameter 0 has no state, but the state of a parameter that is gone is kept at its path: if the \
                 model was cloned or built again, take the states over with adopt(&model); to start afresh, drop them \
                 with forget_gone() (at {}:{line})",
                file!()
            );
            assert_eq!(error.to_string(), expected);
            assert_eq!((model[1].tensor(), adam.state_count()), (&before, 2));
            if frozen {
                adam.forget_gone();
            } else {
                adam.adopt(&model)?;
            }
            adam.step(&mut model, &grads)?;
            let expected = [(!frozen).then_some(2), Some(2)];
            assert_eq!(steps(&adam, &model), expected);
        }
        Ok(())
    }

    #[test]
    fn states_of_parameters_that_are_gone_are_freed_and_no_others() -> Result<()> {
        let (mut adam, mut models) = (Adam::new(0.5), [pair(), vec![weight([1.0, 2.0])]]);
        for model in &mut models {
            step(&mut adam, model)?;
        }
        models[0].pop();
        assert_eq!(adam.state_count(), 3);
        for _ in 0..2 {
            for model in &mut models {
                step(&mut adam, model)?;
                assert_eq!(adam.state_count(), 2);
            }
        }
        assert_eq!(
            models.map(|model| steps(&adam, &model)),
            [[Some(3)], [Some(3)]]
        );
        Ok(())
    }

    /// Training goes on as without the copies, bit for bit.
    #[test]
    fn copies_take_states_over_by_path_and_nothing_grows() -> Result<()> {
        let (mut adam, mut model) = (Adam::new(0.5), pair());
        let (mut plain, mut original) = (Adam::new(0.5), pair());
        for round in 0..6 {
            step(&mut plain, &mut original)?;
            step(&mut adam, &mut model)?;
            let next = model.clone();
            if round % 2 == 0 {
                adam.move_states(&model, &next)?;
                assert_eq!(steps(&adam, &model), [None, None]);
                model = next;
            } else {
                model = next;
                adam.adopt(&model)?;
            }
            assert_eq!(
                (adam.state_count(), steps(&adam, &model)),
                (2, steps(&plain, &original))
            );
        }
        for (a, b) in model.iter().zip(&original) {
            assert_eq!(a.tensor(), b.tensor());
            assert_eq!(adam.state(a), plain.state(b));
        }
        adam.forget(&model[..1].to_vec());
        assert_eq!(adam.state_count(), 2, "a clone has no state to drop");
        adam.forget(&model[0]);
        assert_eq!(steps(&adam, &model), [None, Some(6)]);
        Ok(())
    }

    #[test]
    fn states_that_do_not_fit_are_refused_by_path_and_nothing_moves() -> Result<()> {
        let (mut adam, mut model) = (Adam::new(0.5), pair());
        step(&mut adam, &mut model)?;
        let longer = vec![weight([0.0, 0.0]), Parameter::new(tensor![1.0, 2.0, 3.0])];
        let refused = |error: Error, line: u32, expected: &str| {
            let text = error.to_string();
            assert!(text.starts_with(expected), "{text}");
            assert!(text.ends_with(&format!(":{line})")), "{text}");
        };
        let (line, error) = (line!(), adam.move_states(&model, &longer).unwrap_err());
        let text = "parameter 1: adam: shapes differ: expected [3], got [2] (at ";
        refused(error, line, text);
        let (line, error) = (line!(), adam.move_states(&model, &longer[0]).unwrap_err());
        refused(
            error,
            line,
            "adam: parameter 0 has a state, and the model to move it to has no parameter",
        );
        assert_eq!(steps(&adam, &model), [Some(1), Some(1)]);
        let mut other = pair();
        step(&mut adam, &mut other)?;
        drop((model, other));
        let (line, error) = (line!(), adam.adopt(&longer).unwrap_err());
        refused(
            error,
            line,
            "adam: parameter 0 would get the states of two parameters that are gone",
        );
        adam.forget_gone();
        let mut model = pair();
        step(&mut adam, &mut model)?;
        drop(model);
        let (line, error) = (line!(), adam.adopt(&longer).unwrap_err());
        refused(error, line, text);
        assert_eq!(adam.state_count(), 2);
        Ok(())
    }
}
