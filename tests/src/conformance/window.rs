//! Convolution and pooling.

use gradlet::{AveragePooling, Convolution, Divisor, Float, Pooling, Rounding, Var};

use super::Failure;
use super::case::{Case, Out};

pub(super) fn call<T: Float>(case: &Case<'_, T>) -> Result<Option<Vec<Out<T>>>, Failure> {
    let y = match case.op() {
        "max_pool2d" => return max_pool2d(case).map(Some),
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
