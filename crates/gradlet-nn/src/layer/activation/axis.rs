//! Activations along an axis: softmax and its kin, and gated linear units.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// A layer for each name: the method of [`Var`] that it calls, its formula, the shapes, and PyTorch's name.
macro_rules! along {
    ($($name:ident: $method:ident, $formula:literal, $shape:literal, $source:literal;)*) => {$(
        #[doc = concat!("`", $formula, "` along an axis; gradient and edge cases: [`Var::", stringify!($method), "`].")]
        ///
        /// # Shape
        ///
        #[doc = concat!("`", $shape, "`")]
        ///
        /// # Source
        ///
        #[doc = concat!("`torch.nn.", $source, "`")]
        #[derive(Clone, Debug, Module)]
        #[module(describe = Self::settings)]
        pub struct $name {
            #[module(skip)]
            axis: isize,
            mode: Mode,
        }

        impl $name {
            /// A layer along this axis; a negative one counts from the end.
            pub fn new(axis: isize) -> Self {
                let mode = Mode::Train;
                Self { axis, mode }
            }

            fn settings(&self) -> String {
                format!("axis {}", self.axis)
            }
        }

        impl<T: Float> Forward<T> for $name {
            fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
                x.$method(self.axis).map_err(|error| self.name_in(error))
            }
        }
    )*};
}

along! {
    Glu: glu, "a * sigmoid(b), with a and b the two halves", "[..., 2 * n, ...] -> [..., n, ...]", "GLU";
    LogSoftmax: log_softmax, "x_i - ln(sum_j e^x_j)", "[...] -> [...]", "LogSoftmax";
    Softmax: softmax, "e^x_i / sum_j e^x_j", "[...] -> [...]", "Softmax";
    Softmin: softmin, "e^-x_i / sum_j e^-x_j", "[...] -> [...]", "Softmin";
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn each_layer_is_its_function_along_its_axis() -> Result<()> {
        let x = Var::constant(tensor![f64; [1.0, -2.0, 0.5], [3.0, 0.0, 0.0]]);
        let layers: [(Box<dyn Forward<f64>>, Var<f64>); 5] = [
            (Box::new(Glu::new(0)), x.glu(0)?),
            (Box::new(LogSoftmax::new(1)), x.log_softmax(1)?),
            (Box::new(Softmax::new(0)), x.softmax(0)?),
            (Box::new(Softmax::new(-1)), x.softmax(1)?),
            (Box::new(Softmin::new(1)), x.neg().softmax(1)?),
        ];
        for (layer, expected) in layers {
            let y = layer.forward(&x)?;
            assert_eq!(y.tensor(), expected.tensor(), "{}", layer.kind());
        }
        Ok(())
    }

    #[test]
    fn errors_show_the_layer() {
        let x = Var::constant(tensor![[1.0, -2.0, 0.5]]);
        let error = Glu::new(-1).forward(&x).unwrap_err().to_string();
        let expected =
            "Glu(axis -1): the size of the axis must be even, got 3 for axis -1 of [1, 3] (at ";
        assert!(error.starts_with(expected), "{error}");
        let error = Softmin::new(2).forward(&x).unwrap_err().to_string();
        let expected = "Softmin(axis 2): axis 2 is out of range for shape [1, 3]";
        assert!(error.starts_with(expected), "{error}");
    }
}
