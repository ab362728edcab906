//! Variances, products, norms and logarithms of sums over chosen axes.

use crate::element::Float;
use crate::error::Result;
use crate::kernel::fold;
use crate::reduce::{Blocks, kept};
use crate::shape::Axes;
use crate::shape::MAX_RANK;
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// The variance over the axes, which go away: squared distances from the mean, summed, divided by
    /// `max(n - correction, 0)` for n elements.
    ///
    /// A correction of 1 gives the unbiased estimate, 0 the variance of the elements themselves; NaN where nothing is
    /// left to divide by and all distances are 0, as for one element and a correction of 1.
    ///
    /// # Shape
    ///
    /// `var(1, 1.0)`: `[a, b, c] -> [a, c]`; `var(.., 1.0)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1.0, 3.0].var(0, 1.0)?.item()?, 2.0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn var(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let reduced = axes.select("var", &self.dims())?;
        self.var_over(&reduced, correction)?.without(&reduced)
    }

    /// As [`var`](Self::var), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `var_keepdim(1, 1.0)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 3.0], [5.0, 9.0]].var_keepdim(1, 0.0)?, tensor![[1.0], [4.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn var_keepdim(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        self.var_over(&axes.select("var_keepdim", &self.dims())?, correction)
    }

    #[track_caller]
    fn var_over(&self, reduced: &[bool; MAX_RANK], correction: f64) -> Result<Self> {
        let count = self.sizes_of(reduced).product::<usize>() as f64;
        let averaged = |sum: Self| sum.div_scalar(T::of(count));
        let mean = averaged(self.sum_over(reduced)?);
        // A sum of equal elements is rounded, and so is its mean; what it is off by makes it exact, and the variance 0.
        let off = averaged(self.sub(&mean)?.sum_over(reduced)?);
        let mean = mean.add(&off)?;
        let distances = self.zip_for("var", &mean, |x, mean| (x - mean) * (x - mean))?;
        Ok(distances.sum_over(reduced)? / T::of((count - correction).max(0.0)))
    }

    /// The standard deviation over the axes, which go away: the square root of [`var`](Self::var).
    ///
    /// # Shape
    ///
    /// `std(1, 1.0)`: `[a, b, c] -> [a, c]`; `std(.., 1.0)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 3.0], [5.0, 9.0]].std(1, 0.0)?.to_vec(), [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn std(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let reduced = axes.select("std", &self.dims())?;
        self.var_over(&reduced, correction)?
            .sqrt()
            .without(&reduced)
    }

    /// As [`std`](Self::std), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `std_keepdim(1, 1.0)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1.0, 3.0], [5.0, 9.0]];
    /// let distances = x.sub(&x.mean_keepdim(1)?)?;
    /// assert_eq!(distances.div(&x.std_keepdim(1, 0.0)?)?, tensor![[-1.0, 1.0], [-1.0, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn std_keepdim(&self, axes: impl Axes, correction: f64) -> Result<Self> {
        let reduced = axes.select("std_keepdim", &self.dims())?;
        Ok(self.var_over(&reduced, correction)?.sqrt())
    }

    /// The product over the axes, which go away; 1 where there are no elements.
    ///
    /// # Shape
    ///
    /// `prod(1)`: `[a, b, c] -> [a, c]`; `prod(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::{Tensor, tensor};
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].prod(0)?.to_vec(), [3.0, 8.0]);
    /// assert_eq!(Tensor::zeros([2, 0])?.prod(1)?.to_vec(), [1.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn prod(&self, axes: impl Axes) -> Result<Self> {
        let reduced = axes.select("prod", &self.dims())?;
        self.prod_over(&reduced)?.without(&reduced)
    }

    /// As [`prod`](Self::prod), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `prod_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![[1.0, 2.0], [3.0, 4.0]].prod_keepdim(..)?, tensor![[24.0]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn prod_keepdim(&self, axes: impl Axes) -> Result<Self> {
        self.prod_over(&axes.select("prod_keepdim", &self.dims())?)
    }

    #[track_caller]
    fn prod_over(&self, reduced: &[bool; MAX_RANK]) -> Result<Self> {
        let one = T::of(1.0);
        let columns = |x: &[T], out: &mut [T]| {
            out.fill(one);
            for row in x.chunks_exact(out.len()) {
                out.iter_mut().zip(row).for_each(|(y, &x)| *y = *y * x);
            }
        };
        Blocks::new(self, reduced)?.reduce(
            kept(&self.dims(), reduced),
            |x| fold::fold(x, one, &|a, b| a * b),
            columns,
        )
    }

    /// `ln sum e^x` over the axes, which go away, without overflow; -inf where there are no elements.
    ///
    /// # Shape
    ///
    /// `logsumexp(1)`: `[a, b, c] -> [a, c]`; `logsumexp(..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// assert_eq!(tensor![1000.0, 1000.0].logsumexp(0)?.item()?, 1000.0 + 2f32.ln());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.logsumexp`
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Axes) -> Result<Self> {
        let reduced = axes.select("logsumexp", &self.dims())?;
        self.logsumexp_over(&reduced)?.without(&reduced)
    }

    /// As [`logsumexp`](Self::logsumexp), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `logsumexp_keepdim(1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// An axis out of range, or named twice.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[1000.0, 0.0], [0.0, 0.0]];
    /// assert_eq!(x.logsumexp_keepdim(1)?, tensor![[1000.0], [2f32.ln()]]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn logsumexp_keepdim(&self, axes: impl Axes) -> Result<Self> {
        self.logsumexp_over(&axes.select("logsumexp_keepdim", &self.dims())?)
    }

    #[track_caller]
    fn logsumexp_over(&self, reduced: &[bool; MAX_RANK]) -> Result<Self> {
        if self.is_empty() {
            return Ok(self.sum_over(reduced)?.ln());
        }
        let axes = axes_of(reduced, self.rank());
        let zero = T::of(0.0);
        // Where the largest element is infinite, shifting by it would make NaN of equal infinities.
        let largest = self.max_keepdim(axes.as_slice())?;
        let shift = largest.map(|x| if x.is_infinite() { zero } else { x });
        let sum = self.sub(&shift)?.exp().sum_over(reduced)?;
        sum.ln().add(&shift)
    }

    /// The p-norm over the axes, which go away: `(sum |x|^p)^(1/p)`, the largest `|x|` for p = inf, the smallest for
    /// p = -inf, the number of elements that are not 0 for p = 0.
    ///
    /// # Shape
    ///
    /// `norm(2.0, 1)`: `[a, b, c] -> [a, c]`; `norm(2.0, ..)`: `[...] -> []`
    ///
    /// # Errors
    ///
    /// An axis out of range or named twice; no elements to choose from for an infinite p.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![3.0, -4.0, 0.0];
    /// assert_eq!(x.norm(2.0, ..)?.item()?, 5.0);
    /// assert_eq!(x.norm(1.0, ..)?.item()?, 7.0);
    /// assert_eq!(x.norm(0.0, ..)?.item()?, 2.0);
    /// assert_eq!(x.norm(f64::INFINITY, ..)?.item()?, 4.0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.linalg.vector_norm`
    #[track_caller]
    pub fn norm(&self, p: f64, axes: impl Axes) -> Result<Self> {
        let reduced = axes.select("norm", &self.dims())?;
        self.norm_over(p, &reduced)?.without(&reduced)
    }

    /// As [`norm`](Self::norm), with the axes kept at size 1.
    ///
    /// # Shape
    ///
    /// `norm_keepdim(2.0, 1)`: `[a, b, c] -> [a, 1, c]`
    ///
    /// # Errors
    ///
    /// As for `norm`.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = tensor![[3.0, 4.0], [0.0, 2.0]];
    /// assert_eq!(x.div(&x.norm_keepdim(2.0, 1)?)?, tensor![[0.6, 0.8], [0.0, 1.0]]); // rows of length 1
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn norm_keepdim(&self, p: f64, axes: impl Axes) -> Result<Self> {
        self.norm_over(p, &axes.select("norm_keepdim", &self.dims())?)
    }

    #[track_caller]
    fn norm_over(&self, p: f64, reduced: &[bool; MAX_RANK]) -> Result<Self> {
        let axes = axes_of(reduced, self.rank());
        if p.is_infinite() {
            let sizes = self.abs();
            let extreme = if p > 0.0 {
                sizes.max_keepdim(axes.as_slice())
            } else {
                sizes.min_keepdim(axes.as_slice())
            };
            return extreme.map_err(|error| error.of("norm"));
        }
        if p == 0.0 {
            let (zero, one) = (T::of(0.0), T::of(1.0));
            return self
                .map(|x| if x == zero { zero } else { one })
                .sum_over(reduced);
        }
        if p == 1.0 {
            return self.abs().sum_over(reduced);
        }
        if p == 2.0 {
            return Ok(self.square().sum_over(reduced)?.sqrt());
        }
        let sum = self.abs().powf(T::of(p)).sum_over(reduced)?;
        Ok(sum.powf(T::of(1.0 / p)))
    }
}

/// The reduced axes by number.
fn axes_of(reduced: &[bool; MAX_RANK], rank: usize) -> Vec<isize> {
    (0..rank)
        .filter(|&axis| reduced[axis])
        .map(|axis| axis as isize)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor;

    #[test]
    fn variances_divide_by_what_is_left() -> Result<()> {
        let x = tensor![f64; [1.0, 2.0, 6.0], [0.0, 0.0, 0.0]];
        assert_eq!(x.var(1, 0.0)?.to_vec(), [14.0 / 3.0, 0.0]);
        assert_eq!(x.var_keepdim(-1, 1.0)?.to_vec(), [7.0, 0.0]);
        assert_eq!(x.std(1, 1.0)?.to_vec(), [7f64.sqrt(), 0.0]);
        assert_eq!(x.std_keepdim(1, 1.0)?.shape(), [2, 1]);
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
        assert_eq!(x.t()?.prod_keepdim(0)?.to_vec(), [6.0, 120.0]);
        assert_eq!(Tensor::zeros([2, 0])?.prod(1)?.to_vec(), [1.0, 1.0]);
        Ok(())
    }

    #[test]
    fn a_logsumexp_neither_overflows_nor_loses_infinities() -> Result<()> {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        let x = tensor![f64; [1000.0, 1000.0], [low, low], [high, 0.0], [low, 3.0]];
        let expected = [1000.0 + 2f64.ln(), low, high, 3.0];
        assert_eq!(x.logsumexp(1)?.to_vec(), expected);
        assert_eq!(x.logsumexp_keepdim(-1)?.shape(), [4, 1]);
        assert_eq!(
            Tensor::<f64>::zeros_of([1, 0])?.logsumexp(1)?.to_vec(),
            [low]
        );
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
                norm.allclose(&Tensor::from_vec(expected, [2])?, 1e-15, 0.0),
                "{p}: {norm}"
            );
        }
        assert!((x.norm_keepdim(3.0, ..)?.item()? - 92f64.cbrt()).abs() < 1e-14);
        assert!(
            Tensor::<f64>::zeros_of([1, 0])?
                .norm(f64::INFINITY, 1)
                .is_err()
        );
        Ok(())
    }
}
