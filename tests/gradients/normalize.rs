//! Softmax, and normalization by moments.

use gradlet::{Result, RunningStatistics, Statistics};

use crate::draw::{Case, Draw, Entry, Tensor, Var, along};

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

pub(crate) const ENTRIES: &[Entry] = &[
    ("batch_norm", |d| {
        let (eps, moves) = (eps(d), d.coin());
        channels(d, 1, move |x, [weight, bias]| {
            // They move with each call, and are not what the batch is normalized by.
            let mut running = RunningStatistics::new(x.shape()[1])?;
            let running = moves.then_some(&mut running);
            x.batch_norm(
                Statistics::Batch {
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
            x.batch_norm(Statistics::Running(&running), weight, bias, eps)
        })
    }),
    ("group_norm", |d| {
        let (eps, groups) = (eps(d), if d.size(1) == 0 { 1 } else { d.between(1, 2) });
        channels(d, groups, move |x, [weight, bias]| {
            x.group_norm(groups, weight, bias, eps)
        })
    }),
    ("instance_norm", |d| {
        let (eps, moves) = (eps(d), d.coin());
        channels(d, 1, move |x, [weight, bias]| {
            // Two places for each, since a single one is an error.
            let x = Var::stack(&[x, &x.mul_scalar(0.5)], -1)?;
            let mut running = RunningStatistics::new(x.shape()[1])?;
            let (running, momentum) = (moves.then_some(&mut running), 0.1);
            x.instance_norm(Statistics::Batch { running, momentum }, weight, bias, eps)
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
    ("log_softmax", |d| along(d, Var::log_softmax)),
    ("softmax", |d| along(d, Var::softmax)),
    ("softmax softmin", |d| along(d, Var::softmin)),
];
