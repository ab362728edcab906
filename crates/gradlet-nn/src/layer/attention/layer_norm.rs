//! [`LayerNorm`]: the norm inside encoders.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::Tensor;

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// Standardizes the last axis, then scales and shifts it.
#[derive(Clone, Debug, Module)]
pub(super) struct LayerNorm<T: Float = f32> {
    /// `[features]`
    weight: Option<Parameter<T>>,
    /// `[features]`
    bias: Option<Parameter<T>>,
    #[module(skip)]
    features: usize,
    #[module(skip)]
    eps: f64,
    mode: Mode,
}

impl<T: Float> LayerNorm<T> {
    #[track_caller]
    pub(super) fn new_of(features: usize) -> Result<Self> {
        Ok(Self {
            weight: Some(Tensor::ones_of(features)?.into()),
            bias: Some(Tensor::zeros_of(features)?.into()),
            features,
            eps: 1e-5,
            mode: Mode::Train,
        })
    }

    pub(super) fn eps(self, eps: f64) -> Self {
        Self { eps, ..self }
    }

    pub(super) fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }
}

impl<T: Float> Forward<T> for LayerNorm<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let [weight, bias] =
            [&self.weight, &self.bias].map(|parameter| parameter.as_ref().map(Parameter::leaf));
        x.layer_norm(self.features, weight.as_ref(), bias.as_ref(), self.eps)
            .map_err(|error| self.name_in(error))
    }
}
