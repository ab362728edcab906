//! Overlapping windows of an axis.

use gradlet_tensor::{Float, Result, Shape, Tensor, fused};

use crate::op::{One, Op};
use crate::saves::Nothing;
use crate::var::Var;

/// y[.., w, .., i] = x[.., w step + i, ..] for i < size
#[derive(Debug)]
struct Windows {
    shape: Shape,
    axis: isize,
    size: usize,
    step: usize,
}

impl<T: Float> Op<T> for Windows {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        x.windows(self.axis, self.size, self.step)
    }

    /// dx[.., w step + i, ..] += g[.., w, .., i]
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        let &Self {
            shape,
            axis,
            size,
            step,
        } = self;
        AddWindows {
            shape,
            axis,
            size,
            step,
        }
        .apply(&g)
    }
}

/// y[.., w step + i, ..] += x[.., w, .., i], from zeros
#[derive(Debug)]
struct AddWindows {
    shape: Shape,
    axis: isize,
    size: usize,
    step: usize,
}

impl<T: Float> Op<T> for AddWindows {
    type Arity = One;
    type Saves = Nothing;

    fn forward(&self, x: &Tensor<T>) -> Result<Tensor<T>> {
        fused::windows_gradient(x, self.shape, self.axis, self.step)
    }

    /// dx = the windows of g
    fn backward(&self, g: Var<T>, (): ()) -> Result<Var<T>> {
        g.windows(self.axis, self.size, self.step)
    }
}

impl<T: Float> Var<T> {
    /// All windows of `size` consecutive indices of an axis that begin `step` apart; the places in a window are a new last
    /// axis. A view, in which windows overlap if the step is smaller than the size.
    ///
    /// # Shape
    ///
    /// `windows(1, size, step)`: `[a, n, b] -> [a, (n - size) / step + 1, b, size]`, rounded down; `[] -> [size]`
    ///
    /// # Gradient
    ///
    /// `g` at each element of its window; windows that share an element add up, in order. Nothing is saved.
    ///
    /// # Errors
    ///
    /// If the axis is out of range, the size is larger than the axis, the step is 0, or the result would have more than
    /// eight axes.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::Var;
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let x = Var::leaf(tensor![1.0, 2.0, 3.0, 7.0]);
    /// let y = x.windows(0, 3, 1)?;
    /// assert_eq!(y.tensor(), &tensor![[1.0, 2.0, 3.0], [2.0, 3.0, 7.0]]);
    /// assert_eq!(y.sum(..)?.backward()?.wrt(&x), Some(&tensor![1.0, 2.0, 2.0, 1.0]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `torch.Tensor.unfold`
    #[track_caller]
    pub fn windows(&self, axis: isize, size: usize, step: usize) -> Result<Self> {
        let shape = *self.shape();
        Windows {
            shape,
            axis,
            size,
            step,
        }
        .apply(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{rng, tensor};

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = [Tensor::<f64>::normal([3, 2, 5], 0.0, 1.0, &mut rng(1))?];
        for (axis, size, step) in [(0, 2, 1), (-1, 3, 1), (2, 2, 3), (1, 0, 1), (2, 5, 9)] {
            let f = |x: &[Var<f64>]| Ok(x[0].windows(axis, size, step)?.powi(2));
            gradcheck(f, &x)?;
            gradgradcheck(f, &x)?;
        }
        gradcheck(|x| x[0].transpose(0, 2)?.windows(0, 2, 1), &x)?;
        gradcheck(|x| x[0].windows(0, 1, 1), &[Tensor::scalar(2.0)])?;
        gradcheck(|x| x[0].windows(0, 0, 1), &[Tensor::scalar(2.0)])?;
        let one = [tensor![f64; [2.0]]];
        gradcheck(|x| x[0].broadcast_to([2, 4])?.windows(1, 2, 1), &one)
    }

    #[test]
    fn windows_that_share_an_element_add_up() -> Result<()> {
        let x = Var::leaf(tensor![1.0, 2.0, 3.0, 4.0]);
        let grads =
            x.windows(0, 2, 1)?
                .backward_with(tensor![[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![1.0, 12.0, 120.0, 200.0])
        );
        let grads = x.windows(0, 1, 2)?.backward_with(tensor![[5.0], [6.0]])?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![5.0, 0.0, 6.0, 0.0])
        );
        assert!(x.windows(0, 5, 1).is_err() && x.windows(0, 1, 0).is_err());
        Ok(())
    }
}
