//! [`RmsNorm`]: the last axes divided by their root mean square.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{IntoShape, Shape, Tensor};

use super::settings::{described, leaves, sizes};
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// Divides by the root mean square over the last axes: `y = x / sqrt(mean square + eps) * weight`, in all modes.
///
/// Unless set, eps is the epsilon of the element type: 1.2e-7 for f32. The weight starts as ones.
///
/// # Shape
///
/// `[..., normalized_shape] -> [..., normalized_shape]`; `weight`: `[normalized_shape]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, RmsNorm};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[1.0, 7.0]]); // the root of mean square is 5
/// let y = RmsNorm::new(2)?.eps(0.0).forward(&x)?;
/// assert!(y.tensor().allclose(&tensor![[0.2, 1.4]], 1e-6, 0.0));
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", 2019; `torch.nn.RMSNorm`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct RmsNorm<T: Float = f32> {
    /// `[normalized_shape]`
    pub weight: Option<Parameter<T>>,
    #[module(skip)]
    normalized_shape: Shape,
    #[module(skip)]
    eps: Option<f64>,
    mode: Mode,
}

impl RmsNorm {
    /// A layer over the last axes, which have this shape: one number is the last axis alone.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn new(normalized_shape: impl IntoShape) -> Result<Self> {
        Self::new_of(normalized_shape)
    }
}

impl<T: Float> RmsNorm<T> {
    /// As `new`, for any element type: `RmsNorm::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn new_of(normalized_shape: impl IntoShape) -> Result<Self> {
        let normalized_shape = normalized_shape.into_shape()?;
        Ok(Self {
            weight: Some(Tensor::ones_of(normalized_shape)?.into()),
            normalized_shape,
            eps: None,
            mode: Mode::Train,
        })
    }

    /// The same layer with this `eps`, which is added to each mean square.
    pub fn eps(self, eps: f64) -> Self {
        let eps = Some(eps);
        Self { eps, ..self }
    }

    /// The same layer without its weight: `elementwise_affine=False` in PyTorch.
    pub fn without_parameters(self) -> Self {
        let weight = None;
        Self { weight, ..self }
    }

    fn sizes(&self) -> String {
        let has = [self.weight.is_some(), true];
        described(&sizes(&self.normalized_shape), self.eps, has)
    }
}

impl<T: Float> Forward<T> for RmsNorm<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let [weight] = leaves([&self.weight]);
        x.rms_norm(self.normalized_shape, weight.as_ref(), self.eps)
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    #[test]
    fn it_divides_and_scales() -> Result<()> {
        let mut layer = RmsNorm::<f64>::new_of(2)?;
        layer.weight = Some(tensor![f64; 10.0, 1.0].into());
        let x = Var::constant(tensor![f64; [1.0, 7.0], [0.0, 0.0]]);
        let y = layer.forward(&x)?;
        let expected = tensor![f64; [2.0, 1.4], [0.0, 0.0]];
        assert!(y.tensor().allclose(&expected, 1e-15, 0.0), "{y}");
        let layer = layer.without_parameters().eps(24.0);
        let x = Var::constant(tensor![f64; -1.0, 7.0]);
        assert_eq!(layer.forward(&x)?.to_vec(), [-1.0 / 7.0, 1.0]);
        assert_eq!(layer.describe(), "2, eps 24, no parameters");
        Ok(())
    }

    #[test]
    fn an_error_shows_the_sizes_and_the_input() -> Result<()> {
        let layer = RmsNorm::new(3)?;
        let error = layer.forward(&Var::constant(Tensor::ones([3, 2])?));
        let error = error.unwrap_err().to_string();
        let expected = "RmsNorm(3): expected an input whose shape ends with [3], got [3, 2] (at ";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }
}
