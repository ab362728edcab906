//! [`Bilinear`]: a form that is linear in each of two inputs, and a bias.

use gradlet_autograd::{Float, Result, Var};
use rand::Rng;

use crate::init::fan_in_uniform;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;

/// `y_o = sum_ij x1_i * weight_oij * x2_j + bias_o`.
///
/// Weight and bias start uniform in `[-1/sqrt(in1_features), 1/sqrt(in1_features))`, as in PyTorch.
///
/// # Shape
///
/// `x1: [..., in1_features], x2: [..., in2_features] -> [..., out_features]`;
/// `weight: [out_features, in1_features, in2_features]`, `bias: [out_features]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::Bilinear;
/// # use gradlet_autograd::Var;
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = Bilinear::new(20, 30, 40, &mut rng(42))?;
/// let [x1, x2] = [Tensor::ones([128, 20])?, Tensor::ones([128, 30])?].map(Var::constant);
/// assert_eq!(layer.forward(&x1, &x2)?.shape(), [128, 40]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.Bilinear`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct Bilinear<T: Float = f32> {
    /// `[out_features, in1_features, in2_features]`
    pub weight: Parameter<T>,
    /// `[out_features]`
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    features: [usize; 3],
    mode: Mode,
}

impl Bilinear {
    /// A layer with a bias.
    ///
    /// # Errors
    ///
    /// If `in1_features` is 0, or memory does not hold that many weights.
    #[track_caller]
    pub fn new(
        in1_features: usize,
        in2_features: usize,
        out_features: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(in1_features, in2_features, out_features, rng)
    }
}

impl<T: Float> Bilinear<T> {
    /// As `new`, for any element type: `Bilinear::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `new`.
    #[track_caller]
    pub fn new_of(
        in1_features: usize,
        in2_features: usize,
        out_features: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let features = [out_features, in1_features, in2_features];
        let weight = fan_in_uniform(features, in1_features, rng)?;
        let bias = fan_in_uniform(out_features, in1_features, rng)?;
        Ok(Self {
            weight: weight.into(),
            bias: Some(bias.into()),
            features,
            mode: Mode::Train,
        })
    }

    /// The same layer without its bias.
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// The form of the two inputs.
    ///
    /// # Errors
    ///
    /// If the last sizes are not those of the layer, or the other sizes of the inputs differ.
    #[track_caller]
    pub fn forward(&self, x1: &Var<T>, x2: &Var<T>) -> Result<Var<T>> {
        let bias = self.bias.as_ref().map(Parameter::leaf);
        x1.bilinear(x2, &self.weight.leaf(), bias.as_ref())
            .map_err(|error| self.name_in(error))
    }

    fn sizes(&self) -> String {
        let [outputs, left, right] = self.features;
        let bias = if self.bias.is_some() { "" } else { ", no bias" };
        format!("{left} x {right} -> {outputs}{bias}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{Tensor, rng, tensor};

    #[test]
    fn it_is_linear_in_both_inputs() -> Result<()> {
        let mut layer = Bilinear::new(2, 1, 1, &mut rng(1))?;
        *layer.weight.tensor_mut() = tensor![[[2.0], [3.0]]];
        layer.bias = Some(tensor![0.5].into());
        let [x1, x2] = [tensor![[1.0, 10.0]], tensor![[-1.0]]].map(Var::constant);
        assert_eq!(layer.forward(&x1, &x2)?.to_vec(), [-31.5]);
        let error = layer.without_bias().forward(&x2, &x1).unwrap_err();
        let expected = "Bilinear(2 x 1 -> 1, no bias): expected an input whose shape ends with [2], got [1, 1] (at ";
        assert!(error.to_string().starts_with(expected), "{error}");
        Ok(())
    }

    #[test]
    fn weights_start_inside_the_bound_and_fill_it() -> Result<()> {
        let layer = Bilinear::<f64>::new_of(100, 9, 60, &mut rng(1))?;
        let bias = layer.bias.as_ref().map(Parameter::tensor);
        for values in [Some(layer.weight.tensor()), bias].into_iter().flatten() {
            assert!(values.iter().all(|w| (-0.1..0.1).contains(&w)));
            assert!(values.max(..)?.item()? > 0.09 && values.min(..)?.item()? < -0.09);
        }
        assert!(Bilinear::new(0, 3, 3, &mut rng(1)).is_err());
        let x: Tensor<f64> = Tensor::zeros_of([0, 100])?;
        let x2 = Var::constant(Tensor::zeros_of([0, 9])?);
        assert_eq!(layer.forward(&Var::constant(x), &x2)?.shape(), [0, 60]);
        Ok(())
    }
}
