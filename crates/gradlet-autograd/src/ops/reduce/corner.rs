//! The place where a norm or a deviation has a corner: there its gradient is 0 by convention and has no derivative.

use gradlet_tensor::{Float, ReducedAxes, Result, Tensor, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y = 0, to be added to a gradient
#[derive(Debug)]
struct Corner {
    /// Where the gradient has a derivative.
    smooth: Tensor<bool>,
}

impl<T: Float> Op<T> for Corner {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(x.zeros_like())
    }

    /// dx = NaN, 0 where the gradient has a derivative
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        // Zeros on both sides of NaN, since derivatives of this pass it the other way.
        let at_corners = |g: &Var<T>| g.masked_fill(&self.smooth, T::zero());
        at_corners(&at_corners(&g)?.mul_scalar(T::nan()))
    }

    fn attribute_bytes(&self) -> usize {
        self.smooth.size_bytes()
    }
}

/// The elements and the norms or deviations of their groups; both divided by powers of two where squares of the latter,
/// which derivatives of higher order are made of, would leave the range of the element type.
#[track_caller]
pub(super) fn rescaled<T: Float>(
    x: Var<T>,
    axes: ReducedAxes,
    size: impl Fn(&Var<T>) -> Result<Var<T>>,
) -> Result<(Var<T>, Var<T>)> {
    let y = size(&x)?;
    let least = (T::min_positive_value() / T::epsilon()).sqrt();
    let most = T::max_value().sqrt();
    let fits = |y: T| (least..=most).contains(&y) || y == T::zero();
    let Some(divisors) = fused::rescaling(x.tensor(), axes.keep(), y.tensor(), fits)? else {
        return Ok((x, y));
    };
    let x = x.div(&Var::constant(divisors))?;
    let y = size(&x)?;
    Ok((x, y))
}

impl<T: Float> Var<T> {
    /// The same gradient of `x`, whose own derivative by `x` is NaN where `x` is at a corner.
    ///
    /// # Shape
    ///
    /// `self: [...], x: [...] -> [...]`, corners broadcast to it
    ///
    /// # Gradient
    ///
    /// `g` for the gradient, NaN for x at corners and 0 elsewhere; the corners are saved.
    #[track_caller]
    pub(crate) fn with_corners(self, x: &Self, corners: &Tensor<bool>) -> Result<Self> {
        if !x.is_tracked() || !corners.iter().any(|corner| corner) {
            return Ok(self);
        }
        let smooth = corners.logical_not();
        self.add(&Corner { smooth }.apply(x)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::tensor;

    #[test]
    fn gradients_agree_with_finite_differences_but_at_corners() -> Result<()> {
        let x = tensor![f64; [1.0, 2.0], [3.0, 4.0]];
        let smooth = tensor![bool; [true, true], [true, true]];
        let corner = |x: &[Var<f64>]| {
            let smooth = smooth.clone();
            x[0].add(&Corner { smooth }.apply(&x[0])?)
        };
        gradcheck(corner, std::slice::from_ref(&x))?;
        gradgradcheck(corner, std::slice::from_ref(&x))?;
        let x = Var::leaf(x);
        let y = x
            .square()
            .with_corners(&x, &tensor![bool; [true], [false]])?;
        assert_eq!(y.to_vec(), [1.0, 4.0, 9.0, 16.0]);
        let dx = y.sum(..)?.backward()?.wrt(&x).map(Tensor::to_vec);
        let dx = dx.unwrap_or_default();
        assert!(
            dx[0].is_nan() && dx[1].is_nan() && dx[2..] == [6.0, 8.0],
            "{dx:?}"
        );
        Ok(())
    }
}
