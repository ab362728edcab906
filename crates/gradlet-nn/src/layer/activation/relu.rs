//! [`Relu`]: the rectifier as a layer.

use gradlet_autograd::{Float, Result, Var};

use crate::forward::Forward;
use crate::mode::Mode;
use crate::module::Module;

/// `max(x, 0)`, element by element.
///
/// # Shape
///
/// `[...] -> [...]`
#[derive(Clone, Debug, Default, Module)]
pub struct Relu {
    mode: Mode,
}

impl Relu {
    /// A layer, which has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<T: Float> Forward<T> for Relu {
    fn forward(&self, x: &Var<T>) -> Result<Var<T>> {
        Ok(x.relu())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet_tensor::tensor;

    #[test]
    fn it_rectifies_both_element_types() -> Result<()> {
        let relu = Relu::new();
        assert_eq!(
            relu.forward(&Var::constant(tensor![-1.0, 2.0]))?.to_vec(),
            [0.0, 2.0]
        );
        assert_eq!(
            relu.forward(&Var::constant(tensor![f64; -1.0, 2.0]))?
                .to_vec(),
            [0.0, 2.0]
        );
        Ok(())
    }
}
