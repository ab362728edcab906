//! Convolution and its transpose, pooling, resizing.

use gradlet::layer::{Conv, ConvTranspose, MaxPool};
use gradlet::window::Rounding;
use gradlet::{
    AdaptiveMaxPool1d, AdaptiveMaxPool2d, ConvTranspose1d, ConvTranspose2d, Float, Forward,
    MaxPool1d, MaxPool2d, Module, Tensor, Upsample, Var,
};
use serde_json::Value;

use super::run::{Built, Made, built, forward};
use crate::conformance::{Case, Failure, Out, each};

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "Conv1d" => convolution::<1, T>(settings)?,
        "Conv2d" => convolution::<2, T>(settings)?,
        "ConvTranspose1d" => transposed(settings, ConvTranspose1d::forward_to_size)?,
        "ConvTranspose2d" => transposed(settings, ConvTranspose2d::forward_to_size)?,
        "MaxPool1d" => max_pool(settings, MaxPool1d::forward_with_indices),
        "MaxPool2d" => max_pool(settings, MaxPool2d::forward_with_indices),
        "AdaptiveMaxPool1d" => {
            let layer = AdaptiveMaxPool1d::new(parts(settings));
            pooled(settings, layer, 1, AdaptiveMaxPool1d::forward_with_indices)
        }
        "AdaptiveMaxPool2d" => {
            let layer = AdaptiveMaxPool2d::new(parts(settings));
            pooled(settings, layer, 1, AdaptiveMaxPool2d::forward_with_indices)
        }
        "Upsample" if settings.text(2, "mode", "nearest") == "nearest" => upsample(settings),
        _ => return Ok(None),
    }))
}

type Layer<T> = Box<dyn Built<T>>;

fn channels<T: Float>(settings: &Case<'_, T>, groups: usize) -> [usize; 3] {
    let of = |place, name| settings.int(place, name, 1) as usize;
    [
        of(0, "in_channels"),
        of(1, "out_channels"),
        of(groups, "groups"),
    ]
}

fn convolution<const N: usize, T: Float>(settings: &Case<'_, T>) -> Result<Layer<T>, Failure>
where
    Conv<N, T>: Forward<T>,
{
    let [inputs, outputs, groups] = channels(settings, 6);
    let kernel: [usize; N] = each(settings.list(2, "kernel_size"), [1; N]);
    let mut layer = Conv::new_of(inputs, outputs, kernel, groups, &mut gradlet::rng(1))?
        .stride(each(settings.list(3, "stride"), [1; N]))
        .padding(each(settings.list(4, "padding"), [0; N]))
        .dilation(each(settings.list(5, "dilation"), [1; N]));
    if settings.text(4, "padding", "valid") == "same" {
        layer = layer.padding_same();
    }
    if !settings.flag(7, "bias", true) {
        layer = layer.without_bias();
    }
    Ok(forward(layer))
}

type ToSize<const N: usize, T> =
    fn(&ConvTranspose<N, T>, &Var<T>, [usize; N]) -> gradlet::Result<Var<T>>;

fn transposed<const N: usize, T: Float>(
    settings: &Case<'_, T>,
    to_size: ToSize<N, T>,
) -> Result<Layer<T>, Failure>
where
    ConvTranspose<N, T>: Forward<T>,
{
    let [inputs, outputs, groups] = channels(settings, 6);
    let kernel: [usize; N] = each(settings.list(2, "kernel_size"), [1; N]);
    let mut layer = ConvTranspose::new_of(inputs, outputs, kernel, groups, &mut gradlet::rng(1))?
        .stride(each(settings.list(3, "stride"), [1; N]))
        .padding(each(settings.list(4, "padding"), [0; N]))
        .output_padding(each(settings.list(5, "output_padding"), [0; N]))
        .dilation(each(settings.list(8, "dilation"), [1; N]));
    if !settings.flag(7, "bias", true) {
        layer = layer.without_bias();
    }
    Ok(built(layer, move |layer, case| {
        let x = case.var(0, "input")?;
        Ok(vec![Out::Var(match case.list(1, "output_size") {
            Some(sizes) => to_size(layer, &x, each(Some(sizes), [0; N]))?,
            None => layer.forward(&x)?,
        })])
    }))
}

fn max_pool<const N: usize, T: Float>(
    settings: &Case<'_, T>,
    with_indices: WithIndices<MaxPool<N>, T>,
) -> Layer<T>
where
    MaxPool<N>: Forward<T>,
{
    let kernel = each(settings.list(0, "kernel_size"), [1; N]);
    let layer = MaxPool::new(kernel)
        .stride(each(settings.list(1, "stride"), kernel))
        .padding(each(settings.list(2, "padding"), [0; N]))
        .dilation(each(settings.list(3, "dilation"), [1; N]))
        .rounding(if settings.flag(5, "ceil_mode", false) {
            Rounding::Ceil
        } else {
            Rounding::Floor
        });
    pooled(settings, layer, 4, with_indices)
}

type WithIndices<M, T> = fn(&M, &Var<T>) -> gradlet::Result<(Var<T>, Tensor<i64>)>;

/// A pool, with its indices if the argument at `place` asks for them.
fn pooled<M: Forward<T> + Module + 'static, T: Float>(
    settings: &Case<'_, T>,
    layer: M,
    place: usize,
    with_indices: WithIndices<M, T>,
) -> Layer<T> {
    if !settings.flag(place, "return_indices", false) {
        return forward(layer);
    }
    built(layer, move |layer, case| {
        let (y, indices) = with_indices(layer, &case.var(0, "input")?)?;
        Ok(vec![Out::Var(y), Out::Ints(indices)])
    })
}

/// The numbers of parts: one for all axes or one for each, where null keeps an axis.
fn parts<T: Float, const N: usize>(settings: &Case<'_, T>) -> [Option<usize>; N] {
    let sizes = settings
        .value(0, "output_size")
        .cloned()
        .unwrap_or_default();
    let size = |size: &Value| size.as_u64().map(|size| size as usize);
    std::array::from_fn(|axis| {
        size(if sizes.is_array() {
            &sizes[axis]
        } else {
            &sizes
        })
    })
}

fn upsample<T: Float>(settings: &Case<'_, T>) -> Layer<T> {
    let layer = if let Some(sizes) = settings.list(0, "size") {
        Upsample::to(sizes.into_iter().map(|size| size as usize))
    } else {
        let factors = settings
            .value(1, "scale_factor")
            .cloned()
            .unwrap_or_default();
        let all = factors.as_array().cloned().unwrap_or(vec![factors]);
        Upsample::by(all.iter().filter_map(Value::as_f64))
    };
    forward(if settings.flag(4, "recompute_scale_factor", false) {
        layer.recompute_scale_factor()
    } else {
        layer
    })
}
