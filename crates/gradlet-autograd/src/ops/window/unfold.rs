//! The elements that windows over images read, as columns, and columns added back to images.

use gradlet_tensor::{Float, PerAxis, Result, Tensor, Window};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., (c, i, j), (p, q)] = x[.., c, place(p, i), place(q, j)], or 0 outside the image
#[derive(Debug)]
struct Unfold {
    sizes: [usize; 2],
    window: Window<2>,
}

impl<T: Float> Op<T> for Unfold {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.unfold(self.window)
    }

    /// dx = g, folded
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.fold(self.sizes, self.window)
    }
}

/// y[.., c, place(p, i), place(q, j)] += x[.., (c, i, j), (p, q)], from zeros
#[derive(Debug)]
struct Fold {
    sizes: [usize; 2],
    window: Window<2>,
}

impl<T: Float> Op<T> for Fold {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.fold(self.sizes, self.window)
    }

    /// dx = g, unfolded
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.unfold(self.window)
    }
}

impl<T: Float> Var<T> {
    /// The elements that each window reads, as columns: a row for each channel and place in the window, a column for
    /// each window. Outside the image they are 0. A convolution is the product of its weight with them.
    ///
    /// # Shape
    ///
    /// `[..., c, h, w] -> [..., c * i * j, p * q]` for windows of `[i, j]`, with `[p, q]` as in
    /// [`max_pool2d`](Self::max_pool2d)
    ///
    /// # Gradient
    ///
    /// `g`, [folded](Self::fold); nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than three axes, a setting is 0 where that is meaningless, or a window is larger than the padded
    /// image.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![[[1.0, 2.0, 3.0]]]);
    /// let y = x.unfold(Window::new([1, 2]).stride(1))?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 2.0], [2.0, 3.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![[[1.0, 2.0, 1.0]]]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.unfold`, whose stride is 1 by default
    #[track_caller]
    pub fn unfold(&self, window: Window<2>) -> Result<Self> {
        let y = self.tensor().unfold(window)?;
        let rank = self.rank();
        let sizes = [self.shape()[rank - 2], self.shape()[rank - 1]];
        Ok(Unfold { sizes, window }.record(self, y))
    }

    /// Images of the given size, to which columns are added, in order, at the places that windows read: the transpose of
    /// [`unfold`](Self::unfold). One number is for both axes.
    ///
    /// # Shape
    ///
    /// `[..., c * i * j, p * q] -> [..., c, h, w]` for sizes `[h, w]` and windows of `[i, j]`
    ///
    /// # Gradient
    ///
    /// `g`, [unfolded](Self::unfold); nothing is saved.
    ///
    /// # Errors
    ///
    /// If there are fewer than two axes, the number of rows is not a multiple of the window's size, the number of columns
    /// is not that of the windows, or [`unfold`](Self::unfold) would fail.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{Var, Window};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let columns = Var::leaf(tensor![[1.0, 2.0], [10.0, 20.0]]); // two windows that share an element
    /// let y = columns.fold([1, 3], Window::new([1, 2]).stride(1))?;
    /// assert_eq!(y.tensor(), &tensor![[[1.0, 12.0, 20.0]]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.nn.functional.fold`
    #[track_caller]
    pub fn fold(&self, sizes: impl PerAxis<2>, window: Window<2>) -> Result<Self> {
        let sizes = sizes.per_axis();
        Fold { sizes, window }.apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let window = Window::new([2, 3]).stride([1, 2]).padding([1, 0]);
        for window in [window, Window::new(2), Window::new(3).stride(1).padding(1)] {
            let x = [Tensor::<f64>::normal([2, 2, 3, 4], 0.0, 1.0, &mut rng(1))?];
            let f = |x: &[Var<f64>]| Ok(x[0].transpose(0, 1)?.unfold(window)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
            let columns = [x[0].unfold(window)?];
            let f = |x: &[Var<f64>]| Ok(x[0].fold([3, 4], window)?.powi(2));
            gradcheck(f, &columns)?;
            gradgradcheck(f, &columns)?;
        }
        let empty = [Tensor::zeros_of([0, 1, 3, 3])?];
        gradcheck(|x| x[0].unfold(Window::new(2)), &empty)
    }

    #[test]
    fn elements_count_once_for_each_window_that_reads_them() -> Result<()> {
        let x = Var::leaf(tensor![[[1.0, 2.0], [3.0, 4.0]]]);
        let window = Window::new(2).stride(1).padding([0, 1]);
        let grads = x.unfold(window)?.sum(..)?.backward()?;
        assert_eq!(grads.wrt(&x), Some(&tensor![[[2.0, 2.0], [2.0, 2.0]]]));
        assert_eq!(
            x.unfold(window)?.fold(2, window)?.to_vec(),
            [2.0, 4.0, 6.0, 8.0]
        );
        assert!(x.unfold(Window::new(3)).is_err() && x.fold(2, window).is_err());
        Ok(())
    }
}
