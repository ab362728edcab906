//! Pooling of sequences, computed on planes that are one element high.

use gradlet_tensor::{Divisor, Error, ErrorKind, Float, PerAxis, Result, Tensor, Window};

use crate::var::Var;

impl<T: Float> Var<T> {
    /// The largest element of each window, or NaN if the window reads a NaN. Padding is never the largest.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., p]`, `p = (l + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Gradient
    ///
    /// As for [`max_pool2d`](Self::max_pool2d): `g` at the element that was taken. The places are saved.
    ///
    /// # Errors
    ///
    /// If there is no axis, a setting is 0 where that is meaningless, a kernel is longer than the padded sequence, or a
    /// window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 2.0, 0.0]);
    /// assert_eq!(x.max_pool1d(Window::new(2))?.to_vec(), [5.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.max_pool1d`
    #[track_caller]
    pub fn max_pool1d(&self, window: Window<1>) -> Result<Self> {
        Ok(self.max_pool1d_with_indices(window)?.0)
    }

    /// As [`max_pool1d`](Self::max_pool1d), and each result's place in its sequence.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., p], [..., p]`, p as for `max_pool1d`
    ///
    /// # Errors
    ///
    /// If `max_pool1d` would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 2.0, 0.0]);
    /// let (y, indices) = x.max_pool1d_with_indices(Window::new(2))?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 2.0], vec![1, 2]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.max_pool1d_with_indices`
    #[track_caller]
    pub fn max_pool1d_with_indices(&self, window: Window<1>) -> Result<(Self, Tensor<i64>)> {
        let op = "max_pool1d";
        let pooled = self.rows(op)?.max_pool2d_with_indices(window.into());
        let (y, indices) = pooled.map_err(|error| error.of(op))?;
        Ok((y.squeeze(-2)?, indices.squeeze(-2)?))
    }

    /// The largest element of each of that many parts of each sequence, whatever its length.
    ///
    /// Part i of n covers the elements from `i * l / n`, rounded down, to `(i + 1) * l / n`, rounded up.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., size]`
    ///
    /// # Gradient
    ///
    /// As for [`max_pool1d`](Self::max_pool1d); parts that took the same element add up. The places are saved.
    ///
    /// # Errors
    ///
    /// If there is no axis, or there are no elements to take.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 2.0, 0.0, 3.0]);
    /// assert_eq!(x.adaptive_max_pool1d(2)?.to_vec(), [5.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_max_pool1d`
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, size: impl PerAxis<1>) -> Result<Self> {
        Ok(self.adaptive_max_pool1d_with_indices(size)?.0)
    }

    /// As [`adaptive_max_pool1d`](Self::adaptive_max_pool1d), and each result's place in its sequence.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., size], [..., size]`
    ///
    /// # Errors
    ///
    /// If `adaptive_max_pool1d` would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 2.0, 0.0, 3.0]);
    /// let (y, indices) = x.adaptive_max_pool1d_with_indices(2)?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 3.0], vec![1, 4]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_max_pool1d_with_indices`
    #[track_caller]
    pub fn adaptive_max_pool1d_with_indices(
        &self,
        size: impl PerAxis<1>,
    ) -> Result<(Self, Tensor<i64>)> {
        let (op, [size]) = ("adaptive_max_pool1d", size.per_axis());
        let pooled = self.rows(op)?.adaptive_max_pool2d_with_indices([1, size]);
        let (y, indices) = pooled.map_err(|error| error.of(op))?;
        Ok((y.squeeze(-2)?, indices.squeeze(-2)?))
    }

    /// The average of each window.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., p]`, `p = (l + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Gradient
    ///
    /// `g`, divided as the sums were, at each element of its window; windows that share an element add up. Nothing is
    /// saved.
    ///
    /// # Errors
    ///
    /// If there is no axis, a setting or divisor is 0 where that is meaningless, a kernel is longer than the padded
    /// sequence, or a window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Divisor, Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 2.0, 0.0]);
    /// assert_eq!(x.avg_pool1d(Window::new(2), Divisor::default())?.to_vec(), [3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.avg_pool1d`
    #[track_caller]
    pub fn avg_pool1d(&self, window: Window<1>, divisor: Divisor) -> Result<Self> {
        let op = "avg_pool1d";
        let pooled = self.rows(op)?.avg_pool2d(window.into(), divisor);
        pooled.map_err(|error| error.of(op))?.squeeze(-2)
    }

    /// The averages of that many parts of each sequence, whatever its length.
    ///
    /// Part i of n covers the elements from `i * l / n`, rounded down, to `(i + 1) * l / n`, rounded up.
    ///
    /// # Shape
    ///
    /// `[..., l] -> [..., size]`
    ///
    /// # Gradient
    ///
    /// `g`, divided by the number of elements of its part, at each of them; parts that share an element add up. Nothing
    /// is saved.
    ///
    /// # Errors
    ///
    /// If there is no axis, or there are no elements to average.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![1.0, 5.0, 3.0]);
    /// assert_eq!(x.adaptive_avg_pool1d(2)?.to_vec(), [3.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_avg_pool1d`
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, size: impl PerAxis<1>) -> Result<Self> {
        let (op, [size]) = ("adaptive_avg_pool1d", size.per_axis());
        let pooled = self.rows(op)?.adaptive_avg_pool2d([1, size]);
        pooled.map_err(|error| error.of(op))?.squeeze(-2)
    }

    /// The sequences as planes one element high.
    #[track_caller]
    fn rows(&self, op: &'static str) -> Result<Self> {
        if self.rank() == 0 {
            let (expected, shape) = ("sequences [..., l]", *self.shape());
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected,
                shape,
            }));
        }
        self.unsqueeze(-2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{Rounding, rng, tensor};

    type Pool = fn(&Var<f64>) -> Result<Var<f64>>;

    const POOLS: [Pool; 4] = [
        |x| x.max_pool1d(Window::new(2).stride(1).padding(1)),
        |x| {
            x.avg_pool1d(
                Window::new(3).rounding(Rounding::Ceil),
                Divisor::WithPadding,
            )
        },
        |x| x.adaptive_max_pool1d(3),
        |x| x.adaptive_avg_pool1d(3),
    ];

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        for pool in POOLS {
            for shape in [&[2, 2, 5][..], &[1, 4], &[7], &[0, 4]] {
                let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
                gradcheck(|x| pool(&x[0]), &x)?;
                gradgradcheck(|x| pool(&x[0].powi(2)), &x)?;
            }
            let x = [Tensor::<f64>::normal([5, 2], 0.0, 1.0, &mut rng(1))?];
            gradcheck(|x| pool(&x[0].t()?), &x)?;
        }
        Ok(())
    }

    #[test]
    fn places_are_those_in_the_sequence() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 5.0, 2.0], [3.0, 3.0, f32::NAN]]);
        let window = Window::new(2).stride(1).padding(1);
        let (y, indices) = x.max_pool1d_with_indices(window)?;
        assert_eq!(indices, tensor![i64; [0, 1, 1, 2], [0, 0, 2, 2]]);
        let grads = y.backward_with(tensor![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])?;
        let expected = tensor![[1.0, 5.0, 4.0], [11.0, 0.0, 15.0]];
        assert_eq!(grads.wrt(&x), Some(&expected));
        let (y, indices) = x.adaptive_max_pool1d_with_indices(2)?;
        assert_eq!(indices, tensor![i64; [1, 1], [0, 2]]);
        assert_eq!(y.to_vec()[..3], [5.0, 5.0, 3.0]);
        let mean = x.avg_pool1d(window, Divisor::WithoutPadding)?;
        assert_eq!(mean.to_vec()[..4], [1.0, 3.0, 3.5, 2.0]);
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([2, 3])?);
        let error = x.max_pool1d(Window::new(4)).unwrap_err().to_string();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        let start = "max_pool1d: kernel size must be at most the padded input's size, got 4";
        assert!(
            error.starts_with(start) && error.ends_with(&here),
            "{error}"
        );
        let scalar = Var::constant(Tensor::scalar(1.0));
        let error = scalar.adaptive_avg_pool1d(2).unwrap_err().to_string();
        let start = "adaptive_avg_pool1d: expected sequences [..., l], got shape []";
        assert!(error.starts_with(start), "{error}");
        let none = Var::constant(Tensor::ones([2, 0])?);
        let error = none.adaptive_max_pool1d(2).unwrap_err().to_string();
        assert!(error.starts_with("adaptive_max_pool1d: shape "), "{error}");
        assert!(x.avg_pool1d(Window::new(0), Divisor::default()).is_err());
        Ok(())
    }
}
