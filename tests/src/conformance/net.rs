//! Convolutions, pooling, normalization and softmax.

use gradlet::{
    AveragePooling, BatchNorm, Convolution, Divisor, Float, Pooling, Rounding, RunningStatistics,
    Var,
};

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "max_pool2d" => return max_pool2d(case).map(Some),
        "batch_norm" => return batch_norm(case).map(Some),
        "conv1d" | "conv2d" => convolution(case)?,
        "avg_pool2d" => avg_pool2d(case)?,
        "adaptive_avg_pool2d" => {
            let sizes = case.value(1, "output_size").cloned().unwrap_or_default();
            let x = case.var(0, "input")?;
            let size = |i: usize| {
                let size = if sizes.is_array() { &sizes[i] } else { &sizes };
                // None keeps an axis as it is.
                let kept = || x.shape()[x.rank() - 2 + i];
                size.as_u64().map_or_else(kept, |size| size as usize)
            };
            x.adaptive_avg_pool2d([size(0), size(1)])?
        }
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

/// One number for both axes, or one for each.
fn pair(list: Option<Vec<isize>>, default: [usize; 2]) -> [usize; 2] {
    match list.as_deref() {
        Some(&[both]) => [both as usize; 2],
        Some(&[height, width]) => [height as usize, width as usize],
        _ => default,
    }
}

fn convolution<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let (mut x, weight) = (case.var(0, "input")?, case.var(1, "weight")?);
    let bias = case.maybe_var(2, "bias")?;
    let lines = case.op() == "conv1d";
    let dilation = pair(case.list(5, "dilation"), [1; 2]);
    let mut options = Convolution::default()
        .stride(pair(case.list(3, "stride"), [1; 2]))
        .dilation(dilation)
        .groups(case.int(6, "groups", 1) as usize);
    match case.text(4, "padding", "") {
        "same" => {
            // What the kernel spans less one, half of it before and the rest after.
            let axes = weight.rank() - 2;
            let mut pairs = Vec::new();
            for axis in (0..axes).rev() {
                let span = dilation[if lines { 1 } else { axis }] * (weight.shape()[axis + 2] - 1);
                pairs.push(((span / 2) as isize, (span - span / 2) as isize));
            }
            x = x.pad(&pairs, T::of(0.0))?;
        }
        _ => options = options.padding(pair(case.list(4, "padding"), [0; 2])),
    }
    Ok(if lines {
        x.conv1d(&weight, bias.as_ref(), options)?
    } else {
        x.conv2d(&weight, bias.as_ref(), options)?
    })
}

fn rounding<T: Float>(case: &Case<'_, T>, place: usize) -> Rounding {
    if case.flag(place, "ceil_mode", false) {
        Rounding::Ceil
    } else {
        Rounding::Floor
    }
}

fn max_pool2d<T: Float>(case: &Case<'_, T>) -> Result<Vec<Out<T>>, Failure> {
    let kernel = pair(case.list(1, "kernel_size"), [1; 2]);
    let pooling = Pooling::new(kernel)
        .stride(pair(case.list(2, "stride"), kernel))
        .padding(pair(case.list(3, "padding"), [0; 2]))
        .dilation(pair(case.list(4, "dilation"), [1; 2]))
        .rounding(rounding(case, 5));
    let x = case.var(0, "input")?;
    if case.flag(6, "return_indices", false) {
        let (y, places) = x.max_pool2d_with_indices(pooling)?;
        return Ok(vec![Out::Var(y), Out::Ints(places)]);
    }
    Ok(vec![Out::Var(x.max_pool2d(pooling)?)])
}

fn avg_pool2d<T: Float>(case: &Case<'_, T>) -> Result<Var<T>, Failure> {
    let kernel = pair(case.list(1, "kernel_size"), [1; 2]);
    let divisor = match case.maybe_int(6, "divisor_override") {
        Some(number) => Divisor::Fixed(number),
        None if case.flag(5, "count_include_pad", true) => Divisor::WithPadding,
        None => Divisor::WithoutPadding,
    };
    let _overridden = case.flag(5, "count_include_pad", true);
    let pooling = AveragePooling::new(kernel)
        .stride(pair(case.list(2, "stride"), kernel))
        .padding(pair(case.list(3, "padding"), [0; 2]))
        .rounding(rounding(case, 4))
        .divisor(divisor);
    Ok(case.var(0, "input")?.avg_pool2d(pooling)?)
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
        (true, running) => BatchNorm::Train {
            running: running.as_mut(),
            momentum,
        },
        (false, Some(running)) => BatchNorm::Eval(running),
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
