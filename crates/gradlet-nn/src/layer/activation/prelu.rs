//! [`Prelu`]: the rectifier with a learned slope.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::Tensor;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// PyTorch's `init`.
const INIT: f64 = 0.25;

/// `x` where it is above 0, else `weight * x`, with one weight for all elements or one for each channel.
///
/// Weights start at 0.25, unless [`init`](Self::init) sets a different number. They should not decay.
///
/// # Shape
///
/// `[n, channels, ...]`, to the same; with one weight any shape; `weight: [num_parameters]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Prelu};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = Prelu::new(1)?;
/// assert_eq!(layer.forward(&Var::constant(tensor![-8.0, 3.0]))?.to_vec(), [-2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// K. He et al., "Delving Deep into Rectifiers", 2015; `torch.nn.PReLU`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Prelu<T: Float = f32> {
    /// `[num_parameters]`
    pub weight: Parameter<T>,
    mode: Mode,
}

impl Prelu {
    /// A layer with this number of weights: 1, or the number of channels.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many weights.
    #[track_caller]
    pub fn new(num_parameters: usize) -> Result<Self> {
        Self::new_of(num_parameters)
    }
}

impl<T: Float> Prelu<T> {
    /// As `new`, for any element type: `Prelu::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many weights.
    #[track_caller]
    pub fn new_of(num_parameters: usize) -> Result<Self> {
        Ok(Self {
            weight: Tensor::full_of(num_parameters, T::of(INIT))?.into(),
            mode: Mode::Train,
        })
    }

    /// The same layer with all weights at this number.
    ///
    /// # Errors
    ///
    /// If memory does not hold the weights.
    #[track_caller]
    pub fn init(self, init: f64) -> Result<Self> {
        let weight = Tensor::full_of(self.weight.shape(), T::of(init))?.into();
        Ok(Self { weight, ..self })
    }

    fn sizes(&self) -> String {
        self.weight.shape()[0].to_string()
    }
}

impl<T: Float> Forward<T> for Prelu<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        x.prelu(&self.weight.leaf())
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn each_channel_has_its_weight_and_its_gradient() -> Result<()> {
        let mut layer = Prelu::<f64>::new_of(2)?.init(-1.0)?;
        assert_eq!(layer.weight.tensor().to_vec(), [-1.0, -1.0]);
        *layer.weight.tensor_mut() = tensor![f64; 0.5, 0.1];
        let x = Var::constant(tensor![f64; [-2.0, -10.0], [4.0, 5.0]]);
        let y = layer.forward(&x)?;
        assert_eq!(y.to_vec(), [-1.0, -1.0, 4.0, 5.0]);
        let grads = y.sum(..)?.backward()?;
        let dweight = grads.get(layer.weight.id()).map(Tensor::to_vec);
        assert_eq!(dweight, Some(vec![-2.0, -10.0]));
        let error = layer.forward(&x.t()?.narrow(0, 0, 1)?.reshape([2, 1])?);
        let error = error.unwrap_err().to_string();
        let expected = "Prelu(2): input [2, 1] has 1 channels, weight [2] takes 2 (at ";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }
}
