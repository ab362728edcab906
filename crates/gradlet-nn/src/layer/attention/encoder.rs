//! [`TransformerEncoder`]: a chain of encoder layers under one mask.

use gradlet_autograd::{AttentionMask, Float, Result, Var};

use super::TransformerEncoderLayer;
use crate::forward::Forward;
use crate::layer::LayerNorm;
use crate::mode::Mode;
use crate::module::Module;

/// A chain of encoder layers, all under one mask, and a norm at the end if one is set.
///
/// `vec![layer; 6]` gives the layers equal weights at the start, as PyTorch does; layers made one by one differ.
///
/// # Shape
///
/// `[batch, length, d_model] -> [batch, length, d_model]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{LayerNorm, TransformerEncoder, TransformerEncoderLayer};
/// # use gradlet_autograd::{AttentionMask, Var};
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let mut rng = rng(42);
/// let layers = (0..2).map(|_| TransformerEncoderLayer::new(32, 4, 64, &mut rng));
/// let model = TransformerEncoder::new(layers.collect::<Result<Vec<_>, _>>()?).norm(LayerNorm::new(32)?);
/// let x = Var::constant(Tensor::zeros([2, 3, 32])?);
/// assert_eq!(model.encode(&x, &AttentionMask::causal())?.shape(), [2, 3, 32]);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.nn.TransformerEncoder`
#[derive(Clone, Debug, Module)]
pub struct TransformerEncoder<T: Float = f32> {
    /// The layers, in their order.
    pub layers: Vec<TransformerEncoderLayer<T>>,
    norm: Option<LayerNorm<T>>,
    mode: Mode,
}

impl<T: Float> TransformerEncoder<T> {
    /// An encoder of these layers.
    pub fn new(layers: Vec<TransformerEncoderLayer<T>>) -> Self {
        Self {
            layers,
            norm: None,
            mode: Mode::Train,
        }
    }

    /// The same encoder with this norm at the end, which layers with
    /// [`norm_first`](TransformerEncoderLayer::norm_first) need.
    pub fn norm(self, norm: LayerNorm<T>) -> Self {
        Self {
            norm: Some(norm),
            ..self
        }
    }

    /// The output where each position sees those that the mask lets it see.
    ///
    /// # Shape
    ///
    /// `[batch, length, d_model] -> [batch, length, d_model]`, and a mask that broadcasts to
    /// `[batch, heads, length, length]`
    ///
    /// # Errors
    ///
    /// If a layer returns one.
    #[track_caller]
    pub fn encode(&self, x: &Var<T>, mask: &AttentionMask<T>) -> Result<Var<T>> {
        let run = || -> Result<_> {
            let mut x = x.clone();
            for layer in &self.layers {
                x = layer.encode(&x, mask)?;
            }
            match &self.norm {
                Some(norm) => norm.forward(&x),
                None => Ok(x),
            }
        };
        run().map_err(|error| self.name_in(error))
    }
}

impl<T: Float> Forward<T> for TransformerEncoder<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.encode(x, &AttentionMask::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{Tensor, rng};

    #[test]
    fn layers_follow_each_other_and_the_norm_comes_last() -> Result<()> {
        let layer = TransformerEncoderLayer::new(4, 2, 8, &mut rng(1))?.norm_first();
        let mut model = TransformerEncoder::new(vec![layer; 2]).norm(LayerNorm::new(4)?.eps(1e-3));
        let names: Vec<_> = model
            .named_parameters()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            (names.len(), names[0].as_str()),
            (26, "layers.0.self_attn.in_proj_weight")
        );
        assert_eq!(names[24..], ["norm.weight", "norm.bias"]);
        let streams: Vec<_> = model
            .named_sources()
            .iter()
            .map(|(_, source)| source.state().seed)
            .collect();
        assert_ne!(streams[..4], streams[4..], "copies draw different masks");
        model.eval();
        let x = Var::leaf(Tensor::normal([2, 5, 4], 0.0, 1.0, &mut rng(5))?);
        let mask = AttentionMask::causal();
        let y = model.layers[1].encode(&model.layers[0].encode(&x, &mask)?, &mask)?;
        let y = y.layer_norm(4, None, None, 1e-3)?;
        assert!(
            model
                .encode(&x, &mask)?
                .tensor()
                .allclose(y.tensor(), 1e-6, 1e-6)
        );
        let error = model
            .forward(&Var::constant(Tensor::zeros([5])?))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("TransformerEncoder: TransformerEncoderLayer("),
            "{error}"
        );
        Ok(())
    }
}
