//! Attention in blocks against products of whole matrices.

use super::*;
use crate::DrawKey;

const HIDDEN: f64 = f64::NEG_INFINITY;

fn plain(scale: f64, causal: bool) -> Attention<f64> {
    let dropout = None;
    Attention {
        scale,
        causal,
        dropout,
    }
}

fn inputs(lead: &[usize], [l, s, d, e]: [usize; 4]) -> Result<[Tensor<f64>; 4]> {
    let mut rng = crate::rng(7);
    let mut make = |sizes: [usize; 2]| Tensor::normal(&[lead, &sizes].concat(), 0.0, 1.0, &mut rng);
    Ok([make([l, d])?, make([s, d])?, make([s, e])?, make([l, e])?])
}

/// Values and gradients by products of whole matrices.
fn composed(
    [q, k, v, g]: [&Tensor<f64>; 4],
    masks: &[Tensor<f64>],
    settings: &Attention<f64>,
) -> Result<[Tensor<f64>; 4]> {
    let turned = |x: &Tensor<f64>| x.transpose(-2, -1);
    let mut scores = q.matmul(&turned(k)?)?.mul_scalar(settings.scale);
    for mask in masks {
        scores = scores.add(mask)?;
    }
    if settings.causal {
        let all = Tensor::full_of(*scores.shape(), HIDDEN)?;
        scores = scores.add(&all.triu(1)?)?;
    }
    let weights = scores.softmax(-1)?;
    let weights = weights.masked_fill(&weights.is_nan(), 0.0)?;
    let drop = |x: &Tensor<f64>| match &settings.dropout {
        Some((mask, factor)) => mask.apply(x, *factor),
        None => Ok(x.clone()),
    };
    let h = drop(&g.matmul(&turned(v)?)?)?;
    let slopes = crate::fused::softmax_gradient(&weights, &h, -1)?.mul_scalar(settings.scale);
    let dropped = drop(&weights)?;
    Ok([
        dropped.matmul(v)?,
        slopes.matmul(k)?,
        turned(&slopes)?.matmul(q)?,
        turned(&dropped)?.matmul(g)?,
    ])
}

fn agree(
    lead: &[usize],
    sizes: [usize; 4],
    masks: &[Tensor<f64>],
    settings: &Attention<f64>,
) -> Result<()> {
    let [q, k, v, g] = inputs(lead, sizes)?;
    let [y, kept] = attention([&q, &k, &v], masks, settings)?;
    let [dq, dk, dv] = attention_gradient([&q, &k, &v], masks, settings, [&kept, &g])?;
    let expected = composed([&q, &k, &v, &g], masks, settings)?;
    for (found, expected) in [y, dq, dk, dv].iter().zip(&expected) {
        assert!(found.allclose(expected, 1e-11, 1e-12), "{lead:?} {sizes:?}");
    }
    // The same through views of a different order in memory.
    let [q, k, v, g] = [q, k, v, g].map(|x| {
        let turned = x.transpose(0, -1).map(|x| x.contiguous());
        turned.and_then(|x| x.transpose(0, -1))
    });
    let (q, k, v) = (q?, k?, v?);
    let [y, kept] = attention([&q, &k, &v], masks, settings)?;
    let gradients = attention_gradient([&q, &k, &v], masks, settings, [&kept, &g?])?;
    assert!(y.allclose(&expected[0], 1e-11, 1e-12));
    assert!(gradients[1].allclose(&expected[2], 1e-11, 1e-12));
    Ok(())
}

#[test]
fn blocks_agree_with_products_of_whole_matrices() -> Result<()> {
    let shapes: [(&[usize], [usize; 4]); 6] = [
        (&[], [1, 1, 1, 1]),
        (&[2, 3], [5, 7, 4, 3]),
        (&[2], [150, 20, 8, 5]),
        (&[1], [20, 150, 3, 9]),
        (&[2, 1], [33, 3000, 2, 2]),
        (&[3], [4, 4, 0, 2]),
    ];
    for (lead, sizes) in shapes {
        let [l, s, ..] = sizes;
        for causal in [false, true] {
            let whole = plain(0.3, causal);
            agree(lead, sizes, &[], &whole)?;
            let added = Tensor::normal([l, s], 0.0, 1.0, &mut crate::rng(3))?;
            // The keys of odd places, for all queries; the first query sees none.
            let hidden = Tensor::from_fn(s, |j| if j % 2 == 1 { HIDDEN } else { 0.0 })?;
            let first = Tensor::from_fn([l, 1], |i| if i == 0 { HIDDEN } else { 0.0 })?;
            let scores = [lead, &[l, s]].concat();
            let mask = Mask::draw(scores.as_slice(), 0.3, DrawKey { seed: 1, call: 2 })?;
            let dropout = Some((mask, 1.0 / 0.7));
            let dropped = Attention { dropout, ..whole };
            agree(lead, sizes, &[added, hidden, first], &dropped)?;
        }
    }
    Ok(())
}

#[test]
fn a_query_without_keys_gets_zeros() -> Result<()> {
    let [q, k, v, g] = inputs(&[2], [3, 4, 2, 2])?;
    let settings = plain(1.0, false);
    let masks = [Tensor::full_of((), HIDDEN)?];
    let [y, kept] = attention([&q, &k, &v], &masks, &settings)?;
    let gradients = attention_gradient([&q, &k, &v], &masks, &settings, [&kept, &g])?;
    assert!(
        y.iter()
            .chain(gradients.iter().flat_map(Tensor::iter))
            .all(|x| x == 0.0)
    );
    // There are none at all, or no queries, or nothing of either.
    for sizes in [[3, 0, 2, 2], [0, 4, 2, 2], [3, 4, 0, 0]] {
        let [q, k, v, g] = inputs(&[2], sizes)?;
        let [y, kept] = attention([&q, &k, &v], &[], &settings)?;
        let gradients = attention_gradient([&q, &k, &v], &[], &settings, [&kept, &g])?;
        assert!(
            y.iter()
                .chain(gradients.iter().flat_map(Tensor::iter))
                .all(|x| x == 0.0)
        );
    }
    Ok(())
}

#[test]
fn any_number_of_threads_gives_the_same_bits() -> Result<()> {
    let [q, k, v, g] = inputs(&[3, 2], [200, 130, 16, 8])?;
    let settings = plain(0.25, true);
    let run = |threads| {
        crate::threads::with(threads, || {
            let [y, kept] = attention([&q, &k, &v], &[], &settings)?;
            let [dq, dk, dv] = attention_gradient([&q, &k, &v], &[], &settings, [&kept, &g])?;
            Ok([y, dq, dk, dv])
        })
    };
    let one: [Tensor<f64>; 4] = run(1)?;
    assert!(one == run(2)? && one == run(3)?);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_errors() -> Result<()> {
    let [q, k, v, g] = inputs(&[2], [3, 4, 2, 5])?;
    let mut settings = plain(1.0, false);
    let run = |inputs, masks: &[Tensor<f64>], settings: &_| attention(inputs, masks, settings);
    assert!(run([&q, &k, &v], &[], &settings).is_ok());
    for inputs in [[&q, &v, &v], [&q, &k, &q], [&v, &k, &v]] {
        let error = run(inputs, &[], &settings).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ShapeMismatch {
                    op: "attention",
                    ..
                }
            ),
            "{error}"
        );
    }
    let scalar = Tensor::scalar(1.0);
    let error = run([&q, &scalar, &v], &[], &settings).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Rank {
                op: "attention",
                ..
            }
        ),
        "{error}"
    );
    assert!(run([&q, &k, &v], &[Tensor::zeros_of([4, 3])?], &settings).is_err());
    let [_, kept] = run([&q, &k, &v], &[], &settings)?;
    assert!(attention_gradient([&q, &k, &v], &[], &settings, [&kept, &q]).is_err());
    assert!(attention_gradient([&q, &k, &v], &[], &settings, [&q, &g]).is_ok());
    assert!(attention_gradient([&q, &k, &v], &[], &settings, [&g, &g]).is_err());
    settings.dropout = Some((Mask::draw([3, 4], 0.5, DrawKey { seed: 0, call: 0 })?, 2.0));
    assert!(run([&q, &k, &v], &[], &settings).is_err());
    Ok(())
}
