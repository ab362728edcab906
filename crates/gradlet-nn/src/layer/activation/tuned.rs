//! Activations with settings: PyTorch's defaults, and a method for each setting.

use std::panic::Location;

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;
use crate::require::{amount, require};

/// A layer for each name, with the defaults of its settings in parentheses, and the function that it computes.
macro_rules! tuned {
    ($($(#[$doc:meta])* $name:ident($($(#[$about:meta])* $setting:ident = $default:literal),*), $source:literal:
        $layer:ident $x:ident => $forward:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Shape
        ///
        /// `[...] -> [...]`
        ///
        /// # Source
        ///
        #[doc = concat!("`torch.nn.", $source, "`")]
        #[derive(Clone, Debug, Module)]
        #[module(describe = Self::settings)]
        pub struct $name {
            $(#[module(skip)]
            $setting: f64,)*
            mode: Mode,
        }

        impl $name {
            #[doc = concat!("A layer with PyTorch's defaults: ", $(stringify!($setting), " ", $default, ", ",)* "no parameters.")]
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$about])*
            pub fn $setting(self, $setting: f64) -> Self {
                Self { $setting, ..self }
            })*

            fn settings(&self) -> String {
                [$(format!("{} {}", stringify!($setting), self.$setting)),*].join(", ")
            }
        }

        impl Default for $name {
            fn default() -> Self {
                let mode = Mode::Train;
                Self { $($setting: $default,)* mode }
            }
        }

        impl<T: Float> Forward<T> for $name {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                let forward: fn(&Self, &Var<T>) -> Result<Var<T>> = |$layer, $x| $forward;
                let here = Location::caller();
                forward(self, x).map_err(|error| self.name_in(error).at(here))
            }
        }
    )*};
}

tuned! {
    /// `max(x, 0) + min(0, alpha * (e^(x / alpha) - 1))`: see [`Var::celu`].
    Celu(
        /// The same layer with this alpha, which is not 0.
        alpha = 1.0
    ), "CELU": layer x => {
        let alpha = layer.alpha;
        require(alpha != 0.0, "Celu", "alpha", "other than 0", alpha)?;
        Ok(x.celu(T::of(alpha)))
    };

    /// `max(x, 0) + min(0, alpha * (e^x - 1))`: see [`Var::elu`].
    Elu(
        /// The same layer with this alpha: the limit toward negative infinity is `-alpha`.
        alpha = 1.0
    ), "ELU": layer x => Ok(x.elu(T::of(layer.alpha)));

    /// 0 from `-lambda` to `lambda`, else `x`: see [`Var::hardshrink`].
    Hardshrink(
        /// The same layer with this lambda.
        lambda = 0.5
    ), "Hardshrink": layer x => Ok(x.hardshrink(T::of(layer.lambda)));

    /// `min(max(x, low), high)`: see [`Var::hardtanh`].
    Hardtanh(
        /// The same layer with this lower bound, which is below the upper one.
        low = -1.0,
        /// The same layer with this upper bound.
        high = 1.0
    ), "Hardtanh": layer x => {
        let Hardtanh { low, high, .. } = *layer;
        require(low < high, "Hardtanh", "low", "below high", low)?;
        Ok(x.hardtanh(T::of(low), T::of(high)))
    };

    /// `x` where it is above 0, else `slope * x`: see [`Var::leaky_relu`].
    LeakyRelu(
        /// The same layer with this slope below 0: `negative_slope` in PyTorch.
        slope = 0.01
    ), "LeakyReLU": layer x => Ok(x.leaky_relu(T::of(layer.slope)));

    /// `ln(1 + e^(beta * x)) / beta`, and `x` where `beta * x` is above the threshold: see [`Var::softplus`].
    Softplus(
        /// The same layer with this beta.
        beta = 1.0,
        /// The same layer with this threshold.
        threshold = 20.0
    ), "Softplus": layer x => Ok(x.softplus(T::of(layer.beta), T::of(layer.threshold)));

    /// `x` moved by lambda toward 0, and 0 where it would pass 0: see [`Var::softshrink`].
    Softshrink(
        /// The same layer with this lambda, which is not negative.
        lambda = 0.5
    ), "Softshrink": layer x => {
        amount::<T>("Softshrink", "lambda", layer.lambda)?;
        Ok(x.softshrink(T::of(layer.lambda)))
    };
}

/// `x` where it is above a threshold, else a value: see [`Var::threshold`].
///
/// # Shape
///
/// `[...] -> [...]`
///
/// # Source
///
/// `torch.nn.Threshold`
#[derive(Clone, Debug, Module)]
#[module(describe = Self::settings)]
pub struct Threshold {
    #[module(skip)]
    most: f64,
    #[module(skip)]
    value: f64,
    mode: Mode,
}

impl Threshold {
    /// A layer that puts `value` where x is at most `threshold`.
    pub fn new(threshold: f64, value: f64) -> Self {
        let mode = Mode::Train;
        Self {
            most: threshold,
            value,
            mode,
        }
    }

    fn settings(&self) -> String {
        format!("threshold {}, value {}", self.most, self.value)
    }
}

impl<T: Float> Forward<T> for Threshold {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        Ok(x.threshold(T::of(self.most), T::of(self.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Children;
    use gradlet_tensor::tensor;

    /// A layer, what it returns, and how it is printed.
    type Case = (Box<dyn Forward<f64>>, Var<f64>, &'static str);

    #[test]
    fn each_layer_is_its_function_with_its_settings() -> Result<()> {
        let x = Var::constant(tensor![f64; -2.0, -0.3, 0.0, 0.4, 30.0]);
        let layers: [Case; 11] = [
            (
                Box::new(Celu::new().alpha(2.0)),
                x.celu(2.0),
                "Celu(alpha 2)",
            ),
            (Box::new(Elu::new()), x.elu(1.0), "Elu(alpha 1)"),
            (
                Box::new(Elu::new().alpha(0.3)),
                x.elu(0.3),
                "Elu(alpha 0.3)",
            ),
            (
                Box::new(Hardshrink::new()),
                x.hardshrink(0.5),
                "Hardshrink(lambda 0.5)",
            ),
            (
                Box::new(Hardtanh::new()),
                x.hardtanh(-1.0, 1.0),
                "Hardtanh(low -1, high 1)",
            ),
            (
                Box::new(Hardtanh::new().high(0.2).low(0.0)),
                x.hardtanh(0.0, 0.2),
                "Hardtanh(low 0, high 0.2)",
            ),
            (
                Box::new(LeakyRelu::new()),
                x.leaky_relu(0.01),
                "LeakyRelu(slope 0.01)",
            ),
            (
                Box::new(Softplus::new()),
                x.softplus(1.0, 20.0),
                "Softplus(beta 1, threshold 20)",
            ),
            (
                Box::new(Softplus::new().beta(2.0).threshold(0.5)),
                x.softplus(2.0, 0.5),
                "Softplus(beta 2, threshold 0.5)",
            ),
            (
                Box::new(Softshrink::new()),
                x.softshrink(0.5),
                "Softshrink(lambda 0.5)",
            ),
            (
                Box::new(Threshold::new(0.3, -5.0)),
                x.threshold(0.3, -5.0),
                "Threshold(threshold 0.3, value -5)",
            ),
        ];
        for (layer, expected, printed) in layers {
            assert_eq!(layer.forward(&x)?.tensor(), expected.tensor(), "{printed}");
            assert_eq!(format!("{}({})", layer.kind(), layer.describe()), printed);
        }
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        let x = Var::constant(tensor![1.0]);
        let wrong: [(Box<dyn Forward>, &str); 4] = [
            (
                Box::new(Celu::new().alpha(0.0)),
                "Celu(alpha 0): alpha must be other than 0, got 0",
            ),
            (
                Box::new(Hardtanh::new().low(1.0)),
                "Hardtanh(low 1, high 1): low must be below high, got 1",
            ),
            (
                Box::new(Softshrink::new().lambda(-0.5)),
                "Softshrink(lambda -0.5): lambda must be finite and not negative, got -0.5",
            ),
            (
                Box::new(Softshrink::new().lambda(1e39)),
                "Softshrink(lambda 1000000000000000000000000000000000000000): lambda must be finite and not negative",
            ),
        ];
        for (layer, expected) in wrong {
            let error = layer.forward(&x).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
