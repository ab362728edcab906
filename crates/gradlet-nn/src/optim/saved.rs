//! The state of an optimizer, by the paths of a model's parameters.

use gradlet_tensor::{Float, Result};

use super::state::{Entry, States};
use super::{Rule, Stepper};
use crate::module::Module;
use crate::parameter::Parameter;
use crate::state::{Misfit, State};

const RATE: &str = "learning_rate";
const MOMENTUM: &str = "momentum";
const STEP: &str = "step";

impl<R: Rule, T: Float> Stepper<R, T> {
    /// All that training changes: the learning rate, the momentum if the rule has one (`momentum`, or `beta1`), and for
    /// each parameter of `model` that was updated, its number of updates and the tensors that are kept for it.
    ///
    /// Paths are those of the parameters with PyTorch's names behind them, such as `hidden.weight.exp_avg` and
    /// `hidden.weight.step`. Nothing is copied until the next step. All other settings are those of the program.
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
    /// let state = optimizer.state(&weight);
    /// let paths: Vec<_> = state.paths().collect();
    /// assert_eq!(paths, ["learning_rate", "momentum", "step", "exp_avg", "exp_avg_sq"]);
    /// assert_eq!(state.get("exp_avg")?, &tensor![0.1]);
    ///
    /// // In a different process, it goes to the parameters at the same paths.
    /// let (weight, mut optimizer) = (Parameter::new(tensor![2.0]), Adam::<f32>::new(0.5));
    /// optimizer.load_state(&weight, &state)?;
    /// assert_eq!((optimizer.state(&weight), optimizer.learning_rate()), (state, 0.1));
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    pub fn state(&self, model: &dyn Module) -> State {
        let mut state = self.settings();
        for (path, parameter) in model.named_parameters() {
            let Some(entry) = self.states.get(parameter.id()) else {
                continue;
            };
            state.insert_number(&of(&path, STEP), entry.steps as i64);
            for (name, tensor) in entry.names.iter().zip(&entry.tensors) {
                state.insert(of(&path, name), tensor.clone());
            }
        }
        state
    }

    /// Takes a state over: that of an optimizer of the same rule, for a model with the same paths. Parameters of `model`
    /// that are not in it are as before their first step.
    ///
    /// # Errors
    ///
    /// If a parameter's tensors are not all that this optimizer keeps, or have a different shape or element type, or the
    /// state has paths of no parameter. The error names all of these, and nothing is changed.
    #[track_caller]
    pub fn load_state(&mut self, model: &dyn Module, state: &State) -> Result<()> {
        let (mut expected, mut entries) = (self.settings(), Vec::new());
        let mut parameters = States::<T>::blank(model);
        parameters.retain(|(entry, parameter)| {
            let names = self.kept(&entry.path, *parameter);
            let all = names.iter().chain(&[STEP]);
            let known = all
                .clone()
                .any(|name| state.any(&of(&entry.path, name)).is_some());
            if known && !names.is_empty() {
                expect(&mut expected, entry, names, parameter);
            }
            known && !names.is_empty()
        });
        let mut misfit = Misfit::of(&expected, state);
        for (mut entry, parameter) in parameters {
            entry.names = self.kept(&entry.path, parameter);
            let tensors = entry
                .names
                .iter()
                .map(|name| state.any(&of(&entry.path, name))?.get().cloned());
            entry.tensors = tensors.collect::<Option<_>>().unwrap_or_default();
            let path = of(&entry.path, STEP);
            entry.steps = state.count(&path, &mut misfit);
            entries.push(entry);
        }
        misfit.refuse(R::NAME)?;
        self.forget(model);
        entries.into_iter().for_each(|entry| self.states.set(entry));
        self.learning_rate = state.number(RATE).unwrap_or(self.learning_rate);
        if let Some((momentum, saved)) = self.rule.momentum_mut().zip(state.number(MOMENTUM)) {
            *momentum = saved;
        }
        Ok(())
    }

    /// The settings that schedules change.
    fn settings(&self) -> State {
        let mut state = State::new();
        state.insert_number(RATE, self.learning_rate);
        if let Some(momentum) = self.rule.clone().momentum_mut() {
            state.insert_number(MOMENTUM, *momentum);
        }
        state
    }
}

/// Puts what a parameter's state must have, in element type and shape, into `expected`.
fn expect<T: Float>(
    expected: &mut State,
    entry: &Entry<T>,
    names: &[&str],
    parameter: &Parameter<T>,
) {
    expected.insert_number(&of(&entry.path, STEP), 0i64);
    for name in names {
        expected.insert(of(&entry.path, name), parameter.tensor().clone());
    }
}

/// The path of what is kept under this name for the parameter at `path`, which is empty if it is the model itself.
fn of(path: &str, name: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{name}")
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::{ErrorKind, Tensor, tensor};

    use super::super::tests::{gradients, weight};
    use super::super::*;
    use super::*;

    type Net = Vec<Parameter>;

    /// Every optimizer, with all that it can keep.
    fn optimizers() -> Vec<Box<dyn Optimizer>> {
        vec![
            Box::new(Sgd::new(0.1).momentum(0.5)),
            Box::new(Sgd::new(0.1)),
            Box::new(Adam::new(0.1).amsgrad(true)),
            Box::new(AdamW::new(0.1)),
            Box::new(RmsProp::new(0.1).centered(true).momentum(0.5)),
            Box::new(Adagrad::new(0.1)),
            Box::new(Adadelta::new(0.1)),
            Box::new(Adamax::new(0.1)),
            Box::new(NAdam::new(0.1)),
            Box::new(RAdam::new(0.1)),
        ]
    }

    fn net() -> Net {
        vec![weight([1.0, 2.0]), weight([3.0, 4.0]), weight([5.0, 6.0])]
    }

    fn step(optimizer: &mut dyn Optimizer, net: &mut Net, g: f32) -> Result<()> {
        let all: Vec<_> = net.iter().filter(|p| !p.is_frozen()).collect();
        let grads = gradients(&all, g);
        optimizer.step(net, &grads)
    }

    #[test]
    fn every_optimizer_goes_on_to_the_same_bits() -> Result<()> {
        for (mut first, mut second) in optimizers().into_iter().zip(optimizers()) {
            let mut net = net();
            let before = first.state(&net);
            for g in [1.0, -0.5, 2.0] {
                step(&mut *first, &mut net, g)?;
            }
            first.set_learning_rate(0.05);
            let _ = first.set_momentum(0.75);
            let (state, mut copy) = (first.state(&net), net.clone());
            second.load_state(&copy, &state)?;
            assert_eq!(second.state(&copy), state);
            for g in [0.5, -1.0, 0.25] {
                step(&mut *first, &mut net, g)?;
                step(&mut *second, &mut copy, g)?;
            }
            let tensors = |net: &Net| net.iter().map(|p| p.tensor().clone()).collect::<Vec<_>>();
            assert_eq!(tensors(&net), tensors(&copy), "{second:?}");
            assert_eq!(first.state(&net), second.state(&copy));
            // That of the beginning takes everything back.
            second.load_state(&copy, &before)?;
            assert_eq!((second.state(&copy), second.state_count()), (before, 0));
        }
        Ok(())
    }

    #[test]
    fn parameters_without_an_update_are_not_in_it_and_other_models_stay() -> Result<()> {
        let (mut adam, mut first, mut second) = (Adam::new(0.5), net(), net());
        first[1].freeze();
        step(&mut adam, &mut first, 1.0)?;
        step(&mut adam, &mut second, 2.0)?;
        let state = adam.state(&first);
        assert_eq!(
            state.paths().collect::<Vec<_>>()[2..],
            [
                "0.step",
                "0.exp_avg",
                "0.exp_avg_sq",
                "2.step",
                "2.exp_avg",
                "2.exp_avg_sq"
            ]
        );
        assert_eq!(state.number::<i64>("2.step"), Some(1));
        let other = adam.state(&second);
        step(&mut adam, &mut first, 1.0)?;
        adam.load_state(&first, &state)?;
        assert_eq!((adam.state(&first), adam.state(&second)), (state, other));
        Ok(())
    }

    #[test]
    fn everything_that_does_not_fit_is_named_and_nothing_changes() -> Result<()> {
        let (mut adam, mut net) = (Adam::new(0.5), net());
        step(&mut adam, &mut net, 1.0)?;
        let before = adam.state(&net);
        let mut state = before.renamed(|path| (path != "0.step").then(|| path.to_owned()))?;
        state.insert("1.step", Tensor::scalar(-3i64));
        state.insert("1.exp_avg", tensor![1.0, 2.0, 3.0]);
        state.insert("2.exp_avg", tensor![f64; 1.0, 2.0]);
        state.insert("2.momentum_buffer", tensor![1.0, 2.0]);
        state.insert("learning_rate", tensor![0.5]);
        let (line, error) = (line!(), adam.load_state(&net, &state).unwrap_err());
        let expected = format!(
            "adam: the state does not fit: it lacks 0.step; it should not have 2.momentum_buffer; different are \
             learning_rate (expected f64 [], got f32 [1]), 1.exp_avg (expected f32 [2], got f32 [3]), 2.exp_avg (expected \
             f32 [2], got f64 [2]), 1.step (is negative) (at {}:{line})",
            file!()
        );
        assert_eq!(error.to_string(), expected);
        assert!(matches!(error.kind(), ErrorKind::StateMismatch { .. }));
        assert_eq!(adam.state(&net), before);
        let mut sgd: Sgd = Sgd::new(0.1).momentum(0.5);
        assert!(sgd.load_state(&net, &before).is_err());
        assert_eq!(sgd.state_count(), 0);
        Ok(())
    }
}
