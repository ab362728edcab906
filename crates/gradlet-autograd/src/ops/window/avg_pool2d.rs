//! The average of each window that slides, or of each of a given number of parts.

use gradlet_tensor::{Divisor, Float, PerAxis, Result, Shape, Tensor, Window, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

#[derive(Clone, Copy, Debug)]
enum Windows {
    Sliding(Window<2>, Divisor),
    Parts([usize; 2]),
}

/// y[.., p, q] = the sum of the x that window (p, q) reads, divided
#[derive(Debug)]
struct AvgPool2d {
    windows: Windows,
    planes: Shape,
}

impl<T: Float> Op<T> for AvgPool2d {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        match self.windows {
            Windows::Sliding(window, divisor) => x.avg_pool2d(window, divisor),
            Windows::Parts(sizes) => x.adaptive_avg_pool2d(sizes),
        }
    }

    /// dx[.., i, j] = the sum of g[.., p, q], divided, over the windows (p, q) that read element (i, j)
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let (windows, planes) = (self.windows, self.planes);
        SpreadAverages { windows, planes }.apply(&g)
    }
}

/// y[.., i, j] = the sum of x[.., p, q], divided, over the windows (p, q) that read element (i, j)
#[derive(Debug)]
struct SpreadAverages {
    windows: Windows,
    planes: Shape,
}

impl<T: Float> Op<T> for SpreadAverages {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        match self.windows {
            Windows::Sliding(window, divisor) => {
                fused::avg_pool2d_gradient(x, self.planes, window, divisor)
            }
            Windows::Parts(sizes) => fused::adaptive_avg_pool2d_gradient(x, self.planes, sizes),
        }
    }

    /// dx[.., p, q] = the sum of the g that window (p, q) reads, divided
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let (windows, planes) = (self.windows, self.planes);
        AvgPool2d { windows, planes }.apply(&g)
    }
}

impl<T: Float> Var<T> {
    /// The average of each window.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Gradient
    ///
    /// `g`, divided as the sums were, at each element of its window; windows that share an element add up.
    /// Nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, a setting or divisor is 0 where that is meaningless, a kernel is larger than
    /// the padded plane, or a window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Divisor, Tensor, Var, Window};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::arange(0.0, 16.0, 1.0)?.reshape([1, 1, 4, 4])?);
    /// assert_eq!(x.avg_pool2d(Window::new(2), Divisor::default())?.to_vec(), [2.5, 4.5, 10.5, 12.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.avg_pool2d`
    #[track_caller]
    pub fn avg_pool2d(&self, window: Window<2>, divisor: Divisor) -> Result<Self> {
        let (windows, planes) = (Windows::Sliding(window, divisor), *self.shape());
        AvgPool2d { windows, planes }.apply(self)
    }

    /// The averages of that many parts of each plane, whatever its size; one number is for both axes.
    ///
    /// Part i of n covers the elements from `i * size / n`, rounded down, to `(i + 1) * size / n`, rounded up.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
    ///
    /// # Gradient
    ///
    /// `g`, divided by the number of elements of its part, at each of them; parts that share an element add
    /// up. Nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to average.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::ones([8, 64, 7, 7])?);
    /// assert_eq!(x.adaptive_avg_pool2d(1)?.shape(), [8, 64, 1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_avg_pool2d`
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, sizes: impl PerAxis<2>) -> Result<Self> {
        let (windows, planes) = (Windows::Parts(sizes.per_axis()), *self.shape());
        AvgPool2d { windows, planes }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Rounding, rng, tensor};

    #[test]
    fn gradients_of_sliding_averages_agree_with_finite_differences() -> Result<()> {
        let plain = Window::new(2);
        let padded = Window::new([3, 2]).stride([2, 1]).padding(1);
        let all = Divisor::WithPadding;
        let cases: [(&[usize], Window<2>, Divisor); 7] = [
            (&[2, 1, 4, 4], plain, all),
            (&[2, 5, 3], plain.stride(1), all),
            (&[5, 4], padded, all),
            (&[5, 4], padded, Divisor::WithoutPadding),
            (&[5, 6], padded.dilation([1, 3]), Divisor::WithoutPadding),
            (
                &[1, 5, 5],
                plain.rounding(Rounding::Ceil),
                Divisor::Fixed(-3),
            ),
            (&[0, 1, 4, 4], plain, all),
        ];
        for (shape, window, divisor) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            gradcheck(|x| x[0].avg_pool2d(window, divisor), &x)?;
            gradgradcheck(
                |x| Ok(x[0].transpose(-1, -2)?.avg_pool2d(window, divisor)?.powi(2)),
                &x,
            )?;
        }
        let row = [tensor![f64; 1.0, 2.0, 4.0]];
        gradcheck(
            |x| x[0].broadcast_to([2, 4, 3])?.avg_pool2d(plain, all),
            &row,
        )
    }

    #[test]
    fn gradients_of_parts_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], [usize; 2]); 5] = [
            (&[2, 1, 4, 4], [2; 2]),
            (&[2, 5, 3], [3, 3]),
            (&[2, 3], [5, 2]),
            (&[2, 3], [0, 2]),
            (&[0, 3, 3], [1; 2]),
        ];
        for (shape, sizes) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            gradcheck(|x| x[0].adaptive_avg_pool2d(sizes), &x)?;
            gradgradcheck(
                |x| Ok(x[0].transpose(-1, -2)?.adaptive_avg_pool2d(sizes)?.powi(2)),
                &x,
            )?;
        }
        Ok(())
    }

    #[test]
    fn every_element_of_a_window_gets_its_share() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 6.0]]);
        let y = x.avg_pool2d(Window::new([1, 2]).stride(1), Divisor::default())?;
        assert_eq!(y.to_vec(), [1.5, 4.0]);
        let grads = y.backward_with(tensor![[2.0, 10.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0, 6.0, 5.0]));
        let y = x.adaptive_avg_pool2d(1)?;
        let grads = y.backward_with(tensor![[3.0]])?;
        assert_eq!(grads.wrt(&x).map(Tensor::to_vec), Some(vec![1.0; 3]));
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([3, 3])?);
        let (window, divisor) = (Window::new(4), Divisor::default());
        let error = x.avg_pool2d(window, divisor).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        let none = Var::constant(Tensor::ones([0, 3])?);
        let error = none.adaptive_avg_pool2d(1).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Empty { .. }));
        let here = format!("(at {}:{})", file!(), line!() - 2);
        assert!(error.to_string().ends_with(&here), "{error}");
        Ok(())
    }
}
