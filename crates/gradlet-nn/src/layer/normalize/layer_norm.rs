//! [`LayerNorm`]: the last axes standardized, for each place of the others.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{IntoShape, Shape, Tensor};

use super::settings::{EPS, described, leaves, sizes, weight_bias_and_eps};
use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// Standardizes over the last axes: `y = (x - mean) / sqrt(variance + eps) * weight + bias`, in all modes.
///
/// Unless set, eps is 1e-5. A weight starts as ones, a bias as zeros.
///
/// # Shape
///
/// `[..., normalized_shape] -> [..., normalized_shape]`; `weight` and `bias`: `[normalized_shape]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, LayerNorm};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = LayerNorm::new(2)?.eps(0.0);
/// let x = Var::constant(tensor![[1.0, 3.0], [10.0, 30.0]]);
/// assert_eq!(layer.forward(&x)?.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
/// let over_two_axes = LayerNorm::new([16, 64])?.without_bias();
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", 2016; `torch.nn.LayerNorm`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct LayerNorm<T: Float = f32> {
    /// `[normalized_shape]`
    pub weight: Option<Parameter<T>>,
    /// `[normalized_shape]`
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    normalized_shape: Shape,
    #[module(skip)]
    eps: f64,
    mode: Mode,
}

impl LayerNorm {
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

impl<T: Float> LayerNorm<T> {
    /// As `new`, for any element type: `LayerNorm::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn new_of(normalized_shape: impl IntoShape) -> Result<Self> {
        let normalized_shape = normalized_shape.into_shape()?;
        Ok(Self {
            weight: Some(Tensor::ones_of(normalized_shape)?.into()),
            bias: Some(Tensor::zeros_of(normalized_shape)?.into()),
            normalized_shape,
            eps: EPS,
            mode: Mode::Train,
        })
    }

    weight_bias_and_eps!();

    fn sizes(&self) -> String {
        let has = [&self.weight, &self.bias].map(Option::is_some);
        let eps = (self.eps != EPS).then_some(self.eps);
        described(&sizes(&self.normalized_shape), eps, has)
    }
}

impl<T: Float> Forward<T> for LayerNorm<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let [weight, bias] = leaves([&self.weight, &self.bias]);
        let shape = self.normalized_shape;
        x.layer_norm(shape, weight.as_ref(), bias.as_ref(), self.eps)
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    #[test]
    fn it_scales_and_shifts_what_it_standardizes() -> Result<()> {
        let mut layer = LayerNorm::<f64>::new_of([1, 2])?.eps(0.0);
        layer.weight = Some(tensor![f64; [10.0, 20.0]].into());
        layer.bias = Some(tensor![f64; [0.5, 0.25]].into());
        let x = Var::constant(tensor![f64; [[1.0, 3.0]], [[5.0, 7.0]]]);
        assert_eq!(layer.forward(&x)?.to_vec(), [-9.5, 20.25, -9.5, 20.25]);
        assert_eq!(layer.describe(), "[1, 2], eps 0");
        let layer = layer.without_bias();
        assert_eq!(layer.forward(&x)?.to_vec(), [-10.0, 20.0, -10.0, 20.0]);
        let layer = layer.without_parameters().eps(1e-5);
        assert_eq!(layer.describe(), "[1, 2], no parameters");
        Ok(())
    }

    #[test]
    fn an_error_shows_the_sizes_and_the_input() -> Result<()> {
        let layer = LayerNorm::new([4, 3])?.without_bias();
        let x = Var::constant(Tensor::ones([2, 3, 4])?);
        let error = layer.forward(&x).unwrap_err().to_string();
        let expected = "LayerNorm([4, 3], no bias): expected an input whose shape ends with [4, 3], got [2, 3, 4] (at ";
        assert!(error.starts_with(expected), "{error}");
        Ok(())
    }
}
