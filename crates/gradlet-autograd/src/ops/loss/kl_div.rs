//! The Kullback-Leibler divergence.

use gradlet_tensor::{Float, Result, Tensor, math};

use crate::op::{One, Op};
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// The meaning of the numbers in the target of [`kl_div`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KlTarget {
    /// Probabilities.
    #[default]
    Probabilities,
    /// Their logarithms: `log_target=True` in PyTorch.
    LogProbabilities,
}

/// y = x ln x, 0 at 0
#[derive(Debug)]
struct XLnX;

impl<T: Float> Op<T> for XLnX {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.map(|x| {
            if x == T::zero() {
                T::zero()
            } else {
                x * math::ln(x)
            }
        }))
    }

    /// dx = g (ln x + 1)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        g.mul(&x.ln().add_scalar(T::one()))
    }
}

/// How much each probability t of a target adds to its divergence from a distribution whose logarithms are x,
/// `t (ln t - x)`: the mean of all elements, their sum, or each of them. It is 0 where t is 0, unless x is
/// -inf: then it is NaN, as in PyTorch.
///
/// The divergence of a batch's rows, on average, is the sum divided by the number of rows; the mean over all
/// elements is smaller by the number of classes.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `-t g` and `g (ln t + 1 - x)`, which is infinite where t is 0, divided by the number of elements for the
/// mean; for a target of logarithms l, `-e^l g` and `e^l g (l + 1 - x)`. Both inputs are saved.
///
/// # Errors
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{KlTarget, Reduction, Var, kl_div};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::leaf(tensor![0.5, 0.5].ln());
/// let target = Var::constant(tensor![1.0, 0.0]);
/// let divergence = kl_div(&x, &target, KlTarget::Probabilities, Reduction::Sum)?;
/// assert_eq!(divergence.item()?, 2f32.ln());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.kl_div`
#[track_caller]
pub fn kl_div<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    kind: KlTarget,
    reduction: Reduction,
) -> Result<Var<T>> {
    target.tensor().expect_shape("kl_div", x.shape())?;
    let losses = match kind {
        KlTarget::Probabilities => XLnX.apply(target)?.sub(&target.mul(x)?)?,
        KlTarget::LogProbabilities => target.exp().mul(&target.sub(x)?)?,
    };
    reduction.of(losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::uniform(&shape, 0.1, 0.9, &mut rng);
            let inputs = [make()?, make()?];
            for kind in [KlTarget::Probabilities, KlTarget::LogProbabilities] {
                for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                    gradcheck(|x| kl_div(&x[0], &x[1], kind, reduction), &inputs)?;
                    gradgradcheck(|x| kl_div(&x[0], &x[1], kind, reduction), &inputs)?;
                }
            }
        }
        let x = [tensor![f64; [0.1, 0.2], [0.7, 0.4]]];
        let loss = |x: &[Var<f64>]| {
            let row = x[0].narrow(0, 0, 1)?.broadcast_to([2, 2])?;
            kl_div(&x[0].t()?, &row, KlTarget::Probabilities, Reduction::None)
        };
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn a_distribution_does_not_diverge_from_itself() -> Result<()> {
        let p = Var::constant(tensor![f64; 0.25, 0.75, 0.0]);
        let x = Var::leaf(tensor![f64; 0.25, 0.75, 0.5].ln());
        let y = kl_div(&x, &p, KlTarget::Probabilities, Reduction::None)?;
        assert!(y.to_vec().iter().all(|y| y.abs() < 1e-16), "{y}");
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![-0.25, -0.75, 0.0])
        );
        let l = Var::constant(x.tensor().clone());
        let y = kl_div(&x, &l, KlTarget::LogProbabilities, Reduction::Mean)?;
        assert_eq!(y.item()?, 0.0);
        Ok(())
    }

    #[test]
    fn reductions_of_nothing_and_shapes_that_differ() -> Result<()> {
        let none = Var::constant(Tensor::zeros([0, 3])?);
        let of = |reduction| kl_div(&none, &none, KlTarget::Probabilities, reduction)?.item();
        assert!(of(Reduction::Mean)?.is_nan());
        assert_eq!(of(Reduction::Sum)?, 0.0);
        let x = Var::leaf(tensor![1.0]);
        let error = kl_div(&x, &none, KlTarget::default(), Reduction::Mean).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::ShapeMismatch { op: "kl_div", .. }
        ));
        Ok(())
    }
}
