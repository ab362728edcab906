//! Softmax, and normalization by moments.

use gradlet::{Float, RunningStatistics, Statistics, Var};

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "batch_norm" => return batch_norm(case).map(Some),
        "softmax" => case
            .var(0, "input")?
            .softmax(case.int(1, "dim", -1) as isize)?,
        "log_softmax" => case
            .var(0, "input")?
            .log_softmax(case.int(1, "dim", -1) as isize)?,
        "layer_norm" | "group_norm" | "rms_norm" => norm(case)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![Out::Var(y)]))
}

fn batch_norm<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    let x = case.var(0, "input")?;
    let running = (
        case.maybe_var(1, "running_mean")?,
        case.maybe_var(2, "running_var")?,
    );
    let mut running = match running {
        (Some(mean), Some(variance)) => Some(RunningStatistics {
            mean: mean.into_tensor(),
            variance: variance.into_tensor(),
        }),
        _ => None,
    };
    let (weight, bias) = (case.maybe_var(3, "weight")?, case.maybe_var(4, "bias")?);
    let (momentum, eps) = (case.float(6, "momentum", 0.1), case.float(7, "eps", 1e-5));
    let statistics = match (case.flag(5, "training", false), &mut running) {
        (true, running) => Statistics::Batch {
            running: running.as_mut(),
            momentum,
        },
        (false, Some(running)) => Statistics::Running(running),
        (false, None) => return Err("no running statistics".into()),
    };
    let y = x.batch_norm(statistics, weight.as_ref(), bias.as_ref(), eps)?;
    let mut outs = vec![Out::Var(y)];
    if let (true, Some(running)) = (case.mutates(), running) {
        outs.push(Out::Floats(running.mean));
        outs.push(Out::Floats(running.variance));
    }
    Ok(outs)
}

fn norm<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let (x, weight) = (case.var(0, "input")?, case.maybe_var(2, "weight")?);
    let shape = case.list(1, "normalized_shape").unwrap_or_default();
    let shape: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    if case.op() == "rms_norm" {
        let eps = case.value(3, "eps").and_then(serde_json::Value::as_f64);
        return Ok(x.rms_norm(shape.as_slice(), weight.as_ref(), eps)?);
    }
    let (bias, eps) = (case.maybe_var(3, "bias")?, case.float(4, "eps", 1e-5));
    let (weight, bias) = (weight.as_ref(), bias.as_ref());
    Ok(match case.op() {
        "layer_norm" => x.layer_norm(shape.as_slice(), weight, bias, eps)?,
        _ => x.group_norm(shape[0], weight, bias, eps)?,
    })
}
