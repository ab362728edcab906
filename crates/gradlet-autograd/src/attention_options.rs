//! [`AttentionMask`]: the keys that each query sees; [`AttentionOptions`]: all settings of attention.

use gradlet_tensor::fused::{Attention, setting};
use gradlet_tensor::{Error, ErrorKind, Float, Mask, Result, Shape, Tensor};

use crate::var::Var;

/// The keys that each query sees, and numbers added to scores.
///
/// PyTorch has two senses of a mask of truths. The constructors here say which one is meant:
///
/// | PyTorch | here |
/// |---|---|
/// | `attn_mask` of bools in `MultiheadAttention`, `src_mask` | [`hidden`](Self::hidden) |
/// | `attn_mask` of bools in `scaled_dot_product_attention` | [`seen`](Self::seen) |
/// | `key_padding_mask`, `src_key_padding_mask` of bools | [`padding`](Self::padding) |
/// | any of them of floats | [`added`](Self::added) |
/// | `is_causal` | [`causal`](Self::causal) |
///
/// Several are joined by [`and`](Self::and). A query that sees no key gets zeros, and passes no gradient on.
///
/// # Shape
///
/// A mask broadcasts to the shape of the scores: `[..., queries, keys]`, in layers `[batch, heads, queries, keys]`.
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{AttentionMask, AttentionOptions, Var};
/// # use gradlet_tensor::tensor;
/// # fn main() -> gradlet_tensor::Result<()> {
/// let x = Var::constant(tensor![[0.0], [0.0], [0.0]]);
/// let mask = AttentionMask::causal().and(AttentionMask::hidden(&tensor![bool; true, false, false])?);
/// let weights = x.attention_weights(&x, &AttentionOptions::new().mask(mask))?;
/// assert_eq!(weights.tensor(), &tensor![[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AttentionMask<T: Float = f32> {
    /// Added to the scores.
    pub(crate) added: Vec<Var<T>>,
    pub(crate) causal: bool,
}

impl<T: Float> Default for AttentionMask<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> AttentionMask<T> {
    /// Hides nothing.
    pub fn new() -> Self {
        Self {
            added: Vec::new(),
            causal: false,
        }
    }

    /// Query i sees the keys 0 to i alone, whatever the number of keys.
    pub fn causal() -> Self {
        Self {
            causal: true,
            ..Self::new()
        }
    }

    /// Hides the keys where the mask is true.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn hidden(mask: &Tensor<bool>) -> Result<Self> {
        Self::of(mask, [T::neg_infinity(), T::zero()])
    }

    /// Hides the keys where the mask is false.
    ///
    /// # Errors
    ///
    /// If memory does not hold that many elements.
    #[track_caller]
    pub fn seen(mask: &Tensor<bool>) -> Result<Self> {
        Self::of(mask, [T::zero(), T::neg_infinity()])
    }

    /// Hides the keys where the mask is true from all queries and heads: the positions of each sequence in a batch that
    /// only fill it up.
    ///
    /// # Shape
    ///
    /// `[batch, keys]`, which hides in scores `[batch, heads, queries, keys]`; `[keys]` without a batch
    ///
    /// # Errors
    ///
    /// If there are more than two axes, or none, or memory does not hold that many elements.
    #[track_caller]
    pub fn padding(mask: &Tensor<bool>) -> Result<Self> {
        match mask.shape()[..] {
            [keys] => Self::hidden(&mask.reshape([1, 1, 1, keys])?),
            [batch, keys] => Self::hidden(&mask.reshape([batch, 1, 1, keys])?),
            _ => Err(Error::new(ErrorKind::Rank {
                op: "padding",
                expected: "a mask [batch, keys] or [keys]",
                shape: *mask.shape(),
            })),
        }
    }

    /// Adds numbers to the scores; -inf hides a key. They get a gradient if they are tracked, for which all scores are
    /// kept in memory during backward.
    pub fn added(numbers: &Var<T>) -> Self {
        Self {
            added: vec![numbers.clone()],
            ..Self::new()
        }
    }

    /// Hides the keys that either mask hides, and adds the numbers of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.added.extend(other.added);
        self.causal |= other.causal;
        self
    }

    /// The same mask, where parts of shape `[batch * heads, queries, keys]`, as PyTorch's layers take them, are seen as
    /// `[batch, heads, queries, keys]`.
    ///
    /// # Errors
    ///
    /// If a part cannot be reshaped.
    #[track_caller]
    pub fn by_head(&self, batch: usize, heads: usize) -> Result<Self> {
        let mut mask = self.clone();
        for part in &mut mask.added {
            if let [all, queries, keys] = part.shape()[..]
                && all == batch.saturating_mul(heads)
            {
                *part = part.reshape([batch, heads, queries, keys])?;
            }
        }
        Ok(mask)
    }

    #[track_caller]
    fn of(mask: &Tensor<bool>, choices: [T; 2]) -> Result<Self> {
        let [yes, no] = choices.map(Tensor::scalar);
        let numbers = Tensor::where_cond(mask, &yes, &no)?;
        Ok(Self::added(&Var::constant(numbers)))
    }
}

/// The options of [`Var::scaled_dot_product_attention`] and [`Var::attention_weights`].
///
/// # Example
///
/// ```
/// # use gradlet_autograd::{AttentionMask, AttentionOptions};
/// let options = AttentionOptions::<f32>::new().mask(AttentionMask::causal()).scale(0.5);
/// assert_eq!(options.scale, Some(0.5));
/// ```
#[derive(Clone, Debug)]
pub struct AttentionOptions<T: Float = f32> {
    /// The keys that each query sees: all by default.
    pub mask: AttentionMask<T>,
    /// The factor of the products of queries and keys; by default 1 divided by the root of their number of features.
    pub scale: Option<f64>,
    /// The weights that are kept, one bit for each score, and their factor; by default nothing is dropped.
    pub dropout: Option<(Mask, f64)>,
}

impl<T: Float> Default for AttentionOptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> AttentionOptions<T> {
    /// Options with which each query sees all keys, nothing is dropped, and the scale is the root's.
    pub fn new() -> Self {
        Self {
            mask: AttentionMask::new(),
            scale: None,
            dropout: None,
        }
    }

    /// Sets the keys that each query sees.
    pub fn mask(self, mask: AttentionMask<T>) -> Self {
        Self { mask, ..self }
    }

    /// Sets the factor of the products of queries and keys.
    pub fn scale(self, scale: f64) -> Self {
        let scale = Some(scale);
        Self { scale, ..self }
    }

    /// Drops the weights that the mask does not keep, and multiplies the others by `factor`, as dropout does.
    pub fn dropout(self, mask: Mask, factor: f64) -> Self {
        let dropout = Some((mask, factor));
        Self { dropout, ..self }
    }

    /// The inputs, queries and keys first, with equal leading axes, and the settings; an error if they do not fit.
    #[track_caller]
    pub(crate) fn prepared(
        &self,
        op: &'static str,
        inputs: &[&Var<T>],
    ) -> Result<(Vec<Var<T>>, Attention<T>)> {
        let mut batch = Shape::SCALAR;
        for x in inputs {
            if x.rank() < 2 {
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected: "queries, keys and values of at least two axes",
                    shape: *x.shape(),
                }));
            }
            let lead = Shape::new(&x.shape()[..x.rank() - 2])?;
            batch = Shape::broadcast(&batch, &lead).map_err(|error| error.of(op))?;
        }
        let mut broadcast = Vec::with_capacity(inputs.len() + self.mask.added.len());
        for x in inputs {
            let shape = Shape::new(&[&batch, &x.shape()[x.rank() - 2..]].concat())?;
            broadcast.push(x.broadcast_if_needed(shape)?.into_owned());
        }
        let (q, k) = (&broadcast[0], &broadcast[1]);
        let [queries, keys, features] = [
            q.tensor().size(-2)?,
            k.tensor().size(-2)?,
            q.tensor().size(-1)?,
        ];
        let with = |sizes: [usize; 2]| Shape::new(&[&batch[..], &sizes].concat());
        k.tensor().expect_shape(op, with([keys, features])?)?;
        let scores = with([queries, keys])?;
        for mask in &self.mask.added {
            let joined = Shape::broadcast(mask.shape(), &scores).map_err(|error| error.of(op))?;
            if joined != scores {
                mask.tensor().expect_shape(op, scores)?;
            }
        }
        let mut dropout = None;
        if let Some((mask, factor)) = &self.dropout {
            if *mask.shape() != scores {
                let (expected, found) = (scores, *mask.shape());
                return Err(Error::new(ErrorKind::ShapeMismatch {
                    op,
                    expected,
                    found,
                }));
            }
            dropout = Some((mask.clone(), T::of(*factor)));
        }
        if let Some(scale) = self.scale {
            setting::<T>(op, "scale", "finite", scale, f64::is_finite)?;
        }
        let settings = Attention {
            scale: T::of(self.scale.unwrap_or(1.0 / (features as f64).sqrt())),
            causal: self.mask.causal,
            dropout,
        };
        Ok((broadcast, settings))
    }
}
