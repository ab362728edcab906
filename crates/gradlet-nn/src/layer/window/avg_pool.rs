//! [`AvgPool`]: the average of each window.

use gradlet_autograd::{Divisor, Float, Result, Var, Window};
use gradlet_tensor::{PerAxis, sliding_settings};

use super::describe;
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// The average of each window that slides over height and width.
///
/// [`AvgPool`] lists its methods.
///
/// # Shape
///
/// `[..., h, w] -> [..., p, q]`, `p = (h + 2 * padding - kernel) / stride + 1`, rounded
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AvgPool2d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::Tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(Tensor::arange(0.0, 16.0, 1.0)?.reshape([1, 4, 4])?);
/// assert_eq!(AvgPool2d::new(2).forward(&x)?.to_vec(), [2.5, 4.5, 10.5, 12.5]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AvgPool2d`
pub type AvgPool2d = AvgPool<2>;

/// The average of each window that slides along the last axis.
///
/// [`AvgPool`] lists its methods.
///
/// # Shape
///
/// `[..., l] -> [..., p]`, `p = (l + 2 * padding - kernel) / stride + 1`, rounded
///
/// # Example
///
/// ```
/// # use gradlet_nn::{AvgPool1d, Forward};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[1.0, 5.0, 2.0, 0.0]]);
/// assert_eq!(AvgPool1d::new(2).forward(&x)?.tensor(), &tensor![[3.0, 1.0]]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.AvgPool1d`
pub type AvgPool1d = AvgPool<1>;

/// The average of each window over N axes: [`AvgPool1d`] and [`AvgPool2d`].
///
/// Unless set, windows lie side by side, without padding, only whole ones count, and zeros in the padding are elements
/// like others.
#[derive(Clone, Debug, Module)]
#[module(kind = Self::KIND, describe = Self::setting)]
pub struct AvgPool<const N: usize> {
    #[module(skip)]
    window: Window<N>,
    #[module(skip)]
    divisor: Divisor,
    mode: Mode,
}

impl<const N: usize> AvgPool<N> {
    const KIND: &'static str = describe::kind(N, ["AvgPool1d", "AvgPool2d"]);

    /// Windows of this size: one number or one for each axis, such as `[height, width]`.
    pub fn new(kernel: impl PerAxis<N>) -> Self {
        Self {
            window: Window::new(kernel),
            divisor: Divisor::default(),
            mode: Mode::Train,
        }
    }

    sliding_settings!(N, [window]: stride, padding, rounding);

    /// With this divisor of each window's sum: PyTorch's `count_include_pad` and `divisor_override`.
    pub fn divisor(self, divisor: Divisor) -> Self {
        Self { divisor, ..self }
    }

    fn setting(&self) -> String {
        describe::window(self.window)
    }
}

macro_rules! forward {
    ($n:literal, $operation:ident) => {
        impl<T: Float> Forward<T> for AvgPool<$n> {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                x.$operation(self.window, self.divisor)
                    .map_err(|error| self.name_in(error))
            }
        }
    };
}
forward!(1, avg_pool1d);
forward!(2, avg_pool2d);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Rounding, Tensor, tensor};

    #[test]
    fn it_pools_with_its_settings() -> Result<()> {
        let x = Var::constant(tensor![f64; [1.0, 2.0, 6.0], [3.0, 4.0, 8.0]]);
        let run = |layer: AvgPool2d| Ok(layer.forward(&x)?.to_vec());
        let plain = AvgPool2d::new(2);
        assert_eq!(run(plain.clone())?, [2.5]);
        assert_eq!(run(plain.clone().rounding(Rounding::Ceil))?, [2.5, 7.0]);
        let padded = plain.padding(1).stride([1, 2]);
        assert_eq!(padded.describe(), "2x2, stride 1x2");
        assert_eq!(run(padded.clone())?, [0.25, 2.0, 1.0, 5.0, 0.75, 3.0]);
        let elements = padded.clone().divisor(Divisor::WithoutPadding);
        assert_eq!(run(elements)?, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let halves = padded.divisor(Divisor::Fixed(2));
        assert_eq!(run(halves)?, [0.5, 4.0, 2.0, 10.0, 1.5, 6.0]);
        let rows = AvgPool1d::new(3);
        assert_eq!(rows.forward(&x)?.tensor(), &tensor![f64; [3.0], [5.0]]);
        assert_eq!(rows.kind(), "AvgPool1d");
        let none = Var::constant(Tensor::zeros([0, 2, 3])?);
        assert_eq!(AvgPool1d::new(2).forward(&none)?.shape(), [0, 2, 1]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_names_the_layer() -> Result<()> {
        let x = Var::constant(Tensor::zeros([2, 3])?);
        let error = AvgPool2d::new(3).forward(&x).unwrap_err().to_string();
        let start = "AvgPool2d(3x3, stride 3x3): kernel size must be at most the padded input's size, got 3; \
                     axis 0 of [2, 3]";
        assert!(error.starts_with(start), "{error}");
        assert!(
            AvgPool1d::new(2)
                .divisor(Divisor::Fixed(0))
                .forward(&x)
                .is_err()
        );
        Ok(())
    }
}
