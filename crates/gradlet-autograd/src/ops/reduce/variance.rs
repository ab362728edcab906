//! Variance and standard deviation over axes.

use gradlet_tensor::{Axes, Float, Result, Shape, Tensor};

use crate::op::{One, Op};
use crate::ops::reduce::reduced_shapes;
use crate::saves::Inputs;
use crate::var::Var;

/// What is reduced, and what it is divided by.
#[derive(Clone, Debug)]
struct Spread {
    axes: Vec<isize>,
    correction: f64,
    kept: Shape,
    to: Shape,
}

impl Spread {
    #[track_caller]
    fn new(op: &'static str, shape: Shape, axes: &impl Axes, correction: f64) -> Result<Self> {
        let selected = axes.select(op, &shape)?;
        let (kept, to) = reduced_shapes(op, shape, axes)?;
        let axes = (0..shape.rank()).filter(|&axis| selected[axis]);
        Ok(Self {
            axes: axes.map(|axis| axis as isize).collect(),
            correction,
            kept,
            to,
        })
    }

    /// (x - mean) / (n - correction): half the slope of the variance.
    fn slope<T: Float>(&self, x: &Var<T>) -> Result<Var<T>> {
        let count = (x.len() / self.kept.len().max(1)) as f64;
        let left = (count - self.correction).max(0.0);
        let mean = |x: &Var<T>| x.mean_keepdim(self.axes.as_slice());
        // A mean is rounded; what that leaves in the distances is taken off again.
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
        x.var(self.0.axes.as_slice(), self.0.correction)?
            .reshape(self.0.to)
    }

    /// dx = 2 g (x - mean) / (n - correction)
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let g = g.reshape(self.0.kept)?.mul_scalar(T::of(2.0));
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
        x.std(self.0.axes.as_slice(), self.0.correction)?
            .reshape(self.0.to)
    }

    /// dx = g (x - mean) / (n - correction) / y, 0 where y = 0; without elements it is not differentiated through y = NaN
    fn backward(&self, g: Var<T>, x: Var<T>) -> Result<Var<T>> {
        let y = x
            .std(self.0.axes.as_slice(), self.0.correction)?
            .reshape(self.0.kept)?;
        let none = x.is_empty();
        let flat = y.tensor().map(|y| none || y == T::of(0.0));
        let y = y.masked_fill(&flat, T::of(1.0))?;
        let g = g.reshape(self.0.kept)?.masked_fill(&flat, T::of(0.0))?;
        self.0.slope(&x)?.mul(&g.div(&y)?)
    }
}

impl<T: Float> Var<T> {
    /// The variance over the axes, which go away: squared distances from the mean, summed, divided by
    /// `max(n - correction, 0)` for n elements; `PyTorch`'s default correction is 1.
    ///
    /// # Shape
    ///
    /// `var(1, 1.0)`: `[a, b, c] -> [a, c]`; `var(.., 1.0)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `2 * g * (x - mean) / (n - correction)`; the input is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 3.0]);
    /// assert_eq!(x.var(0, 0.0)?.item()?, 1.0); // (1 + 1) / 2
    /// let y = x.var(0, 1.0)?; // (1 + 1) / (2 - 1)
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(y.backward()?.wrt(&x), Some(&tensor![-2.0, 2.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.var`
    #[track_caller]
    pub fn var(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        Variance(Spread::new("var", self.dims(), &axes, correction)?).apply(self)
    }

    /// The standard deviation over the axes, which go away: the square root of [`var`](Self::var).
    ///
    /// # Shape
    ///
    /// `std(1, 1.0)`: `[a, b, c] -> [a, c]`; `std(.., 1.0)`: `[...] -> []`
    ///
    /// # Gradient
    ///
    /// `g * (x - mean) / ((n - correction) * y)`, 0 where all elements are the same; the input is saved.
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [5.0, 5.0]]);
    /// let y = x.std(1, 0.0)?;
    /// assert_eq!(y.to_vec(), [1.0, 0.0]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[-0.5, 0.5], [0.0, 0.0]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.std`
    #[track_caller]
    pub fn std(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        Deviation(Spread::new("std", self.dims(), &axes, correction)?).apply(self)
    }

    /// As [`var`](Self::var), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `var_keepdim(1, 1.0)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `var`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [5.0, 9.0]]);
    /// assert_eq!(x.var_keepdim(1, 0.0)?.tensor(), &tensor![[1.0], [4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn var_keepdim(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let (kept, _) = reduced_shapes("var_keepdim", self.dims(), &axes)?;
        self.var(axes, correction)?.reshape(kept)
    }

    /// As [`std`](Self::std), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `std_keepdim(1, 1.0)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `std`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[1.0, 3.0], [5.0, 9.0]]);
    /// let y = x.sub(&x.mean_keepdim(1)?)?.div(&x.std_keepdim(1, 0.0)?)?;
    /// assert_eq!(y.tensor(), &tensor![[-1.0, 1.0], [-1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn std_keepdim(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let (kept, _) = reduced_shapes("std_keepdim", self.dims(), &axes)?;
        self.std(axes, correction)?.reshape(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

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
        // The mean is 123457.33, of which f32 has no more than 123457.336.
        let expected = tensor![-4.0 / 3.0, -1.0 / 3.0, 5.0 / 3.0];
        assert!(
            grads
                .wrt(&high)
                .is_some_and(|dx| dx.allclose(&expected, 1e-6, 0.0)),
            "{grads:?}"
        );
        assert_eq!(x.var_keepdim(1, 0.0)?.shape(), [2, 1]);
        assert_eq!(x.std_keepdim(.., 0.0)?.shape(), [1, 1]);
        assert!(x.var(2, 0.0).is_err() && x.std([0, -2], 0.0).is_err());
        Ok(())
    }
}
