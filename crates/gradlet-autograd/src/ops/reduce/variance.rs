//! Variance and standard deviation over axes.

use gradlet_tensor::{Axes, Float, ReducedAxes, Result, Tensor};

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
        // A mean is rounded; the error that this leaves in the distances is subtracted again.
        let distances = x.sub(&mean(x)?)?;
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
        let y = x.std(self.0.axes.keep(), self.0.correction)?;
        let none = x.is_empty();
        let flat = y.tensor().map(|y| none || y == T::of(0.0));
        let y = y.masked_fill(&flat, T::of(1.0))?;
        let g = g
            .reshape(self.0.axes.kept())?
            .masked_fill(&flat, T::of(0.0))?;
        self.0.slope(&x)?.mul(&g.div(&y)?)
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
    /// If an axis is out of range or named twice.
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
    /// `g * (x - mean) / ((n - correction) * y)`, 0 where all elements are the same; the input is saved.
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
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
        Deviation(Spread { axes, correction }).apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
