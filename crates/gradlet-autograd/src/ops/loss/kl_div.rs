//! The Kullback-Leibler divergence.

use gradlet_tensor::{Float, Result, Tensor, math};

use crate::op::{Fixed, One, Op, Want};
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

/// y = t x, 0 where t is 0 and x is -inf: the share of a class that both distributions rule out
#[derive(Debug)]
pub(super) struct Weighted;

impl<T: Float> Op<T> for Weighted {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [t, x]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        t.zip(x, |t, x| {
            if t == T::zero() && x == T::neg_infinity() {
                t
            } else {
                t * x
            }
        })
    }

    /// dt = g x, dx = g t
    fn backward(
        &self,
        g: Var<T>,
        ([t, x], wants): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        Ok([wants[0].then(|| g.mul(&x))?, wants[1].then(|| g.mul(&t))?])
    }
}

/// How much each probability t of a target adds to its divergence from a distribution whose logarithms are x,
/// `t (ln t - x)`: the mean of all elements, their sum, or each of them. It is 0 where t is 0, also if x is -inf, where
/// PyTorch gives NaN; of logarithms that are both -inf it is NaN.
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
/// mean; for a target of logarithms l, `-e^l g` and `e^l g (l + 1 - x)`, which is NaN where l is -inf. Both inputs are
/// saved.
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
        KlTarget::Probabilities => XLnX.apply(target)?.sub(&Weighted.apply([target, x])?)?,
        KlTarget::LogProbabilities => Weighted.apply([&target.exp(), &target.sub(x)?])?,
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

    #[test]
    fn what_the_target_rules_out_adds_nothing() -> Result<()> {
        let (none, half) = (f64::NEG_INFINITY, 0.5f64.ln());
        let (x, finite) = (
            tensor![f64; half, none, half],
            tensor![f64; half, -9.0, half],
        );
        let t = Var::constant(tensor![f64; 0.0, 0.0, 1.0]);
        let l = Var::constant(tensor![f64; none, none, 0.0]);
        for (x, target, kind) in [
            (x, t, KlTarget::Probabilities),
            (finite, l, KlTarget::LogProbabilities),
        ] {
            let x = Var::leaf(x);
            let y = kl_div(&x, &target, kind, Reduction::None)?;
            assert_eq!(y.to_vec(), [0.0, 0.0, 2f64.ln()]);
            let grads = y.sum(..)?.backward()?;
            assert_eq!(
                grads.wrt(&x).map(Tensor::to_vec),
                Some(vec![0.0, 0.0, -1.0])
            );
        }
        let x = Var::leaf(tensor![f64; f64::NAN]);
        let t = Var::constant(tensor![f64; 0.0]);
        let y = kl_div(&x, &t, KlTarget::Probabilities, Reduction::Sum)?;
        assert!(y.item()?.is_nan());
        Ok(())
    }
}
