//! `Sgd`: gradient descent with momentum.

use gradlet_autograd::Gradients;
use gradlet_tensor::{Float, Result, fused};

use super::stepper::Stepper;
use super::{Copies, Optimizer};
use crate::module::Module;
use crate::require::require;

const OP: &str = "sgd";

/// Gradient descent with momentum, dampening, Nesterov's variant and weight decay.
///
/// ```text
/// d = g + weight_decay * p
/// v = momentum * v + (1 - dampening) * d      the first time: v = d
/// p = p - learning_rate * v                   Nesterov: d + momentum * v in place of v;  without momentum: d
/// ```
///
/// The velocity `v` is kept under the parameter's id. A step changes every parameter that is not frozen, each in one
/// pass, or none. Parameters that something else still holds are copied first: see [`Sgd::copies`].
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Sgd};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, 2.0]);
/// let mut optimizer = Sgd::new(0.25).momentum(0.9);
/// let grads = weight.var().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert_eq!(weight.tensor().to_vec(), [0.5, 1.0]);
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.SGD`; I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
#[derive(Clone, Debug)]
pub struct Sgd<T: Float = f32> {
    learning_rate: f64,
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    weight_decay: f64,
    stepper: Stepper<T, 1>,
}

impl<T: Float> Sgd<T> {
    /// Plain gradient descent. A setting out of range is an error of [`Sgd::step`].
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            stepper: Stepper::new(OP),
        }
    }

    /// The share of the velocity that a step keeps, in `[0, 1)`.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The share of a gradient that the velocity does not take up, from the second step on.
    pub fn dampening(self, dampening: f64) -> Self {
        Self { dampening, ..self }
    }

    /// Whether a step looks ahead along the velocity; needs momentum and no dampening.
    pub fn nesterov(self, nesterov: bool) -> Self {
        Self { nesterov, ..self }
    }

    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self {
            weight_decay,
            ..self
        }
    }

    /// Leaves parameters without a gradient, and their velocity, as they are, where [`Sgd::step`] would refuse.
    pub fn allow_missing_gradients(mut self) -> Self {
        self.stepper.allow_missing = true;
        self
    }

    /// The factor of a step.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Sets the factor of the steps to come; a negative or infinite one or NaN is an error of the next step.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// What steps had to copy so far because something else still held it.
    pub fn copies(&self) -> Copies {
        self.stepper.copies
    }

    /// Changes every parameter of `model` that is not frozen, by its gradient.
    ///
    /// # Errors
    ///
    /// A setting out of range, or a parameter without gradient, of another shape than its gradient or of another
    /// element type. Nothing is changed then.
    #[track_caller]
    pub fn step(&mut self, model: &mut (impl Module + ?Sized), grads: &Gradients<T>) -> Result<()> {
        self.check()?;
        let [rate, momentum, take, decay] = [
            self.learning_rate,
            self.momentum,
            1.0 - self.dampening,
            self.weight_decay,
        ]
        .map(T::of);
        let (zero, nesterov) = (T::of(0.0), self.nesterov);
        // Without weight decay a parameter is not read at all: 0 times infinity would be NaN.
        let decayed = move |p: T, g: T| if decay == zero { g } else { g + decay * p };
        if self.momentum == 0.0 {
            return self.stepper.step(model, grads, |_, _, p, g| {
                fused::update([p], g, |[p], g| [p - rate * decayed(p, g)])
            });
        }
        self.stepper.step(model, grads, |states, id, p, g| {
            let state = states.of(id, p);
            let first = state.steps == 0;
            state.steps += 1;
            let [v] = &mut state.tensors;
            fused::update([p, v], g, |[p, v], g| {
                let d = decayed(p, g);
                let v = if first { d } else { momentum * v + take * d };
                let direction = if nesterov { d + momentum * v } else { v };
                [p - rate * direction, v]
            })
        })
    }

    #[track_caller]
    #[inline]
    fn check(&self) -> Result<()> {
        let Self {
            learning_rate,
            momentum,
            dampening,
            nesterov,
            weight_decay,
            ..
        } = *self;
        let amount = |x: f64| x.is_finite() && x >= 0.0;
        let (finite, plain) = ("finite and not negative", !nesterov);
        require(
            amount(learning_rate),
            OP,
            "learning_rate",
            finite,
            learning_rate,
        )?;
        require(
            (0.0..1.0).contains(&momentum),
            OP,
            "momentum",
            "in [0, 1)",
            momentum,
        )?;
        require(dampening.is_finite(), OP, "dampening", "finite", dampening)?;
        require(
            amount(weight_decay),
            OP,
            "weight_decay",
            finite,
            weight_decay,
        )?;
        require(
            plain || momentum > 0.0,
            OP,
            "momentum",
            "positive with nesterov",
            momentum,
        )?;
        require(
            plain || dampening == 0.0,
            OP,
            "dampening",
            "0 with nesterov",
            dampening,
        )
    }
}

impl<T: Float> Optimizer<T> for Sgd<T> {
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
    use gradlet_tensor::{ErrorKind, Tensor, tensor};

    use super::*;
    use crate::parameter::Parameter;

    /// The weight after steps with these gradients. Numbers are sums of powers of two: exact.
    fn after(mut sgd: Sgd, start: f32, gradients: &[f32]) -> Result<Vec<f32>> {
        let mut weight = Parameter::new(tensor![start]);
        let mut seen = Vec::new();
        for &g in gradients {
            let grads = weight.var().mul_scalar(g).sum(..)?.backward()?;
            sgd.step(&mut weight, &grads)?;
            seen.push(weight.tensor().item()?);
        }
        Ok(seen)
    }

    #[test]
    fn plain_descent_goes_against_the_gradient() -> Result<()> {
        assert_eq!(after(Sgd::new(0.5), 1.0, &[2.0, -4.0])?, [0.0, 2.0]);
        assert_eq!(after(Sgd::new(0.0), 1.0, &[2.0])?, [1.0]);
        Ok(())
    }

    /// v = 2, then 0.5 * 2 - 4 = -3, then 0.5 * -3 = -1.5.
    #[test]
    fn momentum_keeps_a_share_of_the_velocity() -> Result<()> {
        let seen = after(Sgd::new(0.5).momentum(0.5), 1.0, &[2.0, -4.0, 0.0])?;
        assert_eq!(seen, [0.0, 1.5, 2.25]);
        Ok(())
    }

    /// v = 2 without dampening, then 0.5 * 2 + 0.25 * -4 = 0, then 0.25 * 8 = 2.
    #[test]
    fn dampening_spares_the_first_gradient() -> Result<()> {
        let sgd = Sgd::new(0.5).momentum(0.5).dampening(0.75);
        assert_eq!(after(sgd, 1.0, &[2.0, -4.0, 8.0])?, [0.0, 0.0, -1.0]);
        Ok(())
    }

    /// v = 2, then -3; directions 2 + 0.5 * 2 = 3 and -4 + 0.5 * -3 = -5.5.
    #[test]
    fn nesterov_looks_ahead_along_the_velocity() -> Result<()> {
        let sgd = Sgd::new(0.5).momentum(0.5).nesterov(true);
        assert_eq!(after(sgd, 1.0, &[2.0, -4.0])?, [-0.5, 2.25]);
        Ok(())
    }

    /// d = 2 + 0.5 * 1 = 2.5, p = -0.25; d = 0 + 0.5 * -0.25 = -0.125, and v = 0.5 * 2.5 - 0.125 = 1.125.
    #[test]
    fn weight_decay_is_part_of_the_gradient_and_enters_the_velocity() -> Result<()> {
        let sgd = Sgd::new(0.5).weight_decay(0.5);
        assert_eq!(after(sgd, 1.0, &[2.0, 0.0])?, [-0.25, -0.1875]);
        let sgd = Sgd::new(0.5).weight_decay(0.5).momentum(0.5);
        assert_eq!(after(sgd, 1.0, &[2.0, 0.0])?, [-0.25, -0.8125]);
        Ok(())
    }

    #[test]
    fn a_new_learning_rate_holds_from_the_next_step_on() -> Result<()> {
        let mut weight = Parameter::new(tensor![0.0]);
        let mut sgd = Sgd::new(1.0);
        let grads = weight.var().sum(..)?.backward()?;
        sgd.step(&mut weight, &grads)?;
        sgd.set_learning_rate(0.25);
        sgd.step(&mut weight, &grads)?;
        assert_eq!(
            (sgd.learning_rate(), weight.tensor().item()?),
            (0.25, -1.25)
        );
        Ok(())
    }

    #[test]
    fn f64_follows_from_the_gradients() -> Result<()> {
        let mut weight = Parameter::new(Tensor::scalar(1.0f64));
        let grads = weight.var().sum(..)?.backward()?;
        Sgd::new(0.1).step(&mut weight, &grads)?;
        assert_eq!(weight.tensor().item()?, 0.9f64);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        for (sgd, name) in [
            (Sgd::new(-0.1), "learning_rate"),
            (Sgd::new(f64::NAN), "learning_rate"),
            (Sgd::new(0.1).momentum(1.0), "momentum"),
            (Sgd::new(0.1).momentum(-0.5), "momentum"),
            (Sgd::new(0.1).momentum(0.5).dampening(f64::NAN), "dampening"),
            (Sgd::new(0.1).weight_decay(-1.0), "weight_decay"),
            (Sgd::new(0.1).nesterov(true), "momentum"),
            (
                Sgd::new(0.1).momentum(0.5).dampening(0.5).nesterov(true),
                "dampening",
            ),
        ] {
            let (mut sgd, mut weight) = (sgd, Parameter::new(tensor![1.0]));
            let grads = weight.var().sum(..).and_then(Var::backward).unwrap();
            let error = sgd.step(&mut weight, &grads).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { op: "sgd", name: found, .. } if *found == name),
                "{error}"
            );
            assert_eq!(weight.tensor().to_vec(), [1.0]);
        }
    }
}
