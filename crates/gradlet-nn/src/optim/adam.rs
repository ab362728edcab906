//! `Adam`: steps scaled by running means of the gradient and of its square.

use gradlet_tensor::{Float, Result};

use super::Stepper;
use super::rule::{Pass, Rule, decayed, lerp, mean_square};
use crate::require::{amount, share};

/// Gradient descent scaled by running means of each gradient and of its square, with bias correction.
///
/// ```text
/// d = g + weight_decay * p
/// m = beta1 * m + (1 - beta1) * d
/// s = beta2 * s + (1 - beta2) * d^2
/// p = p - learning_rate / (1 - beta1^t) * m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
/// ```
///
/// At first betas are (0.9, 0.999), eps is 1e-8 and `weight_decay` 0. `m`, `s` and the number `t` of updates are kept
/// under the parameter's id. A step changes every parameter that is not frozen, each in one pass, or none. Parameters
/// that are still held elsewhere are copied first: see [`copies`](Stepper::copies).
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::Adam};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = Adam::new(0.25);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// // However large a gradient is, the first step has the size of the learning rate.
/// assert!(weight.tensor().allclose(&tensor![0.75, -0.75], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.Adam`; D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
pub type Adam<T = f32> = Stepper<AdamRule, T>;

/// The rule of [`Adam`].
#[derive(Clone, Debug)]
pub struct AdamRule {
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
}

impl Default for AdamRule {
    /// The authors' settings.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// The factors of one update by [`AdamRule`].
#[derive(Clone, Copy, Debug)]
pub struct Factors<T> {
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

impl Rule for AdamRule {
    const NAME: &'static str = "adam";
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        share::<T>(Self::NAME, "beta1", self.betas.0)?;
        share::<T>(Self::NAME, "beta2", self.betas.1)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        let ((beta1, beta2), t) = (self.betas, t as f64);
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            take2: T::of(1.0 - beta2),
            rate: T::of(learning_rate / (1.0 - beta1.powf(t))),
            root: T::of((1.0 - beta2.powf(t)).sqrt()),
            eps: T::of(self.eps),
            decay: T::of(self.weight_decay),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        pass.each(|f, [p, m, s], g| {
            let d = decayed(g, f.decay, p);
            let m = lerp(m, d, f.take);
            let s = mean_square(s, d, f.beta2, f.take2);
            let scale = s.sqrt() / f.root + f.eps;
            [p - f.rate * m / scale, m, s]
        })
    }
}

impl<T: Float> Adam<T> {
    /// Sets the shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.rule.betas = (beta1, beta2);
        self
    }

    /// Sets the number added to the root that a step is divided by, not negative.
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = eps;
        self
    }

    /// Sets the factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), not
    /// negative.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.rule.weight_decay = weight_decay;
        self
    }
}

#[cfg(test)]
mod tests {
    use gradlet_autograd::{Gradients, Var};
    use gradlet_tensor::{Tensor, tensor};

    use super::super::tests::check_refusals;
    use super::*;
    use crate::parameter::Parameter;

    /// Gradients that are `values` at each element of `weight`.
    fn gradients(weight: &Parameter<f64>, values: &[f64]) -> Gradients<f64> {
        let values = Tensor::from_slice(values, weight.shape()).unwrap();
        let loss = &weight.leaf() * &Var::constant(values);
        loss.sum(..).unwrap().backward().unwrap()
    }

    fn weight(values: &[f64]) -> Parameter<f64> {
        Parameter::new(Tensor::from_slice(values, values.len()).unwrap())
    }

    fn is_close(weight: &Parameter<f64>, expected: &[f64]) {
        let expected = Tensor::from_slice(expected, expected.len()).unwrap();
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

    /// With beta1 = 0 the directions of earlier gradients are forgotten, with beta2 = 0 their sizes are.
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
        check_refusals([
            (Adam::new(-0.1), "learning_rate"),
            (Adam::new(f64::NAN), "learning_rate"),
            (Adam::new(0.1).betas(1.0, 0.9), "beta1"),
            (Adam::new(0.1).betas(0.9, -0.1), "beta2"),
            (Adam::new(0.1).eps(-1e-8), "eps"),
            (Adam::new(0.1).weight_decay(f64::INFINITY), "weight_decay"),
            (Adam::new(0.1).betas(0.9, 1.0 - 1e-9), "beta2"),
        ]);
    }

    #[test]
    fn plain_code_means_f32() -> Result<()> {
        let mut w = Parameter::new(tensor![1.0]);
        let mut adam = Adam::new(0.5);
        let grads = w.leaf().sum(..)?.backward()?;
        adam.step(&mut w, &grads)?;
        assert!(w.tensor().allclose(&tensor![0.5], 1e-6, 0.0));
        Ok(())
    }
}
