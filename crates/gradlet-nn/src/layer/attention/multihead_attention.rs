//! [`MultiheadAttention`]: attention in several heads, between projections.

use std::ptr;

use gradlet_autograd::{AttentionMask, AttentionOptions, Error, ErrorKind, Float, Result, Var};
use gradlet_tensor::{Shape, Tensor};
use rand::Rng;

use crate::dropout::Dropout;
use crate::forward::Forward;
use crate::init::xavier_uniform;
use crate::layer::Linear;
use crate::mode::Mode;
use crate::module::Module;
use crate::parameter::Parameter;
use crate::require::require;

/// Attention in several heads: queries, keys and values are projected, each head attends with its own part of their
/// features, and the heads' results side by side are projected again.
///
/// Inputs are `[batch, length, features]`, or `[length, features]` without a batch; PyTorch's default, with the batch
/// second, is [`sequence_first`](Self::sequence_first). As a [`Forward`], the layer attends from its input to itself
/// without a mask. [`attend`](Self::attend) never has all weights in memory;
/// [`attend_with_weights`](Self::attend_with_weights) returns them.
///
/// Weights of projections start as [`xavier_uniform`], biases as zeros, and `out_proj.weight` as in [`Linear`].
///
/// # Shape
///
/// query `[batch, l, embed_dim]`, key `[batch, s, kdim]`, value `[batch, s, vdim] -> [batch, l, embed_dim]`
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Forward, MultiheadAttention};
/// # use gradlet_autograd::{AttentionMask, Var};
/// # use gradlet_tensor::{Tensor, rng};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let layer = MultiheadAttention::new(64, 4, &mut rng(42))?;
/// let x = Var::constant(Tensor::zeros([8, 10, 64])?);
/// assert_eq!(layer.forward(&x)?.shape(), [8, 10, 64]);
/// let (y, weights) = layer.attend_with_weights(&x, &x, &x, &AttentionMask::causal())?;
/// assert_eq!(y.shape(), [8, 10, 64]);
/// assert_eq!(weights.mean(1)?.shape(), [8, 10, 10]); // averaged over heads
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// A. Vaswani and others, "Attention Is All You Need", 2017; `torch.nn.MultiheadAttention`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::sizes)]
pub struct MultiheadAttention<T: Float = f32> {
    /// `[3 * embed_dim, embed_dim]`, for queries, keys and values in this order, unless keys or values have other sizes
    pub in_proj_weight: Option<Parameter<T>>,
    /// `[embed_dim, embed_dim]`, if keys or values have other sizes
    pub q_proj_weight: Option<Parameter<T>>,
    /// `[embed_dim, kdim]`, if keys or values have other sizes
    pub k_proj_weight: Option<Parameter<T>>,
    /// `[embed_dim, vdim]`, if keys or values have other sizes
    pub v_proj_weight: Option<Parameter<T>>,
    /// `[3 * embed_dim]`
    pub in_proj_bias: Option<Parameter<T>>,
    /// The projection of all heads' results.
    pub out_proj: Linear<T>,
    dropout: Dropout,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    batch_axis: usize,
    mode: Mode,
}

impl MultiheadAttention {
    /// A layer with biases, for queries, keys and values of the same size.
    ///
    /// # Errors
    ///
    /// If `num_heads` is 0 or does not divide `embed_dim`, `embed_dim` is 0, or memory does not hold the weights.
    #[track_caller]
    pub fn new(embed_dim: usize, num_heads: usize, rng: &mut (impl Rng + ?Sized)) -> Result<Self> {
        Self::new_of(embed_dim, num_heads, [embed_dim; 2], rng)
    }
}

impl<T: Float> MultiheadAttention<T> {
    /// As `new`, with the sizes of keys and values, `[kdim, vdim]`, and for any element type:
    /// `MultiheadAttention::<f64>::new_of(..)`.
    ///
    /// # Errors
    ///
    /// As for `new`, or if `kdim + embed_dim` or `vdim + embed_dim` is 0.
    #[track_caller]
    pub fn new_of(
        embed_dim: usize,
        num_heads: usize,
        [kdim, vdim]: [usize; 2],
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self> {
        let size = embed_dim as f64;
        require(
            size > 0.0,
            "MultiheadAttention",
            "embed_dim",
            "positive",
            size,
        )?;
        let divides = num_heads > 0 && embed_dim.is_multiple_of(num_heads);
        let (op, expected) = ("MultiheadAttention", "a divisor of embed_dim");
        require(divides, op, "num_heads", expected, num_heads as f64)?;
        let joint = [kdim, vdim] == [embed_dim; 2];
        Ok(Self {
            in_proj_weight: weight(joint, [embed_dim.saturating_mul(3), embed_dim], rng)?,
            q_proj_weight: weight(!joint, [embed_dim; 2], rng)?,
            k_proj_weight: weight(!joint, [embed_dim, kdim], rng)?,
            v_proj_weight: weight(!joint, [embed_dim, vdim], rng)?,
            in_proj_bias: Some(Tensor::zeros_of(3 * embed_dim)?.into()),
            out_proj: {
                let mut out_proj = Linear::new_of(embed_dim, embed_dim, rng)?;
                out_proj.bias = Some(Tensor::zeros_of(embed_dim)?.into());
                out_proj
            },
            dropout: Dropout::new(0.0, rng)?,
            heads: num_heads,
            batch_axis: 0,
            mode: Mode::Train,
        })
    }

    /// The same layer without biases.
    pub fn without_bias(self) -> Self {
        Self {
            in_proj_bias: None,
            out_proj: self.out_proj.without_bias(),
            ..self
        }
    }

    /// The same layer, which drops weights of keys with probability p in training; 0 unless set.
    ///
    /// # Errors
    ///
    /// If p is outside [0, 1].
    #[track_caller]
    pub fn dropout(mut self, p: f64) -> Result<Self> {
        self.dropout.set_p(p)?;
        Ok(self)
    }

    /// The same layer for inputs `[length, batch, features]`: PyTorch's default.
    pub fn sequence_first(self) -> Self {
        let batch_axis = 1;
        Self { batch_axis, ..self }
    }

    /// The values that the queries find under the keys that the mask lets them see.
    ///
    /// The mask broadcasts to `[batch, heads, l, s]`; PyTorch's masks `[batch * heads, l, s]` fit, too. If query, key and
    /// value are the same reference, one product projects all three.
    ///
    /// # Shape
    ///
    /// query `[batch, l, embed_dim]`, key `[batch, s, kdim]`, value `[batch, s, vdim] -> [batch, l, embed_dim]`
    ///
    /// # Errors
    ///
    /// If the inputs do not have these shapes, or the mask does not broadcast.
    #[track_caller]
    pub fn attend(
        &self,
        query: &Var<T>,
        key: &Var<T>,
        value: &Var<T>,
        mask: &AttentionMask<T>,
    ) -> Result<Var<T>> {
        let run = || -> Result<_> {
            let [q, k, v] = self.projected([query, key, value])?;
            let options = self.options(&q, &k, mask)?;
            self.joined(&q.scaled_dot_product_attention(&k, &v, &options)?, query)
        };
        run().map_err(|error| self.name_in(error))
    }

    /// As [`attend`](Self::attend), with the weights of each head; their mean over the axis of heads, `.mean(-3)`, is
    /// PyTorch's `average_attn_weights`.
    ///
    /// # Shape
    ///
    /// As for `attend`, and `[batch, heads, l, s]`, without a batch `[heads, l, s]`
    ///
    /// # Errors
    ///
    /// As for `attend`.
    #[track_caller]
    pub fn attend_with_weights(
        &self,
        query: &Var<T>,
        key: &Var<T>,
        value: &Var<T>,
        mask: &AttentionMask<T>,
    ) -> Result<(Var<T>, Var<T>)> {
        let run = || -> Result<_> {
            let [q, k, v] = self.projected([query, key, value])?;
            let weights = q.attention_weights(&k, &self.options(&q, &k, mask)?)?;
            let y = self.joined(&weights.matmul(&v)?, query)?;
            let batched = query.rank() == 3;
            Ok((
                y,
                if batched {
                    weights
                } else {
                    weights.squeeze(0)?
                },
            ))
        };
        run().map_err(|error| self.name_in(error))
    }

    /// Query, key and value in heads, `[batch, heads, length, size]`.
    fn projected(&self, inputs: [&Var<T>; 3]) -> Result<[Var<T>; 3]> {
        let [query, key, value] = inputs;
        for x in inputs {
            self.check(x, query)?;
        }
        let bias = self.in_proj_bias.as_ref().map(Parameter::leaf);
        let size = self.out_proj.weight.shape()[0];
        if let Some(weight) = &self.in_proj_weight
            && ptr::eq(query, key)
            && ptr::eq(key, value)
        {
            let all = self.in_heads(&query.linear(&weight.leaf(), bias.as_ref())?, 3)?;
            return Ok([all.select(0, 0)?, all.select(0, 1)?, all.select(0, 2)?]);
        }
        let joint = self.in_proj_weight.as_ref().map(Parameter::leaf);
        let own = [
            &self.q_proj_weight,
            &self.k_proj_weight,
            &self.v_proj_weight,
        ];
        let project = |i: usize| {
            let third = |x: &Var<T>| x.narrow(0, i * size, size);
            let weight = match (&joint, own[i]) {
                (_, Some(weight)) => weight.leaf(),
                (Some(joint), None) => third(joint)?,
                (None, None) => return Ok(inputs[i].clone()),
            };
            let bias = bias.as_ref().map(third).transpose()?;
            self.in_heads(&inputs[i].linear(&weight, bias.as_ref())?, 1)?
                .select(0, 0)
        };
        Ok([project(0)?, project(1)?, project(2)?])
    }

    /// An error unless x is a sequence or a batch of them, as the query is.
    fn check(&self, x: &Var<T>, query: &Var<T>) -> Result<()> {
        let op = "attention";
        if ![2, 3].contains(&x.rank()) || x.rank() != query.rank() {
            return Err(Error::new(ErrorKind::Rank {
                op,
                expected: "query, key and value [batch, length, features], or all [length, features]",
                shape: *x.shape(),
            }));
        }
        if x.rank() == 3 {
            let mut expected = *x.shape();
            expected[self.batch_axis] = query.shape()[self.batch_axis];
            x.tensor().expect_shape(op, expected)?;
        }
        Ok(())
    }

    /// `[batch, length, parts * heads * size] -> [parts, batch, heads, length, size]`
    fn in_heads(&self, x: &Var<T>, parts: usize) -> Result<Var<T>> {
        let mut sizes = x.shape().to_vec();
        if sizes.len() == 2 {
            sizes.insert(self.batch_axis, 1);
        }
        let size = sizes[2] / (parts * self.heads);
        let axes = if self.batch_axis == 0 {
            [2, 0, 3, 1, 4]
        } else {
            [2, 1, 3, 0, 4]
        };
        x.reshape([sizes[0], sizes[1], parts, self.heads, size])?
            .permute(&axes)
    }

    /// The heads' results `[batch, heads, length, size]` side by side, projected, in the query's shape.
    fn joined(&self, y: &Var<T>, query: &Var<T>) -> Result<Var<T>> {
        let axes = if self.batch_axis == 0 {
            [0, 2, 1, 3]
        } else {
            [2, 0, 1, 3]
        };
        let mut shape: Shape = *query.shape();
        if let Some(last) = shape.last_mut() {
            *last = self.out_proj.weight.shape()[1];
        }
        self.out_proj.forward(&y.permute(&axes)?.reshape(shape)?)
    }

    /// The options of attention between heads `[batch, heads, length, size]`.
    fn options(
        &self,
        q: &Var<T>,
        k: &Var<T>,
        mask: &AttentionMask<T>,
    ) -> Result<AttentionOptions<T>> {
        let [batch, queries, keys] = [q.shape()[0], q.shape()[2], k.shape()[2]];
        let options = AttentionOptions::new().mask(mask.by_head(batch, self.heads)?);
        let scores = Shape::new(&[batch, self.heads, queries, keys])?;
        Ok(match self.dropout.draw(scores)? {
            Some((mask, factor)) => options.dropout(mask, factor),
            None => options,
        })
    }

    fn sizes(&self) -> String {
        let size = |weight: Option<&Parameter<T>>| weight.map(|weight| weight.shape()[1]);
        let embed_dim = self.out_proj.weight.shape()[0];
        let sizes = [&self.k_proj_weight, &self.v_proj_weight].map(|weight| size(weight.as_ref()));
        let own = match sizes {
            [Some(kdim), Some(vdim)] => format!(", kdim={kdim}, vdim={vdim}"),
            _ => String::new(),
        };
        let bias = self.in_proj_bias.is_none().then_some(", no bias");
        let order = (self.batch_axis == 1).then_some(", sequence first");
        let [bias, order] = [bias, order].map(Option::unwrap_or_default);
        format!("{embed_dim}, heads={}{own}{bias}{order}", self.heads)
    }
}

/// The weight of a projection, where it is wanted.
#[track_caller]
fn weight<T: Float>(
    wanted: bool,
    sizes: [usize; 2],
    rng: &mut (impl Rng + ?Sized),
) -> Result<Option<Parameter<T>>> {
    if wanted {
        Ok(Some(xavier_uniform(sizes, 1.0, rng)?.into()))
    } else {
        Ok(None)
    }
}

impl<T: Float> Forward<T> for MultiheadAttention<T> {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        self.attend(x, x, x, &AttentionMask::new())
    }
}
