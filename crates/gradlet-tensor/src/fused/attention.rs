//! Scaled dot-product attention without a matrix of all scores, and its gradient.

use std::mem::take;

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernel::attention::{Head, block};
use crate::kernel::matmul::Matrix;
use crate::kernel::parallel;
use crate::linalg::matrix;
use crate::mask::Mask;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The settings of [`attention`]: weights are `softmax(scale * q * k^T + masks)`.
#[derive(Clone, Debug)]
pub struct Attention<T: Float> {
    /// The factor of the products of queries and keys.
    pub scale: T,
    /// Whether query i sees the keys 0 to i alone.
    pub causal: bool,
    /// The weights that are kept, and their factor; the others are 0.
    pub dropout: Option<(Mask, T)>,
}

/// Values by the weights of their keys, and two numbers for each query that [`attention_gradient`] needs.
///
/// Scores are computed for a block of queries at a time, in scratch memory, and are not kept. A query that sees no key,
/// because all its scores are -inf, gets zeros.
///
/// # Shape
///
/// `q: [..., l, d], k: [..., s, d], v: [..., s, e]`, masks that broadcast to `[..., l, s] -> [..., l, e], [..., l, 2]`
///
/// # Errors
///
/// If the shapes do not fit; leading axes are not broadcast.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused::{self, Attention}, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let settings = Attention { scale: 1.0, causal: true, dropout: None };
/// let (q, k, v) = (tensor![[0.0], [0.0]], tensor![[1.0], [2.0]], tensor![[2.0], [4.0]]);
/// let [y, _] = fused::attention([&q, &k, &v], &[], &settings)?;
/// assert_eq!(y.to_vec(), [2.0, 3.0]); // the first key alone, then both
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn attention<T: Float>(
    inputs: [&Tensor<T>; 3],
    masks: &[Tensor<T>],
    settings: &Attention<T>,
) -> Result<[Tensor<T>; 2]> {
    let heads = Heads::new("attention", inputs, masks, settings)?;
    let [l, s, _, e] = heads.sizes;
    let mut y = Tensor::zeros_of(heads.of_queries(e))?;
    let mut kept = Tensor::zeros_of(heads.of_queries(2))?;
    if !y.is_empty() {
        let step = block(s);
        let of_heads = y.make_mut_slice().chunks_mut(l * e);
        let of_heads = of_heads.zip(kept.make_mut_slice().chunks_mut(l * 2));
        let pieces = of_heads.enumerate().flat_map(|(head, (y, kept))| {
            let blocks = y.chunks_mut(step * e).zip(kept.chunks_mut(step * 2));
            blocks
                .enumerate()
                .map(move |(i, out)| (head, i * step, out))
        });
        heads.split(pieces, |(head, first, (y, kept))| {
            heads.head(*head).forward(*first, y, kept);
        });
    }
    Ok([y, kept])
}

/// The gradients of q, k and v, given the gradient g of [`attention`]'s values and the numbers that it returned.
///
/// With weights w, computed again, and `h = g * v^T`: `dv = w^T * g`, and, of the scores, `w * (h - sum of w * h over the
/// keys)`, from which come those of q and k.
///
/// # Shape
///
/// As for [`attention`], `kept: [..., l, 2], g: [..., l, e] -> [..., l, d], [..., s, d], [..., s, e]`
///
/// # Errors
///
/// If the shapes do not fit.
///
/// # Example
///
/// ```
/// # use gradlet_tensor::{fused::{self, Attention}, tensor};
/// # fn main() -> gradlet_tensor::Result<()> {
/// let settings = Attention { scale: 1.0, causal: false, dropout: None };
/// let (q, k, v) = (tensor![[0.0]], tensor![[1.0], [2.0]], tensor![[2.0], [4.0]]);
/// let [_, kept] = fused::attention([&q, &k, &v], &[], &settings)?;
/// let [dq, _, dv] = fused::attention_gradient([&q, &k, &v], &[], &settings, [&kept, &tensor![[1.0]]])?;
/// assert_eq!((dq.to_vec(), dv.to_vec()), (vec![0.5], vec![0.5, 0.5]));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn attention_gradient<T: Float>(
    inputs: [&Tensor<T>; 3],
    masks: &[Tensor<T>],
    settings: &Attention<T>,
    [kept, g]: [&Tensor<T>; 2],
) -> Result<[Tensor<T>; 3]> {
    let op = "attention_gradient";
    let heads = Heads::new(op, inputs, masks, settings)?;
    let [l, s, d, e] = heads.sizes;
    kept.expect_shape(op, heads.of_queries(2))?;
    g.expect_shape(op, heads.of_queries(e))?;
    let kept = kept.try_contiguous()?;
    let kept = kept.as_slice().unwrap_or_default();
    let [mut dq, mut dk, mut dv] = [
        Tensor::zeros_of(*inputs[0].shape())?,
        Tensor::zeros_of(*inputs[1].shape())?,
        Tensor::zeros_of(*inputs[2].shape())?,
    ];
    if l > 0 && s > 0 && e > 0 {
        let (dk, dv) = (dk.make_mut_slice(), dv.make_mut_slice());
        let (dk, dv) = (heads.each(dk, s * d), heads.each(dv, s * e));
        let pieces = heads.each(dq.make_mut_slice(), l * d).zip(dk).zip(dv);
        heads.split(pieces.enumerate(), |(head, ((dq, dk), dv))| {
            let (g, kept) = (matrix_of(g, *head), &kept[*head * l * 2..][..l * 2]);
            heads.head(*head).gradient(g, kept, [dq, dk, dv]);
        });
    }
    Ok([dq, dk, dv])
}

/// Numbers of scratch memory that may not be there.
const LARGE: usize = 1 << 20;

/// The inputs of all heads, whose shapes fit.
struct Heads<'a, T: Float> {
    inputs: [&'a Tensor<T>; 3],
    masks: Vec<Tensor<T>>,
    settings: &'a Attention<T>,
    /// `l, s, d, e`
    sizes: [usize; 4],
    count: usize,
}

impl<'a, T: Float> Heads<'a, T> {
    #[track_caller]
    fn new(
        op: &'static str,
        inputs: [&'a Tensor<T>; 3],
        masks: &[Tensor<T>],
        settings: &'a Attention<T>,
    ) -> Result<Self> {
        let [q, k, v] = inputs;
        for x in inputs {
            if x.rank() < 2 {
                return Err(Error::new(ErrorKind::Rank {
                    op,
                    expected: "queries, keys and values of at least two axes",
                    shape: *x.shape(),
                }));
            }
        }
        let (lead, [l, d]) = (&q.shape()[..q.rank() - 2], [q.size(-2)?, q.size(-1)?]);
        let [s, e] = [k.size(-2)?, v.size(-1)?];
        let with = |sizes: [usize; 2]| Shape::new(&[lead, &sizes].concat());
        k.expect_shape(op, with([s, d])?)?;
        v.expect_shape(op, with([s, e])?)?;
        let scores = with([l, s])?;
        let mut broadcast = Vec::with_capacity(masks.len());
        for mask in masks {
            broadcast.push(mask.broadcast_to(scores).map_err(|error| error.of(op))?);
        }
        if let Some((mask, _)) = &settings.dropout
            && *mask.shape() != scores
        {
            return Err(Error::new(ErrorKind::ShapeMismatch {
                op,
                expected: scores,
                found: *mask.shape(),
            }));
        }
        // Views of few elements may have more of them than there is scratch memory for.
        let scratch = block(s)
            .min(l)
            .saturating_mul(s.saturating_mul(3).saturating_add(d));
        if scratch > LARGE {
            Tensor::<T>::build(Shape::from([scratch]), |_| ())?;
        }
        Ok(Self {
            inputs,
            masks: broadcast,
            settings,
            sizes: [l, s, d, e],
            count: lead.iter().product(),
        })
    }

    /// The shape of this many numbers for each query.
    fn of_queries(&self, numbers: usize) -> Shape {
        let mut shape = *self.inputs[0].shape();
        if let Some(last) = shape.last_mut() {
            *last = numbers;
        }
        shape
    }

    fn head(&self, head: usize) -> Head<'_, T> {
        let [l, s, ..] = self.sizes;
        let [q, k, v] = self.inputs.map(|x| matrix_of(x, head));
        let &Attention { scale, causal, .. } = self.settings;
        let dropout = self.settings.dropout.as_ref();
        Head {
            sizes: self.sizes,
            q,
            k,
            v,
            masks: self
                .masks
                .iter()
                .map(|mask| matrix_of(mask, head))
                .collect(),
            scale,
            causal,
            dropout: dropout.map(|(mask, factor)| (mask.words(), head * l * s, *factor)),
        }
    }

    /// The part of each head, which may be empty.
    fn each<'x>(&self, mut x: &'x mut [T], size: usize) -> impl Iterator<Item = &'x mut [T]> {
        (0..self.count).map(move |_| {
            let (part, rest) = take(&mut x).split_at_mut(size);
            x = rest;
            part
        })
    }

    /// Runs all pieces, on several threads if that is faster.
    fn split<P: Send>(&self, pieces: impl Iterator<Item = P>, run: impl Fn(&mut P) + Sync) {
        let [l, s, d, e] = self.sizes;
        // A multiplication is a fraction of a pass over an element.
        let work = self
            .count
            .saturating_mul(l)
            .saturating_mul(s)
            .saturating_mul(d.saturating_add(e))
            / 16;
        parallel::for_pieces(work, pieces, run);
    }
}

/// The matrix of the last two axes at this place among all of them.
fn matrix_of<T: Float>(x: &Tensor<T>, mut place: usize) -> Matrix<'_, T> {
    let (layout, lead) = (x.layout(), x.rank() - 2);
    let mut offset = layout.offset;
    for axis in (0..lead).rev() {
        let size = layout.shape[axis];
        offset += place % size * layout.strides()[axis];
        place /= size;
    }
    matrix(x, offset)
}

#[cfg(test)]
mod tests;
