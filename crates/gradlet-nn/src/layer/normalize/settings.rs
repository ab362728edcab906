//! The settings, parameters and errors that norms share.

use gradlet_autograd::{Float, Result, Var};
use gradlet_tensor::{Error, ErrorKind, Shape};

use crate::parameter::Parameter;

/// PyTorch's `eps`.
pub(super) const EPS: f64 = 1e-5;

/// Methods of a norm with `weight`, `bias` and `eps` that leave out or set one of them.
macro_rules! weight_bias_and_eps {
    () => {
        /// The same layer with this `eps`, which is added to each variance.
        pub fn eps(self, eps: f64) -> Self {
            Self { eps, ..self }
        }

        /// The same layer without weight and bias: `affine=False` in PyTorch.
        pub fn without_parameters(self) -> Self {
            let (weight, bias) = (None, None);
            Self {
                weight,
                bias,
                ..self
            }
        }

        /// The same layer without its bias.
        pub fn without_bias(self) -> Self {
            Self { bias: None, ..self }
        }
    };
}
pub(super) use weight_bias_and_eps;

/// Leaves of the parameters that a layer has.
pub(super) fn leaves<T: Float, const N: usize>(
    parameters: [&Option<Parameter<T>>; N],
) -> [Option<Var<T>>; N] {
    parameters.map(|parameter| parameter.as_ref().map(Parameter::leaf))
}

/// A shape, or the size alone of a single axis.
pub(super) fn sizes(shape: &Shape) -> String {
    match shape[..] {
        [size] => size.to_string(),
        _ => shape.to_string(),
    }
}

/// The sizes of a layer, and behind them an `eps` that is given, and the parameters that it does not have:
/// `16, eps 0.1, no bias`.
pub(super) fn described(sizes: &str, eps: Option<f64>, has: [bool; 2]) -> String {
    let eps = eps.map_or_else(String::new, |eps| format!(", eps {eps}"));
    let lacks = match has {
        [true, true] => "",
        [true, false] => ", no bias",
        [false, _] => ", no parameters",
    };
    format!("{sizes}{eps}{lacks}")
}

/// Returns an error unless the second axis of `x` has this size.
#[track_caller]
pub(super) fn expect_channels<T: Float>(
    op: &'static str,
    x: &Var<T>,
    expected: usize,
) -> Result<()> {
    match x.shape().get(1) {
        Some(&channels) if channels != expected => Err(Error::new(ErrorKind::Channels {
            op,
            input: *x.shape(),
            weight: Shape::from(expected),
            channels,
            expected,
        })),
        _ => Ok(()),
    }
}
