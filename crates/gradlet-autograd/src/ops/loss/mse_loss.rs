//! The mean squared error.

use gradlet_tensor::{Float, Result, Tensor};

use crate::op::{Fixed, Op, Want};
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// y = 1/n `sum_i` (`x_i` - `target_i)^2`
#[derive(Debug)]
struct MseLoss;

impl<T: Float> Op<T> for MseLoss {
    type Arity = Fixed<2>;
    type Saves = Inputs;

    fn forward(&self, [x, target]: [&Tensor<T>; 2]) -> Result<Tensor<T>> {
        x.zip(target, |x, target| (x - target) * (x - target))?
            .mean(..)
    }

    /// dx = 2 g / n * (x - target), dtarget = -dx
    fn backward(
        &self,
        g: Var<T>,
        ([x, target], [want_x, want_target]): ([Var<T>; 2], [Want; 2]),
    ) -> Result<[Option<Var<T>>; 2]> {
        // Without elements the gradient is empty, but its derivative would be multiplied by infinity.
        let n = x.len().max(1) as f64;
        let dx = x.sub(&target)?.mul(&g.mul_scalar(T::of(2.0 / n)))?;
        let dtarget = want_target.then(|| Ok(dx.neg()))?;
        Ok([want_x.then(|| Ok(dx))?, dtarget])
    }
}

/// The squared differences to a target: their mean, which is NaN if there are none, their sum, or each of them.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes have to be equal, since broadcasting here
/// hides mistakes.
///
/// # Gradient
///
/// `2 g * (x - target)` and its negative, divided by the number of elements for the mean; both inputs are
/// saved, or their difference.
///
/// # Errors
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, mse_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![1.0, 3.0]), Var::constant(tensor![0.0, 1.0]));
/// assert_eq!(mse_loss(&x, &target, Reduction::None)?.to_vec(), [1.0, 4.0]);
/// let loss = mse_loss(&x, &target, Reduction::Mean)?; // (1 + 4) / 2
/// assert_eq!(loss.item()?, 2.5);
/// assert_eq!(loss.backward()?.wrt(&x), Some(&tensor![1.0, 2.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.mse_loss`
#[track_caller]
pub fn mse_loss<T: Float>(x: &Var<T>, target: &Var<T>, reduction: Reduction) -> Result<Var<T>> {
    target.tensor().expect_shape("mse_loss", x.shape())?;
    match reduction {
        Reduction::Mean => MseLoss.apply([x, target]),
        _ => reduction.of(x.sub(target)?.powi(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for shape in [vec![], vec![3], vec![2, 3], vec![0, 3]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(&shape, 0.0, 1.0, &mut rng);
            let inputs = [make()?, make()?];
            for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
                gradcheck(|x| mse_loss(&x[0], &x[1], reduction), &inputs)?;
                gradgradcheck(|x| mse_loss(&x[0], &x[1], reduction), &inputs)?;
            }
        }
        let x = [tensor![f64; [1.0, 2.0], [3.0, 5.0]]];
        gradcheck(|x| mse_loss(&x[0], &x[0].t()?, Reduction::Mean), &x)
    }

    #[test]
    fn losses_are_averaged_added_up_or_left() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![1.0, 4.0]),
            Var::constant(tensor![0.0, 2.0]),
        );
        let of = |reduction| mse_loss(&x, &target, reduction).map(|y| y.to_vec());
        assert_eq!(of(Reduction::Mean)?, [2.5]);
        assert_eq!(of(Reduction::Sum)?, [5.0]);
        assert_eq!(of(Reduction::None)?, [1.0, 4.0]);
        let none = Var::constant(Tensor::zeros([0, 3])?);
        assert!(mse_loss(&none, &none, Reduction::Mean)?.item()?.is_nan());
        assert_eq!(mse_loss(&none, &none, Reduction::Sum)?.item()?, 0.0);
        assert!(mse_loss(&x, &none, Reduction::Sum).is_err());
        Ok(())
    }

    #[test]
    fn the_gradient_points_from_the_target() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![1.0, 4.0]),
            Var::constant(tensor![0.0, 2.0]),
        );
        let y = mse_loss(&x, &target, Reduction::Mean)?;
        assert_eq!(y.graph().nodes[0].op, "mse_loss");
        assert_eq!(
            y.backward()?.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0, 2.0])
        );
        let row = Var::constant(tensor![[1.0, 2.0]]);
        assert!(mse_loss(&x, &row, Reduction::Mean).is_err());
        Ok(())
    }
}
