//! [`Linear`]: the product with a weight matrix, plus a bias.

use gradlet_autograd::{Float, Result, Var};
use rand::Rng;

use crate::forward::Forward;
use crate::init::fan_in_uniform;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// `y = x * weight^T + bias`.
///
/// Weight and bias start uniform in `[-1/sqrt(in_features), 1/sqrt(in_features))`, as in PyTorch.
///
/// # Shape
///
/// `x: [..., in_features] -> [..., out_features]`; `weight: [out_features, in_features]`,
/// `bias: [out_features]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, Linear};
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = Linear::new(64, 128, &mut rng(42))?;
/// let y = layer.forward(&Var::constant(Tensor::zeros([32, 64])?))?;
/// assert_eq!(y.shape(), [32, 128]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Linear`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Linear<T: Float = f32> {
    /// `[out_features, in_features]`
    pub weight: Parameter<T>,
    /// `[out_features]`
    pub bias: Option<Parameter<T>>,
    mode: Mode,
}

impl Linear {
    /// A layer with a bias.
    ///
    /// # Errors
    ///
    /// If `in_features` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(
        in_features: usize,
        out_features: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in_features, out_features, rng)
    }
}

impl<T: Float> Linear<T> {
    /// A layer with a bias, for any element type: `Linear::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// If `in_features` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new_of(
        in_features: usize,
        out_features: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let weight = fan_in_uniform([out_features, in_features], in_features, rng)?;
        let bias = fan_in_uniform(out_features, in_features, rng)?;
        Ok(Self {
            weight: weight.into(),
            bias: Some(bias.into()),
            mode: Mode::Train,
        })
    }

    /// The same layer without its bias.
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    fn sizes(&self) -> String {
        let [out_features, in_features] = [0, 1].map(|axis| self.weight.shape()[axis]);
        let bias = if self.bias.is_some() { "" } else { ", no bias" };
        format!("{in_features} -> {out_features}{bias}")
    }
}

impl<T: Float> Forward<T> for Linear<T> {
    #[inline]
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        let bias = self.bias.as_ref().map(Parameter::leaf);
        x.linear(&self.weight.leaf(), bias.as_ref())
            .map_err(|error| self.name_in(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn it_computes_the_product_with_the_transposed_weight() -> Result<()> {
        let mut layer = Linear::new(2, 3, &mut rng(1))?;
        *layer.weight.tensor_mut() = tensor![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
        layer.bias = Some(tensor![10.0, 20.0, 30.0].into());
        let x = Var::constant(tensor![[1.0, 2.0]]);
        assert_eq!(layer.forward(&x)?.to_vec(), [11.0, 22.0, 33.0]);
        assert_eq!(layer.describe(), "2 -> 3");
        let layer = layer.without_bias();
        assert_eq!(layer.forward(&x)?.to_vec(), [1.0, 2.0, 3.0]);
        assert_eq!(layer.describe(), "2 -> 3, no bias");
        Ok(())
    }

    #[test]
    fn weights_start_inside_the_bound_and_fill_it() -> Result<()> {
        let layer = Linear::new(100, 1000, &mut rng(1))?;
        let weight = layer.weight.tensor();
        assert!(weight.iter().all(|w| (-0.1..0.1).contains(&w)));
        assert!(weight.max(..)?.item()? > 0.0999 && weight.min(..)?.item()? < -0.0999);
        assert!(Linear::new(0, 3, &mut rng(1)).is_err());
        Ok(())
    }

    #[test]
    fn gradients_arrive_under_the_parameters_names() -> Result<()> {
        let layer = Linear::new(2, 1, &mut rng(1))?;
        let x = Var::constant(tensor![[1.0, 2.0], [3.0, 4.0]]);
        let grads = layer.forward(&x)?.sum(..)?.backward()?;
        assert_eq!(
            grads.get(layer.weight.id()).map(Tensor::to_vec),
            Some(vec![4.0, 6.0])
        );
        let bias = layer.bias.as_ref().and_then(|bias| grads.get(bias.id()));
        assert_eq!(bias.map(Tensor::to_vec), Some(vec![2.0]));
        Ok(())
    }
}
