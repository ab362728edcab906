//! The largest element of each window that slides, or of each of a given number of parts.

use gradlet_tensor::{Float, PerAxis, Result, Shape, Tensor, Window, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., p, q] = x[.., indices[p, q]], the largest x that window (p, q) reads
#[derive(Debug)]
struct MaxPool2d {
    indices: Tensor<i64>,
    planes: Shape,
}

impl<T: Float> Op<T> for MaxPool2d {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::pick_in_planes(x, &self.indices)
    }

    /// dx[.., indices[p, q]] += g[.., p, q]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let (indices, planes) = (self.indices.clone(), self.planes);
        SpreadInPlanes { indices, planes }.apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

/// y[.., indices[p, q]] += x[.., p, q], from zeros
#[derive(Debug)]
struct SpreadInPlanes {
    indices: Tensor<i64>,
    planes: Shape,
}

impl<T: Float> Op<T> for SpreadInPlanes {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::spread_in_planes(x, &self.indices, self.planes)
    }

    /// dx[.., p, q] = g[.., indices[p, q]]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let pick = MaxPool2d {
            indices: self.indices.clone(),
            planes: self.planes,
        };
        pick.apply(&g)
    }

    fn attribute_bytes(&self) -> usize {
        self.indices.size_bytes()
    }
}

impl<T: Float> Var<T> {
    /// The largest element of each window, or NaN if the window reads a NaN. Padding is never the largest.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
    ///
    /// # Gradient
    ///
    /// `g` at the element that was taken, the first of equal ones and the last NaN, as in `PyTorch`; windows that took
    /// the same element add up. The places are saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, a setting is 0 where that is meaningless, a kernel is larger than the padded
    /// plane, or a window would read nothing: the padding is at most half of the kernel's span.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Tensor, Var, Window};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::arange(0.0, 16.0, 1.0)?.reshape([1, 1, 4, 4])?);
    /// assert_eq!(x.max_pool2d(Window::new(2))?.to_vec(), [5.0, 7.0, 13.0, 15.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.max_pool2d`
    #[track_caller]
    pub fn max_pool2d(&self, window: Window<2>) -> Result<Self> {
        Ok(self.max_pool2d_with_indices(window)?.0)
    }

    /// As [`max_pool2d`](Self::max_pool2d), and each result's place `row * w + column` in its plane.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q], [..., p, q]`, p and q as for `max_pool2d`
    ///
    /// # Errors
    ///
    /// If `max_pool2d` would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 8.0]]);
    /// let (y, indices) = x.max_pool2d_with_indices(Window::new(2))?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 9.0], vec![1, 6]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.max_pool2d_with_indices`
    #[track_caller]
    pub fn max_pool2d_with_indices(&self, window: Window<2>) -> Result<(Self, Tensor<i64>)> {
        Ok(self.picked_in_planes(self.tensor().max_pool2d(window)?))
    }

    /// The largest element of each of that many parts of each plane, whatever its size; one number is for both axes.
    ///
    /// Part i of n covers the elements from `i * size / n`, rounded down, to `(i + 1) * size / n`, rounded up.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q]` for sizes `[p, q]`
    ///
    /// # Gradient
    ///
    /// As for [`max_pool2d`](Self::max_pool2d); parts that took the same element add up. The places are saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, or an axis has no elements to take.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Tensor, Var};
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(Tensor::arange(0.0, 12.0, 1.0)?.reshape([1, 3, 4])?);
    /// assert_eq!(x.adaptive_max_pool2d(2)?.to_vec(), [5.0, 7.0, 9.0, 11.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_max_pool2d`
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, sizes: impl PerAxis<2>) -> Result<Self> {
        Ok(self.adaptive_max_pool2d_with_indices(sizes)?.0)
    }

    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d), and each result's place `row * w + column` in its plane.
    ///
    /// # Shape
    ///
    /// `[..., h, w] -> [..., p, q], [..., p, q]` for sizes `[p, q]`
    ///
    /// # Errors
    ///
    /// If `adaptive_max_pool2d` would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_autograd::Result<()> {
    /// let x = Var::constant(tensor![[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 9.0, 8.0]]);
    /// let (y, indices) = x.adaptive_max_pool2d_with_indices([1, 3])?;
    /// assert_eq!((y.to_vec(), indices.to_vec()), (vec![5.0, 9.0, 9.0], vec![1, 6, 6]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.adaptive_max_pool2d_with_indices`
    #[track_caller]
    pub fn adaptive_max_pool2d_with_indices(
        &self,
        sizes: impl PerAxis<2>,
    ) -> Result<(Self, Tensor<i64>)> {
        Ok(self.picked_in_planes(self.tensor().adaptive_max_pool2d(sizes)?))
    }

    fn picked_in_planes(&self, (y, indices): (Tensor<T>, Tensor<i64>)) -> (Self, Tensor<i64>) {
        let op = MaxPool2d {
            indices: indices.clone(),
            planes: *self.shape(),
        };
        (op.record(self, y), indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{ErrorKind, Rounding, rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let plain = Window::new(2);
        let cases: [(&[usize], Window<2>); 6] = [
            (&[2, 1, 4, 4], plain),
            (&[2, 5, 3], plain.stride(1)),
            (&[5, 4], Window::new([3, 2]).stride([2, 1]).padding(1)),
            (&[1, 2, 5, 5], plain.dilation(2).stride([1, 2])),
            (&[1, 5, 5], plain.rounding(Rounding::Ceil)),
            (&[0, 1, 4, 4], plain),
        ];
        for (shape, window) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            gradcheck(|x| x[0].max_pool2d(window), &x)?;
            gradgradcheck(|x| x[0].max_pool2d(window), &x)?;
            // Its own second derivative is 0: a square makes it depend on x.
            gradgradcheck(
                |x| Ok(x[0].transpose(-1, -2)?.max_pool2d(window)?.powi(2)),
                &x,
            )?;
        }
        Ok(())
    }

    #[test]
    fn gradients_of_parts_agree_with_finite_differences() -> Result<()> {
        let cases: [(&[usize], [usize; 2]); 4] = [
            (&[2, 1, 4, 4], [2; 2]),
            (&[2, 5, 3], [3, 2]),
            (&[2, 3], [5, 2]),
            (&[0, 3, 3], [1; 2]),
        ];
        for (shape, sizes) in cases {
            let x = [Tensor::<f64>::normal(shape, 0.0, 1.0, &mut rng(1))?];
            let f =
                |x: &[Var<f64>]| Ok(x[0].transpose(-1, -2)?.adaptive_max_pool2d(sizes)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        let x = Var::leaf(tensor![[1.0, 4.0, 2.0]]);
        let (y, indices) = x.adaptive_max_pool2d_with_indices([1, 2])?;
        assert_eq!(indices, tensor![i64; [1, 1]]);
        let grads = y.backward_with(tensor![[3.0, 5.0]])?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[0.0, 8.0, 0.0]]));
        Ok(())
    }

    #[test]
    fn picking_and_spreading_are_each_others_gradients() -> Result<()> {
        let indices = tensor![i64; [5, 0, 5], [1, 1, 2]];
        let planes = Shape::from([2, 3]);
        let x = [Tensor::<f64>::normal([2, 3], 0.0, 1.0, &mut rng(1))?];
        let pick = |x: &[Var<f64>]| {
            let indices = indices.reshape([1, 2, 3])?;
            let planes = Shape::from([1, 2, 3]);
            MaxPool2d { indices, planes }.apply(&x[0].unsqueeze(0)?)
        };
        let spread = |x: &[Var<f64>]| {
            let indices = indices.clone();
            SpreadInPlanes { indices, planes }.apply(&x[0])
        };
        gradcheck(pick, &x)?;
        gradgradcheck(pick, &x)?;
        gradcheck(spread, &x)?;
        gradgradcheck(spread, &x)
    }

    #[test]
    fn the_first_of_equal_elements_gets_the_gradient_and_windows_add_up() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 1.0, 1.0], [1.0, 1.0, 7.0]]);
        let y = x.max_pool2d(Window::new([1, 2]).stride(1))?;
        assert_eq!(y.to_vec(), [1.0, 1.0, 1.0, 7.0]);
        let grads = y.backward_with(tensor![[1.0, 2.0], [3.0, 4.0]])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0, 2.0, 0.0, 3.0, 0.0, 4.0])
        );
        let y = x.max_pool2d(Window::new(2).stride(1).padding(1).rounding(Rounding::Ceil))?;
        let grads = y.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![4.0, 1.0, 1.0, 2.0, 0.0, 4.0])
        );
        Ok(())
    }

    #[test]
    fn indices_come_with_the_same_values_and_gradients() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 2.0, 2.0], [0.0, 1.0, 7.0]]);
        let window = Window::new([1, 2]).stride(1);
        let (y, indices) = x.max_pool2d_with_indices(window)?;
        assert_eq!(y.tensor(), x.max_pool2d(window)?.tensor());
        assert_eq!(indices, tensor![i64; [1, 1], [4, 5]]);
        let grads = y.backward_with(tensor![[1.0, 2.0], [3.0, 4.0]])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 3.0, 0.0, 0.0, 3.0, 4.0])
        );
        assert!(x.max_pool2d_with_indices(Window::new(4)).is_err());
        let x = [tensor![f64; [1.0, 2.0, 3.0], [0.0, 1.0, 7.0]]];
        gradcheck(|x| Ok(x[0].max_pool2d_with_indices(window)?.0), &x)
    }

    #[test]
    fn nan_is_taken_and_gets_the_gradient() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, f32::NAN], [3.0, 2.0]]);
        let y = x.max_pool2d(Window::new(2))?;
        assert!(y.item()?.is_nan());
        let grads = y.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 1.0, 0.0, 0.0])
        );
        Ok(())
    }

    #[test]
    fn mistakes_name_this_line() -> Result<()> {
        let x = Var::constant(Tensor::ones([3, 3])?);
        let error = x.max_pool2d(Window::new(4)).unwrap_err();
        let here = format!("(at {}:{})", file!(), line!() - 1);
        assert!(error.to_string().ends_with(&here), "{error}");
        assert!(matches!(
            error.kind(),
            ErrorKind::OutOfRange {
                op: "max_pool2d",
                ..
            }
        ));
        Ok(())
    }
}
