//! Norms over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

use super::corner::rescaled;
use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// y = (sum of |x|^p over the axes)^(1/p), p finite
#[derive(Debug)]
struct Norm {
    p: f64,
    axes: ReducedAxes,
}

impl<T: Float> Op<T> for Norm {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.norm(self.p, self.axes)
    }

    /// dx = g sign(x) (|x| / y)^(p - 1), 0 where x or y is 0; the ratio is at most 1, or at least 1 for p < 0
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let (p, zero, one) = (self.p, T::of(0.0), T::of(1.0));
        let g = g.reshape(self.axes.kept())?;
        if p == 0.0 {
            return Ok(Var::constant(x.tensor().zeros_like()));
        }
        if p == 1.0 {
            return Var::constant(x.tensor().sign()).mul(&g);
        }
        let norm = |x: &Var<T>| x.norm(p, self.axes.keep());
        let (x, y) = if p > 0.0 {
            rescaled(x, self.axes, norm)?
        } else {
            (x.clone(), norm(&x)?)
        };
        // Where y is 0, or NaN because there are no elements, it is neither a divisor nor differentiated.
        let none = x.is_empty();
        let flat = y.tensor().map(|y| none || y == zero);
        let (y, g) = (y.masked_fill(&flat, one)?, g.masked_fill(&flat, zero)?);
        if p == 2.0 {
            return x.mul(&g.div(&y)?)?.with_corners(&x, &flat);
        }
        let is_zero = x.tensor().map(|x| x == zero);
        let ratio = x.abs().div(&y)?.masked_fill(&is_zero, one)?;
        let sign = Var::constant(x.tensor().sign());
        let dx = ratio.powf(T::of(p - 1.0)).mul(&sign)?.mul(&g)?;
        // Below 2, the slope is infinitely steep at 0.
        let corners = is_zero.zip(&flat, |is_zero, flat| flat || (is_zero && p < 2.0))?;
        dx.with_corners(&x, &corners)
    }
}

impl<T: Float> Var<T> {
    /// The p-norm over the axes: `(sum |x|^p)^(1/p)`, the largest `|x|` for p = inf, the smallest for p = -inf, the number
    /// of elements that are not 0 for p = 0. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `norm(2.0, 1)`: `[a, b, c] -> [a, c]`; `norm(2.0, Keep(1))`: `[a, b, c] -> [a, 1, c]`;
    /// `norm(2.0, ..)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g * sign(x) * (|x| / y)^(p - 1)`, 0 where x or y is 0; for an infinite p, `g` with the sign of x, shared evenly
    /// among the elements with `|x| = y`; 0 for p = 0. The input is saved.
    ///
    /// The second derivative is NaN where it does not exist: where y is 0, and for p < 2 where x is 0; p = 0, 1 and
    /// infinite p are flat or straight on both sides, and have 0.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, p is infinite and there are no elements to choose from, or p is
    /// subnormal, or becomes so or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![3.0, -4.0]);
    /// assert_eq!(x.norm(2.0, ..)?.item()?, 5.0);
    /// assert_eq!(x.norm(1.0, ..)?.item()?, 7.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..)?.item()?, 4.0);
    /// assert_eq!(x.norm(2.0, ..)?.backward()?.wrt(&x), Some(&tensor![0.6, -0.8]));
    /// let x = Var::leaf(tensor![[3.0, 4.0], [0.0, 2.0]]);
    /// let y = x.div(&x.norm(2.0, Keep(1))?)?; // rows of length 1
    /// assert_eq!(y.tensor(), &tensor![[0.6, 0.8], [0.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.vector_norm`
    #[track_caller]
    pub fn norm(&self, p: f64, axes: impl Axes) -> Result<Self> {
        let power = T::of(p).to_f64();
        if power == f64::INFINITY {
            return self.abs().max(axes).map_err(|error| error.of("norm"));
        }
        if power == f64::NEG_INFINITY {
            return self.abs().min(axes).map_err(|error| error.of("norm"));
        }
        let axes = ReducedAxes::new("norm", *self.shape(), &axes)?;
        Norm { p, axes }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Keep, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?;
        let x = [x.map(|x| x + 0.1f64.copysign(x))];
        for p in [
            2.0,
            1.0,
            3.0,
            0.5,
            -1.0,
            0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            for axes in [vec![0], vec![-1, 0], vec![0, 1, 2]] {
                gradcheck(|x| x[0].norm(p, axes.as_slice()), &x)?;
                gradgradcheck(|x| x[0].transpose(0, 2)?.norm(p, axes.as_slice()), &x)?;
            }
            if p.is_finite() {
                gradgradcheck(|x| x[0].norm(p, 1), &[Tensor::zeros_of([3, 0])?])?;
            }
        }
        Ok(())
    }

    #[test]
    fn zeros_get_no_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[3.0, -4.0], [0.0, 0.0], [0.0, 2.0]]);
        for (p, expected) in [
            (2.0, [3.0 / 5.0, -4.0 / 5.0, 0.0, 0.0, 0.0, 1.0]),
            (1.0, [1.0, -1.0, 0.0, 0.0, 0.0, 1.0]),
        ] {
            let grads = x.norm(p, 1)?.sum(..)?.backward()?;
            let expected = Tensor::from_slice(expected, [3, 2])?;
            assert!(
                grads
                    .wrt(&x)
                    .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
                "{grads:?}"
            );
        }
        assert_eq!(x.norm(2.0, Keep([0, 1]))?.shape(), [1, 1]);
        let grads = x.norm(0.5, 1)?.sum(..)?.backward()?;
        let expected = tensor![[0.0, 0.0], [0.0, 1.0]];
        assert!(
            grads.wrt(&x).is_some_and(|dx| dx
                .narrow(0, 1, 2)
                .is_ok_and(|dx| dx.allclose(&expected, 1e-6, 0.0))),
            "{grads:?}"
        );
        Ok(())
    }

    #[test]
    fn a_norm_of_0_by_a_negative_power_has_no_slope() -> Result<()> {
        for (x, p) in [(tensor![0.0, 1.0], -1.0), (tensor![0.0, 2.0, 3.0], -2.0)] {
            let x = Var::leaf(x);
            let grads = x.norm(p, 0)?.backward()?;
            let dx = grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default();
            assert!(dx.len() > 1 && dx.iter().all(|dx| *dx == 0.0), "{dx:?}");
        }
        Ok(())
    }

    #[test]
    fn large_powers_overflow_nowhere() -> Result<()> {
        let x = Var::leaf(tensor![0.3, -0.4]);
        let y = x.norm(100.0, 0)?;
        assert_eq!(y.item()?, 0.4);
        let grads = y.backward()?;
        let expected = tensor![0.75f32.powi(99), -1.0];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-5, 0.0)),
            "{grads:?}"
        );
        Ok(())
    }

    fn second<T: Float>(x: &[T], f: impl Fn(&Var<T>) -> Result<Var<T>>) -> Result<Vec<T>> {
        let x = Var::leaf(Tensor::from_slice(x, x.len())?);
        let first = grad(&f(&x)?, &[&x], CreateGraph::Yes)?;
        Ok(grad(&first[0].sum(..)?, &[&x], CreateGraph::No)?[0].to_vec())
    }

    #[test]
    fn a_second_derivative_that_does_not_exist_is_nan() -> Result<()> {
        for p in [2.0, 3.0, 1.5, -1.0] {
            let at_0 = second(&[0.0, 0.0], |x| x.norm(p, 0))?;
            assert!(at_0.iter().all(|dx| f32::is_nan(*dx)), "{p}: {at_0:?}");
        }
        // That of the squared norm is 2 times the identity; 0 would pass for it.
        let squared = second(&[0.0, 0.0], |x| x.norm(2.0, 0)?.mul(&x.norm(2.0, 0)?))?;
        assert!(squared.iter().all(|dx| f32::is_nan(*dx)), "{squared:?}");
        assert!(f32::is_nan(second(&[0.0, 1.0], |x| x.norm(1.5, 0))?[0]));
        assert_eq!(second(&[0.0, 1.0], |x| x.norm(3.0, 0))?, [0.0, 0.0]);
        assert_eq!(second(&[0.0, 2.0], |x| x.norm(2.0, 0))?, [0.5, 0.0]);
        Ok(())
    }

    /// The gradients of rows times a power of two are the same, and second derivatives are divided by it.
    fn have_the_gradients_of_ordinary_ones<T: Float>(powers: &[i32]) -> Result<()> {
        let row = [1.0, -0.75, 0.0, -1.0].map(T::of);
        for &power in powers {
            let factor = T::of(2.0).powi(power);
            let large = row.map(|x| x * factor);
            for p in [2.0, 3.0, 1.5, 100.0, -2.0] {
                let gradient = |x: &[T; 4]| {
                    let x = Var::leaf(Tensor::from_slice([*x, row].concat(), [2, 4])?);
                    let rows = x.narrow(1, 0, 2)?;
                    Ok(rows
                        .norm(p, 1)?
                        .sum(..)?
                        .backward()?
                        .wrt(&x)
                        .map(Tensor::to_vec))
                };
                let [found, expected] = [gradient(&large)?, gradient(&row)?];
                let pairs = found.iter().flatten().zip(expected.iter().flatten());
                for (&found, &expected) in pairs {
                    let (found, expected) = (found.to_f64(), expected.to_f64());
                    // p - 1 times the rounding of the ratio, and of the norm by its rounded root.
                    let roundings = 4.0 * f64::abs(p) + 2.0 * f64::from(power.abs());
                    let tolerance = if p == 2.0 {
                        0.0
                    } else {
                        roundings * T::epsilon().to_f64()
                    };
                    let error = (found - expected).abs();
                    assert!(error <= tolerance, "{p}, {power}: {found} {expected}");
                }
            }
            let x = [&large[..2], &row[..2]].map(|x| second(x, |x| x.norm(2.0, 0)));
            let [found, expected] = x.map(std::result::Result::unwrap_or_default);
            for (&found, &expected) in found.iter().zip(&expected) {
                // A subnormal result has fewer digits.
                let expected = (expected / factor).to_f64();
                let least = (T::min_positive_value() * T::epsilon()).to_f64();
                let error = (found.to_f64() - expected).abs();
                assert!(error <= least, "{power}: {found} {expected}");
            }
        }
        Ok(())
    }

    #[test]
    fn large_and_small_rows_have_the_gradients_of_ordinary_ones() -> Result<()> {
        have_the_gradients_of_ordinary_ones::<f32>(&[-120, -100, 64, 100, 126])?;
        have_the_gradients_of_ordinary_ones::<f64>(&[-1000, -600, 512, 1000, 1022])?;
        let x = Var::leaf(tensor![1e20, 1e20]);
        let grads = x.norm(2.0, 0)?.backward()?;
        let expected = tensor![0.5f32.sqrt(), 0.5f32.sqrt()];
        assert!(
            grads
                .wrt(&x)
                .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0))
        );
        Ok(())
    }
}
