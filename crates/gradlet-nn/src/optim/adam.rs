//! `Adam` and `AdamW`: steps scaled by running means of the gradient and of its square.

use gradlet_tensor::{Float, Result, math};

use super::Stepper;
use super::rule::{Pass, Rule, check_betas, decayed, larger, lerp, mean_square, setters};
use crate::require::amount;

/// Gradient descent scaled by running means of each gradient and of its square, with bias correction.
///
/// ```text
/// d = g + weight_decay * p
/// m = beta1 * m + (1 - beta1) * d
/// s = beta2 * s + (1 - beta2) * d^2
/// p = p - learning_rate / (1 - beta1^t) * m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
/// ```
///
/// With `amsgrad`, the largest `s` so far is in place of `s` in the last line.
///
/// At first betas are (0.9, 0.999), eps is 1e-8, `weight_decay` 0, and `amsgrad` off. `m`, `s` and the number `t` of
/// updates are kept under the parameter's id. A step changes every parameter that is not frozen, each in one pass, or
/// none. Parameters that are still held elsewhere are copied first: see [`copies`](Stepper::copies).
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
/// `torch.optim.Adam`; D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015; amsgrad: S. Reddi, S. Kale,
/// S. Kumar, "On the Convergence of Adam and Beyond", 2018.
pub type Adam<T = f32> = Stepper<AdamRule, T>;

/// [`Adam`] with decoupled weight decay: it shrinks the parameters themselves and does not pass through the means.
///
/// ```text
/// p = (1 - learning_rate * weight_decay) * p      then Adam's step with d = g
/// ```
///
/// `weight_decay` is 0.01 at first; everything else is as in [`Adam`].
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, optim::AdamW};
/// # use gradlet_tensor::tensor;
/// let mut weight = Parameter::new(tensor![1.0, -1.0]);
/// let mut optimizer = AdamW::new(0.25).weight_decay(0.5);
/// let grads = weight.leaf().powi(2).sum(..)?.backward()?;
/// optimizer.step(&mut weight, &grads)?;
/// assert!(weight.tensor().allclose(&tensor![0.625, -0.625], 1e-6, 0.0));
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// `torch.optim.AdamW`; I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", 2019.
pub type AdamW<T = f32> = Stepper<AdamRule<true>, T>;

/// The rule of [`Adam`], and of [`AdamW`] if `DECOUPLED`.
#[derive(Clone, Debug)]
pub struct AdamRule<const DECOUPLED: bool = false> {
    /// The shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    pub betas: (f64, f64),
    /// The number added to the root that a step is divided by, not negative.
    pub eps: f64,
    /// The factor by which parameters themselves are added to their gradients (the L2 penalty's gradient), or if
    /// `DECOUPLED`, times the learning rate, subtracted from themselves; not negative.
    pub weight_decay: f64,
    /// Whether a step is divided by the largest mean square so far, and not by the latest.
    pub amsgrad: bool,
}

impl<const DECOUPLED: bool> Default for AdamRule<DECOUPLED> {
    /// PyTorch's settings.
    fn default() -> Self {
        Self {
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: if DECOUPLED { 0.01 } else { 0.0 },
            amsgrad: false,
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
    /// If decoupled, `1 - learning_rate * weight_decay`; else `weight_decay`.
    decay: T,
}

impl<T: Float> Factors<T> {
    /// The parameter after decoupled decay, and the next running means.
    #[inline]
    fn means<const DECOUPLED: bool>(self, [p, m, s]: [T; 3], g: T) -> [T; 3] {
        let (p, d) = if DECOUPLED {
            (self.decay * p, g)
        } else {
            (p, decayed(g, self.decay, p))
        };
        let m = lerp(m, d, self.take);
        [p, m, mean_square(s, d, self.beta2, self.take2)]
    }

    /// The parameter after a step along `m`, divided by the root of `s`.
    #[inline]
    fn moved(self, p: T, m: T, s: T) -> T {
        let scale = s.sqrt() / self.root + self.eps;
        p - self.rate * m / scale
    }
}

impl<const DECOUPLED: bool> Rule for AdamRule<DECOUPLED> {
    const NAME: &'static str = if DECOUPLED { "adam_w" } else { "adam" };
    type Factors<T: Float> = Factors<T>;

    fn check<T: Float>(&self) -> Result<()> {
        check_betas::<T>(Self::NAME, self.betas)?;
        amount::<T>(Self::NAME, "eps", self.eps)?;
        amount::<T>(Self::NAME, "weight_decay", self.weight_decay)
    }

    fn kept(&self) -> &'static [&'static str] {
        if self.amsgrad {
            &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
        } else {
            &["exp_avg", "exp_avg_sq"]
        }
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn factors<T: Float>(&self, learning_rate: f64, t: u64) -> Factors<T> {
        let ((beta1, beta2), t) = (self.betas, t as f64);
        let decay = if DECOUPLED {
            1.0 - learning_rate * self.weight_decay
        } else {
            self.weight_decay
        };
        Factors {
            take: T::of(1.0 - beta1),
            beta2: T::of(beta2),
            take2: T::of(1.0 - beta2),
            rate: T::of(learning_rate / (1.0 - math::pow(beta1, t))),
            root: T::of((1.0 - math::pow(beta2, t)).sqrt()),
            eps: T::of(self.eps),
            decay: T::of(decay),
        }
    }

    fn update<T: Float>(&self, pass: Pass<'_, Self, T>) -> Result<()> {
        if self.amsgrad {
            return pass.each(|f, [p, m, s, most], g| {
                let [p, m, s] = f.means::<DECOUPLED>([p, m, s], g);
                let most = larger(most, s);
                [f.moved(p, m, most), m, s, most]
            });
        }
        pass.each(|f, [p, m, s], g| {
            let [p, m, s] = f.means::<DECOUPLED>([p, m, s], g);
            [f.moved(p, m, s), m, s]
        })
    }
}

setters! { [const DECOUPLED: bool] AdamRule<DECOUPLED>:
    /// Sets the shares that a step keeps of the running means of the gradient and of its square, each in `[0, 1)`.
    betas(beta1: f64, beta2: f64) = (beta1, beta2);
    /// Sets the number added to the root that a step is divided by, not negative.
    eps(eps: f64) = eps;
    /// Sets the factor of weight decay, not negative: of [`Adam`], that by which parameters themselves are added to
    /// their gradients (the L2 penalty's gradient).
    weight_decay(weight_decay: f64) = weight_decay;
    /// Sets whether a step is divided by the largest mean square so far, and not by the latest.
    amsgrad(amsgrad: bool) = amsgrad;
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
