//! `Adam`: steps scaled by running means of the gradient and of its square.

use gradlet_autograd::Gradients;
use gradlet_tensor::{Float, Result, fused};

use super::stepper::Stepper;
use super::{Copies, Optimizer};
use crate::module::Module;
use crate::require::require;

const OP: &str = "adam";

/// The authors' share of the running mean that a step keeps, for the gradient and for its square.
const BETAS: (f64, f64) = (0.9, 0.999);

/// The authors' lower bound of what a step is divided by.
const EPS: f64 = 1e-8;

/// Gradient descent scaled by running means of each gradient and of its square, with bias correction.
///
/// ```text
/// d = g + weight_decay * p
/// m = beta1 * m + (1 - beta1) * d
/// s = beta2 * s + (1 - beta2) * d^2
/// p = p - learning_rate / (1 - beta1^t) * m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
/// ```
///
/// `m`, `s` and the number `t` of updates are kept under the parameter's id. A step changes every parameter that is not
/// frozen, each in one pass, or none. Parameters that something else still holds are copied first: see
/// [`Adam::copies`].
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Adam};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Adam::new(0.25);
/// let grads = weight.var().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// // However large a gradient is, the first step has the size of the learning rate.
/// assert!(weight.tensor().allclose(&tensor![0.75, -0.75], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.Adam`; D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
#[derive(Clone, Debug)]
pub struct Adam<T: Float = f32> {
    settings: Settings,
    stepper: Stepper<T, 2>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    learning_rate: f64,
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
}

/// The factors of one update, the same for all parameters that were updated equally often.
#[derive(Clone, Copy)]
struct Factors<T> {
    /// `1 - beta1`
    take: T,
    beta2: T,
    /// `1 - beta2`
    take2: T,
    /// `learning_rate / (1 - beta1^t)`
    rate: T,
    /// `sqrt(1 - beta2^t)`
    root: T,
    eps: T,
    decay: T,
}

impl<T: Float> Factors<T> {
    /// One element's parameter and running means after gradient `g`.
    #[inline]
    fn update(self, [p, m, s]: [T; 3], g: T) -> [T; 3] {
        let Self {
            take,
            beta2,
            take2,
            rate,
            root,
            eps,
            decay,
        } = self;
        let (one, half) = (T::of(1.0), T::of(0.5));
        // Without weight decay a parameter is not read at all: 0 times infinity would be NaN.
        let d = if decay == T::of(0.0) {
            g
        } else {
            g + decay * p
        };
        // Counted from the nearer end, as PyTorch's lerp does.
        let m = if take < half {
            m + take * (d - m)
        } else {
            d - (d - m) * (one - take)
        };
        let s = beta2 * s + take2 * d * d;
        let scale = s.sqrt() / root + eps;
        [p - rate * m / scale, m, s]
    }
}

impl Settings {
    #[track_caller]
    #[inline]
    fn check(self) -> Result<()> {
        let Self {
            learning_rate,
            betas,
            eps,
            weight_decay,
        } = self;
        let (amount, finite) = (
            |x: f64| x.is_finite() && x >= 0.0,
            "finite and not negative",
        );
        let (share, range) = (|x: f64| (0.0..1.0).contains(&x), "in [0, 1)");
        require(
            amount(learning_rate),
            OP,
            "learning_rate",
            finite,
            learning_rate,
        )?;
        require(share(betas.0), OP, "beta1", range, betas.0)?;
        require(share(betas.1), OP, "beta2", range, betas.1)?;
        require(amount(eps), OP, "eps", finite, eps)?;
        require(
            amount(weight_decay),
            OP,
            "weight_decay",
            finite,
            weight_decay,
        )
    }

    /// The factors of a parameter's update number `t`, from 1.
    fn factors<T: Float>(self, t: u64) -> Factors<T> {
        let Self {
            learning_rate,
            betas: (beta1, beta2),
            eps,
            weight_decay,
        } = self;
        let t = t as f64;
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            take2: T::of(1.0 - beta2),
            rate: T::of(learning_rate / (1.0 - beta1.powf(t))),
            root: T::of((1.0 - beta2.powf(t)).sqrt()),
            eps: T::of(eps),
            decay: T::of(weight_decay),
        }
    }
}

impl<T: Float> Adam<T> {
    /// Adam with betas (0.9, 0.999), eps 1e-8 and no weight decay. A setting out of range is an error of
    /// [`Adam::step`].
    pub fn new(learning_rate: f64) -> Self {
        let settings = Settings {
            learning_rate,
            betas: BETAS,
            eps: EPS,
            weight_decay: 0.0,
        };
        Self {
            settings,
            stepper: Stepper::new(OP),
        }
    }

    /// The shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.settings.betas = (beta1, beta2);
        self
    }

    /// What is added to the root that a step is divided by, not negative.
    pub fn eps(mut self, eps: f64) -> Self {
        self.settings.eps = eps;
        self
    }

    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.settings.weight_decay = weight_decay;
        self
    }

    /// Leaves parameters without a gradient, and their state, as they are, where [`Adam::step`] would refuse.
    pub fn allow_missing_gradients(mut self) -> Self {
        self.stepper.allow_missing = true;
        self
    }

    /// The factor of a step.
    pub fn learning_rate(&self) -> f64 {
        self.settings.learning_rate
    }

    /// Sets the factor of the steps to come; a negative or infinite one or NaN is an error of the next step.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.settings.learning_rate = learning_rate;
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
        let settings = self.settings;
        settings.check()?;
        let mut latest: Option<(u64, Factors<T>)> = None;
        self.stepper.step(model, grads, |states, id, p, g| {
            let state = states.of(id, p);
            state.steps += 1;
            let factors = match latest {
                // Powers are dear, and most often all parameters have the same ones.
                Some((t, factors)) if t == state.steps => factors,
                _ => settings.factors(state.steps),
            };
            latest = Some((state.steps, factors));
            let [m, s] = &mut state.tensors;
            fused::update([p, m, s], g, |old, g| factors.update(old, g))
        })
    }
}

impl<T: Float> Optimizer<T> for Adam<T> {
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

    /// Gradients that are `values` at each element of `weight`.
    fn gradients(weight: &Parameter<f64>, values: &[f64]) -> Gradients<f64> {
        let values = Tensor::from_vec(values, weight.shape()).unwrap();
        let loss = &weight.var() * &Var::constant(values);
        loss.sum(..).unwrap().backward().unwrap()
    }

    fn weight(values: &[f64]) -> Parameter<f64> {
        Parameter::new(Tensor::from_vec(values, values.len()).unwrap())
    }

    fn is_close(weight: &Parameter<f64>, expected: &[f64]) {
        let expected = Tensor::from_vec(expected, expected.len()).unwrap();
        // A few roundings in f64.
        assert!(
            weight.tensor().allclose(&expected, 1e-14, 1e-14),
            "{weight:?} {}",
            weight.tensor()
        );
    }

    /// Betas of 1/2 and 3/4: after gradients 2 and -2,
    /// step 1: m = 1, s = 1, corrected 1 / 0.5 = 2 and 1 / 0.25 = 4, so p = 1 - 0.5 * 2 / 2;
    /// step 2: m = -0.5, s = 1.75, corrected -2/3 and 4, so p = 0.5 + 0.5 * (2/3) / 2.
    #[test]
    fn two_steps_by_hand() -> Result<()> {
        let mut w = weight(&[1.0]);
        let mut adam = Adam::new(0.5).betas(0.5, 0.75).eps(0.0);
        for (g, expected) in [(2.0, 0.5), (-2.0, 0.5 + 1.0 / 6.0)] {
            let grads = gradients(&w, &[g]);
            adam.step(&mut w, &grads)?;
            is_close(&w, &[expected]);
        }
        Ok(())
    }

    /// The first step divides the gradient d by |d| + eps: d = 1 + 0.5 * 2 = 2 gives 2 / (2 + 2).
    #[test]
    fn eps_is_added_to_the_corrected_root_and_decay_to_the_gradient() -> Result<()> {
        let mut w = weight(&[2.0, -2.0]);
        let mut adam = Adam::new(1.0).eps(2.0).weight_decay(0.5);
        let grads = gradients(&w, &[1.0, -1.0]);
        adam.step(&mut w, &grads)?;
        is_close(&w, &[1.5, -1.5]);
        Ok(())
    }

    /// With beta1 = 0 nothing is remembered of earlier gradients' direction, with beta2 = 0 nothing of their size.
    #[test]
    fn betas_of_zero_forget() -> Result<()> {
        let mut w = weight(&[0.0]);
        let mut adam = Adam::new(0.125).betas(0.0, 0.0).eps(0.0);
        for (g, expected) in [(3.0, -0.125), (-7.0, 0.0), (1e-3, -0.125)] {
            let grads = gradients(&w, &[g]);
            adam.step(&mut w, &grads)?;
            is_close(&w, &[expected]);
        }
        Ok(())
    }

    #[test]
    fn bias_correction_counts_each_parameters_own_updates() -> Result<()> {
        let mut pair = (weight(&[0.0]), weight(&[0.0]));
        let mut adam = Adam::new(1.0).eps(0.0).allow_missing_gradients();
        for _ in 0..3 {
            let grads = gradients(&pair.0, &[1.0]);
            adam.step(&mut pair, &grads)?;
        }
        let mut grads = gradients(&pair.0, &[1.0]);
        grads.add(&gradients(&pair.1, &[5.0]))?;
        adam.step(&mut pair, &grads)?;
        // Constant gradients: every corrected step has the size of the rate, the late one's first step too.
        is_close(&pair.0, &[-4.0]);
        is_close(&pair.1, &[-1.0]);
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors_of_the_step() {
        for (adam, name) in [
            (Adam::new(-0.1), "learning_rate"),
            (Adam::new(f64::NAN), "learning_rate"),
            (Adam::new(0.1).betas(1.0, 0.9), "beta1"),
            (Adam::new(0.1).betas(0.9, -0.1), "beta2"),
            (Adam::new(0.1).eps(-1e-8), "eps"),
            (Adam::new(0.1).weight_decay(f64::INFINITY), "weight_decay"),
        ] {
            let (mut adam, mut w) = (adam, weight(&[1.0]));
            let grads = gradients(&w, &[1.0]);
            let error = adam.step(&mut w, &grads).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutOfRange { op: "adam", name: found, .. } if *found == name),
                "{error}"
            );
            assert_eq!(w.tensor().to_vec(), [1.0]);
        }
    }

    #[test]
    fn plain_code_means_f32() -> Result<()> {
        let mut w = Parameter::new(tensor![1.0]);
        let mut adam = Adam::new(0.5);
        let grads = w.var().sum(..)?.backward()?;
        adam.step(&mut w, &grads)?;
        assert!(w.tensor().allclose(&tensor![0.5], 1e-6, 0.0));
        Ok(())
    }
}
