//! [`MaxPool2d`]: the largest element of each window.

use gradlet_autograd::{Float, Result, Var, Window};
use gradlet_tensor::{PerAxis, sliding_settings};

use super::describe;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// The largest element of each window that slides over height and width.
///
/// Unless set, windows lie side by side, without padding, with dilation 1, and only whole ones count.
///
/// # Shape
///
/// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, MaxPool2d};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::arange(0.0, 16.0, 1.0)?.reshape([1, 4, 4])?);
/// assert_eq!(MaxPool2d::new(2).forward(&x)?.to_vec(), [5.0, 7.0, 13.0, 15.0]);
/// assert_eq!(MaxPool2d::new(2).stride(1).forward(&x)?.shape(), [1, 3, 3]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.MaxPool2d`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::setting)]
pub struct MaxPool2d {
    #[module(skip)]
    window: Window<2>,
    mode: Mode,
}

impl MaxPool2d {
    /// Windows of this size: one number or `[height, width]`.
    pub fn new(kernel: impl PerAxis<2>) -> Self {
        Self {
            window: Window::new(kernel),
            mode: Mode::Train,
        }
    }

    sliding_settings!(2, [window]: stride, padding, dilation, rounding);

    fn setting(&self) -> String {
        describe::window(self.window)
    }
}

impl<T: Float> Forward<T> for MaxPool2d {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        x.max_pool2d(self.window)
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Rounding, Tensor, tensor};

    #[test]
    fn it_pools_with_its_settings() -> Result<()> {
        let x = Var::constant(Tensor::arange(0.0, 9.0, 1.0)?.reshape([1, 1, 3, 3])?);
        let run = |layer: MaxPool2d| Ok((layer.forward(&x)?.to_vec(), layer.describe()));
        assert_eq!(
            run(MaxPool2d::new(2))?,
            (vec![4.0], "2x2, stride 2x2".to_owned())
        );
        assert_eq!(
            run(MaxPool2d::new(2).rounding(Rounding::Ceil))?.0,
            [4.0, 5.0, 7.0, 8.0]
        );
        assert_eq!(run(MaxPool2d::new(2).padding(1))?.0, [0.0, 2.0, 6.0, 8.0]);
        assert_eq!(run(MaxPool2d::new(2).dilation(2))?.0, [8.0]);
        let tall = run(MaxPool2d::new([3, 1]).stride([1, 2]))?;
        assert_eq!(tall, (vec![6.0, 8.0], "3x1, stride 1x2".to_owned()));
        Ok(())
    }

    #[test]
    fn the_gradient_goes_to_what_was_taken() -> Result<()> {
        let x = Var::leaf(tensor![[1.0, 4.0], [3.0, 2.0]]);
        let grads = MaxPool2d::new(2).forward(&x)?.sum(..)?.backward()?;
        assert_eq!(
            grads.wrt(&x).map(Tensor::to_vec),
            Some(vec![0.0, 1.0, 0.0, 0.0])
        );
        Ok(())
    }
}
