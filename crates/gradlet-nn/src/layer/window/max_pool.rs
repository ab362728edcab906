//! [`MaxPool`]: the largest element of each window.

use gradlet_autograd::{Float, Result, Tensor, Var, Window};
use gradlet_tensor::{PerAxis, sliding_settings};

use super::describe;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// The largest element of each window that slides over height and width.
///
/// [`MaxPool`] lists its methods.
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
pub type MaxPool2d = MaxPool<2>;

/// The largest element of each window that slides along the last axis.
///
/// [`MaxPool`] lists its methods.
///
/// # Shape
///
/// `[..., l] -> [..., p]`, `p = (l + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1`, rounded
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, MaxPool1d};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[1.0, 5.0, 2.0, 0.0]]);
/// let (y, indices) = MaxPool1d::new(2).forward_with_indices(&x)?;
/// assert_eq!((y.tensor(), indices), (&tensor![[5.0, 2.0]], tensor![i64; [1, 2]]));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.MaxPool1d`
pub type MaxPool1d = MaxPool<1>;

/// The largest element of each window over N axes: [`MaxPool1d`] and [`MaxPool2d`].
///
/// Unless set, windows lie side by side, without padding, with dilation 1, and only whole ones count.
#[derive(Clone, Debug, Module)]
#[module(kind = Self::KIND, describe = Self::setting)]
pub struct MaxPool<const N: usize> {
    #[module(skip)]
    window: Window<N>,
    mode: Mode,
}

impl<const N: usize> MaxPool<N> {
    const KIND: &'static str = describe::kind(N, ["MaxPool1d", "MaxPool2d"]);

    /// Windows of this size: one number or one for each axis, such as `[height, width]`.
    pub fn new(kernel: impl PerAxis<N>) -> Self {
        Self {
            window: Window::new(kernel),
            mode: Mode::Train,
        }
    }

    sliding_settings!(N, [window]: stride, padding, dilation, rounding);

    fn setting(&self) -> String {
        describe::window(self.window)
    }
}

macro_rules! forward {
    ($n:literal, $operation:ident, $with_indices:ident) => {
        impl MaxPool<$n> {
            /// As `forward`, and the place of each result among the elements of its last axes, as if these were one.
            ///
            /// # Errors
            ///
            /// If `forward` would fail.
            #[track_caller]
            pub fn forward_with_indices<T: Float>(
                &self,
                x: &Var<T>,
            ) -> Result<(Var<T>, Tensor<i64>)> {
                x.$with_indices(self.window)
                    .map_err(|error| self.name_in(error))
            }
        }

        impl<T: Float> Forward<T> for MaxPool<$n> {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                x.$operation(self.window)
                    .map_err(|error| self.name_in(error))
            }
        }
    };
}
forward!(1, max_pool1d, max_pool1d_with_indices);
forward!(2, max_pool2d, max_pool2d_with_indices);

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
    fn sequences_are_pooled_in_both_types() -> Result<()> {
        let x = Var::constant(tensor![f64; [1.0, 5.0, 2.0, 0.0, 9.0]]);
        let layer = MaxPool1d::new(2).rounding(Rounding::Ceil);
        let (y, indices) = layer.forward_with_indices(&x)?;
        assert_eq!(
            (y.to_vec(), indices.to_vec()),
            (vec![5.0, 2.0, 9.0], vec![1, 2, 4])
        );
        assert_eq!(layer.forward(&x)?.tensor(), y.tensor());
        assert_eq!(
            (layer.kind(), layer.describe().as_str()),
            ("MaxPool1d", "2, stride 2")
        );
        let none = Var::constant(Tensor::zeros([0, 3, 5])?);
        assert_eq!(layer.forward(&none)?.shape(), [0, 3, 3]);
        let error = MaxPool1d::new(6).forward_with_indices(&x).unwrap_err();
        let start = "MaxPool1d(6, stride 6): kernel size must be at most the padded input's size";
        assert!(error.to_string().starts_with(start), "{error}");
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
