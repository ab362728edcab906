//! Variances, products, norms and logarithms of sums over chosen axes.

use crate::element::Float;
use crate::error::Result;
use crate::fused::setting;
use crate::kernel::fold;
use crate::number::Number;
use crate::reduce::Blocks;
use crate::reduce::extreme::{larger, smaller};
use crate::reduce::rescale::{has_all_digits, rescaling};
use crate::shape::{Axes, ReducedAxes};
use crate::tensor::Tensor;

impl<T: Number> Tensor<T> {
    /// The product over the axes; 1 if there are no elements; of integers exact, as an `i64` or `u64`.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `prod(1)`: `[a, b, c] -> [a, c]`; `prod(Keep(1))`: `[a, b, c] -> [a, 1, c]`; `prod(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or a product of integers overflows.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 2.0], [3.0, 4.0]];
    /// assert_eq!(x.prod(0)?, tensor![3.0, 8.0]);
    /// assert_eq!(x.prod(Keep(..))?, tensor![[24.0]]);
    /// assert_eq!(Tensor::zeros([2, 0])?.prod(1)?.to_vec(), [1.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn prod(&self, axes: impl Axes) -> Result<Tensor<T::Sum>> {
        T::prod_(self, ReducedAxes::new("prod", *self.shape(), &axes)?)
    }
}

impl<T: Float> Tensor<T> {
    #[track_caller]
    pub(crate) fn prod_over(&self, axes: ReducedAxes) -> Result<Self> {
        let one = T::of(1.0);
        let columns = |x: &[T], out: &mut [T]| {
            out.fill(one);
            for row in x.chunks_exact(out.len()) {
                out.iter_mut().zip(row).for_each(|(y, &x)| *y = *y * x);
            }
        };
        Blocks::new(self, axes)?.reduce(|x| fold::fold(x, one, &|a, b| a * b), columns)
    }

    /// The variance over the axes: the sum of the squared distances from the mean, divided by `max(n - correction, 0)`
    /// for n elements. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// A correction of 1 gives the unbiased estimate, 0 the variance of the elements themselves. The result is NaN if
    /// the divisor and all distances are 0, as for one element and a correction of 1.
    ///
    /// # Shape
    ///
    /// `var(1, 1.0)`: `[a, b, c] -> [a, c]`; `var(Keep(1), 1.0)`: `[a, b, c] -> [a, 1, c]`;
    /// `var(.., 1.0)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 3.0], [5.0, 9.0]];
    /// assert_eq!(x.var(1, 1.0)?, tensor![2.0, 8.0]);
    /// assert_eq!(x.var(Keep(1), 0.0)?, tensor![[1.0], [4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn var(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let axes = ReducedAxes::new("var", *self.shape(), &axes)?;
        setting::<T>("var", "correction", "finite", correction, f64::is_finite)?;
        let var = self.var_over(axes, correction)?;
        let Some(divisors) = rescaling(self, axes, &var, T::is_finite)? else {
            return Ok(var);
        };
        let var = self.div(&divisors)?.var_over(axes, correction)?;
        let divisors = divisors.reshape(axes.output())?;
        var.mul(&divisors)?.mul(&divisors)
    }

    #[track_caller]
    fn var_over(&self, axes: ReducedAxes, correction: f64) -> Result<Self> {
        let count = axes.count() as f64;
        // Not in a closure, which would lose the caller's line.
        let rounded = self.sum_over(axes.keep())?.div_scalar(T::of(count));
        // The mean of equal elements is rounded. Adding the mean distance from it makes it exact, and the variance 0.
        let off = self.sub(&rounded)?.sum_over(axes.keep())?;
        let exact = rounded.add(&off.div_scalar(T::of(count)))?;
        let distances = self.zip_for("var", &exact, |x, mean| (x - mean) * (x - mean))?;
        Ok(distances.sum_over(axes)? / T::of((count - correction).max(0.0)))
    }

    /// The standard deviation over the axes: the square root of [`var`](Self::var), also where that is too large or
    /// too small for the element type. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `std(1, 1.0)`: `[a, b, c] -> [a, c]`; `std(Keep(1), 1.0)`: `[a, b, c] -> [a, 1, c]`;
    /// `std(.., 1.0)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, or the correction is not finite as an element.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 3.0], [5.0, 9.0]];
    /// assert_eq!(x.std(1, 0.0)?, tensor![1.0, 2.0]);
    /// let distances = x.sub(&x.mean(Keep(1))?)?;
    /// assert_eq!(distances.div(&x.std(Keep(1), 0.0)?)?, tensor![[-1.0, 1.0], [-1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn std(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let axes = ReducedAxes::new("std", *self.shape(), &axes)?;
        setting::<T>("std", "correction", "finite", correction, f64::is_finite)?;
        let var = self.var_over(axes, correction)?;
        let Some(divisors) = rescaling(self, axes, &var, has_all_digits)? else {
            return Ok(var.sqrt());
        };
        let std = self.div(&divisors)?.var_over(axes, correction)?.sqrt();
        std.mul(&divisors.reshape(axes.output())?)
    }

    /// `ln sum e^x` over the axes, without overflow; -inf if there are no elements.
    /// The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// # Shape
    ///
    /// `logsumexp(1)`: `[a, b, c] -> [a, c]`; `logsumexp(Keep(1))`: `[a, b, c] -> [a, 1, c]`;
    /// `logsumexp(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1000.0, 0.0], [0.0, 0.0]];
    /// assert_eq!(x.logsumexp(1)?, tensor![1000.0, 2f32.ln()]);
    /// assert_eq!(x.logsumexp(Keep(1))?, tensor![[1000.0], [2f32.ln()]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.logsumexp`
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("logsumexp", *self.shape(), &axes)?;
        if self.is_empty() {
            return Ok(self.sum_over(axes)?.ln());
        }
        let zero = T::of(0.0);
        // If the largest element is infinite, shifting by it would turn equal infinities into NaN.
        let largest = self.extreme("logsumexp", axes.keep(), larger)?;
        let shift = largest.map(|x| if x.is_infinite() { zero } else { x });
        let sum = self.sub(&shift)?.exp().sum_over(axes.keep())?;
        sum.ln().add(&shift)?.reshape(axes.output())
    }

    /// The p-norm over the axes: `(sum |x|^p)^(1/p)`; the largest `|x|` for p = inf, the smallest for p = -inf, the
    /// number of nonzero elements for p = 0. The axes go away, or stay at size 1 with [`Keep`](crate::Keep).
    ///
    /// Where the sum of powers is too large or too small for the element type, the elements are scaled first.
    ///
    /// # Shape
    ///
    /// `norm(2.0, 1)`: `[a, b, c] -> [a, c]`; `norm(2.0, Keep(1))`: `[a, b, c] -> [a, 1, c]`;
    /// `norm(2.0, ..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// If an axis is out of range or named twice, p is infinite and there are no elements to choose from, or p is
    /// subnormal, or becomes so or 0 by rounding to the element type.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Keep, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![3.0, -4.0, 0.0];
    /// assert_eq!(x.norm(2.0, ..)?.item()?, 5.0);
    /// assert_eq!(x.norm(1.0, ..)?.item()?, 7.0);
    /// assert_eq!(x.norm(0.0, ..)?.item()?, 2.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..)?.item()?, 4.0);
    /// let x = tensor![[3.0, 4.0], [0.0, 2.0]];
    /// assert_eq!(x.div(&x.norm(2.0, Keep(1))?)?, tensor![[0.6, 0.8], [0.0, 1.0]]); // rows of length 1
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.vector_norm`
    #[track_caller]
    pub fn norm(&self, p: f64, axes: impl Axes) -> Result<Self> {
        let axes = ReducedAxes::new("norm", *self.shape(), &axes)?;
        // The reciprocal of a smaller number may be infinite.
        let least = T::min_positive_value().to_f64();
        let holds = |x: f64| x.abs() >= least || p == 0.0 || p.is_nan();
        setting::<T>("norm", "p", "0 or a normal number", p, holds)?;
        let power = T::of(p);
        if power.is_infinite() {
            let magnitudes = self.abs();
            return if p > 0.0 {
                magnitudes.extreme("norm", axes, larger)
            } else {
                magnitudes.extreme("norm", axes, smaller)
            };
        }
        if p == 0.0 {
            let (zero, one) = (T::of(0.0), T::of(1.0));
            return self
                .map(|x| if x == zero { zero } else { one })
                .sum_over(axes);
        }
        if p == 1.0 {
            return self.abs().sum_over(axes);
        }
        if p == 2.0 {
            let sum = self.sum_squares(axes)?;
            let Some(divisors) = rescaling(self, axes, &sum, has_all_digits)? else {
                return Ok(sum.sqrt());
            };
            let norm = self.div(&divisors)?.sum_squares(axes)?.sqrt();
            return norm.mul(&divisors.reshape(axes.output())?);
        }
        let root = T::of(1.0 / p);
        let sum = self.abs().powf(power).sum_over(axes)?;
        let Some(divisors) = self.divisors(axes, p, &sum, has_all_digits)? else {
            return Ok(sum.powf(root));
        };
        let ratios = self.div(&divisors)?.abs();
        let norm = ratios.powf(power).sum_over(axes)?.powf(root);
        norm.mul(&divisors.reshape(axes.output())?)
    }

    /// As `self.square().sum_over(axes)`, bit for bit; for rows, the squares are never in memory.
    #[track_caller]
    fn sum_squares(&self, axes: ReducedAxes) -> Result<Self> {
        let blocks = Blocks::new(self, axes)?;
        if blocks.outer > 1 && blocks.inner == 1 && self.as_slice().is_some() {
            return blocks.reduce(|row| fold::sum_of(row, &|x| x * x), |_, _| {});
        }
        self.square().sum_over(axes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Keep;
    use crate::tensor;

    #[test]
    fn variances_divide_by_what_is_left() -> Result<()> {
        let x = tensor![f64; [1.0, 2.0, 6.0], [0.0, 0.0, 0.0]];
        assert_eq!(x.var(1, 0.0)?.to_vec(), [14.0 / 3.0, 0.0]);
        assert_eq!(x.var(Keep(-1), 1.0)?.to_vec(), [7.0, 0.0]);
        assert_eq!(x.std(1, 1.0)?.to_vec(), [7f64.sqrt(), 0.0]);
        assert_eq!(x.std(Keep(1), 1.0)?.shape(), [2, 1]);
        assert!(Tensor::<f64>::scalar(3.0).var(.., 1.0)?.item()?.is_nan());
        assert_eq!(x.var(1, 5.0)?.to_vec()[0], f64::INFINITY);
        assert_eq!(Tensor::<f64>::zeros_of([0, 3])?.var(1, 1.0)?.shape(), [0]);
        assert!(x.var(2, 0.0).is_err());
        Ok(())
    }

    #[test]
    fn equal_elements_do_not_vary() -> Result<()> {
        // 0.1 + 0.1 + 0.1 is 0.30000000000000004, a third of which is not 0.1.
        assert_eq!(tensor![f64; 0.1, 0.1, 0.1].var(0, 1.0)?.item()?, 0.0);
        for n in 2..200 {
            let x = Tensor::<f64>::full_of([n, 3], 0.1 * n as f64)?;
            assert_eq!(x.std(0, 1.0)?.to_vec(), [0.0; 3], "{n}");
            assert_eq!(x.std(.., 1.0)?.item()?, 0.0, "{n}");
            let x = Tensor::full([n, 3], 0.1 * n as f32)?;
            assert_eq!(x.t()?.std(1, 1.0)?.to_vec(), [0.0; 3], "{n}");
        }
        Ok(())
    }

    #[test]
    fn products_multiply_over_any_axes() -> Result<()> {
        let x = tensor![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(x.prod(..)?.item()?, 720.0);
        assert_eq!(x.prod(0)?.to_vec(), [4.0, 10.0, 18.0]);
        assert_eq!(x.t()?.prod(Keep(0))?.to_vec(), [6.0, 120.0]);
        assert_eq!(Tensor::zeros([2, 0])?.prod(1)?.to_vec(), [1.0, 1.0]);
        Ok(())
    }

    #[test]
    fn a_logsumexp_neither_overflows_nor_loses_infinities() -> Result<()> {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let x = tensor![f64; [1000.0, 1000.0], [low, low], [high, 0.0], [low, 3.0]];
        let expected = [1000.0 + 2f64.ln(), low, high, 3.0];
        assert_eq!(x.logsumexp(1)?.to_vec(), expected);
        assert_eq!(x.logsumexp(Keep(-1))?.shape(), [4, 1]);
        assert_eq!(
            Tensor::<f64>::zeros_of([1, 0])?.logsumexp(1)?.to_vec(),
            [low]
        );
        Ok(())
    }

    #[test]
    fn sums_of_squares_have_the_bits_of_sums() -> Result<()> {
        let x = Tensor::<f32>::normal([40, 5000], 0.0, 1.0, &mut crate::rng(1))?;
        let squares = x.square().sum(1)?.sqrt();
        assert_eq!(x.norm(2.0, 1)?.to_vec(), squares.to_vec());
        Ok(())
    }

    #[test]
    fn norms_of_every_kind() -> Result<()> {
        let x = tensor![f64; [3.0, -4.0], [0.0, 1.0]];
        for (p, expected) in [
            (2.0, [5.0, 1.0]),
            (1.0, [7.0, 1.0]),
            (0.0, [2.0, 1.0]),
            (f64::INFINITY, [4.0, 1.0]),
            (f64::NEG_INFINITY, [3.0, 0.0]),
            (-1.0, [12.0 / 7.0, 0.0]),
        ] {
            let norm = x.norm(p, 1)?;
            assert!(
                norm.allclose(&Tensor::from_slice(expected, [2])?, 1e-15, 0.0),
                "{p}: {norm}"
            );
        }
        assert!((x.norm(3.0, Keep(..))?.item()? - 92f64.cbrt()).abs() < 1e-14);
        assert!(
            Tensor::<f64>::zeros_of([1, 0])?
                .norm(f64::INFINITY, 1)
                .is_err()
        );
        Ok(())
    }
}
