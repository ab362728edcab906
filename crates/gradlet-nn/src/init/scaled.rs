//! Weights scaled by the numbers of inputs and outputs: Xavier's and Kaiming's, and PyTorch's default for layers.

use gradlet_tensor::{Error, ErrorKind, Float, IntoShape, Result, Shape, Tensor};
use rand::Rng;

use crate::require::require;

/// The variance that a Kaiming initialisation keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fan {
    /// The variance of the activations in the forward pass: scales by the number of inputs of each output.
    #[default]
    In,
    /// The variance of the gradients in the backward pass: scales by the number of outputs of each input.
    Out,
}

/// The function that follows the weights; it decides how much larger they have to be.
///
/// # Source
///
/// `torch.nn.init.calculate_gain`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// No function: gain 1.
    Linear,
    /// The logistic function: gain 1.
    Sigmoid,
    /// The hyperbolic tangent: gain 5/3.
    Tanh,
    /// The rectifier, which sets half of the inputs to zero: gain sqrt(2).
    Relu,
    /// Negative inputs scaled by a slope: gain sqrt(2 / (1 + slope^2)).
    LeakyRelu(f64),
    /// The self-normalising unit: gain 3/4.
    Selu,
}

impl Nonlinearity {
    /// The factor on the weights that keeps the variance the same through this function.
    pub fn gain(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu => 2.0f64.sqrt(),
            Self::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            Self::Selu => 0.75,
        }
    }
}

/// Uniform numbers in `[-b, b)`, `b = gain * sqrt(3 / fan)`.
///
/// # Errors
///
/// If the shape has fewer than two axes, the fan is 0, the gain is negative or not finite, or weights would be
/// infinite.
///
/// # Example
///
/// ```
/// # use gradlet_nn::{Parameter, init::{Fan, Nonlinearity, kaiming_uniform}};
/// let mut rng = gradlet_tensor::rng(0);
/// let weight: Parameter =
///     Parameter::new(kaiming_uniform([128, 6], Fan::In, Nonlinearity::Relu.gain(), &mut rng)?);
/// assert!(weight.tensor().iter().all(|w| w.abs() <= 1.0)); // sqrt(2) * sqrt(3 / 6)
/// # Ok::<(), gradlet_tensor::Error>(())
/// ```
///
/// # Source
///
/// K. He et al., "Delving Deep into Rectifiers", 2015; `torch.nn.init.kaiming_uniform_`.
#[track_caller]
pub fn kaiming_uniform<T: Float>(
    shape: impl IntoShape,
    fan: Fan,
    gain: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let shape = shape.into_shape()?;
    let bound = 3.0f64.sqrt() * kaiming_std::<T>("kaiming_uniform", &shape, fan, gain)?;
    Tensor::uniform(shape, -bound, bound, rng).map_err(|error| error.of("kaiming_uniform"))
}

/// Normal numbers of mean 0 and standard deviation `gain / sqrt(fan)`.
///
/// # Errors
///
/// If [`kaiming_uniform`] would return one.
///
/// # Source
///
/// K. He et al., "Delving Deep into Rectifiers", 2015; `torch.nn.init.kaiming_normal_`.
#[track_caller]
pub fn kaiming_normal<T: Float>(
    shape: impl IntoShape,
    fan: Fan,
    gain: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let shape = shape.into_shape()?;
    let std = kaiming_std::<T>("kaiming_normal", &shape, fan, gain)?;
    Tensor::normal(shape, 0.0, std, rng).map_err(|error| error.of("kaiming_normal"))
}

/// Uniform numbers in `[-b, b)`, `b = gain * sqrt(6 / (fan_in + fan_out))`.
///
/// # Errors
///
/// If the shape has fewer than two axes, both fans are 0, the gain is negative or not finite, or weights would be
/// infinite.
///
/// # Source
///
/// X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010;
/// `torch.nn.init.xavier_uniform_`.
#[track_caller]
pub fn xavier_uniform<T: Float>(
    shape: impl IntoShape,
    gain: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let shape = shape.into_shape()?;
    let bound = 3.0f64.sqrt() * xavier_std::<T>("xavier_uniform", &shape, gain)?;
    Tensor::uniform(shape, -bound, bound, rng).map_err(|error| error.of("xavier_uniform"))
}

/// Normal numbers of mean 0 and standard deviation `gain * sqrt(2 / (fan_in + fan_out))`.
///
/// # Errors
///
/// If [`xavier_uniform`] would return one.
///
/// # Source
///
/// X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010;
/// `torch.nn.init.xavier_normal_`.
#[track_caller]
pub fn xavier_normal<T: Float>(
    shape: impl IntoShape,
    gain: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let shape = shape.into_shape()?;
    let std = xavier_std::<T>("xavier_normal", &shape, gain)?;
    Tensor::normal(shape, 0.0, std, rng).map_err(|error| error.of("xavier_normal"))
}

/// Uniform numbers in `[-b, b)`, `b = 1 / sqrt(fan_in)`: PyTorch's default for a layer's weight and its bias.
///
/// For a weight it is [`kaiming_uniform`] with `Nonlinearity::LeakyRelu(5.0.sqrt())`; a bias has no fan and takes the
/// fan of its weight.
///
/// # Errors
///
/// If `fan_in` is 0.
///
/// # Source
///
/// `reset_parameters` of `torch.nn.Linear`.
#[track_caller]
pub fn fan_in_uniform<T: Float>(
    shape: impl IntoShape,
    fan_in: usize,
    rng: &mut (impl Rng + ?Sized),
) -> Result<Tensor<T>> {
    let fan_in = fan_in as f64;
    require(fan_in > 0.0, "fan_in_uniform", "fan_in", "positive", fan_in)?;
    let bound = 1.0 / fan_in.sqrt();
    Tensor::uniform(shape, -bound, bound, rng).map_err(|error| error.of("fan_in_uniform"))
}

/// The number of inputs of each output, and the number of outputs of each input.
#[track_caller]
fn fans(op: &'static str, shape: &Shape) -> Result<(f64, f64)> {
    let &[outputs, inputs, ref field @ ..] = &shape[..] else {
        return Err(Error::new(ErrorKind::Rank {
            op,
            expected: "a weight [out, in, ..]",
            shape: *shape,
        }));
    };
    let field: f64 = field.iter().map(|&size| size as f64).product();
    Ok((inputs as f64 * field, outputs as f64 * field))
}

#[track_caller]
fn kaiming_std<T: Float>(op: &'static str, shape: &Shape, fan: Fan, gain: f64) -> Result<f64> {
    let (fan_in, fan_out) = fans(op, shape)?;
    let (name, fan) = match fan {
        Fan::In => ("fan_in", fan_in),
        Fan::Out => ("fan_out", fan_out),
    };
    scaled::<T>(op, gain, name, fan)
}

#[track_caller]
fn xavier_std<T: Float>(op: &'static str, shape: &Shape, gain: f64) -> Result<f64> {
    let (fan_in, fan_out) = fans(op, shape)?;
    scaled::<T>(
        op,
        gain,
        "the mean of fan_in and fan_out",
        f64::midpoint(fan_in, fan_out),
    )
}

/// `gain / sqrt(fan)`
#[track_caller]
fn scaled<T: Float>(op: &'static str, gain: f64, name: &'static str, fan: f64) -> Result<f64> {
    require(fan > 0.0, op, name, "positive", fan)?;
    let usable = gain.is_finite() && gain >= 0.0;
    require(usable, op, "gain", "finite and not negative", gain)?;
    let std = gain / fan.sqrt();
    // As far as `Tensor::normal` draws.
    let finite = T::of(9.0 * std).is_finite();
    require(
        finite,
        op,
        "gain",
        "small enough for weights that are finite",
        gain,
    )?;
    Ok(std)
}

#[cfg(test)]
mod tests {
    use gradlet_tensor::rng;

    use super::*;

    /// The largest absolute value and the standard deviation about 0.
    fn extent(x: &Tensor<f64>) -> (f64, f64) {
        let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let square: f64 = x.iter().map(|v| v * v).sum();
        (largest, (square / x.len() as f64).sqrt())
    }

    #[test]
    fn gains_are_pytorchs() {
        assert_eq!(Nonlinearity::Linear.gain(), 1.0);
        assert_eq!(Nonlinearity::Tanh.gain(), 5.0 / 3.0);
        assert_eq!(
            Nonlinearity::Relu.gain(),
            Nonlinearity::LeakyRelu(0.0).gain()
        );
        assert_eq!(Nonlinearity::LeakyRelu(1.0).gain(), 1.0);
        assert_eq!(Nonlinearity::Selu.gain(), 0.75);
    }

    /// 20,000 draws: the largest of a uniform sample lies within 0.1 % of its bound, and a sample's standard deviation
    /// within 3 % of the true one, except with a chance below 1e-8.
    #[test]
    fn each_rule_has_its_bound_or_deviation() -> Result<()> {
        let (shape, rng) = ([100, 50, 4], &mut rng(3));
        // fan_in 200, fan_out 400, their mean 300.
        let uniform = [
            (
                kaiming_uniform(shape, Fan::In, 2.0, rng)?,
                2.0 * (3.0f64 / 200.0).sqrt(),
            ),
            (
                kaiming_uniform(shape, Fan::Out, 2.0, rng)?,
                2.0 * (3.0f64 / 400.0).sqrt(),
            ),
            (
                xavier_uniform(shape, 2.0, rng)?,
                2.0 * (6.0f64 / 600.0).sqrt(),
            ),
            (fan_in_uniform(shape, 25, rng)?, 0.2),
        ];
        for (x, bound) in &uniform {
            let (largest, std) = extent(x);
            assert!(
                largest <= *bound && largest > bound * 0.999,
                "{largest} {bound}"
            );
            assert!(
                (std * 3.0f64.sqrt() / bound - 1.0).abs() < 0.03,
                "{std} {bound}"
            );
        }
        let normal = [
            (
                kaiming_normal(shape, Fan::In, 2.0, rng)?,
                2.0 / 200.0f64.sqrt(),
            ),
            (kaiming_normal(shape, Fan::Out, 2.0, rng)?, 0.1),
            (
                xavier_normal(shape, 3.0, rng)?,
                3.0 * (2.0f64 / 600.0).sqrt(),
            ),
        ];
        for (x, expected) in &normal {
            let (largest, std) = extent(x);
            assert!((std / expected - 1.0).abs() < 0.03, "{std} {expected}");
            assert!(largest > 3.0 * expected);
        }
        Ok(())
    }

    #[test]
    fn pytorchs_default_is_kaiming_with_a_leak_of_the_root_of_five() -> Result<()> {
        let gain = Nonlinearity::LeakyRelu(5.0f64.sqrt()).gain();
        let kaiming: Tensor<f64> = kaiming_uniform([8, 64], Fan::In, gain, &mut rng(1))?;
        let default: Tensor<f64> = fan_in_uniform([8, 64], 64, &mut rng(1))?;
        // The same draws from [-0.125, 0.125); the bounds round differently.
        assert!(kaiming.allclose(&default, 0.0, 1e-16));
        Ok(())
    }

    #[test]
    fn what_has_no_fan_or_no_gain_is_refused() {
        let message = |result: Result<Tensor>| result.unwrap_err().to_string();
        let rng = &mut rng(0);
        let text = message(kaiming_uniform([3], Fan::In, 1.0, rng));
        assert!(
            text.starts_with(
                "kaiming_uniform: expected a weight [out, in, ..], got shape [3] (at "
            ),
            "{text}"
        );
        let text = message(kaiming_normal([3, 0], Fan::In, 1.0, rng));
        assert!(
            text.starts_with("kaiming_normal: fan_in must be positive, got 0 (at "),
            "{text}"
        );
        assert!(kaiming_normal::<f32>([3, 0], Fan::Out, 1.0, rng).is_ok());
        let text = message(xavier_uniform([2, 2, 0], 1.0, rng));
        assert!(
            text.starts_with(
                "xavier_uniform: the mean of fan_in and fan_out must be positive, got 0"
            ),
            "{text}"
        );
        let text = message(xavier_normal([2, 2], f64::NAN, rng));
        assert!(
            text.starts_with("xavier_normal: gain must be finite and not negative, got NaN (at "),
            "{text}"
        );
        let text = message(fan_in_uniform(4, 0, rng));
        let line = line!() - 1;
        assert!(
            text.ends_with(&format!("(at {}:{line})", file!())),
            "{text}"
        );
    }

    #[test]
    fn a_gain_that_makes_weights_infinite_is_refused() -> Result<()> {
        let (rng, shape) = (&mut rng(0), [2, 2]);
        let all = [
            (
                "kaiming_uniform",
                kaiming_uniform::<f32>(shape, Fan::In, 1e39, rng),
            ),
            ("kaiming_normal", kaiming_normal(shape, Fan::In, 1e39, rng)),
            ("xavier_uniform", xavier_uniform(shape, 1e39, rng)),
            ("xavier_normal", xavier_normal(shape, 1e39, rng)),
        ];
        for (op, made) in all {
            let text = made.unwrap_err().to_string();
            assert!(
                text.starts_with(&format!("{op}: gain must be small enough for ")),
                "{text}"
            );
        }
        assert!(
            xavier_normal::<f64>(shape, 1e39, rng)?
                .iter()
                .all(f64::is_finite)
        );
        let wide: Tensor = kaiming_uniform([1, 1_000_000], Fan::In, 1e39, rng)?;
        assert!(wide.iter().all(f32::is_finite));
        Ok(())
    }
}
