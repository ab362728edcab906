//! Variance and standard deviation over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor, fused};

use super::corner::rescaled;
use crate::op::{One, Op};
use crate::saves::Inputs;
use crate::var::Var;

/// The axes to reduce, and the correction of the divisor.
#[derive(Clone, Copy, Debug)]
struct Spread {
    axes: ReducedAxes,
    correction: f64,
}

impl Spread {
    /// (x - mean) / (n - correction): half the slope of the variance.
    fn slope<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let left = (self.axes.count() as f64 - self.correction).max(0.0);
        let mean = |x: &Var<T>| x.mean(self.axes.keep());
        let level = mean(x)?;
        // The sum of the largest numbers is infinite, their mean is not.
        let (kept, of_level) = (self.axes.keep(), level.tensor());
        if let Some(divisors) = fused::rescaling(x.tensor(), kept, of_level, T::is_finite)? {
            let divisors = Var::constant(divisors);
            return self.slope(&x.div(&divisors)?)?.mul(&divisors);
        }
        // A mean is rounded; the error that this leaves in the distances is subtracted again.
        let distances = x.sub(&level)?;
        Ok(distances.sub(&mean(&distances)?)?.div_scalar(T::of(left)))
    }
}

/// y = sum of (x - mean)^2 / (n - correction) over the axes
#[derive(Debug)]
struct Variance(Spread);

impl<T: Float> Op<T> for Variance {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.var(self.0.axes, self.0.correction)
    }

    /// dx = 2 g (x - mean) / (n - correction)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let g = g.reshape(self.0.axes.kept())?.mul_scalar(T::of(2.0));
        self.0.slope(&x)?.mul(&g)
    }
}

/// y = the square root of the variance
#[derive(Debug)]
struct Deviation(Spread);

impl<T: Float> Op<T> for Deviation {
    type Arity = One;
    type Saves = Inputs;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.std(self.0.axes, self.0.correction)
    }

    /// dx = g (x - mean) / (n - correction) / y, 0 where y = 0; if there are no elements, y = NaN is not differentiated
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let Spread { axes, correction } = self.0;
        let (x, y) = rescaled(x, axes, |x| x.std(axes.keep(), correction))?;
        let none = x.is_empty();
        let flat = y.tensor().map(|y| none || y == T::of(0.0));
        let y = y.masked_fill(&flat, T::of(1.0))?;
        let g = g.reshape(axes.kept())?.masked_fill(&flat, T::of(0.0))?;
        let dx = self.0.slope(&x)?.mul(&g.div(&y)?)?;
        // That of one element is 0 everywhere.
        if axes.count() > 1 {
            dx.with_corners(&x, &flat)
        } else {
            Ok(dx)
        }
    }
}

impl<T: Float> Var<T> {
    /// The variance over the axes: the sum of squared distances from the mean, divided by `max(n - correction, 0)` for
    /// n elements; `PyTorch`'s default correction is 1. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `var(1, 1.0)`: `[a, b, c] -> [a, c]`; `var(Keep(1), 1.0)`: `[a, b, c] -> [a, 1, c]`;
    /// `var(.., 1.0)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `2 * g * (x - mean) / (n - correction)`; the input is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 3.0]);
    /// assert_eq!(x.var(0, 0.0)?.item()?, 1.0); // (1 + 1) / 2
    /// let y = x.var(0, 1.0)?; // (1 + 1) / (2 - 1)
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![-2.0, 2.0]));
    /// assert_eq!(x.var(Keep(0), 1.0)?.tensor(), &tensor![2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.var`
    #[track_caller]
    pub fn var(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let axes = ReducedAxes::new("var", *self.shape(), &axes)?;
        fused::setting::<T>("var", "correction", "finite", correction, f64::is_finite)?;
        Variance(Spread { axes, correction }).apply(self)
    }

    /// The standard deviation over the axes: the square root of [`var`](Self::var).
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `std(1, 1.0)`: `[a, b, c] -> [a, c]`; `std(Keep(1), 1.0)`: `[a, b, c] -> [a, 1, c]`;
    /// `std(.., 1.0)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g * (x - mean) / ((n - correction) * y)`, 0 where all elements are the same, and there its own
    /// derivative, which does not exist, is NaN; the input is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Keep, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [5.0, 5.0]]);
    /// let y = x.std(1, 0.0)?;
    /// assert_eq!(y.to_vec(), [1.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[-0.5, 0.5], [0.0, 0.0]]));
    /// assert_eq!(x.sub(&x.std(Keep(1), 0.0)?)?.tensor(), &tensor![[0.0, 2.0], [5.0, 5.0]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.std`
    #[track_caller]
    pub fn std(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let axes = ReducedAxes::new("std", *self.shape(), &axes)?;
        fused::setting::<T>("std", "correction", "finite", correction, f64::is_finite)?;
        Deviation(Spread { axes, correction }).apply(self)
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
        let x = [Tensor::<f64>::normal([2, 3, 4], 0.0, 1.0, &mut rng(1))?];
        for axes in [vec![0], vec![-1], vec![0, 2], vec![0, 1, 2]] {
            for correction in [0.0, 1.0] {
                let var = |x: &[Var<f64>]| x[0].var(axes.as_slice(), correction);
                let std = |x: &[Var<f64>]| x[0].transpose(0, 2)?.std(axes.as_slice(), correction);
                gradcheck(var, &x)?;
                gradgradcheck(var, &x)?;
                gradcheck(std, &x)?;
                gradgradcheck(std, &x)?;
            }
        }
        for none in [[3, 0], [0, 3]] {
            let none = [Tensor::zeros_of(none)?];
            gradgradcheck(|x| x[0].var(0, 1.0), &none)?;
            gradgradcheck(|x| x[0].std(0, 1.0), &none)?;
        }
        Ok(())
    }

    #[test]
    fn equal_elements_have_no_slope() -> Result<()> {
        let x = Var::leaf(tensor![[2.0, 2.0], [1.0, 3.0]]);
        let y = x.std(1, 0.0)?;
        assert_eq!(y.to_vec(), [0.0, 1.0]);
        let grads = y.backward_with(tensor![4.0, 4.0])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 0.0, -2.0, 2.0])
        );
        let third = Var::leaf(tensor![f64; 0.1, 0.1, 0.1]);
        let grads = third.std(0, 1.0)?.backward()?;
        assert_eq!(grads.wrt(&third).map(Tensor::to_vec), Some(vec![0.0; 3]));
        let high = Var::leaf(tensor![123_456.0, 123_457.0, 123_459.0]);
        let grads = high.var(0, 1.0)?.backward()?;
        // The mean is 123457.33, and the nearest f32 is 123457.336.
        let expected = tensor![-4.0 / 3.0, -1.0 / 3.0, 5.0 / 3.0];
        assert!(
            grads
                .wrt(&high)
                .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
            "{grads:?}"
        );
        assert_eq!(x.var(Keep(1), 0.0)?.shape(), [2, 1]);
        assert_eq!(x.std(Keep(..), 0.0)?.shape(), [1, 1]);
        assert!(x.var(2, 0.0).is_err() && x.std([0, -2], 0.0).is_err());
        Ok(())
    }

    /// Of rows times a power of two: the gradients of their deviations are the same, and so are those of their
    /// variances, but for this factor.
    fn have_the_gradients_of_ordinary_ones<T: Float>(powers: &[i32]) -> Result<()> {
        let row = [1.0, -0.75, 0.0, -1.0].map(T::of);
        let gradients = |factor: T, correction: f64| {
            let x = [row.map(|x| x * factor), row].concat();
            let x = Var::leaf(Tensor::from_slice(x, [2, 4])?);
            let std = x.std(1, correction)?.sum(..)?.backward()?;
            let var = x.var(1, correction)?.sum(..)?.backward()?;
            Ok([std, var].map(|grads| grads.wrt(&x).map(Tensor::to_vec).unwrap_or_default()))
        };
        for (&power, correction) in powers.iter().zip([0.0, 1.0, 0.5].into_iter().cycle()) {
            let factor = T::of(2.0).powi(power);
            let [std, var] = gradients(factor, correction)?;
            let [std_of_row, var_of_row] = gradients(T::one(), correction)?;
            assert_eq!(std, std_of_row, "{power}");
            assert_eq!(var[4..], var_of_row[4..], "{power}");
            for (found, expected) in var[..4].iter().zip(var_of_row) {
                assert_eq!(*found, expected * factor, "{power}");
            }
        }
        Ok(())
    }

    #[test]
    fn large_and_small_rows_have_the_gradients_of_ordinary_ones() -> Result<()> {
        have_the_gradients_of_ordinary_ones::<f32>(&[-110, -83, 60, 66, 126])?;
        have_the_gradients_of_ordinary_ones::<f64>(&[-1000, -600, 512, 1000, 1022])?;
        for (size, correction, expected) in [
            (1e-25, 0.0, 0.5),
            (1e20, 0.0, 0.5),
            (1e20, 1.0, 0.5f32.sqrt()),
        ] {
            let x = Var::leaf(tensor![size, -size]);
            let y = x.std(0, correction)?;
            let deviation = size * 2.0 * expected;
            assert!((y.item()? - deviation).abs() <= 2e-7 * deviation, "{y}");
            let dx = y
                .backward()?
                .wrt(&x)
                .map(Tensor::to_vec)
                .unwrap_or_default();
            let off = |dx: f32, sign: f32| (dx - sign * expected).abs();
            assert!(off(dx[0], 1.0) < 1e-7 && off(dx[1], -1.0) < 1e-7, "{dx:?}");
        }
        let x = Var::leaf(tensor![3e38, 3e38]);
        let grads = x.var(0, 1.0)?.backward()?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![0.0, 0.0]));
        Ok(())
    }

    #[test]
    fn the_second_derivative_of_no_deviation_is_nan() -> Result<()> {
        let second = |x: &Tensor| {
            let x = Var::leaf(x.clone());
            let first = grad(&x.std(1, 0.0)?.sum(..)?, &[&x], CreateGraph::Yes)?;
            let weights = Var::constant(tensor![1.0, 2.0]);
            let sum = first[0].mul(&weights)?.sum(..)?;
            Ok(grad(&sum, &[&x], CreateGraph::No)?[0].to_vec())
        };
        let found = second(&tensor![[2.0, 2.0], [1.0, 3.0]])?;
        assert!(found[0].is_nan() && found[1].is_nan(), "{found:?}");
        // |a - b| / 2 has no curvature.
        assert_eq!(found[2..], [0.0, 0.0]);
        let one = Var::leaf(tensor![[2.0], [1.0]]);
        let first = grad(&one.std(1, 0.0)?.sum(..)?, &[&one], CreateGraph::Yes)?;
        let second = grad(&first[0].sum(..)?, &[&one], CreateGraph::No)?;
        assert_eq!(second[0].to_vec(), [0.0, 0.0]);
        Ok(())
    }
}
