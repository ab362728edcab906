//! The negative log-likelihood of normal distributions.

use std::f64::consts::TAU;

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor, fused, math};

use crate::op::{One, Op};
use crate::options::options;
use crate::reduction::Reduction;
use crate::saves::Nothing;
use crate::var::Var;

options! {
    /// The options of [`gaussian_nll_loss`].
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::GaussianNllOptions;
    /// assert_eq!(GaussianNllOptions::new().full(true).eps, 1e-6);
    /// ```
    GaussianNllOptions {
        /// Whether the constant `ln(2 pi) / 2` is part of the loss: `false` by default.
        full: bool = false,
        /// The least variance: 1e-6 by default.
        eps: f64 = 1e-6,
        /// How the losses are reduced: to their mean by default.
        reduction: Reduction = Reduction::Mean,
    }
}

/// y = max(x, eps), with the gradient of x: a variance below eps grows if that lowers the loss
#[derive(Debug)]
struct AtLeast<T>(T);

impl<T: Float> Op<T> for AtLeast<T> {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        let least = self.0;
        Ok(x.map(|x| if x < least { least } else { x }))
    }

    /// dx = g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        Ok(g)
    }
}

/// The negative log-likelihood of targets under normal distributions, given their means x and variances,
/// `(ln v + (x - target)^2 / v) / 2` with `v = max(variance, eps)`: the mean, the sum, or each element's.
///
/// # Shape
///
/// `x: [..., n], target: [..., n] -> []`, or `[..., n]` without reduction; `variance` `[..., n]`, or with sizes of 1 where
/// several elements share one, or `[...]` with one for each row
///
/// # Gradient
///
/// `g * (x - target) / v`, its negative, and `g / 2 * (1 - (x - target)^2 / v) / v`, divided by the number of elements for
/// the mean. As in PyTorch, a variance below eps has the last one too, not 0, so that training can raise it. The
/// difference, its square and v are saved.
///
/// # Errors
///
/// If x and target differ in shape, the variances have none of these shapes, one of them is negative, or eps is not
/// positive and finite.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{GaussianNllOptions, Var, gaussian_nll_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![1.0, 3.0]), Var::constant(tensor![0.0, 0.0]));
/// let variance = Var::leaf(tensor![1.0, 1.0]);
/// let loss = gaussian_nll_loss(&x, &target, &variance, GaussianNllOptions::new())?;
/// assert_eq!(loss.item()?, 2.5); // (1 / 2 + 9 / 2) / 2
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// D. Nix, A. Weigend, "Estimating the mean and variance of the target probability distribution", 1994;
/// `torch.nn.functional.gaussian_nll_loss`
#[track_caller]
pub fn gaussian_nll_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    variance: &Var<T>,
    options: GaussianNllOptions,
) -> Result<Var<T>> {
    let (op, eps) = ("gaussian_nll_loss", options.eps);
    target.tensor().expect_shape(op, x.shape())?;
    let holds = |x: f64| x > 0.0 && x.is_finite();
    fused::setting::<T>(op, "eps", "positive and finite", eps, holds)?;
    let negative = variance.tensor().map(|v| v < T::zero());
    if negative.any(..)?.item()?
        && let Some(value) = variance.tensor().iter().find(|v| *v < T::zero())
    {
        let expected = "0 or positive";
        fused::require(false, op, "variance", expected, value.to_f64())?;
    }
    let v = AtLeast(T::of(eps)).apply(&variances(op, variance, x)?)?;
    let square = x.sub(target)?.square();
    let twice = v.ln().add(&square.div(&v)?)?;
    let losses = twice.mul_scalar(T::of(0.5));
    options.reduction.of(if options.full {
        losses.add_scalar(T::of(0.5 * math::ln(TAU)))
    } else {
        losses
    })
}

/// The variances with as many axes as x, each of its size or of size 1.
#[track_caller]
fn variances<T: Float>(op: &'static str, variance: &Var<T>, x: &Var<T>) -> Result<Var<T>> {
    let (shape, given) = (*x.shape(), *variance.shape());
    if shape
        .split_last()
        .is_some_and(|(_, rows)| rows == &given[..])
        && given != shape
    {
        return variance.unsqueeze(-1);
    }
    let fits = |(&given, &size): (&usize, &usize)| given == size || given == 1;
    if given.rank() == shape.rank() && given.iter().zip(shape.iter()).all(fits) {
        return Ok(variance.clone());
    }
    Err(Error::new(ErrorKind::ShapeMismatch {
        op,
        expected: shape,
        found: given,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let shapes: [[&[usize]; 2]; 6] = [
            [&[], &[]],
            [&[4], &[4]],
            [&[2, 3], &[2]],
            [&[2, 3], &[1, 3]],
            [&[2, 2, 2], &[2, 2, 1]],
            [&[0, 2], &[0, 2]],
        ];
        for [shape, of_variance] in shapes {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng);
            let [x, target] = [make()?, make()?];
            let variance = Tensor::<f64>::uniform(of_variance, 0.5, 2.0, &mut rng)?;
            let inputs = [x, target, variance];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                let options = GaussianNllOptions::new().full(true).reduction(reduction);
                let loss = |x: &[Var<f64>]| gaussian_nll_loss(&x[0], &x[1], &x[2], options);
                gradcheck(loss, &inputs)?;
                gradgradcheck(loss, &inputs)?;
            }
        }
        let x = [tensor![f64; [1.0, 2.0], [3.0, 5.5]]];
        let loss = |x: &[Var<f64>]| {
            let row = x[0].narrow(0, 0, 1)?.broadcast_to([2, 2])?;
            gaussian_nll_loss(&x[0].t()?, &row, &x[0], GaussianNllOptions::new())
        };
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn a_variance_below_eps_counts_as_eps_and_may_grow() -> Result<()> {
        let (x, target) = (Var::leaf(tensor![1.0]), Var::constant(tensor![0.0]));
        let variance = Var::leaf(tensor![0.0]);
        let y = gaussian_nll_loss(&x, &target, &variance, GaussianNllOptions::new().eps(0.5))?;
        assert_eq!(y.item()?, 0.5 * (0.5f32.ln() + 2.0));
        let grads = y.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![2.0]));
        assert_eq!(grads.wrt(&variance), Some(&tensor![-1.0])); // (1 - 1 / 0.5) / 0.5 / 2
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let x = Var::leaf(tensor![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]);
        let row = Var::leaf(tensor![1.0, 2.0, -3.0]);
        let plain = GaussianNllOptions::new();
        for (target, variance, options, expected) in [
            (&row, &x, plain, "shapes differ: expected [2, 3], got [3]"),
            (
                &x,
                &row.abs(),
                plain,
                "shapes differ: expected [2, 3], got [3]",
            ),
            (
                &x,
                &x.neg(),
                plain,
                "variance must be 0 or positive, got -1",
            ),
            (
                &x,
                &x,
                plain.eps(0.0),
                "eps must be positive and finite, got 0",
            ),
        ] {
            let text = gaussian_nll_loss(&x, target, variance, options)
                .unwrap_err()
                .to_string();
            assert!(
                text.starts_with(&format!("gaussian_nll_loss: {expected} (at ")),
                "{text}"
            );
        }
    }
}
