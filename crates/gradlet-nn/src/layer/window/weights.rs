//! How the weight and the bias of a convolution start.

use gradlet_autograd::{Float, Result};
use rand::Rng;

use crate::init::fan_in_uniform;
use crate::parameter::Parameter;
use crate::require::require;

/// A weight `[a, b / groups, kernel..]` for channels `[a, b]`, and a bias of that many outputs. Both take the fan of the
/// weight's axis 1, even if this is the axis of the outputs, as PyTorch does.
#[track_caller]
pub(super) fn weights<T: Float>(
    layer: &'static str,
    channels: [usize; 2],
    outputs: usize,
    kernel: &[usize],
    groups: usize,
    rng: &mut (impl Rng + ?Sized),
) -> Result<[Parameter<T>; 2]> {
    let divides = groups > 0 && channels.iter().all(|of| of.is_multiple_of(groups));
    let expected = "a divisor of in_channels and out_channels";
    require(divides, layer, "groups", expected, groups as f64)?;
    let mut shape = vec![channels[0], channels[1] / groups];
    shape.extend(kernel);
    let fan = shape[1..]
        .iter()
        .fold(1, |a: usize, &b| a.saturating_mul(b));
    let weight = fan_in_uniform(shape.as_slice(), fan, rng)?;
    Ok([weight.into(), fan_in_uniform(outputs, fan, rng)?.into()])
}
