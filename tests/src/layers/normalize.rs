//! Norms of batches, samples, groups and layers.

use gradlet::layer::{ChannelNorm, NormOver, OverBatch, OverSample};
use gradlet::{Float, GroupNorm, LayerNorm, RmsNorm};

use super::run::{Made, forward};
use crate::conformance::{Case, Failure, NAMED};

pub(super) fn make<T: Float>(settings: &Case<'_, T>) -> Made<T> {
    Ok(Some(match settings.op() {
        "BatchNorm1d" => forward(channels::<OverBatch<1>, T>(
            settings,
            ChannelNorm::cumulative,
        )?),
        "BatchNorm2d" => forward(channels::<OverBatch<2>, T>(
            settings,
            ChannelNorm::cumulative,
        )?),
        "InstanceNorm1d" => forward(channels::<OverSample<1>, T>(settings, unmoved)?),
        "InstanceNorm2d" => forward(channels::<OverSample<2>, T>(settings, unmoved)?),
        "GroupNorm" => {
            let [groups, channels] = [(0, "num_groups"), (1, "num_channels")]
                .map(|(place, name)| settings.int(place, name, 0) as usize);
            let layer = GroupNorm::new_of(groups, channels)?.eps(settings.float(2, "eps", 1e-5));
            let affine = settings.flag(3, "affine", true);
            forward(match settings.flag(NAMED, "bias", true) {
                _ if !affine => layer.without_parameters(),
                true => layer,
                false => layer.without_bias(),
            })
        }
        "LayerNorm" => {
            let layer =
                LayerNorm::new_of(&normalized(settings))?.eps(settings.float(1, "eps", 1e-5));
            let affine = settings.flag(2, "elementwise_affine", true);
            forward(match settings.flag(3, "bias", true) {
                _ if !affine => layer.without_parameters(),
                true => layer,
                false => layer.without_bias(),
            })
        }
        "RMSNorm" => {
            let mut layer = RmsNorm::new_of(&normalized(settings))?;
            if settings.value(1, "eps").is_some() {
                layer = layer.eps(settings.float(1, "eps", 0.0));
            }
            forward(if settings.flag(2, "elementwise_affine", true) {
                layer
            } else {
                layer.without_parameters()
            })
        }
        _ => return Ok(None),
    }))
}

fn normalized<T: Float>(settings: &Case<'_, T>) -> Vec<usize> {
    let shape = settings.list(0, "normalized_shape").unwrap_or_default();
    shape.iter().map(|&size| size as usize).collect()
}

/// PyTorch's running statistics of an instance norm never move without a momentum.
fn unmoved<K: NormOver, T: Float>(layer: ChannelNorm<K, T>) -> ChannelNorm<K, T> {
    layer.momentum(0.0)
}

fn channels<K: NormOver, T: Float>(
    settings: &Case<'_, T>,
    without_momentum: fn(ChannelNorm<K, T>) -> ChannelNorm<K, T>,
) -> Result<ChannelNorm<K, T>, Failure> {
    let features = settings.int(0, "num_features", 0) as usize;
    let mut layer = ChannelNorm::new_of(features)?.eps(settings.float(1, "eps", 1e-5));
    layer = if settings.is_null(2, "momentum") {
        without_momentum(layer)
    } else {
        layer.momentum(settings.float(2, "momentum", 0.1))
    };
    layer = if settings.flag(3, "affine", !K::PER_SAMPLE) {
        layer.with_parameters()?
    } else {
        layer.without_parameters()
    };
    if !settings.flag(NAMED, "bias", true) {
        layer = layer.without_bias();
    }
    Ok(if settings.flag(4, "track_running_stats", !K::PER_SAMPLE) {
        layer.with_statistics()?
    } else {
        layer.without_statistics()
    })
}
