//! Losses of numbers by targets.

use gradlet_autograd::{
    Float, GaussianNllOptions, KlTarget, PoissonNllOptions, Reduction, Result, Var,
    gaussian_nll_loss, huber_loss, kl_div, l1_loss, mse_loss, poisson_nll_loss, smooth_l1_loss,
};

use super::configured::configured;
use crate::mode::Mode;
use crate::module::Module;

configured! {
    /// Squared differences to a target: [`mse_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::MseLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![1.0, 3.0]), Var::constant(tensor![0.0, 1.0]));
    /// assert_eq!(MseLoss::new().forward(&x, &target)?.item()?, 2.5);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.MSELoss`
    MseLoss {
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| mse_loss(x, target, this.reduction)
}

configured! {
    /// Absolute differences to a target: [`l1_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::L1Loss;
    /// # use gradlet_autograd::{Reduction, Var};
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![1.0, 4.0]), Var::constant(tensor![3.0, 4.0]));
    /// assert_eq!(L1Loss::new().reduction(Reduction::Sum).forward(&x, &target)?.item()?, 2.0);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.L1Loss`
    L1Loss {
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| l1_loss(x, target, this.reduction)
}

configured! {
    /// Differences to a target, squared below beta and absolute beyond: [`smooth_l1_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::SmoothL1Loss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![1.0]), Var::constant(tensor![0.0]));
    /// assert_eq!(SmoothL1Loss::new().beta(2.0).forward(&x, &target)?.item()?, 0.25); // 1 / (2 * 2)
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.SmoothL1Loss`
    SmoothL1Loss {
        /// The difference from which on the loss is linear, 0 or positive: 1 by default.
        beta: f64 = 1.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| smooth_l1_loss(x, target, this.beta, this.reduction)
}

configured! {
    /// Differences to a target, squared below delta and linear beyond: [`huber_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::HuberLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![3.0]), Var::constant(tensor![0.0]));
    /// assert_eq!(HuberLoss::new().delta(2.0).forward(&x, &target)?.item()?, 4.0); // 2 (3 - 2 / 2)
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.HuberLoss`
    HuberLoss {
        /// The difference from which on the loss is linear, above 0: 1 by default.
        delta: f64 = 1.0,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| huber_loss(x, target, this.delta, this.reduction)
}

configured! {
    /// The Kullback-Leibler divergence of a target from logarithms of probabilities: [`kl_div`].
    ///
    /// `PyTorch`'s reduction `"batchmean"` is the sum divided by the number of rows.
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::KlDivLoss;
    /// # use gradlet_autograd::{Reduction, Var};
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![0.5, 0.5].ln()), Var::constant(tensor![1.0, 0.0]));
    /// assert_eq!(KlDivLoss::new().reduction(Reduction::Sum).forward(&x, &target)?.item()?, 2f32.ln());
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.KLDivLoss`
    KlDivLoss {
        /// What the numbers of a target mean: probabilities by default.
        target: KlTarget = KlTarget::Probabilities,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| kl_div(x, target, this.target, this.reduction)
}

configured! {
    /// The negative log-likelihood of targets under normal distributions, given means and variances:
    /// [`gaussian_nll_loss`].
    ///
    /// # Shape
    ///
    /// `x: [..., n], target: [..., n], variance: [..., n]`, `[..., 1]` or `[...]` `-> []`, or `[..., n]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::GaussianNllLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![1.0, 3.0]), Var::constant(tensor![0.0, 0.0]));
    /// let variance = Var::leaf(tensor![1.0, 1.0]);
    /// assert_eq!(GaussianNllLoss::new().forward(&x, &target, &variance)?.item()?, 2.5);
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.GaussianNLLLoss`
    GaussianNllLoss {
        /// Whether the constant `ln(2 pi) / 2` is part of the loss: `false` by default.
        full: bool = false,
        /// The least variance, above 0: 1e-6 by default.
        eps: f64 = 1e-6,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>, variance: Var<T>| {
        let &Self { full, eps, reduction, .. } = this;
        gaussian_nll_loss(x, target, variance, GaussianNllOptions { full, eps, reduction })
    }
}

configured! {
    /// The negative log-likelihood of counts under Poisson distributions: [`poisson_nll_loss`].
    ///
    /// # Shape
    ///
    /// `x: [...], target: [...] -> []`, or `[...]` without reduction
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_nn::PoissonNllLoss;
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// let (x, target) = (Var::leaf(tensor![1.0]), Var::constant(tensor![4.0]));
    /// let loss = PoissonNllLoss::new().log_input(false);
    /// assert_eq!(loss.forward(&x, &target)?.item()?, 1.0); // 1 - 4 ln(1)
    /// # Ok::<(), gradlet_tensor::Error>(())
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.PoissonNLLLoss`
    PoissonNllLoss {
        /// Whether the input is the logarithm of the expected count: `true` by default.
        log_input: bool = true,
        /// Whether Stirling's approximation of `ln(target!)` is part of the loss: `false` by default.
        full: bool = false,
        /// What is added to an expected count before its logarithm is taken, if `log_input` is `false`: 1e-8 by default.
        eps: f64 = 1e-8,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
    |this, x: Var<T>, target: Var<T>| {
        let &Self { log_input, full, eps, reduction, .. } = this;
        poisson_nll_loss(x, target, PoissonNllOptions { log_input, full, eps, reduction })
    }
}
