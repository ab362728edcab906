//! [`TransformerEncoderLayer`]: attention and two dense layers, each beside a shortcut.

use gradlet_autograd::{AttentionMask, Float, Result, Var};
use rand::Rng;

use super::MultiheadAttention;
use crate::dropout::Dropout;
use crate::forward::Forward;
use crate::layer::LayerNorm;
use crate::layer::Linear;
use crate::mode::Mode;
use crate::module::Module;

/// The function between the dense layers.
#[derive(Clone, Copy, Debug)]
enum Activation {
    Relu,
    Gelu,
}

/// Self-attention, then two dense layers, each added to its input and normalized:
/// `x = norm1(x + self_attn(x))`, `y = norm2(x + linear2(relu(linear1(x))))`.
///
/// Dropout with p = 0.1 unless set acts on the weights of attention, on its result, between the dense layers and on
/// their result. Inputs are `[batch, length, features]` or `[length, features]`; PyTorch's default, with the batch second,
/// is [`sequence_first`](Self::sequence_first).
///
/// # Shape
///
/// `[batch, length, d_model] -> [batch, length, d_model]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, TransformerEncoderLayer};
/// # use gradlet_autograd::{AttentionMask, Var};
/// # use gradlet_tensor::{Tensor, rng, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = TransformerEncoderLayer::new(32, 4, 64, &mut rng(42))?.norm_first().gelu();
/// let x = Var::constant(Tensor::zeros([2, 3, 32])?);
/// let padding = tensor![bool; [false, false, false], [false, false, true]];
/// let y = layer.encode(&x, &AttentionMask::padding(&padding)?)?;
/// assert_eq!(y.shape(), layer.forward(&x)?.shape());
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// A. Vaswani and others, "Attention Is All You Need", 2017; `torch.nn.TransformerEncoderLayer`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::settings)]
pub struct TransformerEncoderLayer<T: Float = f32> {
    /// Attention from the input to itself.
    pub self_attn: MultiheadAttention<T>,
    /// `d_model -> dim_feedforward`
    pub linear1: Linear<T>,
    dropout: Dropout,
    /// `dim_feedforward -> d_model`
    pub linear2: Linear<T>,
    norm1: LayerNorm<T>,
    norm2: LayerNorm<T>,
    dropout1: Dropout,
    dropout2: Dropout,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    norm_first: bool,
    mode: Mode,
}

impl TransformerEncoderLayer {
    /// A layer with biases, relu, the norms last, eps 1e-5 and dropout 0.1.
    ///
    /// # Errors
    ///
    /// If `num_heads` is 0 or does not divide `d_model`, `d_model` or `dim_feedforward` is 0, or memory does not hold the
    /// weights.
    #[track_caller]
    pub fn new(
        d_model: usize,
        num_heads: usize,
        dim_feedforward: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        Self::new_of(d_model, num_heads, dim_feedforward, rng)
    }
}

impl<T: Float> TransformerEncoderLayer<T> {
    /// As `new`, for any element type: `TransformerEncoderLayer::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `new`.
    #[track_caller]
    pub fn new_of(
        d_model: usize,
        num_heads: usize,
        dim_feedforward: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let p = 0.1;
        let self_attn = MultiheadAttention::new_of(d_model, num_heads, [d_model; 2], rng)?;
        Ok(Self {
            self_attn: self_attn.dropout(p)?,
            linear1: Linear::new_of(d_model, dim_feedforward, rng)?,
            dropout: Dropout::new(p, rng)?,
            linear2: Linear::new_of(dim_feedforward, d_model, rng)?,
            norm1: LayerNorm::new_of(d_model)?,
            norm2: LayerNorm::new_of(d_model)?,
            dropout1: Dropout::new(p, rng)?,
            dropout2: Dropout::new(p, rng)?,
            activation: Activation::Relu,
            norm_first: false,
            mode: Mode::Train,
        })
    }

    /// The same layer, which drops with probability p in training.
    ///
    /// # Errors
    ///
    /// If p is outside [0, 1].
    #[track_caller]
    pub fn dropout(mut self, p: f64) -> Result<Self> {
        for dropout in [&mut self.dropout, &mut self.dropout1, &mut self.dropout2] {
            dropout.set_p(p)?;
        }
        let self_attn = self.self_attn.dropout(p)?;
        Ok(Self { self_attn, ..self })
    }

    /// The same layer with the exact gelu in place of relu.
    pub fn gelu(self) -> Self {
        let activation = Activation::Gelu;
        Self { activation, ..self }
    }

    /// The same layer with the norms before attention and dense layers, not after the sums:
    /// `x = x + self_attn(norm1(x))`, `y = x + linear2(relu(linear1(norm2(x))))`.
    pub fn norm_first(self) -> Self {
        let norm_first = true;
        Self { norm_first, ..self }
    }

    /// The same layer with this eps in both norms.
    pub fn eps(self, eps: f64) -> Self {
        Self {
            norm1: self.norm1.eps(eps),
            norm2: self.norm2.eps(eps),
            ..self
        }
    }

    /// The same layer without biases, those of the norms included.
    pub fn without_bias(self) -> Self {
        Self {
            self_attn: self.self_attn.without_bias(),
            linear1: self.linear1.without_bias(),
            linear2: self.linear2.without_bias(),
            norm1: self.norm1.without_bias(),
            norm2: self.norm2.without_bias(),
            ..self
        }
    }

    /// The same layer for inputs `[length, batch, d_model]`: PyTorch's default.
    pub fn sequence_first(self) -> Self {
        let self_attn = self.self_attn.sequence_first();
        Self { self_attn, ..self }
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
    /// If the input has a different shape, the mask does not broadcast, or eps is negative or not finite.
    #[track_caller]
    pub fn encode(&self, x: &Var<T>, mask: &AttentionMask<T>) -> Result<Var<T>> {
        let run = || -> Result<_> {
            let attend = |x: &Var<T>| {
                let y = self.self_attn.attend(x, x, x, mask)?;
                self.dropout1.forward_owned(y)
            };
            if self.norm_first {
                let x = x.add(&attend(&self.norm1.forward(x)?)?)?;
                x.add(&self.feed(&self.norm2.forward(&x)?)?)
            } else {
                let x = self.norm1.forward(&x.add(&attend(x)?)?)?;
                self.norm2.forward(&x.add(&self.feed(&x)?)?)
            }
        };
        run().map_err(|error| self.name_in(error))
    }

    /// The dense layers.
    fn feed(&self, x: &Var<T>) -> Result<Var<T>> {
        let x = self.linear1.forward(x)?;
        let x = match self.activation {
            Activation::Relu => x.relu(),
            Activation::Gelu => x.gelu(),
        };
        let x = self.dropout.forward_owned(x)?;
        self.dropout2.forward_owned(self.linear2.forward(&x)?)
    }

    fn settings(&self) -> String {
        let activation = match self.activation {
            Activation::Relu => "relu",
            Activation::Gelu => "gelu",
        };
        let norm = if self.norm_first { "first" } else { "last" };
        format!("{activation}, norm {norm}")
    }
}

impl<T: Float> Forward<T> for TransformerEncoderLayer<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.encode(x, &AttentionMask::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::{Tensor, rng};

    fn x() -> Result<Var> {
        Ok(Var::leaf(Tensor::normal([2, 5, 4], 0.0, 1.0, &mut rng(5))?))
    }

    #[test]
    fn dropout_acts_at_four_places_in_training_alone() -> Result<()> {
        let mut layer = TransformerEncoderLayer::new(4, 2, 8, &mut rng(1))?;
        let sources: Vec<_> = layer
            .named_sources()
            .into_iter()
            .map(|(name, source)| (name, source.p()))
            .collect();
        let names = [
            "self_attn.dropout.source",
            "dropout.source",
            "dropout1.source",
            "dropout2.source",
        ];
        assert_eq!(sources, names.map(|name| (name.to_owned(), 0.1)));
        let x = x()?;
        assert_ne!(layer.forward(&x)?.tensor(), layer.forward(&x)?.tensor());
        layer.eval();
        let y = layer.forward(&x)?;
        assert_eq!(y.tensor(), layer.forward(&x)?.tensor());
        layer.train();
        // With p = 1 nothing is left of attention and dense layers but the shortcuts.
        let all = layer.dropout(1.0)?.norm_first();
        assert_eq!(all.forward(&x)?.tensor(), x.tensor());
        assert!(all.dropout(-0.1).is_err());
        Ok(())
    }

    #[test]
    fn later_positions_do_not_change_earlier_ones_under_a_causal_mask() -> Result<()> {
        let mut layer = TransformerEncoderLayer::new(4, 2, 8, &mut rng(1))?.gelu();
        layer.eval();
        let (x, mask) = (x()?, AttentionMask::causal());
        let y = layer.encode(&x, &mask)?.tensor().narrow(1, 0, 3)?;
        let part = layer.encode(&x.narrow(1, 0, 3)?, &mask)?;
        assert!(part.tensor().allclose(&y, 1e-5, 1e-6));
        assert!(
            !layer
                .forward(&x)?
                .tensor()
                .narrow(1, 0, 3)?
                .allclose(&y, 1e-5, 1e-6)
        );
        Ok(())
    }

    #[test]
    fn errors_name_the_layer() -> Result<()> {
        assert!(TransformerEncoderLayer::new(4, 3, 8, &mut rng(1)).is_err());
        let layer = TransformerEncoderLayer::new(4, 2, 8, &mut rng(1))?;
        let x = Var::constant(Tensor::zeros([2, 5, 3])?);
        let error = layer.forward(&x).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "TransformerEncoderLayer(relu, norm last): MultiheadAttention(4, heads=2): "
            ),
            "{error}"
        );
        assert!(layer.eps(-1.0).forward(&self::x()?).is_err());
        Ok(())
    }
}
