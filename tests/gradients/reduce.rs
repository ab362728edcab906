//! Reductions over chosen axes, and running sums.

use gradlet::{Interpolation, Keep, Result, Tensor};

use crate::draw::{Case, Draw, Entry, Var, along, along_apart};

/// No norm is this far from a whole number.
const HALF_A_STEP: f64 = 1.0 / 64.0;

/// A function of an input and of some of its axes, as callers may name them.
fn over_axes(d: &mut Draw, f: impl Fn(&Var, &[isize]) -> Result<Var> + 'static) -> Result<Case> {
    let rank = d.shape().len();
    let axes = d.axes(rank);
    let named = d.all_named(&axes, rank);
    d.unary(move |x| f(x, &named))
}

/// As `over_axes`, with something to choose from along the axes, of which no two elements are the same.
fn over_axes_apart(
    d: &mut Draw,
    f: impl Fn(&Var, &[isize]) -> Result<Var> + 'static,
) -> Result<Case> {
    let mut shape = d.shape();
    let axes = d.axes(shape.len());
    for &axis in &axes {
        shape[axis] = shape[axis].max(1);
    }
    let named = d.all_named(&axes, shape.len());
    let x = d.input(&shape)?;
    Ok(Case::new([x], move |x| f(&x[0], &named)).apart(axes))
}

/// A function of an input, some of its axes, and what to take from their number of elements.
fn corrected(
    d: &mut Draw,
    f: impl Fn(&Var, &[isize], f64) -> Result<Var> + 'static,
) -> Result<Case> {
    let shape = d.shape();
    let axes = d.axes(shape.len());
    let named = d.all_named(&axes, shape.len());
    let count: usize = axes.iter().map(|&axis| shape[axis]).product();
    // Where nothing is left to divide by there is no gradient.
    let correction = d.pick(&[0.0, 0.5, 1.0, 2.0]);
    let correction = if correction < count as f64 {
        correction
    } else {
        0.0
    };
    let x = d.input(&shape)?;
    // Equal elements have a deviation of 0, at which its gradient has no derivative.
    Ok(Case::new([x], move |x| f(&x[0], &named, correction)).apart(axes))
}

/// A function of an input, some of its axes, and the p of a norm.
fn normed(d: &mut Draw, f: impl Fn(&Var, f64, &[isize]) -> Result<Var> + 'static) -> Result<Case> {
    let p = d.pick(&[
        0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ]);
    if p.is_infinite() {
        over_axes_apart(d, move |x, axes| f(x, p, axes))
    } else {
        over_axes(d, move |x, axes| f(x, p, axes))
    }
}

/// How quantiles between two elements are made.
fn interpolation(d: &mut Draw) -> Interpolation {
    use Interpolation::{Higher, Linear, Lower, Midpoint, Nearest};
    d.pick(&[Linear, Lower, Higher, Midpoint, Nearest])
}

/// A function of a matrix of at least 3 columns, or of a vector, none of whose rows is constant.
fn rows(d: &mut Draw, f: impl Fn(&Var) -> Result<Var> + 'static) -> Result<Case> {
    let mut shape = d.shape();
    shape.truncate(2);
    if let Some(columns) = shape.last_mut() {
        *columns += 3;
    } else {
        shape.push(3);
    }
    let x = d.input(&shape)?;
    let apart = [shape.len() - 1];
    Ok(Case::new([x], move |x| f(&x[0])).apart(apart))
}

pub(crate) const ENTRIES: &[Entry] = &[
    ("cosine_similarity", |d| {
        let mut shape = d.shape();
        shape.push(2);
        let (axis, eps) = (
            d.axis(shape.len()) as isize,
            d.pick(&[1e-8, 1.0 + HALF_A_STEP]),
        );
        let part = d.part(&shape);
        let inputs = [d.input(&shape)?, d.input(&part)?];
        Ok(Case::new(inputs, move |x| {
            x[0].cosine_similarity(&x[1], axis, eps)
        }))
    }),
    ("cov", |d| {
        let correction = d.pick(&[0.0, 0.5, 1.0]);
        rows(d, move |x| x.cov(correction))
    }),
    ("cov weighted", |d| {
        let (correction, counted) = (d.pick(&[0.0, 0.5]), d.coin());
        rows(d, move |x| {
            let n = x.shape()[x.rank() - 1];
            let times = Tensor::from_fn(n, |i| 1 + i as i64 % 3)?;
            let flat = x.flatten(..)?;
            // Without variables there are observations, but no elements to weigh them by.
            let weights = match flat.tensor().len() {
                0 => Var::constant(Tensor::ones_of(n)?),
                _ => flat.narrow(0, 0, n)?.sigmoid(),
            };
            x.cov_weighted(correction, counted.then_some(&times), Some(&weights))
        })
    }),
    ("cov corrcoef", |d| rows(d, Var::corrcoef)),
    ("cummax", |d| {
        along_apart(d, 0, |x, axis| Ok(x.cummax(axis)?.0))
    }),
    ("cummax cummin", |d| {
        along_apart(d, 0, |x, axis| Ok(x.cummin(axis)?.0))
    }),
    ("cumprod", |d| along(d, Var::cumprod)),
    ("cumprod with zeros", |d| {
        let shape = d.shape();
        let zeros = d.mask(&shape)?;
        along(d, move |x, axis| x.masked_fill(&zeros, 0.0)?.cumprod(axis))
    }),
    ("cumsum", |d| along(d, Var::cumsum)),
    ("logsumexp", |d| over_axes(d, |x, axes| x.logsumexp(axes))),
    ("logsumexp kept", |d| {
        over_axes(d, |x, axes| x.logsumexp(Keep(axes)))
    }),
    ("max", |d| over_axes_apart(d, |x, axes| x.max(axes))),
    ("max kept", |d| {
        over_axes_apart(d, |x, axes| x.max(Keep(axes)))
    }),
    ("max min", |d| over_axes_apart(d, |x, axes| x.min(axes))),
    ("max min kept", |d| {
        over_axes_apart(d, |x, axes| x.min(Keep(axes)))
    }),
    ("max with indices", |d| {
        over_axes_apart(d, |x, axes| Ok(x.max_with_indices(axes)?.0))
    }),
    ("max min with indices", |d| {
        over_axes_apart(d, |x, axes| Ok(x.min_with_indices(Keep(axes))?.0))
    }),
    ("mean", |d| over_axes(d, |x, axes| x.mean(axes))),
    ("mean kept", |d| over_axes(d, |x, axes| x.mean(Keep(axes)))),
    ("median", |d| over_axes_apart(d, |x, axes| x.median(axes))),
    ("median with indices", |d| {
        over_axes_apart(d, |x, axes| Ok(x.median_with_indices(Keep(axes))?.0))
    }),
    ("normalize", |d| {
        let eps = d.pick(&[0.0, 1.0]);
        normed(d, move |x, p, axes| {
            // Norms by powers below 0 and the count of elements are no lengths to divide by.
            x.normalize(p.max(1.0), axes, eps + HALF_A_STEP)
        })
    }),
    ("pairwise_distance", |d| {
        let mut shape = d.shape();
        shape.push(2);
        let (axis, p) = (d.axis(shape.len()) as isize, d.pick(&[1.0, 2.0, 3.0]));
        let part = d.part(&shape);
        let inputs = [d.input(&shape)?, d.input(&part)?];
        // No difference is 0 with half a step more.
        Ok(Case::new(inputs, move |x| {
            x[0].pairwise_distance(&x[1], p, axis, HALF_A_STEP)
        }))
    }),
    ("norm", |d| normed(d, |x, p, axes| x.norm(p, axes))),
    ("norm kept", |d| {
        normed(d, |x, p, axes| x.norm(p, Keep(axes)))
    }),
    ("prod", |d| over_axes(d, |x, axes| x.prod(axes))),
    ("prod kept", |d| over_axes(d, |x, axes| x.prod(Keep(axes)))),
    ("quantile", |d| {
        let (q, interpolation) = (d.pick(&[0.0, 0.3, 0.5, 1.0]), interpolation(d));
        over_axes_apart(d, move |x, axes| x.quantile(q, axes, interpolation))
    }),
    ("quantile several", |d| {
        let interpolation = interpolation(d);
        over_axes_apart(d, move |x, axes| {
            x.quantiles(&[0.7, 0.0, 0.25], Keep(axes), interpolation)
        })
    }),
    ("sum", |d| over_axes(d, |x, axes| x.sum(axes))),
    ("sum kept", |d| over_axes(d, |x, axes| x.sum(Keep(axes)))),
    ("sum of all", |d| d.unary(|x| x.sum(..))),
    ("variance", |d| {
        corrected(d, |x, axes, correction| x.var(axes, correction))
    }),
    ("variance kept", |d| {
        corrected(d, |x, axes, correction| x.var(Keep(axes), correction))
    }),
    ("variance std", |d| {
        corrected(d, |x, axes, correction| x.std(axes, correction))
    }),
    ("variance std kept", |d| {
        corrected(d, |x, axes, correction| x.std(Keep(axes), correction))
    }),
];
