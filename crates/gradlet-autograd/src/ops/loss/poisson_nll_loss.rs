//! The negative log-likelihood of Poisson distributions.

use std::f64::consts::TAU;

use gradlet_tensor::{Float, Result, fused};

use crate::options::options;
use crate::reduction::Reduction;
use crate::var::Var;

options! {
    /// The options of [`poisson_nll_loss`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::PoissonNllOptions;
    /// assert_eq!(PoissonNllOptions::new().log_input(false).eps, 1e-8);
    /// ```
    PoissonNllOptions {
        /// Whether the input is the logarithm of the expected count: `true` by default.
        log_input: bool = true,
        /// Whether Stirling's approximation of `ln(target!)` is part of the loss: `false` by default.
        full: bool = false,
        /// What is added to an expected count before its logarithm is taken, if `log_input` is `false`: 1e-8 by default.
        eps: f64 = 1e-8,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
}

/// The negative log-likelihood of counts under Poisson distributions, without `ln(target!)`: `e^x - target x`, given the
/// logarithm x of the expected count, or `x - target ln(x + eps)`, given the count; the mean, the sum, or each element's.
///
/// With `full`, `target ln(target) - target + ln(2 pi target) / 2` is added where the target is above 1; at 0 and 1,
/// `ln(target!)` is 0.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `g * (e^x - target)`, or `g * (1 - target / (x + eps))`, and that of the formula for the target, divided by the number
/// of elements for the mean. The inputs and the exponential or the logarithm are saved.
///
/// # Errors
///
/// If the shapes differ, or eps is negative or not finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{PoissonNllOptions, Var, poisson_nll_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.0, 0.0]), Var::constant(tensor![1.0, 3.0]));
/// let loss = poisson_nll_loss(&x, &target, PoissonNllOptions::new())?;
/// assert_eq!(loss.item()?, 1.0);
/// assert_eq!(loss.backward()?.wrt(&x), Some(&tensor![0.0, -1.0])); // (e^0 - target) / 2
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.poisson_nll_loss`
#[track_caller]
pub fn poisson_nll_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    options: PoissonNllOptions,
) -> Result<Var<T>> {
    let (op, eps) = ("poisson_nll_loss", options.eps);
    target.tensor().expect_shape(op, x.shape())?;
    let holds = |x: f64| x >= 0.0 && x.is_finite();
    fused::setting::<T>(op, "eps", "finite and not negative", eps, holds)?;
    let losses = if options.log_input {
        x.exp().sub(&target.mul(x)?)?
    } else {
        x.sub(&target.mul(&x.add_scalar(T::of(eps)).ln())?)?
    };
    options.reduction.of(if options.full {
        losses.add(&ln_factorial(target)?)?
    } else {
        losses
    })
}

/// Stirling's approximation of `ln(n!)` above 1, and 0 up to there
fn ln_factorial<T: Float>(n: &Var<T>) -> Result<Var<T>> {
    let small = n.tensor().map(|n| n <= T::one());
    // Filled before too, since the logarithm of 0 would make a gradient NaN that is masked afterwards.
    let n = n.masked_fill(&small, T::one())?;
    let root = n.mul_scalar(T::of(TAU)).ln().mul_scalar(T::of(0.5));
    let y = n.mul(&n.ln())?.sub(&n)?.add(&root)?;
    y.masked_fill(&small, T::zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Tensor, rng, tensor};

    const EACH: PoissonNllOptions = PoissonNllOptions {
        log_input: true,
        full: true,
        eps: 1e-8,
        reduction: Reduction::None,
    };

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![5], vec![2, 3], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::uniform(&shape, 0.3, 4.0, &mut rng);
            let inputs = [make()?, make()?];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                for log_input in [true, false] {
                    let options = EACH.log_input(log_input).reduction(reduction);
                    let loss = |x: &[Var<f64>]| poisson_nll_loss(&x[0], &x[1], options);
                    gradcheck(loss, &inputs)?;
                    gradgradcheck(loss, &inputs)?;
                }
            }
        }
        let x = [tensor![f64; [1.5, 2.0], [3.0, 0.5]]];
        let loss = |x: &[Var<f64>]| {
            let row = x[0].narrow(0, 0, 1)?.broadcast_to([2, 2])?;
            poisson_nll_loss(&x[0].t()?, &row, EACH)
        };
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn stirlings_term_counts_above_1_alone_and_leaves_no_nan() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![f64; 0.0, 0.0, 0.0]),
            Var::leaf(tensor![f64; 0.0, 1.0, 2.0]),
        );
        let y = poisson_nll_loss(&x, &target, EACH)?;
        let stirling = 2.0 * 2f64.ln() - 2.0 + 0.5 * (2.0 * TAU).ln();
        assert!(
            y.tensor()
                .allclose(&tensor![f64; 1.0, 1.0, 1.0 + stirling], 1e-15, 0.0),
            "{y}"
        );
        let grads = y.sum(..)?.backward()?;
        let slope = tensor![f64; 0.0, 0.0, 2f64.ln() + 0.25];
        assert!(
            grads
                .wrt(&target)
                .is_some_and(|dt| dt.allclose(&slope, 1e-15, 0.0))
        );
        Ok(())
    }

    #[test]
    fn an_expected_count_of_0_is_kept_from_an_infinite_loss() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![f64; 0.0]),
            Var::constant(tensor![f64; 2.0]),
        );
        let options = PoissonNllOptions::new().log_input(false).eps(0.5);
        let y = poisson_nll_loss(&x, &target, options)?;
        assert!((y.item()? - 2.0 * 2f64.ln()).abs() < 1e-15);
        assert_eq!(y.backward()?.wrt(&x), Some(&tensor![f64; -3.0])); // 1 - 2 / 0.5
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, t) = (Var::leaf(tensor![1.0]), Var::leaf(tensor![[1.0]]));
        let text = poisson_nll_loss(&x, &t, EACH).unwrap_err().to_string();
        assert!(
            text.starts_with("poisson_nll_loss: shapes differ: expected [1], got [1, 1] "),
            "{text}"
        );
        let text = poisson_nll_loss(&x, &x, EACH.eps(-1.0))
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("poisson_nll_loss: eps must be finite and not negative, got -1 "),
            "{text}"
        );
    }
}
