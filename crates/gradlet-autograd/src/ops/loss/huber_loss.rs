//! Losses that are quadratic near the target and linear far from it, and the linear one.

use gradlet_tensor::{Float, Result, fused};

use crate::pointwise::{Pointwise, Real};
use crate::reduction::Reduction;
use crate::saves::Inputs;
use crate::var::Var;

/// y = slope * (|x| - joint / 2) where |x| >= joint, curvature * x^2 / 2 in between; slope = joint * curvature
#[derive(Clone, Copy, Debug)]
struct HuberLoss<T> {
    joint: T,
    slope: T,
    /// Not slope / joint, which an infinite joint makes NaN.
    curvature: T,
}

impl<T: Float> Pointwise<T> for HuberLoss<T> {
    type Saves = Inputs;

    #[inline(always)]
    fn value(self, x: T) -> T {
        let half = T::of(0.5);
        if x.abs() >= self.joint {
            self.slope * (x.abs() - self.joint * half)
        } else {
            self.curvature * half * x * x
        }
    }

    /// slope * sign(x) where |x| >= joint, curvature * x in between
    #[inline(always)]
    fn slope<S: Real<T>>(self, x: S) -> S {
        let far = S::number(self.slope);
        let not_below = x.choose(|x| x >= self.joint, far, x * self.curvature);
        x.choose(|x| x <= -self.joint, -far, not_below)
    }
}

#[track_caller]
fn difference<T: Float>(op: &'static str, x: &Var<T>, target: &Var<T>) -> Result<Var<T>> {
    target.tensor().expect_shape(op, x.shape())?;
    x.sub(target)
}

/// The absolute differences to a target, `|x - target|`: their mean, their sum, or each of them.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `g * sign(x - target)` and its negative, divided by the number of elements for the mean; 0 where they are
/// equal, and where the difference is NaN. The difference is saved.
///
/// # Errors
///
/// If the shapes differ.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, l1_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![1.0, 4.0]), Var::constant(tensor![3.0, 4.0]));
/// assert_eq!(l1_loss(&x, &target, Reduction::Mean)?.item()?, 1.0);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.l1_loss`
#[track_caller]
pub fn l1_loss<T: Float>(x: &Var<T>, target: &Var<T>, reduction: Reduction) -> Result<Var<T>> {
    reduction.of(difference("l1_loss", x, target)?.abs())
}

/// Squared differences, halved and divided by beta, where they are smaller than beta, and absolute ones less
/// `beta / 2` elsewhere: their mean, their sum, or each of them.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `g * (x - target) / beta`, at least `-g` and at most `g`, and its negative, divided by the number of
/// elements for the mean. The second derivative at a difference of beta is 0. The difference is saved.
///
/// # Errors
///
/// If the shapes differ, or beta is neither 0, which gives [`l1_loss`], nor at least the smallest normal number of the
/// element type.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, smooth_l1_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![0.5, 4.0]), Var::constant(tensor![0.0, 1.0]));
/// let losses = smooth_l1_loss(&x, &target, 1.0, Reduction::None)?; // 0.5^2 / 2 and 3 - 1/2
/// assert_eq!(losses.to_vec(), [0.125, 2.5]);
/// assert_eq!(losses.sum(..)?.backward()?.wrt(&x), Some(&tensor![0.5, 1.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.functional.smooth_l1_loss`
#[track_caller]
pub fn smooth_l1_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    beta: f64,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "smooth_l1_loss";
    // The reciprocal of a smaller number may be infinite.
    let least = T::min_positive_value().to_f64();
    let holds = |x: f64| x >= least || beta == 0.0;
    fused::setting::<T>(op, "beta", "0 or a positive normal number", beta, holds)?;
    let difference = difference(op, x, target)?;
    let joint = T::of(beta);
    reduction.of(if joint == T::zero() {
        difference.abs()
    } else {
        difference.pointwise(HuberLoss {
            joint,
            slope: T::one(),
            curvature: T::of(1.0 / beta),
        })
    })
}

/// Squared differences, halved, where they are at most delta, and `delta * (|x - target| - delta / 2)`
/// elsewhere: their mean, their sum, or each of them.
///
/// # Shape
///
/// `x: [...], target: [...] -> []`, or `[...]` without reduction; the shapes are equal.
///
/// # Gradient
///
/// `g * (x - target)`, at least `-delta g` and at most `delta g`, and its negative, divided by the number of
/// elements for the mean. The second derivative at a difference of delta is 0. The difference is saved.
///
/// # Errors
///
/// If the shapes differ, or delta is not larger than 0, before and after it is rounded to the element type.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{Reduction, Var, huber_loss};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let (x, target) = (Var::leaf(tensor![1.0, 4.0]), Var::constant(tensor![0.0, 1.0]));
/// let losses = huber_loss(&x, &target, 2.0, Reduction::None)?; // 1^2 / 2 and 2 (3 - 2/2)
/// assert_eq!(losses.to_vec(), [0.5, 4.0]);
/// assert_eq!(losses.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 2.0]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// P. J. Huber, "Robust Estimation of a Location Parameter", 1964; `torch.nn.functional.huber_loss`
#[track_caller]
pub fn huber_loss<T: Float>(
    x: &Var<T>,
    target: &Var<T>,
    delta: f64,
    reduction: Reduction,
) -> Result<Var<T>> {
    let op = "huber_loss";
    fused::setting::<T>(op, "delta", "larger than 0", delta, |x| x > 0.0)?;
    let huber = HuberLoss {
        joint: T::of(delta),
        slope: T::of(delta),
        curvature: T::one(),
    };
    reduction.of(difference(op, x, target)?.pointwise(huber))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use crate::pointwise::check_pointwise;
    use gradlet_tensor::{ErrorKind, Tensor, rng, tensor};

    const ALL: [Reduction; 3] = [Reduction::Mean, Reduction::Sum, Reduction::None];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        type Loss = fn(&Var<f64>, &Var<f64>, Reduction) -> Result<Var<f64>>;
        let losses: [Loss; 3] = [
            l1_loss,
            |x, t, r| smooth_l1_loss(x, t, 0.7, r),
            |x, t, r| huber_loss(x, t, 0.7, r),
        ];
        for shape in [vec![], vec![7], vec![2, 3], vec![0, 2]] {
            let mut rng = rng(1);
            let mut make = || Tensor::<f64>::normal(&shape, 0.0, 1.0, &mut rng);
            let inputs = [make()?, make()?];
            for (loss, reduction) in losses.iter().flat_map(|loss| ALL.map(|r| (loss, r))) {
                gradcheck(|x| loss(&x[0], &x[1], reduction), &inputs)?;
                gradgradcheck(|x| loss(&x[0], &x[1], reduction), &inputs)?;
            }
        }
        let x = [tensor![f64; [1.0, 2.0], [3.0, 5.5]]];
        let row = |x: &[Var<f64>]| x[0].narrow(0, 0, 1)?.broadcast_to([2, 2]);
        gradcheck(
            |x| smooth_l1_loss(&x[0].t()?, &row(x)?, 1.5, Reduction::None),
            &x,
        )?;
        check_pointwise(
            HuberLoss::<f64>::sample(),
            HuberLoss::<f32>::sample(),
            &[-0.75, 0.75],
        );
        Ok(())
    }

    impl<T: Float> HuberLoss<T> {
        fn sample() -> Self {
            Self {
                joint: T::of(0.75),
                slope: T::of(1.5),
                curvature: T::of(2.0),
            }
        }
    }

    /// The loss and its gradient at each difference.
    fn at(
        differences: &Tensor,
        loss: impl Fn(&Var, &Var) -> Result<Var>,
    ) -> Result<(Vec<f32>, Vec<f32>)> {
        let x = Var::leaf(differences.clone());
        let y = loss(&x, &Var::constant(differences.zeros_like()))?;
        let grads = y.sum(..)?.backward()?;
        Ok((
            y.to_vec(),
            grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default(),
        ))
    }

    #[test]
    fn each_loss_has_its_values_at_and_around_the_joint() -> Result<()> {
        let x = tensor![0.0, 1.0, -2.0, 4.0];
        let none = Reduction::None;
        assert_eq!(
            at(&x, |x, t| l1_loss(x, t, none))?,
            (vec![0.0, 1.0, 2.0, 4.0], vec![0.0, 1.0, -1.0, 1.0])
        );
        assert_eq!(
            at(&x, |x, t| smooth_l1_loss(x, t, 2.0, none))?,
            (vec![0.0, 0.25, 1.0, 3.0], vec![0.0, 0.5, -1.0, 1.0])
        );
        assert_eq!(
            at(&x, |x, t| huber_loss(x, t, 2.0, none))?,
            (vec![0.0, 0.5, 2.0, 6.0], vec![0.0, 1.0, -2.0, 2.0])
        );
        assert_eq!(
            at(&x, |x, t| smooth_l1_loss(x, t, 0.0, none))?,
            at(&x, |x, t| l1_loss(x, t, none))?
        );
        Ok(())
    }

    #[test]
    fn nan_is_kept_and_infinity_has_a_slope() -> Result<()> {
        let x = tensor![f32::NAN, f32::NEG_INFINITY];
        let (y, dx) = at(&x, |x, t| huber_loss(x, t, 2.0, Reduction::None))?;
        assert!(y[0].is_nan() && dx[0].is_nan());
        assert_eq!((y[1], dx[1]), (f32::INFINITY, -2.0));
        let (y, dx) = at(&x, |x, t| l1_loss(x, t, Reduction::None))?;
        assert!(y[0].is_nan() && dx == [0.0, -1.0], "{y:?} {dx:?}");
        Ok(())
    }

    #[test]
    fn shapes_and_joints_that_do_not_fit_are_errors() {
        let (x, t) = (Var::leaf(tensor![1.0]), Var::leaf(tensor![[1.0]]));
        let mean = Reduction::Mean;
        for error in [
            l1_loss(&x, &t, mean).unwrap_err(),
            smooth_l1_loss(&x, &t, 1.0, mean).unwrap_err(),
            huber_loss(&x, &t, 1.0, mean).unwrap_err(),
        ] {
            assert!(matches!(error.kind(), ErrorKind::ShapeMismatch { .. }));
            assert!(error.to_string().contains(file!()), "{error}");
        }
        assert!(smooth_l1_loss(&x, &x, -1.0, mean).is_err());
        assert!(smooth_l1_loss(&x, &x, f64::NAN, mean).is_err());
        let error = huber_loss(&x, &x, 0.0, mean).unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange { name: "delta", .. }
        ));
    }

    #[test]
    fn an_infinite_delta_is_half_the_squared_difference() -> Result<()> {
        let (x, target) = (
            Var::leaf(tensor![1.0, 4.0]),
            Var::constant(tensor![0.0, 0.0]),
        );
        for delta in [f64::INFINITY, 1e39] {
            let y = huber_loss(&x, &target, delta, Reduction::None)?;
            assert_eq!(y.to_vec(), [0.5, 8.0]);
            let grads = y.sum(..)?.backward()?;
            assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 4.0]));
        }
        let flat = smooth_l1_loss(&x, &target, f64::INFINITY, Reduction::None)?;
        assert_eq!(flat.to_vec(), [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn joints_that_rounding_moves_to_0_are_refused() {
        fn fit<T: Float>(joint: f64) -> [bool; 2] {
            let zero = Var::constant(Tensor::<T>::scalar(T::zero()));
            let smooth = smooth_l1_loss(&zero, &zero, joint, Reduction::Sum);
            let smooth = smooth.and_then(|loss| loss.item()).map(|loss| {
                assert_eq!(loss.to_f64(), 0.0, "{joint}");
            });
            let huber = huber_loss(&zero, &zero, joint, Reduction::Sum);
            [smooth.is_ok(), huber.is_ok()]
        }
        assert_eq!(fit::<f32>(1e-50), [false, false]);
        assert_eq!(fit::<f64>(1e-50), [true, true]);
        // The reciprocal, by which squares are multiplied, is infinite.
        assert_eq!(fit::<f32>(1e-39), [false, true]);
        assert_eq!(fit::<f64>(1e-309), [false, true]);
        assert_eq!(fit::<f32>(0.0), [true, false]);
        assert_eq!(fit::<f32>(1e39), [true, true]);
    }
}
