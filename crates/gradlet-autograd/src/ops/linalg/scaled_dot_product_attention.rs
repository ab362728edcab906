//! Attention: values by the weights of their keys, without a matrix of all scores, and the weights alone.

use gradlet_tensor::fused::{self, Attention};
use gradlet_tensor::{Float, Keep, Result, Tensor};

use super::super::gradient::dropout_with;
use crate::attention_options::AttentionOptions;
use crate::no_grad::is_recording;
use crate::op::{Many, Op, Want};
use crate::saves::Inputs;
use crate::var::Var;

/// y = w v, w = softmax(scale q k^T + masks) over the keys; the inputs are q, k, v and the masks
#[derive(Debug)]
struct ScaledDotProductAttention<T: Float> {
    settings: Attention<T>,
    /// Two numbers for each query, from which its weights are computed again.
    kept: Tensor<T>,
}

impl<T: Float> Op<T> for ScaledDotProductAttention<T> {
    type Arity = Many;
    type Saves = Inputs;

    fn forward(&self, inputs: Vec<&Tensor<T>>) -> Result<Tensor<T>> {
        let masks: Vec<_> = inputs[3..].iter().map(|&mask| mask.clone()).collect();
        let [y, _] = fused::attention([inputs[0], inputs[1], inputs[2]], &masks, &self.settings)?;
        Ok(y)
    }

    /// dv = w^T g, and, with h = g v^T and s = w (h - sum of w h over the keys): dq = scale s k, dk = scale s^T q, and
    /// dmask = s summed to the mask's shape; where weights are dropped, w in dv and h are too
    fn backward(
        &self,
        g: Var<T>,
        (inputs, wants): (Vec<Var<T>>, Vec<Want>),
    ) -> Result<Vec<Option<Var<T>>>> {
        let ([q, k, v], masks) = ([&inputs[0], &inputs[1], &inputs[2]], &inputs[3..]);
        if !is_recording() && !wants[3..].iter().any(|want| want.is_wanted()) {
            let masks: Vec<_> = masks.iter().map(|mask| mask.tensor().clone()).collect();
            let gradients = fused::attention_gradient(
                [q, k, v].map(Var::tensor),
                &masks,
                &self.settings,
                [&self.kept, g.tensor()],
            )?;
            let gradients = gradients.map(|gradient| Some(Var::constant(gradient)));
            let all = gradients.into_iter().chain(masks.iter().map(|_| None));
            let wanted = all
                .zip(&wants)
                .map(|(x, want)| x.filter(|_| want.is_wanted()));
            return Ok(wanted.collect());
        }
        let (scale, turned) = (self.settings.scale, |x: &Var<T>| x.transpose(-2, -1));
        let weights = weights([q, k], masks, &self.settings)?;
        let h = dropped(&g.matmul(&turned(v)?)?, &self.settings)?;
        let slopes = weights.mul(&h.sub(&weights.mul(&h)?.sum(Keep(-1))?)?)?;
        let dv = || turned(&dropped(&weights, &self.settings)?)?.matmul(&g);
        let mut gradients = vec![
            wants[0].then(|| Ok(slopes.matmul(k)?.mul_scalar(scale)))?,
            wants[1].then(|| Ok(turned(&slopes)?.matmul(q)?.mul_scalar(scale)))?,
            wants[2].then(dv)?,
        ];
        for (mask, want) in masks.iter().zip(&wants[3..]) {
            gradients.push(want.then(|| slopes.sum_to(*mask.shape()))?);
        }
        Ok(gradients)
    }

    fn attribute_bytes(&self) -> usize {
        let dropout = self.settings.dropout.as_ref();
        self.kept.size_bytes() + dropout.map_or(0, |(mask, _)| mask.size_bytes())
    }
}

/// The weights before dropout, composed: zeros for a query that sees no key.
#[track_caller]
fn weights<T: Float>(
    [q, k]: [&Var<T>; 2],
    masks: &[Var<T>],
    settings: &Attention<T>,
) -> Result<Var<T>> {
    let turned = k.transpose(-2, -1)?;
    let mut scores = q.mul_scalar(settings.scale).matmul(&turned)?;
    for mask in masks {
        scores = scores.add(mask)?;
    }
    if settings.causal {
        let sizes = [scores.tensor().size(-2)?, scores.tensor().size(-1)?];
        let later = Tensor::full_of(sizes, T::neg_infinity())?.triu(1)?;
        scores = scores.add(&Var::constant(later))?;
    }
    if masks.is_empty() || scores.tensor().is_empty() {
        return scores.softmax(-1);
    }
    let hidden = scores.tensor().max(Keep(-1))?.eq_scalar(T::neg_infinity());
    if hidden.count_true() == 0 {
        return scores.softmax(-1);
    }
    let weights = scores.masked_fill(&hidden, T::zero())?.softmax(-1)?;
    weights.masked_fill(&hidden, T::zero())
}

/// Weights, or their gradients, of which some are dropped.
#[track_caller]
fn dropped<T: Float>(weights: &Var<T>, settings: &Attention<T>) -> Result<Var<T>> {
    match &settings.dropout {
        Some((mask, factor)) => dropout_with(weights, mask.clone(), *factor),
        None => Ok(weights.clone()),
    }
}

impl<T: Float> Var<T> {
    /// The values, each times the weight of its key, summed for each of these queries:
    /// `softmax(scale * self * key^T + mask) * value`.
    ///
    /// Scores are computed for a few queries at a time and are not kept. A query that sees no key gets zeros.
    ///
    /// # Shape
    ///
    /// `self: [..., l, d], key: [..., s, d], value: [..., s, e] -> [..., l, e]`; leading axes are broadcast. The mask
    /// broadcasts to `[..., l, s]`, and dropout's has that shape.
    ///
    /// # Gradient
    ///
    /// With the weights w: `w^T * g` for the values. With `h = g * value^T` and `s = w * (h - sum of w * h)`:
    /// `scale * s * key`, `scale * s^T * self`, and s for numbers added to the scores. The inputs and two numbers for each
    /// query are saved, from which weights are computed again.
    ///
    /// # Errors
    ///
    /// If an input has fewer than two axes, the sizes do not fit, the leading axes do not broadcast, a mask does not
    /// broadcast to the scores, or the scale is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{AttentionMask, AttentionOptions, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (query, key) = (Var::leaf(tensor![[0.0], [0.0]]), Var::leaf(tensor![[1.0], [2.0]]));
    /// let value = Var::leaf(tensor![[2.0], [4.0]]);
    /// let options = AttentionOptions::new().mask(AttentionMask::causal());
    /// let y = query.scaled_dot_product_attention(&key, &value, &options)?;
    /// assert_eq!(y.to_vec(), [2.0, 3.0]); // the first key alone, then both
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// A. Vaswani and others, "Attention Is All You Need", 2017; `torch.nn.functional.scaled_dot_product_attention`. Scores
    /// are computed again as in T. Dao and others, "Fast and Memory-Efficient Exact Attention with IO-Awareness", 2022
    #[track_caller]
    pub fn scaled_dot_product_attention(
        &self,
        key: &Self,
        value: &Self,
        options: &AttentionOptions<T>,
    ) -> Result<Self> {
        let op = "scaled_dot_product_attention";
        let (mut inputs, settings) = options.prepared(op, &[self, key, value])?;
        let masks = &options.mask.added;
        let tensors: Vec<_> = masks.iter().map(|mask| mask.tensor().clone()).collect();
        let [q, k, v] = [0, 1, 2].map(|i| inputs[i].tensor());
        let [y, kept] =
            fused::attention([q, k, v], &tensors, &settings).map_err(|error| error.of(op))?;
        inputs.extend_from_slice(masks);
        Ok(ScaledDotProductAttention { settings, kept }.record(inputs.iter().collect(), y))
    }

    /// The weights of all keys for these queries, `softmax(scale * self * key^T + mask)`, with dropout if it is set.
    ///
    /// Their product with the values is [`scaled_dot_product_attention`](Self::scaled_dot_product_attention), which needs
    /// less memory. A query that sees no key has zeros.
    ///
    /// # Shape
    ///
    /// `self: [..., l, d], key: [..., s, d] -> [..., l, s]`; leading axes are broadcast
    ///
    /// # Gradient
    ///
    /// That of softmax and of the product: with `s = w * (g - sum of w * g)`, `scale * s * key` and
    /// `scale * s^T * self`. The weights and both inputs are saved.
    ///
    /// # Errors
    ///
    /// If an input has fewer than two axes, the sizes do not fit, the leading axes do not broadcast, a mask does not
    /// broadcast to the scores, or the scale is not finite.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_autograd::{AttentionOptions, Var};
    /// # use gradlet_tensor::tensor;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// let (query, key) = (Var::leaf(tensor![[0.0]]), Var::leaf(tensor![[1.0], [2.0]]));
    /// let weights = query.attention_weights(&key, &AttentionOptions::new())?;
    /// assert_eq!(weights.to_vec(), [0.5, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn attention_weights(&self, key: &Self, options: &AttentionOptions<T>) -> Result<Self> {
        let (inputs, settings) = options.prepared("attention_weights", &[self, key])?;
        let weights = weights([&inputs[0], &inputs[1]], &options.mask.added, &settings)?;
        dropped(&weights, &settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention_options::AttentionMask;
    use crate::backward::{CreateGraph, grad};
    use crate::check::{gradcheck, gradgradcheck};
    use gradlet_tensor::{DrawKey, Mask, rng, tensor};

    const HIDDEN: f64 = f64::NEG_INFINITY;

    fn inputs(shapes: &[&[usize]]) -> Result<Vec<Tensor<f64>>> {
        let mut rng = rng(3);
        let make = |shape: &&[usize]| Tensor::normal(*shape, 0.0, 1.0, &mut rng);
        shapes.iter().map(make).collect()
    }

    /// Options of each kind for 2 batches of 3 queries and 4 keys; the second query sees no key in one of them.
    fn all_options() -> Result<Vec<AttentionOptions<f64>>> {
        let mask = Mask::draw([2, 3, 4], 0.4, DrawKey { seed: 1, call: 2 })?;
        let seen = tensor![bool; [true, false, true, true], [false, false, false, false], [true, true, true, false]];
        let masks = [
            AttentionMask::new(),
            AttentionMask::causal(),
            AttentionMask::seen(&seen)?,
            AttentionMask::causal().and(AttentionMask::hidden(
                &tensor![bool; true, false, false, false],
            )?),
        ];
        let all = masks.map(|mask| AttentionOptions::new().mask(mask).scale(0.7));
        let drop =
            |options: &AttentionOptions<f64>| options.clone().dropout(mask.clone(), 1.0 / 0.6);
        Ok(all.iter().map(drop).chain(all.clone()).collect())
    }

    #[test]
    fn gradients_agree_with_finite_differences() -> Result<()> {
        let x = inputs(&[&[2, 3, 2], &[2, 4, 2], &[4, 3]])?;
        for options in all_options()? {
            let run = |x: &[Var<f64>]| x[0].scaled_dot_product_attention(&x[1], &x[2], &options);
            gradcheck(run, &x)?;
            gradgradcheck(run, &x)?;
            gradcheck(|x| x[0].attention_weights(&x[1], &options), &x[..2])?;
        }
        let empty: [[&[usize]; 3]; 3] = [
            [&[3, 0], &[2, 0], &[2, 2]],
            [&[3, 2], &[0, 2], &[0, 2]],
            [&[0, 2], &[2, 2], &[2, 0]],
        ];
        for shapes in empty {
            let options = AttentionOptions::new();
            let run = |x: &[Var<f64>]| x[0].scaled_dot_product_attention(&x[1], &x[2], &options);
            gradcheck(run, &inputs(&shapes)?)?;
        }
        let x = inputs(&[&[4, 4]])?;
        let itself = |x: &[Var<f64>]| {
            let x = &x[0];
            x.t()?
                .scaled_dot_product_attention(x, &x.t()?, &AttentionOptions::new())
        };
        gradcheck(itself, &x)?;
        gradgradcheck(itself, &x)
    }

    #[test]
    fn numbers_added_to_the_scores_get_a_gradient() -> Result<()> {
        for shape in [&[3, 4][..], &[2, 3, 4], &[4], &[2, 1, 1], &[3, 1], &[]] {
            let x = inputs(&[&[2, 3, 2], &[2, 4, 2], &[2, 4, 3], shape])?;
            let run = |x: &[Var<f64>]| {
                let options = AttentionOptions::new().mask(AttentionMask::added(&x[3]));
                x[0].scaled_dot_product_attention(&x[1], &x[2], &options)
            };
            gradcheck(run, &x)?;
            gradgradcheck(run, &x)?;
        }
        Ok(())
    }

    #[test]
    fn both_ways_to_the_gradient_agree() -> Result<()> {
        let x = inputs(&[&[2, 3, 2], &[2, 4, 2], &[2, 4, 3], &[2, 3, 3]])?;
        for options in all_options()? {
            let way = |create_graph| {
                let x: Vec<_> = x.iter().cloned().map(Var::leaf).collect();
                let y = x[0].scaled_dot_product_attention(&x[1], &x[2], &options)?;
                let product = x[0].attention_weights(&x[1], &options)?.matmul(&x[2])?;
                assert!(y.tensor().allclose(product.tensor(), 1e-13, 1e-14));
                let loss = y.mul(&x[3])?.sum(..)?;
                grad(&loss, &[&x[0], &x[1], &x[2]], create_graph)
            };
            let (recorded, fused) = (way(CreateGraph::Yes)?, way(CreateGraph::No)?);
            for (recorded, fused) in recorded.iter().zip(&fused) {
                assert!(recorded.tensor().allclose(fused.tensor(), 1e-12, 1e-13));
            }
        }
        Ok(())
    }

    #[test]
    fn a_query_that_sees_no_key_gets_zeros_and_passes_none_on() -> Result<()> {
        let x: Vec<_> = inputs(&[&[2, 2], &[3, 2], &[3, 2]])?
            .into_iter()
            .map(Var::leaf)
            .collect();
        let numbers = Var::leaf(tensor![f64; [HIDDEN, HIDDEN, HIDDEN], [0.0, HIDDEN, 0.5]]);
        let options = AttentionOptions::new().mask(AttentionMask::added(&numbers));
        assert_eq!(
            x[0].attention_weights(&x[1], &options)?
                .tensor()
                .select(0, 0)?
                .to_vec(),
            [0.0; 3]
        );
        let y = x[0].scaled_dot_product_attention(&x[1], &x[2], &options)?;
        assert_eq!(y.tensor().select(0, 0)?.to_vec(), [0.0; 2]);
        let grads = y.sum(..)?.backward()?;
        for x in x.iter().chain([&numbers]) {
            assert!(grads.wrt(x).is_some_and(|dx| dx.iter().all(f64::is_finite)));
        }
        assert_eq!(
            grads
                .wrt(&x[0])
                .map(|dx| dx.select(0, 0))
                .transpose()?
                .map(|dx| dx.to_vec()),
            Some(vec![0.0; 2])
        );
        Ok(())
    }

    #[test]
    fn scores_are_not_kept() -> Result<()> {
        let x = Var::leaf(Tensor::zeros([4, 100, 2])?);
        let y = x.scaled_dot_product_attention(&x, &x, &AttentionOptions::new())?;
        let graph = y.graph();
        let node = &graph.nodes[0];
        assert_eq!(node.op, "scaled_dot_product_attention");
        assert!(
            node.saved_bytes() <= 4 * (4 * 100 * (3 * 2 + 2)),
            "{}",
            node.saved_bytes()
        );
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_name_this_line() -> Result<()> {
        let x = Var::leaf(Tensor::zeros([2, 3])?);
        let y = Var::leaf(Tensor::zeros([4, 2])?);
        let options = AttentionOptions::new();
        let error = x
            .scaled_dot_product_attention(&y, &y, &options)
            .unwrap_err();
        let text = format!(
            "scaled_dot_product_attention: shapes differ: expected [4, 3], got [4, 2] (at {}:{})",
            file!(),
            line!() - 5
        );
        assert_eq!(error.to_string(), text);
        assert!(x.scaled_dot_product_attention(&x, &y, &options).is_err());
        assert!(
            x.attention_weights(&Var::leaf(tensor![1.0, 2.0, 3.0]), &options)
                .is_err()
        );
        let hidden = AttentionMask::hidden(&tensor![bool; [[true, false]]])?;
        assert!(
            x.attention_weights(&x, &options.clone().mask(hidden))
                .is_err()
        );
        assert!(
            x.attention_weights(&x, &options.clone().scale(f64::NAN))
                .is_err()
        );
        let mask = Mask::draw([2], 0.5, DrawKey { seed: 1, call: 2 })?;
        assert!(
            x.attention_weights(&x, &options.dropout(mask, 2.0))
                .is_err()
        );
        assert!(AttentionMask::<f32>::padding(&tensor![bool; [[true]]]).is_err());
        Ok(())
    }
}
