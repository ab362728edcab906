//! Activations without settings: a row of the table for each.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// A layer for each name: the method of [`Var`] that it calls, its formula, and PyTorch's name.
macro_rules! activations {
    ($($name:ident: $method:ident, $formula:literal, $source:literal;)*) => {$(
        #[doc = concat!("`", $formula, "`, element by element; gradient and edge cases: [`Var::", stringify!($method), "`].")]
        ///
        /// # Shape
        ///
        /// `[...] -> [...]`
        ///
        /// # Example
        ///
        /// ```
        #[doc = concat!("# use gradlet_nn::{Forward, ", stringify!($name), "};")]
        /// # use gradlet_autograd::Var;
        /// # use gradlet_tensor::tensor;
        /// # fn main() -> gradlet_tensor::Result<()> {
        /// let x = Var::constant(tensor![[-1.0, 0.0], [0.5, 2.0]]);
        #[doc = concat!("let y = ", stringify!($name), "::new().forward(&x)?;")]
        #[doc = concat!("assert_eq!(y.tensor(), x.", stringify!($method), "().tensor());")]
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Source
        ///
        #[doc = concat!("`torch.nn.", $source, "`")]
        #[derive(Clone, Debug, Default, Module)]
        pub struct $name {
            mode: Mode,
        }

        impl $name {
            /// A layer, which has no parameters.
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl<T: Float> Forward<T> for $name {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                Ok(x.$method())
            }
        }
    )*};
}

activations! {
    Gelu: gelu, "x / 2 * (1 + erf(x / sqrt(2)))", "GELU";
    GeluTanh: gelu_tanh, "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))", "GELU(approximate=\"tanh\")";
    Hardsigmoid: hardsigmoid, "min(max(x + 3, 0), 6) / 6", "Hardsigmoid";
    Hardswish: hardswish, "x * min(max(x + 3, 0), 6) / 6", "Hardswish";
    LogSigmoid: log_sigmoid, "ln(1 / (1 + e^-x))", "LogSigmoid";
    Mish: mish, "x * tanh(ln(1 + e^x))", "Mish";
    Relu6: relu6, "min(max(x, 0), 6)", "ReLU6";
    Selu: selu, "1.0507 * max(x, 0) + 1.7581 * min(e^x - 1, 0)", "SELU";
    Sigmoid: sigmoid, "1 / (1 + e^-x)", "Sigmoid";
    Silu: silu, "x / (1 + e^-x)", "SiLU";
    Softsign: softsign, "x / (1 + |x|)", "Softsign";
    Tanh: tanh, "tanh(x)", "Tanh";
    Tanhshrink: tanhshrink, "x - tanh(x)", "Tanhshrink";
}
