//! Attention, and encoders made of it.

use gradlet::{
    AttentionMask, AttentionOptions, Float, LayerNorm, MultiheadAttention, Sequential, Tensor,
    TransformerEncoder, TransformerEncoderLayer, Var,
};

use super::run::{Made, built};
use crate::conformance::{Case, Failure, Out};

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "functional.scaled_dot_product_attention" => {
            built(Sequential::<T>::new_of(), |_, case| function(case))
        }
        "MultiheadAttention" => {
            let [embed_dim, heads] = [(0, "embed_dim"), (1, "num_heads")]
                .map(|(place, name)| settings.int(place, name, 0) as usize);
            let sizes = [(6, "kdim"), (7, "vdim")]
                .map(|(place, name)| settings.int(place, name, embed_dim as i64) as usize);
            let layer = MultiheadAttention::new_of(embed_dim, heads, sizes, &mut gradlet::rng(1))?;
            let layer = if settings.flag(3, "bias", true) {
                layer
            } else {
                layer.without_bias()
            };
            built(
                if settings.flag(8, "batch_first", false) {
                    layer
                } else {
                    layer.sequence_first()
                },
                attend,
            )
        }
        "TransformerEncoderLayer" => built(
            layer(settings)?,
            |layer: &TransformerEncoderLayer<T>, case| {
                let mask = masks(case, (1, "src_mask"), (2, "src_key_padding_mask"))?;
                case.value(3, "is_causal");
                Ok(vec![Out::Var(layer.encode(&case.var(0, "src")?, &mask)?)])
            },
        ),
        "TransformerEncoder" => {
            let inner = settings.module(0, "encoder_layer").ok_or("no layer")?;
            let layers = vec![layer(&inner)?; settings.int(1, "num_layers", 0) as usize];
            let mut encoder = TransformerEncoder::new(layers);
            if let Some(norm) = settings.module(2, "norm") {
                let size = norm.int(0, "normalized_shape", 0) as usize;
                let norm_layer = LayerNorm::new_of(size)?.eps(norm.float(1, "eps", 1e-5));
                encoder = encoder.norm(norm_layer);
            }
            built(encoder, |encoder: &TransformerEncoder<T>, case| {
                let mask = masks(case, (1, "mask"), (2, "src_key_padding_mask"))?;
                case.value(3, "is_causal");
                Ok(vec![Out::Var(encoder.encode(&case.var(0, "src")?, &mask)?)])
            })
        }
        _ => return Ok(None),
    }))
}

fn layer<T: Float>(settings: &Case<'_, T>) -> Result<TransformerEncoderLayer<T>, Failure> {
    let [d_model, heads, dim_feedforward] = [(0, "d_model"), (1, "nhead"), (2, "dim_feedforward")]
        .map(|(place, name)| settings.int(place, name, 2048) as usize);
    let mut layer =
        TransformerEncoderLayer::new_of(d_model, heads, dim_feedforward, &mut gradlet::rng(1))?
            .dropout(settings.float(3, "dropout", 0.1))?
            .eps(settings.float(5, "layer_norm_eps", 1e-5));
    if settings.text(4, "activation", "relu") == "gelu" {
        layer = layer.gelu();
    }
    if !settings.flag(6, "batch_first", false) {
        layer = layer.sequence_first();
    }
    if settings.flag(7, "norm_first", false) {
        layer = layer.norm_first();
    }
    if !settings.flag(8, "bias", true) {
        layer = layer.without_bias();
    }
    settings.all_read()?;
    Ok(layer)
}

type Truths<T> = fn(&Tensor<bool>) -> gradlet::Result<AttentionMask<T>>;

/// A mask of truths, which `truths` reads, or of floats, which are reshaped and added.
fn mask<T: Float>(
    case: &Case<'_, T>,
    (place, name): (usize, &str),
    truths: Truths<T>,
    floats: impl Fn(Var<T>) -> gradlet::Result<Var<T>>,
) -> Result<AttentionMask<T>, Failure> {
    if case.value(place, name).is_none() {
        return Ok(AttentionMask::new());
    }
    Ok(match case.bools(place, name) {
        Ok(mask) => truths(&mask)?,
        Err(_) => AttentionMask::added(&floats(case.var(place, name)?)?),
    })
}

/// The masks of a layer: between positions, and of padding.
fn masks<T: Float>(
    case: &Case<'_, T>,
    between: (usize, &str),
    padding: (usize, &str),
) -> Result<AttentionMask<T>, Failure> {
    let between = mask(case, between, AttentionMask::hidden, Ok)?;
    let padding = mask(
        case,
        padding,
        AttentionMask::padding,
        |numbers| match numbers.shape()[..] {
            [batch, keys] => numbers.reshape([batch, 1, 1, keys]),
            _ => Ok(numbers),
        },
    )?;
    Ok(between.and(padding))
}

fn function<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    let [q, k, v] = [(0, "query"), (1, "key"), (2, "value")].map(|(i, name)| case.var(i, name));
    let mut mask = mask(case, (3, "attn_mask"), AttentionMask::seen, Ok)?;
    if case.flag(5, "is_causal", false) {
        mask = mask.and(AttentionMask::causal());
    }
    let mut options = AttentionOptions::new().mask(mask);
    if case.value(6, "scale").is_some() {
        options = options.scale(case.float(6, "scale", 1.0));
    }
    let y = q?.scaled_dot_product_attention(&k?, &v?, &options)?;
    Ok(vec![Out::Var(y)])
}

fn attend<T: Float>(
    layer: &MultiheadAttention<T>,
    case: &Case<'_, T>,
) -> Result<Vec<Out<T>>, Failure> {
    let [q, k, v] = [(0, "query"), (1, "key"), (2, "value")].map(|(i, name)| case.var(i, name));
    let (q, k, v) = (q?, k?, v?);
    let same = |x: &Var<T>| x.leaf_id() == q.leaf_id();
    let (k, v) = (
        if same(&k) { &q } else { &k },
        if same(&v) { &q } else { &v },
    );
    let mask = masks(case, (5, "attn_mask"), (3, "key_padding_mask"))?;
    case.value(7, "is_causal");
    let averaged = case.flag(6, "average_attn_weights", true);
    if !case.flag(4, "need_weights", true) {
        return Ok(vec![Out::Var(layer.attend(&q, k, v, &mask)?), Out::Checked]);
    }
    let (y, weights) = layer.attend_with_weights(&q, k, v, &mask)?;
    let weights = if averaged { weights.mean(-3)? } else { weights };
    Ok(vec![Out::Var(y), Out::Var(weights)])
}
