//! Normalizations and losses.

use gradlet::autograd::{cross_entropy, mse_loss};
use gradlet::{
    BatchNorm, CrossEntropy, KlTarget, Reduction, Result, RunningStatistics, binary_cross_entropy,
    binary_cross_entropy_with_logits, cross_entropy_probabilities, cross_entropy_with, huber_loss,
    kl_div, l1_loss, nll_loss, smooth_l1_loss,
};

use crate::draw::{Case, Draw, Entry, Labels, Tensor, Var};

/// Large enough that finite differences see no corner where all values of a group are nearly the same.
fn eps(d: &mut Draw) -> f64 {
    d.pick(&[1e-3, 0.1])
}

/// Where weight and bias stand among a case's inputs, each of which may be missing.
type Affine = [Option<usize>; 2];

/// Parameters of a shape behind what is normalized, each of which may be missing.
fn affine(d: &mut Draw, inputs: &mut Vec<Tensor>, shape: &[usize]) -> Result<Affine> {
    let mut places = [None; 2];
    for place in &mut places {
        if d.coin() {
            *place = Some(inputs.len());
            inputs.push(d.input(shape)?);
        }
    }
    Ok(places)
}

/// Samples with channels, places behind them, and parameters for each channel.
fn channels(
    d: &mut Draw,
    groups: usize,
    f: impl Fn(&Var, [Option<&Var>; 2]) -> Result<Var> + 'static,
) -> Result<Case> {
    let mut shape = d.shape_of_rank(d.shape().len().max(2));
    shape[1] *= groups;
    // A single sample may have a single value for a channel, which is an error: nothing is left of it.
    if shape[0] == 1 {
        shape[0] = 2;
    }
    let channels = shape[1];
    let mut inputs = vec![d.input(&shape)?];
    let places = affine(d, &mut inputs, &[channels])?;
    Ok(Case::new(inputs, move |x| {
        f(&x[0], places.map(|place| place.map(|at| &x[at])))
    }))
}

/// As many of the last axes as are normalized, behind others.
fn last_axes(
    d: &mut Draw,
    f: impl Fn(&Var, &[usize], [Option<&Var>; 2]) -> Result<Var> + 'static,
) -> Result<Case> {
    let shape = d.shape_of_rank(d.shape().len().max(1));
    let normalized = shape[d.axis(shape.len())..].to_vec();
    let mut inputs = vec![d.input(&shape)?];
    let places = affine(d, &mut inputs, &normalized)?;
    Ok(Case::new(inputs, move |x| {
        f(
            &x[0],
            &normalized,
            places.map(|place| place.map(|at| &x[at])),
        )
    }))
}

pub(crate) const NORMALIZATIONS: &[Entry] = &[
    ("batch_norm", |d| {
        let (eps, moves) = (eps(d), d.coin());
        channels(d, 1, move |x, [weight, bias]| {
            // They move with each call, and are not what the batch is normalized by.
            let mut running = RunningStatistics::new(x.shape()[1])?;
            let running = moves.then_some(&mut running);
            x.batch_norm(
                BatchNorm::Train {
                    running,
                    momentum: 0.1,
                },
                weight,
                bias,
                eps,
            )
        })
    }),
    ("batch_norm eval", |d| {
        let (eps, most) = (eps(d), d.size(1));
        let (mean, variance) = (d.weights(&[most])?, d.weights(&[most])?);
        let running = RunningStatistics { mean, variance };
        channels(d, 1, move |x, [weight, bias]| {
            x.batch_norm(BatchNorm::Eval(&running), weight, bias, eps)
        })
    }),
    ("group_norm", |d| {
        let (eps, groups) = (eps(d), if d.size(1) == 0 { 1 } else { d.between(1, 2) });
        channels(d, groups, move |x, [weight, bias]| {
            x.group_norm(groups, weight, bias, eps)
        })
    }),
    ("layer_norm", |d| {
        let eps = eps(d);
        last_axes(d, move |x, normalized, [weight, bias]| {
            x.layer_norm(normalized, weight, bias, eps)
        })
    }),
    ("rms_norm", |d| {
        let eps = eps(d);
        let eps = d.pick(&[None, Some(eps)]);
        last_axes(d, move |x, normalized, [weight, bias]| {
            let y = x.rms_norm(normalized, weight, eps)?;
            bias.map_or(Ok(y.clone()), |bias| y.add(bias))
        })
    }),
];

/// A function of two inputs of one shape and of what becomes of the losses.
fn reduced(
    d: &mut Draw,
    f: impl Fn(&Var, &Var, Reduction) -> Result<Var> + 'static,
) -> Result<Case> {
    let reduction = d.reduction();
    d.alike(move |x, y| f(x, y, reduction))
}

/// Weights that broadcast to the shape, or none.
fn perhaps_weights(d: &mut Draw) -> Result<Option<Tensor>> {
    let shape = d.shape();
    let part = d.part(&shape);
    d.coin().then(|| d.weights(&part)).transpose()
}

/// The label that counts nothing where one is.
const IGNORED: i64 = -7;

/// Logits `[n, c, ...]`, `[n, c]` or `[c]` with at least one class, and the shape of their labels.
fn classes(d: &mut Draw, rank: usize) -> Result<(Tensor, Vec<usize>, usize)> {
    let mut shape = d.shape_of_rank(rank);
    let axis = usize::from(rank > 1);
    shape[axis] = shape[axis].max(1);
    let logits = d.input(&shape)?;
    let classes = shape.remove(axis);
    Ok((logits, shape, classes))
}

/// Labels of which some, but not all, are left out.
fn labels(d: &mut Draw, shape: &[usize], classes: usize) -> Result<Labels> {
    let (labels, mut left_out) = (d.indices(shape, classes)?, d.mask(shape)?.to_vec());
    if let Some(first) = left_out.first_mut() {
        *first = false;
    }
    let labels = labels.iter().zip(left_out);
    let labels: Vec<i64> = labels
        .map(|(label, out)| if out { IGNORED } else { label })
        .collect();
    Labels::from_vec(&labels, shape)
}

fn options(d: &mut Draw, classes: usize) -> Result<CrossEntropy<f64>> {
    let options = CrossEntropy::new().reduction(d.reduction());
    Ok(if d.coin() {
        options.weight(d.weights(&[classes])?)
    } else {
        options
    })
}

/// A loss of logits `[n, c]` by one label for each row.
fn rows(d: &mut Draw, f: fn(&Var, &Labels) -> Result<Var>) -> Result<Case> {
    let (logits, shape, classes) = classes(d, 2)?;
    let labels = d.indices(&shape, classes)?;
    Ok(Case::new([logits], move |x| f(&x[0], &labels)))
}

pub(crate) const LOSSES: &[Entry] = &[
    ("binary_cross_entropy", |d| {
        let weight = perhaps_weights(d)?;
        reduced(d, move |x, t, reduction| {
            binary_cross_entropy(&x.sigmoid(), t, weight.as_ref(), reduction)
        })
    }),
    ("binary_cross_entropy_with_logits", |d| {
        let (weight, positive) = (perhaps_weights(d)?, perhaps_weights(d)?);
        reduced(d, move |x, t, reduction| {
            binary_cross_entropy_with_logits(x, t, weight.as_ref(), positive.as_ref(), reduction)
        })
    }),
    ("cross_entropy", |d| rows(d, cross_entropy)),
    ("cross_entropy_with", |d| {
        let rank = d.shape().len().max(1);
        let (logits, shape, classes) = classes(d, rank)?;
        let labels = labels(d, &shape, classes)?;
        let options = options(d, classes)?
            .ignore_index(IGNORED)
            .label_smoothing(d.pick(&[0.0, 0.2, 1.0]));
        Ok(Case::new([logits], move |x| {
            cross_entropy_with(&x[0], &labels, &options)
        }))
    }),
    ("cross_entropy_with probabilities", |d| {
        let rank = d.shape().len().max(1);
        let (logits, _, classes) = classes(d, rank)?;
        let target = d.input(logits.shape())?;
        let options = options(d, classes)?.label_smoothing(d.pick(&[0.0, 0.2, 1.0]));
        Ok(Case::new([logits, target], move |x| {
            cross_entropy_probabilities(&x[0], &x[1], &options)
        }))
    }),
    ("huber_loss", |d| {
        let delta = d.kink_size();
        reduced(d, move |x, t, reduction| huber_loss(x, t, delta, reduction))
    }),
    ("huber_loss l1_loss", |d| reduced(d, l1_loss)),
    ("huber_loss smooth_l1_loss", |d| {
        let beta = d.kink_size();
        let beta = d.pick(&[beta, 0.0]);
        reduced(d, move |x, t, reduction| {
            smooth_l1_loss(x, t, beta, reduction)
        })
    }),
    ("kl_div", |d| {
        reduced(d, |x, t, reduction| {
            kl_div(x, &t.abs(), KlTarget::Probabilities, reduction)
        })
    }),
    // Logarithms of probabilities are below 0. Of those above, the loss would be too large to see differences in.
    ("kl_div log", |d| {
        reduced(d, |x, t, reduction| {
            kl_div(x, &t.abs().neg(), KlTarget::LogProbabilities, reduction)
        })
    }),
    ("mse", |d| d.alike(Var::mse)),
    ("mse mse_loss", |d| reduced(d, mse_loss)),
    ("nll", |d| rows(d, Var::nll)),
    ("nll_loss", |d| {
        let rank = d.shape().len().max(1);
        let (x, shape, classes) = classes(d, rank)?;
        let labels = labels(d, &shape, classes)?;
        let options = options(d, classes)?.ignore_index(IGNORED);
        Ok(Case::new([x], move |x| nll_loss(&x[0], &labels, &options)))
    }),
];
