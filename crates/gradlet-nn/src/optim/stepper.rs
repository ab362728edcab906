//! [`Stepper`]: an optimizer of any [`Rule`], and the walk over a model's parameters.

use gradlet_autograd::Gradients;
use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor};

use super::Optimizer;
use super::rule::{Pass, Rule};
use super::state::States;
use crate::module::{Module, Path};
use crate::parameter::AnyParameter;
use crate::require::amount;

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

/// An optimizer that moves each parameter as its [`Rule`] says: [`Sgd`](super::Sgd), [`Adam`](super::Adam) and
/// [`RmsProp`](super::RmsProp) are names for it.
///
/// The tensors that a rule keeps of a parameter are kept under the parameter's id. A step changes every parameter that
/// is not frozen, each in one pass, or none. Parameters that are still held elsewhere are copied first: see
/// [`Stepper::copies`].
#[derive(Clone, Debug)]
pub struct Stepper<R: Rule, T: Float = f32> {
    pub(super) rule: R,
    learning_rate: f64,
    allow_missing_gradients: bool,
    copies: Copies,
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
            copies: Copies::default(),
            states: States::new(),
        }
    }

    /// Lets [`Stepper::step`] leave parameters without a gradient as they are, instead of returning an error.
    pub fn allow_missing_gradients(mut self) -> Self {
        self.allow_missing_gradients = true;
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

    /// The parameters that steps have copied so far because they were still held elsewhere.
    pub fn copies(&self) -> Copies {
        self.copies
    }

    /// Changes every parameter of `model` that is not frozen, by its gradient.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or a parameter has no gradient, or its shape or element type is not that of its
    /// gradient. Nothing is changed then.
    #[track_caller]
    pub fn step(&mut self, model: &mut (impl Module + ?Sized), grads: &Gradients<T>) -> Result<()> {
        amount::<T>(R::NAME, "learning_rate", self.learning_rate)?;
        self.rule.check::<T>()?;
        let mut refused = None;
        model.visit_parameters(&mut |path, parameter| {
            if refused.is_none() {
                refused = self.refuse(path, parameter, grads);
            }
            Ok(())
        })?;
        // Made here and not in the closure, so that it names the caller's line.
        if let Some((kind, path)) = refused {
            let named = !matches!(kind, ErrorKind::ShapeMismatch { .. });
            let error = Error::new(kind);
            return Err(if named {
                error
            } else {
                error.within(|_| format!("parameter {path}: "))
            });
        }
        let mut latest = None;
        model.visit_parameters_mut(&mut |_, parameter| {
            let (id, frozen) = (parameter.id(), parameter.is_frozen());
            let Some((parameter, g)) = parameter.downcast_mut::<T>().zip(grads.get(id)) else {
                return Ok(());
            };
            if frozen {
                return Ok(());
            }
            let p = parameter.tensor_mut();
            if !p.is_unshared() {
                self.copies.parameters += 1;
                self.copies.bytes += p.size_bytes() as u64;
            }
            self.rule.update(Pass {
                rule: &self.rule,
                learning_rate: self.learning_rate,
                latest: &mut latest,
                states: &mut self.states,
                id,
                p,
                g,
            })
        })
    }

    /// The reason that this parameter cannot be updated, with its path.
    #[inline]
    fn refuse(
        &self,
        path: &Path<'_>,
        parameter: &dyn AnyParameter,
        grads: &Gradients<T>,
    ) -> Option<(ErrorKind, String)> {
        if parameter.is_frozen() {
            return None;
        }
        let (op, id) = (R::NAME, parameter.id());
        let Some(parameter) = parameter.downcast_ref::<T>() else {
            let (path, expected) = (path.to_string(), T::NAME);
            return Some((ErrorKind::ElementType { op, path, expected }, String::new()));
        };
        let Some(g) = grads.get(id) else {
            if self.allow_missing_gradients {
                return None;
            }
            let path = path.to_string();
            return Some((ErrorKind::MissingGradient { op, path }, String::new()));
        };
        let expected = *parameter.tensor().shape();
        let other = |tensor: &Tensor<T>| Some(*tensor.shape()).filter(|found| *found != expected);
        // A parameter whose tensor was replaced by one of a different shape no longer fits its state.
        let of_state = || self.states.get(id)?.tensors.iter().find_map(other);
        let found = other(g).or_else(of_state)?;
        Some((
            ErrorKind::ShapeMismatch {
                op,
                expected,
                found,
            },
            path.to_string(),
        ))
    }
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

    fn copies(&self) -> Copies {
        self.copies()
    }
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::Var;
    use gradlet_tensor::tensor;

    use super::*;
    use crate::optim::{Adam, Optimizer, Sgd};
    use crate::parameter::Parameter;

    fn weight(values: [f32; 2]) -> Parameter {
        Parameter::new(Tensor::from_slice(values, 2).unwrap())
    }

    /// Gradients of `factor` for each element of the parameters.
    fn gradients(parameters: &[&Parameter], factor: f32) -> Gradients {
        let mut all = Gradients::default();
        for parameter in parameters {
            let loss = parameter.leaf().mul_scalar(factor).sum(..).unwrap();
            all.add(&loss.backward().unwrap()).unwrap();
        }
        all
    }

    fn optimizers() -> [Box<dyn Optimizer>; 3] {
        [
            Box::new(Sgd::new(0.5)),
            Box::new(Sgd::new(0.5).momentum(0.5)),
            Box::new(Adam::new(0.5)),
        ]
    }

    #[test]
    fn a_step_without_a_gradient_names_the_parameter_and_the_line_and_changes_nothing() {
        for mut optimizer in optimizers() {
            let mut model = vec![
                (weight([1.0, 2.0]), weight([3.0, 4.0])),
                (weight([5.0, 6.0]), weight([7.0, 8.0])),
            ];
            let grads = gradients(&[&model[0].0, &model[0].1, &model[1].1], 1.0);
            let error = optimizer.step(&mut model, &grads).unwrap_err();
            let (text, line) = (error.to_string(), line!() - 1);
            assert!(
                text.contains(
                    "parameter 1.0 got no gradient; freeze it, or allow missing gradients"
                ),
                "{text}"
            );
            assert_eq!(
                (error.location().file(), error.location().line()),
                (file!(), line)
            );
            assert!(
                matches!(error.kind(), ErrorKind::MissingGradient { path, .. } if path == "1.0")
            );
            assert_eq!(model[0].0.tensor().to_vec(), [1.0, 2.0]);
            assert_eq!(model[1].1.tensor().to_vec(), [7.0, 8.0]);
        }
    }

    #[test]
    fn missing_gradients_can_be_allowed() -> Result<()> {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let grads = gradients(&[&pair.1], 2.0);
        Sgd::new(0.5)
            .allow_missing_gradients()
            .step(&mut pair, &grads)?;
        assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
        assert_eq!(pair.1.tensor().to_vec(), [2.0, 3.0]);
        Ok(())
    }

    #[test]
    fn frozen_parameters_stay_with_and_without_a_gradient() -> Result<()> {
        for mut optimizer in optimizers() {
            let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
            let grads = gradients(&[&pair.0, &pair.1], 1.0);
            pair.0.freeze();
            optimizer.step(&mut pair, &grads)?;
            let grads = gradients(&[&pair.1], 1.0);
            optimizer.step(&mut pair, &grads)?;
            assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
            assert!(
                pair.1
                    .tensor()
                    .iter()
                    .zip([3.0, 4.0])
                    .all(|(now, before)| now < before)
            );
        }
        Ok(())
    }

    #[test]
    fn a_parameter_of_another_element_type_is_refused_by_name_unless_frozen() -> Result<()> {
        for mut optimizer in optimizers() {
            let mut pair = (weight([1.0, 2.0]), Parameter::new(Tensor::scalar(1.0f64)));
            let grads = gradients(&[&pair.0], 1.0);
            let error = optimizer.step(&mut pair, &grads).unwrap_err();
            let expected = |path: &str, kind| path == "1" && kind == "f32";
            assert!(
                matches!(error.kind(), ErrorKind::ElementType { path, expected: kind, .. } if expected(path, *kind))
            );
            assert_eq!(pair.0.tensor().to_vec(), [1.0, 2.0]);
            pair.1.freeze();
            optimizer.step(&mut pair, &grads)?;
            assert_ne!(pair.0.tensor().to_vec(), [1.0, 2.0]);
        }
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused_by_name() -> Result<()> {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let mut sgd = Sgd::new(0.5).momentum(0.5);
        let grads = gradients(&[&pair.0, &pair.1], 1.0);
        sgd.step(&mut pair, &grads)?;
        // A wider tensor under the same id: first its gradient does not fit, then its velocity.
        *pair.1.tensor_mut() = tensor![1.0, 2.0, 3.0];
        for grads in [grads, gradients(&[&pair.0, &pair.1], 1.0)] {
            let text = sgd.step(&mut pair, &grads).unwrap_err().to_string();
            assert!(
                text.starts_with("parameter 1: sgd: shapes differ: expected [3], got [2] (at "),
                "{text}"
            );
        }
        assert_eq!(pair.0.tensor().to_vec(), [0.5, 1.5]);
        Ok(())
    }

    #[test]
    fn velocity_follows_the_parameter_when_the_model_is_rearranged() -> Result<()> {
        let mut model = vec![weight([0.0, 0.0]), weight([0.0, 0.0])];
        let mut sgd = Sgd::new(1.0).momentum(0.5);
        let mut grads = gradients(&[&model[0]], 8.0);
        grads.add(&gradients(&[&model[1]], 2.0))?;
        sgd.step(&mut model, &grads)?;
        // Newer and older ids out of order, a newcomer in front, a copy that starts afresh at the end.
        model.swap(0, 1);
        model.insert(0, weight([0.0, 0.0]));
        model.push(model[2].clone());
        let all: Vec<_> = model.iter().collect();
        let grads = gradients(&all, 0.0);
        sgd.step(&mut model, &grads)?;
        let values: Vec<_> = model.iter().map(|p| p.tensor().to_vec()[0]).collect();
        assert_eq!(values, [0.0, -3.0, -12.0, -8.0]);
        Ok(())
    }

    #[test]
    fn copies_are_counted_and_leave_what_was_held_as_it_was() -> Result<()> {
        let mut pair = (weight([1.0, 2.0]), weight([3.0, 4.0]));
        let mut sgd = Sgd::new(0.5).momentum(0.5);
        for _ in 0..3 {
            let grads = gradients(&[&pair.0, &pair.1], 1.0);
            sgd.step(&mut pair, &grads)?;
        }
        assert_eq!(sgd.copies(), Copies::default());

        let (before, kept) = (
            pair.0.tensor().to_vec(),
            &pair.0.leaf() * &Var::constant(tensor![1.0, 1.0]),
        );
        let square = pair.0.leaf().powi(2);
        let grads = gradients(&[&pair.0, &pair.1], 1.0);
        sgd.step(&mut pair, &grads)?;
        assert_eq!(
            sgd.copies(),
            Copies {
                parameters: 1,
                bytes: 8
            }
        );
        // The kept graph still differentiates at the old weights.
        let g = square.sum(..)?.backward()?;
        let twice: Vec<_> = before.iter().map(|x| 2.0 * x).collect();
        assert_eq!(g.get(pair.0.id()).map(Tensor::to_vec), Some(twice));
        drop(kept);
        sgd.step(&mut pair, &grads)?;
        assert_eq!(sgd.copies().parameters, 1);
        Ok(())
    }

    #[test]
    fn debugging_prints_settings_and_no_numbers_of_states() {
        let mut sgd = Sgd::new(0.5).momentum(0.5);
        let mut w = weight([123.0, 2.0]);
        let grads = gradients(&[&w], 1.0);
        sgd.step(&mut w, &grads).unwrap();
        let text = format!("{sgd:?}");
        assert!(
            text.contains("momentum: 0.5") && text.contains("States of 1 parameters"),
            "{text}"
        );
    }
}
