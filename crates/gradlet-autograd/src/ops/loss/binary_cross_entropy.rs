//! The cross-entropy of probabilities of two classes.

use gradlet_tensor::{Error, ErrorKind, Float, Result, Tensor, math};

use crate::op::{Fixed, One, Op, Want};
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// The least logarithm, so that a probability of 0 does not make a loss infinite; as in PyTorch.
const LEAST_LOGARITHM: f64 = -100.0;
/// The least `x (1 - x)` that a gradient is divided by; as in PyTorch.
const LEAST_VARIANCE: f64 = 1e-12;

/// max(ln x, -100)
#[inline(always)]
fn bounded<T: Float>(logarithm: T) -> T {
    let least = T::of(LEAST_LOGARITHM);
    if logarithm < least { least } else { logarithm }
}

/// max(x (1 - x), 1e-12)
fn variance<T: Float>(x: &Var<T>) -> Result<Var<T>> {
    let least = T::of(LEAST_VARIANCE);
    let variance = x.mul(&x.neg().add_scalar(T::one()))?;
    Ok(variance.sub_scalar(least).relu().add_scalar(least))
}

/// y = -(t max(ln x, -100) + (1 - t) max(ln(1 - x), -100))
#[derive(Debug)]
struct BinaryCrossEntropy;

impl<T: Float> Op<T> for BinaryCrossEntropy {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, t]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.zip(t, |x, t| {
            (t - T::one()) * bounded(math::log1p(-x)) - t * bounded(math::ln(x))
        })
    }

    /// dx = g (x - t) / max(x (1 - x), 1e-12), dt = g (max(ln(1 - x), -100) - max(ln x, -100))
    fn backward(
        &self,
        g: Var<T>,
        ([x, t], [want_x, want_t]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        let dx = want_x.then(|| g.mul(&x.sub(&t)?)?.div(&variance(&x)?))?;
        let dt = want_t.then(|| g.mul(&LogOdds.apply(&x)?))?;
        Ok([dx, dt])
    }
}

/// y = max(ln(1 - x), -100) - max(ln x, -100)
#[derive(Debug)]
struct LogOdds;

impl<T: Float> Op<T> for LogOdds {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.map(|x| bounded(math::log1p(-x)) - bounded(math::ln(x))))
    }

    /// dx = -g / max(x (1 - x), 1e-12)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        g.neg().div(&variance(&x)?)
    }
}

/// The cross-entropy between probabilities and targets, `-(t ln x + (1 - t) ln(1 - x))`, times a weight: the
/// mean, the sum, or each element's. Logarithms are at least -100.
///
/// If the probabilities come from a sigmoid,
/// [`binary_cross_entropy_with_logits`](crate::binary_cross_entropy_with_logits) is exact at both ends.
///
/// # Shape
///
/// `x: [...], target: [...], weight` broadcast to it `-> []`, or `[...]` without reduction
///
/// # Gradient
///
/// `g * (x - target) / max(x (1 - x), 1e-12)` and `g * (ln(1 - x) - ln x)`, logarithms at least -100, times
/// the weight and divided by the number of elements for the mean; both inputs are saved.
///
/// # Errors
///
/// If the shapes differ, the weight does not broadcast to them, or an x is outside [0, 1].
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, binary_cross_entropy};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.5, 0.0]), Var::constant(tensor![1.0, 1.0]));
/// let losses = binary_cross_entropy(&x, &target, None, Reduction::None)?;
/// assert_eq!(losses.to_vec(), [2f32.ln(), 100.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.binary_cross_entropy`
#[track_caller]
pub fn binary_cross_entropy<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    weight: Option<&Tensor<T>>,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "binary_cross_entropy";
    target.tensor().expect_shape(op, x.shape())?;
    let probability = T::zero()..=T::one();
    let outside = |x: &T| !probability.contains(x);
    // All at once first, since the loop that finds one is slower.
    if x.tensor().map(|x| outside(&x)).any(..)?.item()?
        && let Some(other) = x.tensor().iter().find(outside)
    {
        return Err(Error::new(ErrorKind::OutOfRange {
            op,
            name: "x",
            expected: "probabilities in [0, 1]",
            value: other.to_f64(),
            remedy: "; for logits, use binary_cross_entropy_with_logits".to_owned(),
        }));
    }
    reduction.of_weighted(op, BinaryCrossEntropy.apply([x, target])?, weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::uniform(&shape, 0.1, 0.9, &mut rng);
            let (inputs, weight) = ([make()?, make()?], make()?);
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                let loss =
                    |x: &[Var<f64>]| binary_cross_entropy(&x[0], &x[1], Some(&weight), reduction);
                gradcheck(loss, &inputs)?;
                gradgradcheck(loss, &inputs)?;
            }
        }
        let x = [tensor![f64; [0.1, 0.2], [0.7, 0.4]]];
        let row = |x: &[Var<f64>]| x[0].narrow(0, 0, 1)?.broadcast_to([2, 2]);
        let loss =
            |x: &[Var<f64>]| binary_cross_entropy(&x[0].t()?, &row(x)?, None, Reduction::Sum);
        gradcheck(loss, &x)?;
        gradgradcheck(loss, &x)
    }

    #[test]
    fn certainty_costs_at_most_a_hundred() -> Result<()> {
        let x = Var::leaf(tensor![0.0, 1.0, 0.0, 1.0, 0.5]);
        let t = Var::leaf(tensor![0.0, 1.0, 1.0, 0.0, 0.5]);
        let y = binary_cross_entropy(&x, &t, None, Reduction::None)?;
        assert_eq!(y.to_vec(), [0.0, 0.0, 100.0, 100.0, 2f32.ln()]);
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 0.0, -1e12, 1e12, 0.0])
        );
        assert_eq!(
            grads.wrt(&t).map(Tensor::to_vec),
            Some(vec![100.0, -100.0, 100.0, -100.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn weights_broadcast_and_the_mean_counts_elements() -> Result<()> {
        let x = Var::constant(tensor![f64; [0.5, 0.5], [0.5, 0.5]]);
        let loss =
            |weight: &Tensor<f64>| binary_cross_entropy(&x, &x, Some(weight), Reduction::Mean);
        let mean = loss(&tensor![f64; 1.0, 3.0])?.item()?;
        assert!((mean - 2.0 * 2f64.ln()).abs() < 1e-15, "{mean}");
        assert!(loss(&tensor![f64; 1.0, 2.0, 3.0]).is_err());
        Ok(())
    }

    #[test]
    fn what_is_no_probability_is_an_error() {
        let t = Var::constant(tensor![1.0]);
        for x in [-0.1, 1.1, f32::NAN] {
            let x = Var::leaf(tensor![x]);
            let error = binary_cross_entropy(&x, &t, None, Reduction::Mean).unwrap_err();
            assert!(matches!(
                error.kind(),
                ErrorKind::OutOfRange { name: "x", .. }
            ));
        }
        let matrix = Var::constant(tensor![[1.0]]);
        let error = binary_cross_entropy(&matrix, &t, None, Reduction::Mean).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::ShapeMismatch { .. }));
    }
}
